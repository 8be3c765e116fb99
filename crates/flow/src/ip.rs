//! IPv4 and IPv6 headers.

use crate::checksum;
use crate::defrag::{Fragment, FragmentKey};
use crate::link::Stop;
use crate::tunnel;
use etherparse::Ipv4HeaderSlice;
use rpcscope_model::{Address, Stats};

/// The payload of an IP packet, with what its header says about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IpPayload<'a> {
    pub(crate) source: Address,
    pub(crate) destination: Address,
    pub(crate) protocol: u8,
    pub(crate) bytes: &'a [u8],
    /// Length that the header claims; more than `bytes` when the snap length cut the packet.
    pub(crate) length: usize,
}

/// What an IP packet holds.
#[derive(Debug)]
pub(crate) enum Ip<'a> {
    Whole(IpPayload<'a>),
    Fragment(Fragment<'a>),
}

/// Reads the most frequent packets, for speed: of IPv4 without options or IPv6 without extension headers, not a
/// fragment, whose payload is TCP or UDP and no tunnel.
///
/// `None` for all others; [`read`] then reads them, and says the same of these.
#[inline]
pub(crate) fn read_ordinary<'a>(bytes: &'a [u8], stats: &mut Stats) -> Option<IpPayload<'a>> {
    if *bytes.first()? != 0x45 {
        return read_ordinary_v6(bytes);
    }
    let (header, rest) = bytes.split_first_chunk::<20>()?;
    let is_fragment = header[6] & 0x3f | header[7] != 0;
    let length = usize::from(u16::from_be_bytes([header[2], header[3]])).checked_sub(header.len())?;
    if is_fragment || !tunnel::is_none(header[9], rest) {
        return None;
    }
    stats.checksums_wrong += u64::from(!checksum::header_ok(header));
    Some(IpPayload {
        source: Address::v4([header[12], header[13], header[14], header[15]]),
        destination: Address::v4([header[16], header[17], header[18], header[19]]),
        protocol: header[9],
        bytes: rest.get(..length).unwrap_or(rest),
        length,
    })
}

#[inline]
fn read_ordinary_v6(bytes: &[u8]) -> Option<IpPayload<'_>> {
    let (header, rest) = bytes.split_first_chunk::<40>()?;
    let payload = v6_payload(header, rest);
    (header[0] >> 4 == 6 && tunnel::is_none(payload.protocol, rest)).then_some(payload)
}

/// Reads an IP packet of either version, told by the first four bits.
pub(crate) fn read<'a>(bytes: &'a [u8], stats: &mut Stats) -> Result<Ip<'a>, Stop> {
    match bytes.first().map(|first| first >> 4) {
        Some(4) => read_v4(bytes, stats),
        Some(6) => read_v6(bytes),
        _ => Err(Stop::Malformed),
    }
}

/// Reads an IPv4 packet ([RFC 791] 3.1).
///
/// A total length of zero is what a capture of segmentation offload shows; the packet then has all bytes there are.
fn read_v4<'a>(bytes: &'a [u8], stats: &mut Stats) -> Result<Ip<'a>, Stop> {
    let header = Ipv4HeaderSlice::from_slice(bytes).map_err(|_| Stop::Malformed)?;
    stats.checksums_wrong += u64::from(!checksum::header_ok(header.slice()));
    let rest = bytes.get(header.slice().len()..).unwrap_or_default();
    let length = match usize::from(header.total_len()) {
        0 => rest.len(),
        total => total.checked_sub(header.slice().len()).ok_or(Stop::Malformed)?,
    };
    let payload = rest.get(..length).unwrap_or(rest);
    let (source, destination) = (Address::v4(header.source()), Address::v4(header.destination()));
    let protocol = header.protocol().0;
    if header.is_fragmenting_payload() {
        return Ok(Ip::Fragment(Fragment {
            key: FragmentKey { source, destination, id: u32::from(header.identification()), protocol },
            protocol,
            offset: usize::from(header.fragments_offset().value()) * 8,
            more: header.more_fragments(),
            bytes: payload,
            cut: payload.len() < length,
        }));
    }
    let payload = IpPayload { source, destination, protocol, bytes: payload, length };
    if protocol == AUTHENTICATION { after_extensions(payload, 0) } else { Ok(Ip::Whole(payload)) }
}

/// Reads an IPv6 packet with its extension headers ([RFC 8200] 3 and 4).
///
/// A payload length of zero is a jumbogram, or segmentation offload; the packet then has all bytes there are.
fn read_v6(bytes: &[u8]) -> Result<Ip<'_>, Stop> {
    let (header, rest) = bytes.split_first_chunk::<40>().ok_or(Stop::Malformed)?;
    after_extensions(v6_payload(header, rest), KEY_PROTOCOL_V6)
}

#[inline]
fn v6_payload<'a>(header: &[u8; 40], rest: &'a [u8]) -> IpPayload<'a> {
    let next_header = header[6];
    let length = match usize::from(u16::from_be_bytes([header[4], header[5]])) {
        0 if next_header != NO_NEXT_HEADER => rest.len(),
        length => length,
    };
    let (source, destination) = header[8..].split_at(16);
    IpPayload {
        source: Address::v6(source.try_into().unwrap_or_default()),
        destination: Address::v6(destination.try_into().unwrap_or_default()),
        protocol: next_header,
        bytes: rest.get(..length).unwrap_or(rest),
        length,
    }
}

/// Takes off extension headers, until one that is none.
///
/// ESP ends the walk: what follows is encrypted. So does the payload of a protocol that is not known.
pub(crate) fn after_extensions(mut payload: IpPayload<'_>, key_protocol: u8) -> Result<Ip<'_>, Stop> {
    for _ in 0..MAX_EXTENSION_HEADERS {
        let header_bytes = match payload.protocol {
            HOP_BY_HOP | ROUTING | DESTINATION | MOBILITY | HOST_IDENTITY | SHIM6 => {
                extension_length(payload.bytes, 8, 8)?
            }
            // [RFC 4302] 2.2: in units of four bytes, minus 2.
            AUTHENTICATION => extension_length(payload.bytes, 4, 8)?,
            FRAGMENT => {
                let (header, rest) = payload.bytes.split_first_chunk::<8>().ok_or(Stop::Malformed)?;
                let field = u16::from_be_bytes([header[2], header[3]]);
                let (offset, more) = (usize::from(field & !7), field & 1 == 1);
                // An atomic fragment ([RFC 6946]) is a whole packet.
                if offset != 0 || more {
                    return Ok(Ip::Fragment(Fragment {
                        key: FragmentKey {
                            source: payload.source,
                            destination: payload.destination,
                            id: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
                            protocol: key_protocol,
                        },
                        protocol: header[0],
                        offset,
                        more,
                        bytes: rest,
                        cut: rest.len() < payload.length.saturating_sub(8),
                    }));
                }
                8
            }
            _ => return Ok(Ip::Whole(payload)),
        };
        let rest = payload.bytes.get(header_bytes..).ok_or(Stop::Malformed)?;
        payload.protocol = payload.bytes.first().copied().ok_or(Stop::Malformed)?;
        payload.length = payload.length.saturating_sub(header_bytes);
        payload.bytes = rest;
    }
    Err(Stop::Malformed)
}

/// Length in bytes of an extension header whose second byte counts `unit`s beyond the first `fixed` bytes.
fn extension_length(bytes: &[u8], unit: usize, fixed: usize) -> Result<usize, Stop> {
    let count = bytes.get(1).ok_or(Stop::Malformed)?;
    Ok(usize::from(*count) * unit + fixed)
}

/// Protocol numbers (IANA).
pub(crate) const IPV4: u8 = 4;
pub(crate) const TCP: u8 = 6;
pub(crate) const UDP: u8 = 17;
pub(crate) const IPV6: u8 = 41;
pub(crate) const GRE: u8 = 47;
const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
pub(crate) const AUTHENTICATION: u8 = 51;
const NO_NEXT_HEADER: u8 = 59;
const DESTINATION: u8 = 60;
const MOBILITY: u8 = 135;
const HOST_IDENTITY: u8 = 139;
const SHIM6: u8 = 140;

/// IPv6 fragments are told apart by addresses and identification only: hosts believe the first fragment's protocol,
/// so one that differs in a later fragment must not part them ([RFC 8200] 4.5).
pub(crate) const KEY_PROTOCOL_V6: u8 = FRAGMENT;

/// Extension headers read in one packet. Real packets have two or three; without a bound, a packet of nothing else
/// would cost time in proportion to its length.
const MAX_EXTENSION_HEADERS: usize = 16;
