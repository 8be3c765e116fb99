//! Where an exporter or a resolver listens, and how it authenticates.

use crate::ndr::Ndr;
use crate::{ByteOrder, Reader};
use rpcscope_model::{ParseError, Stopped};
use std::fmt;

/// String bindings and security bindings ([MS-DCOM] 2.2.19).
///
/// As much of it as there is: a cut array ends with its last whole binding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DualStringArray<'a> {
    strings: &'a [u8],
    security: &'a [u8],
    order: ByteOrder,
}

impl<'a> DualStringArray<'a> {
    /// An array without bindings.
    pub const EMPTY: Self = Self { strings: &[], security: &[], order: ByteOrder::Little };

    /// Reads the packet version, as object references hold it: least significant byte first.
    ///
    /// Source: [MS-DCOM] 2.2.19.1. Both lengths count 16-bit units.
    pub(super) fn read_packet(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let units = usize::from(reader.u16("wNumEntries")?);
        let security_offset = reader.u16("wSecurityOffset")?;
        let entries = reader.up_to(units.saturating_mul(2));
        Ok(Self::split(entries, security_offset, ByteOrder::Little))
    }

    /// Reads the IDL version: the packet version behind its conformance, in the encoding of the call.
    ///
    /// Source: [MS-DCOM] 2.2.19.2.
    pub fn read(ndr: &mut Ndr<'a>) -> Result<Self, Stopped> {
        let count = ndr.count("aStringArray")?;
        ndr.u16("wNumEntries")?;
        let security_offset = ndr.u16("wSecurityOffset")?;
        let (entries, _) = ndr.run("aStringArray", count, 2)?;
        Ok(Self::split(entries, security_offset, ndr.order()))
    }

    fn split(entries: &'a [u8], security_offset: u16, order: ByteOrder) -> Self {
        // Where the offset points past the end there are no security bindings.
        let at = usize::from(security_offset).saturating_mul(2);
        let (strings, security) = entries.split_at_checked(at).unwrap_or((entries, &[]));
        Self { strings, security, order }
    }

    /// Where to connect, in order of preference.
    pub const fn string_bindings(&self) -> StringBindings<'a> {
        StringBindings { units: Units { bytes: self.strings, order: self.order } }
    }

    /// How to authenticate, in order of preference.
    pub const fn security_bindings(&self) -> SecurityBindings<'a> {
        SecurityBindings { units: Units { bytes: self.security, order: self.order } }
    }
}

/// One way to reach a resolver or an exporter ([MS-DCOM] 2.2.19.3).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct StringBinding {
    /// Protocol sequence ([C706] appendix I): 7 for `ncacn_ip_tcp`, 15 for `ncacn_np`.
    pub tower_id: u16,
    /// Name or address of the machine.
    pub host: String,
    /// Port or pipe. Absent in bindings of resolvers, whose endpoint is well known.
    pub endpoint: Option<String>,
    /// Whether the end of the text was left out, because it is longer than a name of a machine can be.
    pub cut: bool,
}

impl StringBinding {
    /// `ncacn_ip_tcp` as protocol sequence.
    pub const TCP: u16 = 7;

    /// The TCP port, when this is one.
    pub fn port(&self) -> Option<u16> {
        if self.tower_id == Self::TCP { self.endpoint.as_deref()?.parse().ok() } else { None }
    }

    /// The protocol sequence that a tower identifier stands for ([C706] appendix I, [MS-RPCE] 2.1).
    pub const fn protocol(tower_id: u16) -> Option<&'static str> {
        Some(match tower_id {
            0x07 => "ncacn_ip_tcp",
            0x08 => "ncadg_ip_udp",
            0x0c => "ncacn_spx",
            0x0f => "ncacn_np",
            0x10 => "ncalrpc",
            0x1f => "ncacn_http",
            _ => return None,
        })
    }

    fn split(tower_id: u16, text: &str, cut: bool) -> Self {
        // The endpoint stands in brackets at the end; an IPv6 address has none around it.
        let (host, endpoint) = match text.split_once('[') {
            Some((host, endpoint)) => (host, Some(endpoint.strip_suffix(']').unwrap_or(endpoint).to_owned())),
            None => (text, None),
        };
        Self { tower_id, host: host.to_owned(), endpoint, cut }
    }
}

impl fmt::Display for StringBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tower_id, host, endpoint, .. } = self;
        match Self::protocol(*tower_id) {
            Some(protocol) => write!(f, "{protocol}:{host}")?,
            None => write!(f, "{tower_id:#04x}:{host}")?,
        }
        endpoint.as_ref().map_or(Ok(()), |endpoint| write!(f, "[{endpoint}]"))
    }
}

/// One way to authenticate ([MS-DCOM] 2.2.19.4).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SecurityBinding {
    /// Authentication service ([MS-RPCE] 2.2.1.1.7).
    pub authn_svc: u16,
    /// Service principal name; often empty.
    pub principal: String,
}

/// Iterates over string bindings.
#[derive(Clone, Copy, Debug)]
pub struct StringBindings<'a> {
    units: Units<'a>,
}

impl Iterator for StringBindings<'_> {
    type Item = StringBinding;

    fn next(&mut self) -> Option<StringBinding> {
        let tower_id = self.units.next().filter(|id| *id != 0)?;
        let (text, cut) = self.units.text()?;
        Some(StringBinding::split(tower_id, &text, cut))
    }
}

/// Iterates over security bindings.
#[derive(Clone, Copy, Debug)]
pub struct SecurityBindings<'a> {
    units: Units<'a>,
}

impl Iterator for SecurityBindings<'_> {
    type Item = SecurityBinding;

    fn next(&mut self) -> Option<SecurityBinding> {
        let authn_svc = self.units.next().filter(|service| *service != 0)?;
        self.units.next()?; // Reserved
        let (principal, _) = self.units.text()?;
        Some(SecurityBinding { authn_svc, principal })
    }
}

/// Most characters that a binding's text gives; the rest of it is passed over. Names of machines end at 255.
const MAX_TEXT_CHARS: usize = 300;

/// 16-bit units, each read once, so that a walk over all bindings is linear.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Units<'a> {
    bytes: &'a [u8],
    order: ByteOrder,
}

impl Units<'_> {
    /// The characters up to a terminator, which is passed over. Nothing when the terminator is missing.
    fn text(&mut self) -> Option<(String, bool)> {
        let mut start = *self;
        let mut count = 0_usize;
        while self.next()? != 0 {
            count = count.saturating_add(1);
        }
        let text = char::decode_utf16(start.by_ref().take(count))
            .take(MAX_TEXT_CHARS)
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
        Some((text, count > MAX_TEXT_CHARS))
    }
}

impl Iterator for Units<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        let (unit, rest) = self.bytes.split_first_chunk::<2>()?;
        self.bytes = rest;
        Some(match self.order {
            ByteOrder::Little => u16::from_le_bytes(*unit),
            ByteOrder::Big => u16::from_be_bytes(*unit),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(entries: &[u16], security_offset: u16, order: ByteOrder) -> Vec<u8> {
        let count = u16::try_from(entries.len()).expect("few entries");
        let units = [count, security_offset].into_iter().chain(entries.iter().copied());
        units
            .flat_map(|unit| match order {
                ByteOrder::Little => unit.to_le_bytes(),
                ByteOrder::Big => unit.to_be_bytes(),
            })
            .collect()
    }

    fn entries() -> (Vec<u16>, u16) {
        let mut entries = vec![7];
        entries.extend("10.99.1.1[49667]\0".encode_utf16());
        entries.push(15);
        entries.extend(r"\\WIN-SRV[\PIPE\dcom]".encode_utf16());
        entries.extend([0, 7]);
        entries.extend("WIN-SRV\0".encode_utf16());
        entries.push(0);
        let security = u16::try_from(entries.len()).expect("few entries");
        entries.extend([10, 0xffff, 0, 9, 0xffff]);
        entries.extend("host/win-srv\0".encode_utf16());
        entries.push(0);
        (entries, security)
    }

    /// Reads the packet version in either byte order, which only the IDL version has.
    fn read(bytes: &[u8], order: ByteOrder) -> DualStringArray<'_> {
        let mut reader = Reader::new("test", order, bytes);
        reader.skip("wNumEntries", 2).expect("a count");
        let security_offset = reader.u16("wSecurityOffset").expect("an offset");
        DualStringArray::split(reader.rest(), security_offset, order)
    }

    #[test]
    fn bindings_give_host_and_endpoint_in_both_byte_orders() {
        let (entries, security) = entries();
        for order in [ByteOrder::Little, ByteOrder::Big] {
            let bytes = array(&entries, security, order);
            let array = read(&bytes, order);
            let strings: Vec<_> = array.string_bindings().collect();
            assert_eq!(strings.len(), 3);
            assert_eq!((strings[0].host.as_str(), strings[0].port()), ("10.99.1.1", Some(49667)));
            assert_eq!((strings[1].tower_id, strings[1].endpoint.as_deref()), (15, Some(r"\PIPE\dcom")));
            assert_eq!((strings[2].host.as_str(), strings[2].endpoint.as_deref()), ("WIN-SRV", None));
            let security: Vec<_> = array.security_bindings().collect();
            assert_eq!(security.len(), 2);
            assert_eq!((security[1].authn_svc, security[1].principal.as_str()), (9, "host/win-srv"));
        }
    }

    #[test]
    fn a_cut_array_ends_with_its_last_whole_binding() {
        let (entries, security) = entries();
        let bytes = array(&entries, security, ByteOrder::Little);
        let cut = &bytes[..60];
        let array = read(cut, ByteOrder::Little);
        assert_eq!(array.string_bindings().count(), 1);
        assert_eq!(array.security_bindings().count(), 0);
    }

    #[test]
    fn the_smallest_array_has_no_bindings() {
        // [MS-DCOM] 2.2.19.1: wNumEntries 4, wSecurityOffset 2, four zeros.
        let bytes = array(&[0, 0, 0, 0], 2, ByteOrder::Little);
        let array = read(&bytes, ByteOrder::Little);
        assert_eq!((array.string_bindings().count(), array.security_bindings().count()), (0, 0));
    }

    #[test]
    fn a_long_text_is_cut_and_marked() {
        let mut entries = vec![7];
        entries.extend(std::iter::repeat_n(u16::from(b'a'), 1000));
        entries.extend([0, 7, u16::from(b'b'), 0, 0]);
        let bytes = array(&entries, 2000, ByteOrder::Little);
        let strings: Vec<_> = read(&bytes, ByteOrder::Little).string_bindings().collect();
        assert_eq!((strings[0].host.len(), strings[0].cut), (MAX_TEXT_CHARS, true));
        assert_eq!((strings[1].host.as_str(), strings[1].cut), ("b", false));
    }
}
