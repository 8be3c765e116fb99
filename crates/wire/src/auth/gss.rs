//! The frame that the generic security service API puts around a mechanism's tokens, and the mechanisms' names.

use super::der::{self, Der, tag};
use crate::Data;
use rpcscope_model::{AuthType, ParseError};
use std::fmt;

/// An object identifier, encoded ([X.690] 8.19).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Oid<'a>(pub &'a [u8]);

#[allow(missing_docs)]
impl Oid<'static> {
    /// 1.3.6.1.5.5.2 ([RFC4178]).
    pub const SPNEGO: Self = Self(&[0x2b, 6, 1, 5, 5, 2]);
    /// 1.2.840.113554.1.2.2 ([RFC4121]).
    pub const KERBEROS: Self = Self(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 1, 2, 2]);
    /// 1.2.840.48018.1.2.2: Kerberos as Windows 2000 misspelt it ([MS-SPNG] 3.2.5).
    pub const MS_KERBEROS: Self = Self(&[0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 1, 2, 2]);
    /// 1.2.840.113554.1.2.2.3: Kerberos from user to user ([MS-SPNG] 3.1.5.2).
    pub const USER_TO_USER: Self = Self(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 1, 2, 2, 3]);
    /// 1.3.6.1.5.2.5: Kerberos whose ticket exchanges go through the server.
    pub const IAKERB: Self = Self(&[0x2b, 6, 1, 5, 2, 5]);
    /// 1.3.6.1.4.1.311.2.2.10 ([MS-NLMP] 1.9).
    pub const NTLMSSP: Self = Self(&[0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 0x0a]);
    /// 1.3.6.1.4.1.311.2.2.30.
    pub const NEGOEX: Self = Self(&[0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 0x1e]);
}

impl Oid<'_> {
    /// The authentication service that it names.
    pub fn auth_type(&self) -> Option<AuthType> {
        Some(match Oid(self.0) {
            Oid::SPNEGO => AuthType(0x09),
            Oid::KERBEROS | Oid::MS_KERBEROS | Oid::USER_TO_USER | Oid::IAKERB => AuthType(0x10),
            Oid::NTLMSSP => AuthType(0x0a),
            Oid::NEGOEX => AuthType(0x1e),
            _ => return None,
        })
    }
}

/// Its numbers, with dots between them. One that is too long for 64 bits ends them with a question mark.
impl fmt::Display for Oid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut number = 0_u64;
        let mut is_first = true;
        for byte in self.0.iter().take(MAX_OID_BYTES) {
            if number >> 57 != 0 {
                return f.write_str("?");
            }
            number = number << 7 | u64::from(byte & 0x7f);
            if byte & 0x80 != 0 {
                continue;
            }
            if is_first {
                // The first number holds two: 40 times one of 0 to 2, plus the other.
                let top = (number / 40).min(2);
                write!(f, "{top}.{}", number.saturating_sub(top * 40))?;
            } else {
                write!(f, ".{number}")?;
            }
            is_first = false;
            number = 0;
        }
        if self.0.len() > MAX_OID_BYTES { f.write_str("?") } else { Ok(()) }
    }
}

/// Takes off the frame: the mechanism, and its token.
///
/// Source: [RFC2743] 3.1. The token need not be ASN.1.
pub(super) fn unframe(data: Data<'_>) -> Result<(Oid<'_>, Data<'_>), ParseError> {
    const LAYER: &str = "gss token";
    let content = Der::new(LAYER, data).expect("InitialContextToken", der::application(0))?;
    let mut parts = Der::new(LAYER, content);
    let mechanism = parts.expect("thisMech", tag::OBJECT_IDENTIFIER)?;
    Ok((Oid(mechanism.bytes), parts.rest()))
}

/// Bytes of an identifier that are printed.
const MAX_OID_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_print_their_numbers() {
        assert_eq!(Oid::NTLMSSP.to_string(), "1.3.6.1.4.1.311.2.2.10");
        assert_eq!(Oid::KERBEROS.to_string(), "1.2.840.113554.1.2.2");
        assert_eq!(Oid(&[0x88, 0x37, 3]).to_string(), "2.999.3");
        assert_eq!(Oid(&[0x2b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]).to_string(), "1.3?");
        assert!(Oid(&[1; 5000]).to_string().ends_with(".1?"));
    }

    #[test]
    fn the_frame_names_the_mechanism() {
        let bytes = [0x60, 8, 6, 3, 0x2a, 3, 4, 0xee, 0xff, 0];
        let (mechanism, token) = unframe(Data { bytes: &bytes, length: bytes.len() }).expect("a frame");
        assert_eq!((mechanism.to_string().as_str(), token.bytes), ("1.2.3.4", &[0xee, 0xff, 0][..]));
    }
}
