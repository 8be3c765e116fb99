//! What carries PDUs, and how it is recognised.
//!
//! To add a transport: a file here, a variant of [`Protocol`], a row in [`classify`], an arm in
//! [`crate::session::Session::open`].

pub(crate) mod http;
pub(crate) mod smb;
pub(crate) mod udp;

use crate::association::sender;
use rpcscope_model::Side;
use rpcscope_wire::dcerpc::{HEADER_BYTES, Header};

/// A protocol over TCP that carries remote procedure calls.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Protocol {
    /// RPC PDUs directly over TCP.
    Rpc,
    /// SMB, directly over TCP or in a NetBIOS session.
    Smb,
    /// RPC over HTTP, either version, between client and proxy.
    Http,
    /// RPC over HTTP, either version, between proxy and server: a greeting, then PDUs.
    HttpGreeting,
}

/// A protocol, recognised by what one side sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recognised {
    /// The protocol.
    pub protocol: Protocol,
    /// Which side sent the bytes.
    pub sender: Side,
}

/// Bytes that are enough to recognise any protocol.
pub const PROBE_BYTES: usize = 40;

/// Recognises a protocol by the first bytes of a message, whatever the port.
///
/// Called for every segment of every connection that is not followed: the first byte decides almost always.
#[inline]
pub fn classify(bytes: &[u8]) -> Option<Recognised> {
    match bytes.first()? {
        5 => classify_rpc(bytes),
        0x00 | 0x81 => classify_smb(bytes),
        b'R' => (bytes.starts_with(b"RPC_IN_DATA ")
            || bytes.starts_with(b"RPC_OUT_DATA ")
            || bytes.starts_with(b"RPC_CONNECT "))
        .then_some(Recognised { protocol: Protocol::Http, sender: Side::Client }),
        b'n' => bytes
            .starts_with(http::GREETING)
            .then_some(Recognised { protocol: Protocol::HttpGreeting, sender: Side::Server }),
        _ => None,
    }
}

fn classify_rpc(bytes: &[u8]) -> Option<Recognised> {
    let header = Header::is_plausible(bytes)?;
    // An RTS PDU may come from either side; the next PDU will tell.
    let sender = sender(header.pdu_type)?;
    Some(Recognised { protocol: Protocol::Rpc, sender })
}

fn classify_smb(bytes: &[u8]) -> Option<Recognised> {
    let sender = smb::recognise(bytes)?;
    Some(Recognised { protocol: Protocol::Smb, sender })
}

/// Whether `bytes`, the first of a direction, could become a recognised message when more come.
///
/// A connection whose first segments are tiny is held in doubt only as long as this says so.
pub fn could_become_known(bytes: &[u8]) -> bool {
    const STARTS: [&[u8]; 4] = [b"RPC_IN_DATA ", b"RPC_OUT_DATA ", b"RPC_CONNECT ", http::GREETING];
    match bytes {
        [] => true,
        [5, ..] => bytes.len() < HEADER_BYTES,
        [0x00 | 0x81, ..] => bytes.len() < PROBE_BYTES,
        _ => STARTS.iter().any(|start| start.starts_with(bytes)),
    }
}
