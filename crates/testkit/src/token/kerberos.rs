//! AP-REQ and AP-REP (RFC 4120 5.5.1, 5.5.2), without GSS-API framing as DCE-style authentication sends them
//! (RFC 4757 7.1), and with it inside SPNEGO.

use super::der::{BITS, OCTETS, OID, SEQUENCE, TEXT, field, integer, parts, value};
use super::spnego::KERBEROS;
use crate::rng::Rng;

/// A ticket for a service. The user's name is encrypted and so does not appear.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kerberos {
    /// Realm of the service.
    pub realm: String,
    /// Principal of the service: `host/server.corp.example`.
    pub service: String,
}

impl Kerberos {
    /// AP-REQ with the ticket.
    pub fn request(&self, rng: &mut Rng) -> Vec<u8> {
        let names = self.service.split('/').map(|name| value(TEXT, name.as_bytes()));
        let names = parts(SEQUENCE, &names.collect::<Vec<_>>());
        let service = parts(SEQUENCE, &[field(0, integer(SERVICE_INSTANCE)), field(1, names)]);
        let ticket = [
            field(0, integer(5)),
            field(1, value(TEXT, self.realm.as_bytes())),
            field(2, service),
            field(3, encrypted(Some(2), rng.bytes(1000))),
        ];
        let ticket = value(APPLICATION_TICKET, &parts(SEQUENCE, &ticket));
        // One byte tells unused bits; mutual authentication is required.
        let options = value(BITS, &[0, 0x20, 0, 0, 0]);
        let fields = [
            field(0, integer(5)),
            field(1, integer(14)),
            field(2, options),
            field(3, ticket),
            field(4, encrypted(None, rng.bytes(160))),
        ];
        value(APPLICATION_REQUEST, &parts(SEQUENCE, &fields))
    }

    /// AP-REP: of the server, and of the client as the third leg.
    pub fn reply(&self, rng: &mut Rng) -> Vec<u8> {
        let fields = [field(0, integer(5)), field(1, integer(15)), field(2, encrypted(None, rng.bytes(80)))];
        value(APPLICATION_REPLY, &parts(SEQUENCE, &fields))
    }

    /// The same AP-REQ as a GSS-API initial token (RFC 4121 4.1).
    pub fn framed_request(&self, rng: &mut Rng) -> Vec<u8> {
        let content = [value(OID, &KERBEROS), vec![1, 0], self.request(rng)];
        parts(0x60, &content)
    }
}

/// EncryptedData (RFC 4120 5.2.9).
fn encrypted(key_version: Option<u8>, cipher: Vec<u8>) -> Vec<u8> {
    let mut fields = vec![field(0, integer(AES256_CTS_HMAC_SHA1_96))];
    fields.extend(key_version.map(|version| field(1, integer(version))));
    fields.push(field(2, value(OCTETS, &cipher)));
    parts(SEQUENCE, &fields)
}

const AES256_CTS_HMAC_SHA1_96: u8 = 18;
/// NT-SRV-INST.
const SERVICE_INSTANCE: u8 = 2;
const APPLICATION_TICKET: u8 = 0x61;
const APPLICATION_REQUEST: u8 = 0x6e;
const APPLICATION_REPLY: u8 = 0x6f;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn realm_and_service_stand_in_clear() {
        let kerberos =
            Kerberos { realm: "CORP.EXAMPLE".to_owned(), service: "host/srv.corp.example".to_owned() };
        let request = kerberos.request(&mut Rng::new(1));
        assert_eq!((request[0], request[1]), (0x6e, 0x82));
        let text = String::from_utf8_lossy(&request).into_owned();
        assert!(
            text.contains("\x1b\x0cCORP.EXAMPLE") && text.contains("\x1b\x04host\x1b\x10srv.corp.example")
        );
        assert_eq!(kerberos.reply(&mut Rng::new(1))[0], 0x6f);
        let framed = kerberos.framed_request(&mut Rng::new(1));
        assert!(framed.ends_with(&request) && framed[0] == 0x60);
    }
}
