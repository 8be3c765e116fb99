//! Tokens that close the PDUs of a call.

use crate::encoder::{ByteOrder, Encoder};
use crate::rng::Rng;

/// Whose token it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signature {
    /// NTLMSSP ([MS-NLMP] 2.2.2.9.2).
    Ntlm,
    /// Kerberos: a MIC or a wrap token (RFC 4121 4.2.6).
    Kerberos,
    /// Netlogon with AES ([MS-NRPC] 2.2.1.3.3).
    Netlogon,
    /// This many random bytes.
    Opaque(usize),
}

/// The token of PDU number `sequence`. Its proofs are random bytes; `sealed` tells whether the stub is encrypted.
pub fn signature(kind: Signature, sequence: u32, sealed: bool, rng: &mut Rng) -> Vec<u8> {
    let mut little = Encoder::new(ByteOrder::Little);
    let mut big = Encoder::new(ByteOrder::Big);
    match kind {
        Signature::Ntlm => little.u32(1).raw(&rng.bytes(8)).u32(sequence),
        Signature::Kerberos if sealed => {
            // Sealed; EC 16, RRC 28; then the end of what is wrapped: check sums, header and confounder.
            big.u16(0x0504).u8(0x06).u8(0xff).u16(16).u16(28).u64(u64::from(sequence)).raw(&rng.bytes(60));
            return big.finish();
        }
        Signature::Kerberos => {
            big.u16(0x0404).u8(0x04).raw(&[0xff; 5]).u64(u64::from(sequence)).raw(&rng.bytes(12));
            return big.finish();
        }
        Signature::Netlogon => {
            // HMAC-SHA256; AES-128 or none; padding; flags; sequence number and check sum; confounder.
            little.u16(0x0013).u16(if sealed { 0x001a } else { 0xffff }).u16(0xffff).u16(0);
            little.raw(&rng.bytes(8)).raw(&rng.bytes(32)).raw(&rng.bytes(8))
        }
        Signature::Opaque(bytes) => little.raw(&rng.bytes(bytes)),
    };
    little.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_the_lengths_of_their_services() {
        let mut rng = Rng::new(1);
        let mut bytes = |kind, sealed| signature(kind, 7, sealed, &mut rng).len();
        assert_eq!((bytes(Signature::Ntlm, true), bytes(Signature::Opaque(5), true)), (16, 5));
        assert_eq!((bytes(Signature::Kerberos, false), bytes(Signature::Kerberos, true)), (28, 76));
        assert_eq!(bytes(Signature::Netlogon, true), 56);
    }
}
