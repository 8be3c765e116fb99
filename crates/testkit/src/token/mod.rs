//! Tokens of authentication services, with names in clear. Proofs are opaque, unless a password is known.

mod der;
mod kerberos;
mod netlogon;
mod ntlm_session;
mod signature;
mod spnego;

pub use kerberos::Kerberos;
pub use netlogon::SecureChannel;
pub use ntlm_session::NtlmSession;
pub use signature::{Signature, signature};
pub use spnego::{KERBEROS, NTLM, accepted, first, second, third};

use crate::ntlm::Ntlm;
use crate::rng::Rng;

/// The blobs of an SMB session setup: two requests, and the responses to them, in the order in which they are sent.
pub(crate) fn session_setup(user: &Ntlm, in_spnego: bool, rng: &mut Rng) -> [Vec<u8>; 4] {
    let (challenge, proof) = (user.challenge(rng), user.authenticate(rng));
    let negotiate = user.negotiate();
    if !in_spnego {
        return [negotiate, challenge, proof, Vec::new()];
    }
    [first(&NTLM, &negotiate), second(&NTLM, &challenge), third(&proof), accepted()]
}
