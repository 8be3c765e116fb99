//! The first message of a Netlogon secure channel: which machine of which domain it is.

use super::name::{name, utf8_name};
use crate::utf16::{Encoding, Text};
use crate::{ByteOrder, Reader};
use rpcscope_model::{ParseError, Text as Name};

/// NL_AUTH_MESSAGE ([MS-NRPC] 2.2.1.3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AuthMessage<'a> {
    /// Which way it goes.
    pub message_type: MessageType,
    /// Which names a request carries, one bit for each.
    pub flags: u32,
    message: &'a [u8],
}

/// Which way a message goes. Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MessageType(pub u32);

impl MessageType {
    /// From client to server, with names.
    pub const NEGOTIATE_REQUEST: Self = Self(0);
    /// From server to client, without.
    pub const NEGOTIATE_RESPONSE: Self = Self(1);
}

/// The names that a request carries.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Names {
    /// NetBIOS name of the domain.
    pub nb_domain: Option<Name>,
    /// NetBIOS name of the machine.
    pub nb_computer: Option<Name>,
    /// DNS name of the domain.
    pub dns_domain: Option<Name>,
    /// DNS name of the machine.
    pub dns_computer: Option<Name>,
    /// NetBIOS name of the machine in UTF-8.
    pub utf8_computer: Option<Name>,
}

impl<'a> AuthMessage<'a> {
    /// Reads a message; its names are read by [`names`](Self::names).
    pub(super) fn parse(message: &'a [u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("netlogon auth message", ByteOrder::Little, message);
        let message_type = MessageType(reader.u32("MessageType")?);
        Ok(Self { message_type, flags: reader.u32("Flags")?, message })
    }

    /// The names of a request, in the order of their flags, as far as they are there.
    pub fn names(&self) -> Names {
        let mut names = Names::default();
        if self.message_type != MessageType::NEGOTIATE_REQUEST {
            return names;
        }
        let mut at = NAMES_AT;
        let mut oem = |flag| {
            (self.flags & flag != 0).then(|| {
                let bytes = self.message.get(at..).unwrap_or_default();
                let end = bytes.iter().position(|byte| *byte == 0);
                let bytes = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or(bytes);
                at = at.saturating_add(bytes.len()).saturating_add(1);
                name(Text { bytes, encoding: Encoding::Oem, complete: end.is_some() })
            })?
        };
        names.nb_domain = oem(NB_DOMAIN);
        names.nb_computer = oem(NB_COMPUTER);
        let mut compressed = |flag| {
            (self.flags & flag != 0).then(|| {
                let mut labels = Labels { message: self.message, at, bytes: 0, jumps: 0, end: None };
                let name = utf8_name(&mut labels, '.', true);
                // A name that fills the limit leaves labels unread, and it must be known where they end.
                labels.by_ref().for_each(drop);
                at = labels.end.unwrap_or(self.message.len());
                name.map(|name| Name { cut: name.cut || !labels.is_ended(), ..name })
            })?
        };
        names.dns_domain = compressed(DNS_DOMAIN);
        names.dns_computer = compressed(DNS_COMPUTER);
        names.utf8_computer = compressed(UTF8_COMPUTER);
        names
    }
}

/// The labels of a compressed name ([RFC1035] 4.1.4): a length before each, zero after the last, or a pointer to where
/// the rest stands. A pointer counts from the start of the message, and must lead to an earlier place.
struct Labels<'a> {
    message: &'a [u8],
    at: usize,
    /// Bytes of the labels so far, with their lengths.
    bytes: usize,
    jumps: u8,
    /// Where what follows the name begins, when that is known.
    end: Option<usize>,
}

impl Labels<'_> {
    /// Whether the name's terminator was there.
    fn is_ended(&self) -> bool {
        self.message.get(self.at) == Some(&0)
    }
}

impl<'a> Iterator for Labels<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let length = *self.message.get(self.at)?;
            let after = self.at.saturating_add(1);
            match length {
                0 => {
                    self.end.get_or_insert(after);
                    return None;
                }
                1..=0x3f => {
                    let rest = self.message.get(after..)?;
                    let label = rest.get(..usize::from(length)).unwrap_or(rest);
                    self.bytes += 1 + label.len();
                    if self.bytes >= MAX_NAME_BYTES {
                        self.at = self.message.len();
                        return None;
                    }
                    self.at = after.saturating_add(label.len());
                    return Some(label);
                }
                0xc0.. => {
                    let low = *self.message.get(after)?;
                    self.end.get_or_insert(after.saturating_add(1));
                    let target = usize::from(length & 0x3f) << 8 | usize::from(low);
                    // Each jump goes back, and there are few: no name makes this loop without end.
                    if target >= self.at || self.jumps == MAX_JUMPS {
                        self.at = self.message.len();
                        return None;
                    }
                    self.jumps += 1;
                    self.at = target;
                }
                // Forms that no standard defines.
                0x40..=0xbf => {
                    self.at = self.message.len();
                    return None;
                }
            }
        }
    }
}

/// Where the names begin.
const NAMES_AT: usize = 8;
/// Bytes of a whole name with its terminator ([RFC1035] 2.3.4).
const MAX_NAME_BYTES: usize = 255;
/// Pointers that are followed in one name. A writer needs one.
const MAX_JUMPS: u8 = 4;
/// Flags A to E.
const NB_DOMAIN: u32 = 0x01;
const NB_COMPUTER: u32 = 0x02;
const DNS_DOMAIN: u32 = 0x04;
const DNS_COMPUTER: u32 = 0x08;
const UTF8_COMPUTER: u32 = 0x10;

#[cfg(test)]
mod tests {
    use super::*;

    fn names(flags: u32, buffer: &[u8]) -> Names {
        let message = [&[0; 4][..], &flags.to_le_bytes(), buffer].concat();
        AuthMessage::parse(&message).expect("a message").names()
    }

    fn text(name: Option<Name>) -> Option<String> {
        name.map(|name| name.to_string())
    }

    #[test]
    fn a_request_names_domain_and_machine_in_every_form() {
        let names = names(0x17, b"LAB\0WS1\0\x03lab\x04test\0\x03WS1\0");
        assert_eq!(names.nb_domain, Some(Name::whole("LAB")));
        assert_eq!(names.nb_computer, Some(Name::whole("WS1")));
        assert_eq!(names.dns_domain, Some(Name::whole("lab.test")));
        assert_eq!((names.dns_computer, names.utf8_computer), (None, Some(Name::whole("WS1"))));
    }

    #[test]
    fn a_pointer_leads_to_labels_before_it() {
        // Byte 8: lab.test, byte 18: ws1 and a pointer to byte 8.
        let names = names(0x1c, b"\x03lab\x04test\0\x03ws1\xc0\x08\x03WS1\0");
        assert_eq!(text(names.dns_domain).as_deref(), Some("lab.test"));
        assert_eq!(text(names.dns_computer).as_deref(), Some("ws1.lab.test"));
        assert_eq!(text(names.utf8_computer).as_deref(), Some("WS1"));
    }

    #[test]
    fn pointers_that_never_end_are_not_followed() {
        let itself = names(0x04, b"\xc0\x08");
        assert_eq!(itself.dns_domain, None);
        let forward = names(0x04, b"\x01a\xc0\x20");
        assert_eq!(forward.dns_domain, Some(Name { string: "a".into(), cut: true }));
        let back = names(0x04, b"\x01a\xc0\x08");
        assert_eq!(text(back.dns_domain).as_deref(), Some("a.a.a.a.a…"));
    }

    #[test]
    fn names_whose_end_is_missing_say_so() {
        assert_eq!(names(0x01, b"LAB").nb_domain, Some(Name { string: "LAB".into(), cut: true }));
        assert_eq!(names(0x04, b"\x03la").dns_domain, Some(Name { string: "la".into(), cut: true }));
        assert_eq!(names(0x1f, b""), Names::default());
    }

    #[test]
    fn an_answer_has_no_names() {
        let message = [1, 0, 0, 0, 0x1f, 0, 0, 0, b'x', 0];
        let message = AuthMessage::parse(&message).expect("a message");
        assert_eq!(
            (message.message_type, message.names()),
            (MessageType::NEGOTIATE_RESPONSE, Names::default())
        );
        assert!(AuthMessage::parse(&[0; 7]).is_err());
    }
}
