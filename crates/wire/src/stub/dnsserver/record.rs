//! DNS_RPC_RECORD ([MS-DNSP] 2.2.2.2.5): a record of a zone.

use crate::ndr::{Narrow, Ndr};
use crate::stub::Argument;
use crate::stub::argument::{fields, symbol};
use rpcscope_model::{Bytes, Stopped, Text, Value};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Reads a record: its type, how long it lives, and what it says.
pub(super) fn read(ndr: &mut Ndr<'_>) -> Result<Value, Stopped> {
    let count = ndr.count("Buffer")?;
    ndr.u16("wDataLength")?;
    let kind = ndr.u16("wType")?;
    ndr.u32("dwFlags")?;
    ndr.u32("dwSerial")?;
    let time_to_live = ndr.u32("dwTtlSeconds")?;
    ndr.u32("dwTimeStamp")?;
    ndr.u32("dwReserved")?;
    let (bytes, _) = ndr.run("Buffer", count, 1)?;
    Ok(fields([
        ("type", Some(symbol(kind.into(), TYPES))),
        ("ttl", time_to_live.value()),
        ("data", Some(data(kind, bytes))),
    ]))
}

/// DNS_RPC_RECORD_DATA ([MS-DNSP] 2.2.2.2.4). Addresses and names are told as such, other kinds as bytes.
fn data(kind: u16, bytes: &[u8]) -> Value {
    let read = match kind {
        1 => address::<4>(bytes).map(|bytes| Value::Text(Text::whole(Ipv4Addr::from(bytes).to_string()))),
        28 => address::<16>(bytes).map(|bytes| Value::Text(Text::whole(Ipv6Addr::from(bytes).to_string()))),
        // A name alone; after a preference; after priority, weight and port.
        2..=5 | 7..=9 | 12 | 39 => name(bytes),
        15 | 18 | 21 => bytes.get(2..).and_then(name),
        33 => bytes.get(6..).and_then(name),
        // The first text of several.
        13 | 16 | 19 | 20 => name(bytes),
        _ => None,
    };
    read.unwrap_or_else(|| Value::Bytes(Bytes::head_of(bytes)))
}

fn address<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.first_chunk().copied()
}

/// DNS_RPC_NAME ([MS-DNSP] 2.2.2.2.1): a length and so many characters.
fn name(bytes: &[u8]) -> Option<Value> {
    let (length, rest) = bytes.split_first()?;
    let text = rest.get(..usize::from(*length))?;
    Some(Value::Text(Narrow::counted(text, false).text(Text::MAX_CHARS)))
}

/// DNS_RECORD_TYPE ([MS-DNSP] 2.2.2.1.1).
pub(super) const TYPES: &[(u32, &str)] = &[
    (1, "A"),
    (2, "NS"),
    (5, "CNAME"),
    (6, "SOA"),
    (12, "PTR"),
    (13, "HINFO"),
    (15, "MX"),
    (16, "TXT"),
    (17, "RP"),
    (24, "SIG"),
    (25, "KEY"),
    (28, "AAAA"),
    (33, "SRV"),
    (35, "NAPTR"),
    (39, "DNAME"),
    (43, "DS"),
    (46, "RRSIG"),
    (47, "NSEC"),
    (48, "DNSKEY"),
    (49, "DHCID"),
    (50, "NSEC3"),
    (52, "TLSA"),
    (255, "ALL"),
    (0xff01, "WINS"),
    (0xff02, "WINSR"),
];
