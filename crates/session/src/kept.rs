//! PDUs of open calls and binds, as they travelled, for whoever asked for them.

use crate::output::Output;
use rpcscope_model::{Message, Side, Wire};
use rpcscope_wire::ByteOrder;

/// What is kept of the PDUs of one call or bind while it is open. Nothing unless it is wanted.
#[derive(Debug, Default)]
pub(crate) struct Kept(Option<Box<Wire>>);

impl Kept {
    /// Keeps the first PDU of a side, with its stub; what was kept of that side before is forgotten.
    pub(crate) fn begin(
        &mut self,
        side: Side,
        pdu: &[u8],
        stub: &[u8],
        order: ByteOrder,
        output: &mut Output,
    ) {
        if !output.wanted.wire {
            return;
        }
        let message = self.message(side);
        let before = message.take().map_or(0, |message| cost(&message));
        output.hold(before, 0);
        let message = message.insert(Message::default());
        message.is_big_endian = order == ByteOrder::Big;
        keep(&mut message.pdu, pdu, output);
        keep(&mut message.stub, stub, output);
    }

    /// Adds the stub of a further fragment.
    pub(crate) fn grow(&mut self, side: Side, stub: &[u8], output: &mut Output) {
        if self.0.is_some()
            && let Some(message) = self.message(side)
        {
            keep(&mut message.stub, stub, output);
        }
    }

    /// What was kept so far.
    pub(crate) fn so_far(&self) -> Option<Box<Wire>> {
        self.0.clone()
    }

    /// Gives what was kept: the call or the bind is over.
    pub(crate) fn finish(&mut self, output: &mut Output) -> Option<Box<Wire>> {
        let wire = self.0.take()?;
        let messages = [&wire.request, &wire.reply].into_iter().flatten();
        output.hold(messages.map(cost).sum(), 0);
        Some(wire)
    }

    fn message(&mut self, side: Side) -> &mut Option<Message> {
        let wire = self.0.get_or_insert_default();
        match side {
            Side::Client => &mut wire.request,
            Side::Server => &mut wire.reply,
        }
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
