//! What is sent.

use crate::network::Wire;
use crate::support::workspace;
use rpcscope_capture::{Batch, Input, Reader};
use rpcscope_model::{Address, Endpoint, LinkType, SyntaxId, Timestamp};
use rpcscope_testkit::conversation::{Answer, Call, Conversation};
use rpcscope_testkit::packets::{Framing, OwnedFrame, TcpEnd, TcpFlow};
use rpcscope_testkit::pdu::Offer;
use rpcscope_testkit::transport::plain;
use uuid::Uuid;

/// All frames of the project's own captures, one capture after the other, 20 µs apart.
pub(crate) fn own_captures() -> Vec<OwnedFrame> {
    let folder = workspace().join("pcaps");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("captures")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pcap"))
        .collect();
    files.sort();
    let mut frames: Vec<OwnedFrame> = Vec::new();
    for file in files {
        let mut reader = Reader::open(&Input::File(file)).expect("a capture");
        let mut batch = Batch::new(1024);
        while reader.next_batch(&mut batch).expect("a whole capture") {
            for frame in batch.frames() {
                assert_eq!(frame.link_type, LinkType::ETHERNET);
                let elapsed = i64::try_from(frames.len()).expect("few frames") * 20_000;
                frames.push(OwnedFrame {
                    time: Timestamp(START.0 + elapsed),
                    link_type: frame.link_type,
                    original_length: frame.original_length,
                    bytes: frame.bytes.to_vec(),
                });
            }
        }
    }
    frames
}

/// The frames of a call of the service manager on a connection of its own, of which each number has another: handshake,
/// bind, bind_ack, and last the request and its reply.
pub(crate) fn call(number: u16) -> Vec<OwnedFrame> {
    let conversation = Conversation::new()
        .bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)])
        .call(Call::new(0, 12).stub([0; 300]).returns([0; 24]));
    let [high, low] = number.to_be_bytes();
    let client = Endpoint::new(Address::v4([10, 1, high, low]), 50_000);
    let server = Endpoint::new(Address::v4([10, 2, 0, 1]), 49_670);
    let flow = TcpFlow { end: TcpEnd::Open, acknowledge: false, ..TcpFlow::between(client, server) };
    Framing::default().segments(&flow.segments(&plain(conversation.steps())))
}

/// The client's address in the frames of [`call`].
pub(crate) fn caller(number: u16) -> String {
    let [high, low] = number.to_be_bytes();
    format!("10.1.{high}.{low}")
}

/// Sends frames.
pub(crate) fn send(wire: &mut Wire, frames: &[OwnedFrame]) {
    frames.iter().for_each(|frame| wire.send(&frame.bytes));
}

/// 2026-01-02 03:04:05 UTC.
const START: Timestamp = Timestamp::from_parts(1_767_323_045, 0);

const SVCCTL: SyntaxId =
    SyntaxId { uuid: Uuid::from_u128(0x367abb81_9844_35f1_ad32_98f038001003), major: 2, minor: 0 };

/// A rule about the calls that [`call`] makes.
pub(crate) const RULE: &str = "\
title: service created
id: 6f7c2f0e-6f0f-4a6e-9f6a-0d6c1f6f7c2f
logsource: {product: rpcscope, service: call}
detection: {s: {interface: svcctl, opnum: 12}, condition: s}
level: high
";
