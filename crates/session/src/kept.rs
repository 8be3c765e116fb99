//! PDUs of open calls and binds, as they travelled, for whoever asked for them.

use crate::output::Output;
use rpcscope_model::{Message, Side, Wire};
use rpcscope_wire::ByteOrder;

/// What is kept of the PDUs of one call or bind while it is open. Nothing unless it is wanted.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    wire: Option<Box<Wire>>,
    /// Whether its PDUs are wanted whatever they hold.
    is_wanted: bool,
    /// Whether the message of a side may have what somebody looks for.
    has_contents: [bool; 2],
}

/// The first PDU of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct First<'a> {
    pub(crate) pdu: &'a [u8],
    /// The part of it that is stub.
    pub(crate) stub: &'a [u8],
    pub(crate) order: ByteOrder,
    /// Whether it is the whole message.
    pub(crate) is_last: bool,
}

impl<'a> First<'a> {
    /// A PDU that is a whole message, without a stub.
    pub(crate) const fn alone(pdu: &'a [u8], order: ByteOrder) -> Self {
        Self { pdu, stub: &[], order, is_last: true }
    }
}

impl Kept {
    /// Keeps nothing yet, and then all PDUs, or those that have what somebody looks for.
    pub(crate) fn new(is_wanted: bool) -> Self {
        Self { is_wanted, ..Self::default() }
    }

    /// Keeps the first PDU of a side, with its stub; what was kept of that side before is forgotten.
    pub(crate) fn begin(&mut self, side: Side, first: First<'_>, output: &mut Output) {
        self.forget(side, output);
        // A message of several fragments is searched when all is there: what is looked for may lie across them.
        let has_contents = output
            .wanted
            .contents
            .as_ref()
            .is_some_and(|contents| !first.is_last || contents.may_be_in(side, first.pdu, first.stub));
        self.has_contents[side.index()] = has_contents;
        if !self.is_wanted && !has_contents {
            return;
        }
        let wire = self.wire.get_or_insert_default();
        let message = of(wire, side).insert(Message::default());
        message.is_big_endian = first.order == ByteOrder::Big;
        keep(&mut message.pdu, first.pdu, output);
        keep(&mut message.stub, first.stub, output);
    }

    /// Adds the stub of a further fragment.
    pub(crate) fn grow(&mut self, side: Side, stub: &[u8], output: &mut Output) {
        if let Some(message) = self.wire.as_mut().and_then(|wire| of(wire, side).as_mut()) {
            keep(&mut message.stub, stub, output);
        }
    }

    /// Whether the message of a side may have what somebody looks for.
    pub(crate) fn has_contents(&self, side: Side) -> bool {
        self.has_contents[side.index()]
    }

    /// What was kept so far.
    pub(crate) fn so_far(&self) -> Option<Box<Wire>> {
        self.wire.clone()
    }

    /// Gives what was kept: the call or the bind is over.
    pub(crate) fn finish(&mut self, output: &mut Output) -> Option<Box<Wire>> {
        let wire = self.wire.take()?;
        let messages = [&wire.request, &wire.reply].into_iter().flatten();
        output.hold(messages.map(cost).sum(), 0);
        Some(wire)
    }

    fn forget(&mut self, side: Side, output: &mut Output) {
        let Some(wire) = &mut self.wire else { return };
        if let Some(message) = of(wire, side).take() {
            output.hold(cost(&message), 0);
        }
        if wire.request.is_none() && wire.reply.is_none() {
            self.wire = None;
        }
    }
}

fn of(wire: &mut Wire, side: Side) -> &mut Option<Message> {
    match side {
        Side::Client => &mut wire.request,
        Side::Server => &mut wire.reply,
    }
}

/// Adds bytes to those that are kept, as many as there is room for, and takes them from the budget of the shard.
fn keep(kept: &mut Vec<u8>, bytes: &[u8], output: &mut Output) {
    let room = Message::MAX_BYTES.saturating_sub(kept.len());
    let bytes = bytes.get(..room).unwrap_or(bytes);
    if !output.is_full(bytes.len()) {
        kept.extend_from_slice(bytes);
        output.hold(0, bytes.len());
    }
}

/// Bytes that a message takes from the budget.
const fn cost(message: &Message) -> usize {
    message.pdu.len() + message.stub.len()
}
