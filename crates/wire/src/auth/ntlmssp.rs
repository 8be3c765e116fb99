//! NTLMSSP: challenge and response between a client that claims to be somebody and a server.

use super::target_info::AvPairs;
use crate::utf16::{Encoding, Text};
use crate::{ByteOrder, Data, Reader};
use rpcscope_model::{NtlmVersion, OsVersion, ParseError};

/// How every message begins.
pub const SIGNATURE: [u8; 8] = *b"NTLMSSP\0";

/// A message of the authentication ([MS-NLMP] 2.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Message<'a> {
    /// The client asks for a challenge.
    Negotiate(Negotiate<'a>),
    /// The server gives one.
    Challenge(Challenge<'a>),
    /// The client says who it is, and answers the challenge.
    Authenticate(Authenticate<'a>),
}

/// NEGOTIATE_MESSAGE ([MS-NLMP] 2.2.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Negotiate<'a> {
    /// What the client can do.
    pub flags: Flags,
    /// The domain of the client.
    pub domain: Option<Text<'a>>,
    /// The client's machine.
    pub workstation: Option<Text<'a>>,
    /// The client's operating system.
    pub version: Option<OsVersion>,
}

/// CHALLENGE_MESSAGE ([MS-NLMP] 2.2.1.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Challenge<'a> {
    /// The domain of the server, or its own name.
    pub target_name: Option<Text<'a>>,
    /// What was agreed on.
    pub flags: Flags,
    /// The challenge.
    pub server_challenge: [u8; 8],
    /// More about the server.
    pub target_info: AvPairs<'a>,
    /// The server's operating system.
    pub version: Option<OsVersion>,
}

/// AUTHENTICATE_MESSAGE ([MS-NLMP] 2.2.1.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Authenticate<'a> {
    /// Answer to the challenge, computed in LAN Manager's way.
    pub lm_response: Data<'a>,
    /// Answer to the challenge.
    pub nt_response: Data<'a>,
    /// The domain of the user.
    pub domain: Option<Text<'a>>,
    /// The user.
    pub user: Option<Text<'a>>,
    /// The client's machine.
    pub workstation: Option<Text<'a>>,
    /// What was agreed on. Very old clients leave it out.
    pub flags: Option<Flags>,
    /// The client's operating system.
    pub version: Option<OsVersion>,
}

/// Capabilities ([MS-NLMP] 2.2.2.5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Flags(pub u32);

#[allow(missing_docs)]
impl Flags {
    pub const UNICODE: Self = Self(0x0000_0001);
    pub const OEM: Self = Self(0x0000_0002);
    pub const REQUEST_TARGET: Self = Self(0x0000_0004);
    pub const SIGN: Self = Self(0x0000_0010);
    pub const SEAL: Self = Self(0x0000_0020);
    pub const DATAGRAM: Self = Self(0x0000_0040);
    pub const LM_KEY: Self = Self(0x0000_0080);
    pub const NTLM: Self = Self(0x0000_0200);
    pub const ANONYMOUS: Self = Self(0x0000_0800);
    pub const OEM_DOMAIN_SUPPLIED: Self = Self(0x0000_1000);
    pub const OEM_WORKSTATION_SUPPLIED: Self = Self(0x0000_2000);
    pub const ALWAYS_SIGN: Self = Self(0x0000_8000);
    pub const TARGET_TYPE_DOMAIN: Self = Self(0x0001_0000);
    pub const TARGET_TYPE_SERVER: Self = Self(0x0002_0000);
    pub const EXTENDED_SESSIONSECURITY: Self = Self(0x0008_0000);
    pub const IDENTIFY: Self = Self(0x0010_0000);
    pub const NON_NT_SESSION_KEY: Self = Self(0x0040_0000);
    pub const TARGET_INFO: Self = Self(0x0080_0000);
    pub const VERSION: Self = Self(0x0200_0000);
    pub const KEY_128: Self = Self(0x2000_0000);
    pub const KEY_EXCH: Self = Self(0x4000_0000);
    pub const KEY_56: Self = Self(0x8000_0000);

    /// Whether all bits of `other` are set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// How texts are encoded that follow the negotiation.
    const fn encoding(self) -> Encoding {
        if self.has(Self::UNICODE) { Encoding::Utf16 } else { Encoding::Oem }
    }
}

impl<'a> Message<'a> {
    /// Reads a message. Only the head must be there; a field whose end is missing says so.
    pub(super) fn parse(data: Data<'a>) -> Result<Self, ParseError> {
        let mut header = Header { reader: Reader::new(LAYER, ByteOrder::Little, data.bytes), data };
        header.reader.skip("Signature", SIGNATURE.len())?;
        let at_type = header.reader;
        match header.reader.u32("MessageType")? {
            1 => Negotiate::parse(header).map(Self::Negotiate),
            2 => Challenge::parse(header).map(Self::Challenge),
            3 => Authenticate::parse(header).map(Self::Authenticate),
            other => Err(at_type.invalid("MessageType", usize::try_from(other).unwrap_or(usize::MAX))),
        }
    }
}

impl<'a> Negotiate<'a> {
    fn parse(mut header: Header<'a>) -> Result<Self, ParseError> {
        let flags = Flags(header.reader.u32("NegotiateFlags")?);
        // Clients before Windows 2000 end here.
        let domain = header.field("DomainName").unwrap_or_default();
        let workstation = header.field("WorkstationName").unwrap_or_default();
        let has = |flag| move |_: &Text<'a>| flags.has(flag);
        Ok(Self {
            flags,
            domain: domain.text(Encoding::Oem).filter(has(Flags::OEM_DOMAIN_SUPPLIED)),
            workstation: workstation.text(Encoding::Oem).filter(has(Flags::OEM_WORKSTATION_SUPPLIED)),
            version: header.version(flags, &[domain, workstation]),
        })
    }
}

impl<'a> Challenge<'a> {
    fn parse(mut header: Header<'a>) -> Result<Self, ParseError> {
        let target_name = header.field("TargetName")?;
        let flags = Flags(header.reader.u32("NegotiateFlags")?);
        let mut server_challenge = [0; 8];
        server_challenge.copy_from_slice(header.reader.bytes("ServerChallenge", 8)?);
        // Servers before NT 4 with its service packs end here.
        let target_info = match header.reader.skip("Reserved", 8) {
            Ok(()) => header.field("TargetInfo").unwrap_or_default(),
            Err(_) => Field::default(),
        };
        let with_info = flags.has(Flags::TARGET_INFO);
        Ok(Self {
            target_name: target_name.text(flags.encoding()),
            flags,
            server_challenge,
            target_info: AvPairs(if with_info { target_info.data } else { Data::default() }),
            version: header.version(flags, &[target_name, target_info]),
        })
    }
}

impl<'a> Authenticate<'a> {
    fn parse(mut header: Header<'a>) -> Result<Self, ParseError> {
        let lm_response = header.field("LmChallengeResponse")?;
        let nt_response = header.field("NtChallengeResponse")?;
        let domain = header.field("DomainName")?;
        let user = header.field("UserName")?;
        let workstation = header.field("Workstation")?;
        let fields = [lm_response, nt_response, domain, user, workstation];
        // Where the payload begins right behind them, there is no session key and there are no flags.
        let is_short = header.payload_begins(&fields) < AUTHENTICATE_BYTES;
        let rest = if is_short {
            None
        } else {
            let session_key = header.field("EncryptedRandomSessionKey").ok();
            session_key.and_then(|key| Some((key, Flags(header.reader.u32("NegotiateFlags").ok()?))))
        };
        let flags = rest.map(|(_, flags)| flags);
        let encoding = flags.map_or(Encoding::Oem, Flags::encoding);
        let version = rest.and_then(|(key, flags)| {
            let [a, b, c, d, e] = fields;
            header.version(flags, &[a, b, c, d, e, key])
        });
        Ok(Self {
            lm_response: lm_response.data,
            nt_response: nt_response.data,
            domain: domain.text(encoding),
            user: user.text(encoding),
            workstation: workstation.text(encoding),
            flags,
            version,
        })
    }

    /// Whether the client asks to be nobody ([MS-NLMP] 3.2.5.1.2): no user, no response, and of the LAN Manager response
    /// nothing or one zero.
    pub fn is_anonymous(&self) -> bool {
        let no_lm_response = match self.lm_response.length {
            0 => true,
            1 => self.lm_response.bytes.first().is_none_or(|byte| *byte == 0),
            _ => false,
        };
        self.user.is_none() && self.nt_response.length == 0 && no_lm_response
    }

    /// How the client answers; `None` when it is nobody, or has no answer of a known form.
    pub fn ntlm_version(&self) -> Option<NtlmVersion> {
        let extended = self.flags.is_some_and(|flags| flags.has(Flags::EXTENDED_SESSIONSECURITY));
        match (self.nt_response.length, self.lm_response.length) {
            (V1_RESPONSE_BYTES, _) if extended => Some(NtlmVersion::V1Extended),
            (V1_RESPONSE_BYTES, _) => Some(NtlmVersion::V1),
            (length, _) if length > V1_RESPONSE_BYTES => Some(NtlmVersion::V2),
            (0, V1_RESPONSE_BYTES) => Some(NtlmVersion::Lm),
            _ => None,
        }
    }

    /// What the client repeats and adds in an NTLM version 2 response ([MS-NLMP] 2.2.2.7, 2.2.2.8); empty in others.
    pub fn client_info(&self) -> AvPairs<'a> {
        match self.ntlm_version() {
            Some(NtlmVersion::V2) => AvPairs(self.nt_response.skip(CLIENT_AV_PAIRS_AT)),
            _ => AvPairs::default(),
        }
    }
}

/// Reads the fixed part of a message, whose fields say where in the message their bytes are.
struct Header<'a> {
    reader: Reader<'a>,
    data: Data<'a>,
}

/// Bytes of a field, and where they begin.
#[derive(Clone, Copy, Default)]
struct Field<'a> {
    data: Data<'a>,
    offset: usize,
}

impl<'a> Header<'a> {
    /// The field whose length and offset come next. One that would reach past the end of the message ends there.
    fn field(&mut self, name: &'static str) -> Result<Field<'a>, ParseError> {
        let length = usize::from(self.reader.u16(name)?);
        self.reader.skip(name, 2)?;
        let offset = usize::try_from(self.reader.u32(name)?).unwrap_or(usize::MAX);
        Ok(Field { data: Data::locate(self.data.bytes, self.data.length, offset, length), offset })
    }

    /// Where the payload begins that these fields point at.
    fn payload_begins(&self, fields: &[Field<'a>]) -> usize {
        let filled = fields.iter().filter(|field| field.data.length > 0);
        filled.map(|field| field.offset).min().unwrap_or(self.data.length)
    }

    /// The version that comes next, when the flags say so and it does not stand in the payload of a client that left
    /// it out ([MS-NLMP] 2.2.2.10).
    fn version(&mut self, flags: Flags, fields: &[Field<'a>]) -> Option<OsVersion> {
        let end = self.reader.position().saturating_add(VERSION_BYTES);
        if !flags.has(Flags::VERSION) || self.payload_begins(fields) < end {
            return None;
        }
        let major = self.reader.u8("ProductMajorVersion").ok()?;
        let minor = self.reader.u8("ProductMinorVersion").ok()?;
        let build = self.reader.u16("ProductBuild").ok()?;
        let version = OsVersion { major, minor, build };
        // Some set the flag and leave it empty.
        (version != OsVersion { major: 0, minor: 0, build: 0 }).then_some(version)
    }
}

impl<'a> Field<'a> {
    /// The text that fills the field; `None` when it is empty.
    fn text(&self, encoding: Encoding) -> Option<Text<'a>> {
        let text = Text { bytes: self.data.bytes, encoding, complete: self.data.missing() == 0 };
        (self.data.length > 0).then_some(text)
    }
}

const LAYER: &str = "ntlmssp";
/// Bytes of an AUTHENTICATE_MESSAGE up to its flags.
const AUTHENTICATE_BYTES: usize = 64;
/// Bytes of a VERSION structure.
const VERSION_BYTES: usize = 8;
/// Bytes of a response of version 1 ([MS-NLMP] 2.2.2.3, 2.2.2.6); those of version 2 are longer.
pub(super) const V1_RESPONSE_BYTES: usize = 24;
/// Bytes of the proof that begins a response of version 2.
pub(super) const PROOF_BYTES: usize = 16;
/// Where in a response of version 2 the pairs begin.
const CLIENT_AV_PAIRS_AT: usize = PROOF_BYTES + 28;
