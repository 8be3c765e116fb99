//! NTLM version 2 with a password that is known: true proofs, and a session that signs and seals ([MS-NLMP] 3.3.2, 3.4).

use crate::encoder::{ByteOrder, Encoder};
use crate::ntlm::Ntlm;
use crate::rng::Rng;
use hmac::{Hmac, KeyInit, Mac};
use md4::Md4;
use md5::{Digest, Md5};
use rc4::{Rc4, StreamCipher};
use rpcscope_model::Side;
use std::fmt;

/// What both sides hold after authentication: for each side a key to sign with and the state of its cipher.
pub struct NtlmSession {
    sign: [[u8; 16]; 2],
    seal: [Rc4; 2],
    sequences: [u32; 2],
}

impl fmt::Debug for NtlmSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NtlmSession").field("sequences", &self.sequences).finish_non_exhaustive()
    }
}

impl NtlmSession {
    /// The three messages of an authentication that succeeds, and the session that it gives.
    pub fn authenticate(user: &Ntlm, password: &str, rng: &mut Rng) -> ([Vec<u8>; 3], Self) {
        let challenge = user.challenge(rng);
        let server_challenge = &challenge[24..32];
        let client_challenge = rng.bytes(8);
        let key = response_key(user, password);

        // NTLMv2_CLIENT_CHALLENGE ([MS-NLMP] 2.2.2.7): versions, time, challenge, target information.
        let mut temp = Encoder::new(ByteOrder::Little);
        temp.u8(1).u8(1).zeros(6).u64(TIME).raw(&client_challenge).zeros(4).raw(&user.target_info()).zeros(4);
        let temp = temp.finish();
        let proof = hmac(&key, &[server_challenge, &temp]);
        let lm_proof =
            [hmac(&key, &[server_challenge, &client_challenge]).to_vec(), client_challenge].concat();
        let base_key = hmac(&key, &[&proof]);
        let mut exported = [0; 16];
        exported.copy_from_slice(&rng.bytes(16));
        let mut encrypted = exported;
        cipher(&base_key).apply_keystream(&mut encrypted);

        let answer = user.authenticate_with(&lm_proof, &[&proof[..], &temp].concat(), &encrypted);
        ([user.negotiate(), challenge, answer], Self::new(&exported))
    }

    fn new(exported: &[u8; 16]) -> Self {
        let key = |from: &str, to: &str, purpose: &str| {
            let constant = format!("session key to {from}-to-{to} {purpose} key magic constant\0");
            digest::<Md5>(&[exported, constant.as_bytes()])
        };
        Self {
            sign: [key("client", "server", "signing"), key("server", "client", "signing")],
            seal: [cipher(&key("client", "server", "sealing")), cipher(&key("server", "client", "sealing"))],
            sequences: [0; 2],
        }
    }

    /// Signs a PDU of one side whose last 16 bytes are the place of the signature, and encrypts what stands between
    /// `sealed_from` and the sec_trailer, if that is given ([MS-NLMP] 3.4.3, 3.4.4.2).
    ///
    /// The signature covers the header, too: both sides have said that they support that ([MS-RPCE] 2.2.2.3).
    pub fn protect(&mut self, side: Side, pdu: &mut [u8], sealed_from: Option<usize>) {
        let Some(end) = pdu.len().checked_sub(SIGNATURE_BYTES) else { return };
        let sequence = self.sequences[side.index()];
        self.sequences[side.index()] = sequence.wrapping_add(1);
        let (covered, signature) = pdu.split_at_mut(end);
        let mac = hmac(&self.sign[side.index()], &[&sequence.to_le_bytes(), covered]);
        let cipher = &mut self.seal[side.index()];
        let sealed_to = end.saturating_sub(SEC_TRAILER_BYTES);
        if let Some(stub) = sealed_from.and_then(|from| covered.get_mut(from..sealed_to)) {
            cipher.apply_keystream(stub);
        }
        let mut check = [0; 8];
        check.copy_from_slice(&mac[..8]);
        cipher.apply_keystream(&mut check);
        signature[..4].copy_from_slice(&1_u32.to_le_bytes());
        signature[4..12].copy_from_slice(&check);
        signature[12..].copy_from_slice(&sequence.to_le_bytes());
    }
}

/// NTOWFv2 ([MS-NLMP] 3.3.2).
fn response_key(user: &Ntlm, password: &str) -> [u8; 16] {
    let hash = digest::<Md4>(&[&utf16(password)]);
    hmac(&hash, &[&utf16(&(user.user.to_uppercase() + &user.domain))])
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn digest<D: Digest>(parts: &[&[u8]]) -> [u8; 16] {
    let mut digest = D::new();
    parts.iter().for_each(|part| digest.update(part));
    sixteen(&digest.finalize())
}

fn hmac(key: &[u8; 16], parts: &[&[u8]]) -> [u8; 16] {
    let mut mac = Hmac::<Md5>::new_from_slice(key).expect("a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    sixteen(&mac.finalize().into_bytes())
}

fn cipher(key: &[u8; 16]) -> Rc4 {
    Rc4::new_from_slice(key).expect("a key of 16 bytes")
}

fn sixteen(bytes: &[u8]) -> [u8; 16] {
    bytes.try_into().expect("these digests have 16 bytes")
}

const SIGNATURE_BYTES: usize = 16;
const SEC_TRAILER_BYTES: usize = 8;
/// 2026-01-02 03:04:05 UTC, in units of 100 ns since 1601.
const TIME: u64 = (1_767_323_045 + 11_644_473_600) * 10_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_specification() {
        // [MS-NLMP] 4.2.1, 4.2.4.1.1: User, Domain, Password.
        let user = Ntlm::new("Domain", "User", "COMPUTER");
        let expected =
            [0x0c, 0x86, 0x8a, 0x40, 0x3b, 0xfd, 0x7a, 0x93, 0xa3, 0x00, 0x1e, 0xf2, 0x2e, 0xf0, 0x2e, 0x3f];
        assert_eq!(response_key(&user, "Password"), expected);
    }

    #[test]
    fn sealing_is_that_of_the_specification() {
        // [MS-NLMP] 4.2.4.4: the random session key of 0x55 bytes, `Plaintext`, first message of the client.
        let mut session = NtlmSession::new(&[0x55; 16]);
        let mut plain = utf16("Plaintext");
        session.seal[0].apply_keystream(&mut plain);
        let sealed = [
            0x54, 0xe5, 0x01, 0x65, 0xbf, 0x19, 0x36, 0xdc, 0x99, 0x60, 0x20, 0xc1, 0x81, 0x1b, 0x0f, 0x06,
            0xfb, 0x5f,
        ];
        assert_eq!(plain, sealed);
        let mac = hmac(&session.sign[0], &[&[0; 4], &utf16("Plaintext")]);
        let mut check: [u8; 8] = mac[..8].try_into().expect("eight bytes");
        session.seal[0].apply_keystream(&mut check);
        assert_eq!(check, [0x7f, 0xb3, 0x8e, 0xc5, 0xc5, 0x5d, 0x49, 0x76]);
    }
}
