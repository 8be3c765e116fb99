//! NTLMSSP messages with names in clear and opaque proofs ([MS-NLMP] 2.2.1), for session setups and verifiers.

use crate::encoder::{ByteOrder, Encoder, length16, length32};
use crate::rng::Rng;

/// Who authenticates.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ntlm {
    /// Domain of the user.
    pub domain: String,
    /// User.
    pub user: String,
    /// Name of the client's machine.
    pub workstation: String,
}

impl Ntlm {
    /// Names the user.
    pub fn new(domain: &str, user: &str, workstation: &str) -> Self {
        let [domain, user, workstation] = [domain, user, workstation].map(str::to_owned);
        Self { domain, user, workstation }
    }

    /// NEGOTIATE_MESSAGE ([MS-NLMP] 2.2.1.1), without names.
    pub fn negotiate(&self) -> Vec<u8> {
        let mut out = start(1);
        out.u32(FLAGS).zeros(16).raw(&VERSION);
        out.finish()
    }

    /// CHALLENGE_MESSAGE ([MS-NLMP] 2.2.1.2) with the domain as target.
    pub fn challenge(&self, rng: &mut Rng) -> Vec<u8> {
        let mut target = Encoder::new(ByteOrder::Little);
        target.utf16(&self.domain);
        let target = target.finish();
        let info = self.target_info();
        let mut out = start(2);
        write_field(&mut out, target.len(), CHALLENGE_BYTES);
        out.u32(FLAGS).raw(&rng.bytes(8)).zeros(8);
        write_field(&mut out, info.len(), CHALLENGE_BYTES + target.len());
        out.raw(&VERSION).raw(&target).raw(&info);
        out.finish()
    }

    /// AUTHENTICATE_MESSAGE ([MS-NLMP] 2.2.1.3). Proofs and session key are random bytes.
    pub fn authenticate(&self, rng: &mut Rng) -> Vec<u8> {
        let [lm_proof, nt_proof, session_key] = [rng.bytes(24), rng.bytes(24), rng.bytes(16)];
        self.authenticate_with(&lm_proof, &nt_proof, &session_key)
    }

    /// AV pairs of the challenge: MsvAvNbDomainName and MsvAvEOL ([MS-NLMP] 2.2.2.1).
    pub(crate) fn target_info(&self) -> Vec<u8> {
        let mut target = Encoder::new(ByteOrder::Little);
        target.utf16(&self.domain);
        let mut info = Encoder::new(ByteOrder::Little);
        info.u16(2).u16(length16(target.len())).raw(&target.finish()).u32(0);
        info.finish()
    }

    /// AUTHENTICATE_MESSAGE with these proofs and this encrypted session key.
    pub(crate) fn authenticate_with(&self, lm_proof: &[u8], nt_proof: &[u8], session_key: &[u8]) -> Vec<u8> {
        let utf16 = |text: &str| {
            let mut out = Encoder::new(ByteOrder::Little);
            out.utf16(text);
            out.finish()
        };
        // Order of the fields: LM proof, NT proof, domain, user, workstation, session key.
        let fields = [
            lm_proof.to_vec(),
            nt_proof.to_vec(),
            utf16(&self.domain),
            utf16(&self.user),
            utf16(&self.workstation),
            session_key.to_vec(),
        ];
        let mut out = start(3);
        let mut offset = AUTHENTICATE_BYTES;
        for field in &fields {
            write_field(&mut out, field.len(), offset);
            offset += field.len();
        }
        out.u32(FLAGS).raw(&VERSION).zeros(16);
        fields.iter().for_each(|field| {
            out.raw(field);
        });
        out.finish()
    }
}

fn start(message_type: u32) -> Encoder {
    let mut out = Encoder::new(ByteOrder::Little);
    out.raw(b"NTLMSSP\0").u32(message_type);
    out
}

fn write_field(out: &mut Encoder, bytes: usize, offset: usize) {
    out.u16(length16(bytes)).u16(length16(bytes)).u32(length32(offset));
}

/// Unicode, sign, seal, NTLM, always sign, extended security, target info, version, 128 bits, key exchange.
const FLAGS: u32 = 0x6288_8235;
/// Windows 10.0, build 17763, NTLMSSP revision 15.
const VERSION: [u8; 8] = [10, 0, 0x63, 0x45, 0, 0, 0, 15];
/// Length of a CHALLENGE_MESSAGE before its payload.
const CHALLENGE_BYTES: usize = 56;
/// Length of an AUTHENTICATE_MESSAGE, with its integrity code, before its payload.
const AUTHENTICATE_BYTES: usize = 88;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_point_at_their_names() {
        let ntlm = Ntlm::new("CORP", "alice", "WS1");
        let message = ntlm.authenticate(&mut Rng::new(1));
        assert_eq!(message[..12], *b"NTLMSSP\0\x03\0\0\0");
        assert_eq!(message[28..36], [8, 0, 8, 0, 136, 0, 0, 0]);
        assert_eq!(message[136..144], *b"C\0O\0R\0P\0");
        assert_eq!(message[144..154], *b"a\0l\0i\0c\0e\0");
        let challenge = ntlm.challenge(&mut Rng::new(1));
        assert_eq!(challenge[12..20], [8, 0, 8, 0, 56, 0, 0, 0]);
        assert_eq!(challenge[56..64], *b"C\0O\0R\0P\0");
        assert_eq!(ntlm.negotiate().len(), 40);
    }
}
