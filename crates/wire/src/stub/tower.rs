//! Protocol towers: an interface and where it listens ([C706] appendix L, [MS-RPCE] 2.1).

use super::Argument;
use super::argument::fields;
use crate::ndr::Narrow;
use crate::{ByteOrder, Reader};
use rpcscope_model::{CompactString, ParseError, SyntaxId, Text, ToCompactString, Value};
use uuid::Uuid;

/// A protocol tower. What it leaves out is `None`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Tower {
    /// The interface: the first floor.
    pub interface: Option<SyntaxId>,
    /// The transfer syntax: the second floor.
    pub transfer_syntax: Option<SyntaxId>,
    /// The protocol sequence that the floors above make up.
    pub transport: Option<&'static str>,
    /// Port of TCP, UDP or HTTP; 0 in a question.
    pub port: Option<u16>,
    /// Name of a pipe or another endpoint that is not a port.
    pub endpoint: Option<Text>,
    /// Address or name of the host; 0.0.0.0 in a question.
    pub host: Option<Text>,
    /// What the server calls it: not in the tower, but beside it in the answer to a lookup.
    pub annotation: Option<Text>,
    /// The object that it is for, likewise.
    pub object: Option<Uuid>,
}

impl Tower {
    /// Floors of one tower. Those of Windows have five or six at most.
    const MAX_FLOORS: usize = 16;

    /// Reads a tower. What was read before an error stays in `self`.
    pub fn read(&mut self, octets: &[u8]) -> Result<(), ParseError> {
        let mut reader = Reader::new("tower", ByteOrder::Little, octets);
        let floors = usize::from(reader.u16("floor count")?);
        for floor in 0..floors.min(Self::MAX_FLOORS) {
            let length = usize::from(reader.u16("left-hand side length")?);
            let left = reader.bytes("left-hand side", length)?;
            let length = usize::from(reader.u16("right-hand side length")?);
            let right = reader.bytes("right-hand side", length)?;
            match floor {
                0 => self.interface = syntax(left, right),
                1 => self.transfer_syntax = syntax(left, right),
                _ => self.floor(left.first().copied(), right),
            }
        }
        Ok(())
    }

    /// Takes a floor of the protocol sequence. The protocol identifiers are those of [MS-RPCE] 2.1 and [C706]
    /// appendix I.
    fn floor(&mut self, protocol: Option<u8>, right: &[u8]) {
        let port = <[u8; 2]>::try_from(right).ok().map(u16::from_be_bytes);
        let text = || {
            Some(Narrow::counted(right, false).text(Text::MAX_CHARS)).filter(|text| !text.string.is_empty())
        };
        match protocol {
            Some(0x07) => (self.transport, self.port) = (Some("ncacn_ip_tcp"), port),
            Some(0x08) => (self.transport, self.port) = (Some("ncadg_ip_udp"), port),
            Some(0x1f) => (self.transport, self.port) = (Some("ncacn_http"), port),
            Some(0x0f) => (self.transport, self.endpoint) = (Some("ncacn_np"), text()),
            Some(0x10) => (self.transport, self.endpoint) = (Some("ncalrpc"), text()),
            Some(0x09) => {
                self.host = <[u8; 4]>::try_from(right).ok().map(|address| Text::whole(dotted(address)));
            }
            Some(0x11) => self.host = text(),
            _ => {}
        }
    }
}

impl Argument for Tower {
    fn value(self) -> Option<Value> {
        let version = self.interface.map(|syntax| Value::Text(version(syntax.major, syntax.minor)));
        Some(fields([
            ("interface", self.interface.and_then(|syntax| syntax.uuid.value())),
            ("version", version),
            ("transport", self.transport.and_then(Argument::value)),
            ("port", self.port.and_then(Argument::value)),
            ("endpoint", self.endpoint.and_then(Argument::value)),
            ("host", self.host.and_then(Argument::value)),
        ]))
    }
}

/// An IPv4 address as text.
fn dotted([first, rest @ ..]: [u8; 4]) -> CompactString {
    let mut text = first.to_compact_string();
    for byte in rest {
        text.push('.');
        text.push_str(&byte.to_compact_string());
    }
    text
}

/// A version as text. Nearly all are one of these, which cost no formatting.
pub(super) fn version(major: u16, minor: u16) -> Text {
    const USUAL: [&str; 6] = ["0.0", "1.0", "2.0", "3.0", "4.0", "5.0"];
    match (USUAL.get(usize::from(major)), minor) {
        (Some(usual), 0) => Text::whole(*usual),
        _ => Text::whole(format!("{major}.{minor}")),
    }
}

/// A floor that names an interface or transfer syntax: identifier 0x0d, UUID and major version, then the minor one.
fn syntax(left: &[u8], right: &[u8]) -> Option<SyntaxId> {
    let (0x0d, rest) = left.split_first().map(|(id, rest)| (*id, rest))? else { return None };
    let (uuid, major) = rest.split_first_chunk::<16>()?;
    Some(SyntaxId {
        uuid: Uuid::from_bytes_le(*uuid),
        major: u16::from_le_bytes(*major.first_chunk()?),
        minor: right.first_chunk().map_or(0, |minor| u16::from_le_bytes(*minor)),
    })
}

/// The tower of svcctl over TCP port 49664 of 10.0.0.9, as Windows writes it.
#[cfg(test)]
pub(super) const SVCCTL: &[u8] = &[
    5, 0, // floors
    19, 0, 0x0d, 0x81, 0xbb, 0x7a, 0x36, 0x44, 0x98, 0xf1, 0x35, 0xad, 0x32, 0x98, 0xf0, 0x38, 0x00, 0x10,
    0x03, 2, 0, 2, 0, 0, 0, // svcctl 2.0
    19, 0, 0x0d, 0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48,
    0x60, 2, 0, 2, 0, 0, 0, // NDR 2.0
    1, 0, 0x0b, 2, 0, 0, 0, // connection-oriented RPC
    1, 0, 0x07, 2, 0, 0xc2, 0x00, // TCP, port
    1, 0, 0x09, 4, 0, 10, 0, 0, 9, // IP, address
];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(octets: &[u8]) -> Tower {
        let mut tower = Tower::default();
        tower.read(octets).expect("a tower");
        tower
    }

    #[test]
    fn a_tower_tells_interface_and_address() {
        let tower = read(SVCCTL);
        assert_eq!(
            tower.interface.map(|syntax| syntax.to_string()).as_deref(),
            Some("367abb81-9844-35f1-ad32-98f038001003 v2.0")
        );
        assert_eq!(tower.transfer_syntax.map(|syntax| syntax.uuid), Some(rpcscope_model::NDR));
        assert_eq!((tower.transport, tower.port), (Some("ncacn_ip_tcp"), Some(49664)));
        assert_eq!(tower.host, Some(Text::whole("10.0.0.9")));
    }

    #[test]
    fn a_pipe_is_an_endpoint_with_a_host_name() {
        let mut octets = SVCCTL[..SVCCTL.len() - 16].to_vec();
        octets.extend([1, 0, 0x0f, 13, 0]);
        octets.extend(b"\\pipe\\ntsvcs\0");
        octets.extend([1, 0, 0x11, 4, 0]);
        octets.extend(b"DC1\0");
        let tower = read(&octets);
        assert_eq!((tower.transport, tower.port), (Some("ncacn_np"), None));
        assert_eq!(tower.endpoint, Some(Text::whole("\\pipe\\ntsvcs")));
        assert_eq!(tower.host, Some(Text::whole("DC1")));
    }

    #[test]
    fn a_cut_tower_tells_what_it_has() {
        for end in 0..SVCCTL.len() {
            let mut tower = Tower::default();
            assert!(tower.read(&SVCCTL[..end]).is_err());
            assert_eq!(tower.interface.is_some(), end >= 27);
        }
    }

    #[test]
    fn a_million_floors_are_not_read() {
        let mut octets = vec![0xff, 0xff];
        octets.extend([0, 0, 0, 0].repeat(1000));
        assert_eq!(read(&octets), Tower::default());
    }
}
