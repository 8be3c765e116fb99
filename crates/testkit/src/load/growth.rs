//! Loads in which one thing grows: flows, calls that are open, pipes that are open.

use super::ledger::Planted;
use super::rpc::Planting;
use super::script::Script;
use super::stream::Stream;
use super::template::Template;
use crate::Rng;
use crate::conversation::{Answer, Conversation};
use crate::pdu::Offer;
use crate::transport::{Message, Smb2};
use rpcscope_model::SyntaxId;

/// Connections of which nothing is of interest. All begin with a handshake and go on to the end of the load.
pub(super) fn flows(rng: &mut Rng) -> Vec<Template> {
    let record = |kind: u8, rng: &mut Rng| [&[kind, 3, 3, 0, 48][..], &rng.bytes(48)].concat();
    let stream = Stream::to(443).client(record(22, rng)).server(record(22, rng));
    vec![stream.repeat(|stream| stream.client(record(23, rng)).server(record(23, rng))).template()]
}

/// Associations with calls that are never answered, and no end.
pub(super) fn open_calls(rng: &mut Rng) -> Planting {
    let script = Script::new(rng.next_u64()).bind("svcctl", "end: open");
    let script = script.times(CALLS, |script, _| script.call("ROpenSCManagerW", "").reply("none"));
    vec![script.template()]
}

/// SMB connections with pipes that are opened, bound, and never closed.
pub(super) fn open_pipes(rng: &mut Rng) -> Planting {
    let svcctl = rpcscope_catalog::interfaces_named("svcctl").next().expect("a well-known interface");
    let syntax = SyntaxId { uuid: svcctl.uuid, major: 2, minor: 0 };
    let conversation = Conversation::new().bind(&[(Offer::ndr(0, syntax), Answer::NDR)]);
    let pipes = [("svcctl", conversation.steps()); PIPES];
    let mut messages = Smb2 { seed: rng.next_u64(), ..Smb2::default() }.carry(&pipes);
    messages.retain(|message: &Message| message.bytes[COMMAND_AT] != CLOSE);
    let template = Stream::to(445).messages(messages).unfinished();
    vec![(template, Planted { binds: PIPES as u64, ..Planted::default() })]
}

/// Calls of one association that stay open.
pub const CALLS: usize = 16;
/// Pipes of one connection that stay open.
pub const PIPES: usize = 16;

/// Where an SMB2 message in its framing has its command ([MS-SMB2] 2.1, 2.2.1.2).
const COMMAND_AT: usize = 16;
const CLOSE: u8 = 6;
