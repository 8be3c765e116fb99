//! bind_ack, alter_context_resp and bind_nak.

use super::bind::syntax_id;
use crate::Reader;
use rpcscope_model::{ParseError, SyntaxId};

/// A bind_ack or alter_context_resp ([C706] 12.6.4.4, 12.6.4.2).
#[derive(Clone, Copy, Debug)]
pub struct BindAck<'a> {
    /// Association group that the server assigned.
    pub association_group: u32,
    /// Secondary address, a port or a pipe, without its terminating zero.
    pub secondary_address: &'a [u8],
    count: u8,
    results: Reader<'a>,
}

impl<'a> BindAck<'a> {
    pub(super) fn parse(mut reader: Reader<'a>) -> Result<Self, ParseError> {
        reader.skip("max_xmit_frag", 2)?;
        reader.skip("max_recv_frag", 2)?;
        let association_group = reader.u32("assoc_group_id")?;
        let address_bytes = usize::from(reader.u16("sec_addr length")?);
        let address = reader.bytes("sec_addr", address_bytes)?;
        // Some servers send no terminating zero.
        let end = address.iter().position(|byte| *byte == 0).unwrap_or(address.len());
        let secondary_address = address.get(..end).unwrap_or(address);
        reader.align(4);
        let count = reader.u8("n_results")?;
        reader.skip("reserved", 3)?;
        Ok(Self { association_group, secondary_address, count, results: reader })
    }

    /// Number of results that the server announces.
    pub const fn count(&self) -> u8 {
        self.count
    }

    /// The results, in the order of the offered contexts; ends where the bytes end.
    pub fn results(&self) -> impl Iterator<Item = ContextResult> + use<'a> {
        let mut reader = self.results;
        (0..self.count).map_while(move |_| ContextResult::parse(&mut reader).ok())
    }
}

/// What the server says to one presentation context (`p_result_t`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ContextResult {
    /// 0 acceptance, 1 user rejection, 2 provider rejection, 3 negotiate_ack ([MS-RPCE] 2.2.2.4).
    pub result: u16,
    /// Why it was rejected; the negotiated features with negotiate_ack.
    pub reason: u16,
    /// The transfer syntax that was chosen; all zeros when none was.
    pub transfer_syntax: SyntaxId,
}

impl ContextResult {
    fn parse(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let result = reader.u16("result")?;
        let reason = reader.u16("reason")?;
        let transfer_syntax = syntax_id(reader, "transfer_syntax")?;
        Ok(Self { result, reason, transfer_syntax })
    }

    /// Whether the context may be used.
    pub const fn is_accepted(&self) -> bool {
        self.result == 0
    }
}

/// A bind_nak ([C706] 12.6.4.5, [MS-RPCE] 2.2.2.9).
#[derive(Clone, Copy, Debug)]
pub struct BindNak<'a> {
    /// Why the bind was refused.
    pub reason: u16,
    versions: &'a [u8],
}

impl<'a> BindNak<'a> {
    pub(super) fn parse(mut reader: Reader<'a>) -> Result<Self, ParseError> {
        let reason = reader.u16("provider_reject_reason")?;
        // Short forms end here.
        let count = reader.u8("n_protocols").unwrap_or(0);
        Ok(Self { reason, versions: reader.up_to(usize::from(count) * 2) })
    }

    /// Protocol versions that the server supports, as (major, minor).
    pub fn versions(&self) -> impl Iterator<Item = (u8, u8)> + use<'a> {
        self.versions.as_chunks::<2>().0.iter().map(|[major, minor]| (*major, *minor))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pdu;

    #[test]
    fn results_stand_after_an_address_of_any_length() {
        for address in [&b""[..], b"135\0", b"\\pipe\\lsass\0", b"49670\0", b"1"] {
            let mut bytes = vec![5, 0, 12, 3, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0];
            bytes.extend([0xb8, 0x10, 0xb8, 0x10, 0x39, 0x30, 0, 0]);
            bytes.extend([u8::try_from(address.len()).expect("short"), 0]);
            bytes.extend(address);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            bytes.extend([2, 0, 0, 0, 2, 0, 1, 0]);
            bytes.extend([0; 20]);
            bytes.extend([0, 0, 0, 0]);
            bytes.extend([7; 20]);
            bytes[8] = u8::try_from(bytes.len()).expect("short");
            let ack = Pdu::parse(&bytes).and_then(|pdu| pdu.bind_ack()).expect("a bind_ack");
            assert_eq!(ack.association_group, 0x3039);
            assert_eq!(ack.secondary_address, address.strip_suffix(b"\0").unwrap_or(address));
            let results: Vec<_> = ack.results().map(|result| (result.result, result.reason)).collect();
            assert_eq!(results, [(2, 1), (0, 0)]);
        }
    }

    #[test]
    fn a_bind_nak_gives_reason_and_versions() {
        let bytes = [5, 0, 13, 3, 0x10, 0, 0, 0, 23, 0, 0, 0, 1, 0, 0, 0, 4, 0, 2, 5, 0, 5, 1];
        let nak = Pdu::parse(&bytes).and_then(|pdu| pdu.bind_nak()).expect("a bind_nak");
        assert_eq!(nak.reason, 4);
        assert_eq!(nak.versions().collect::<Vec<_>>(), [(5, 0), (5, 1)]);
    }
}
