//! What rules remember of a flow.

use super::flow::{Change, Flowbit};
use crate::field::{Field, FieldId};
use crate::value::{FieldValue, FieldValues, Fields};
use hashlink::LinkedHashMap;
use rpcscope_model::{CallId, ContextId, Event, EventBody, FrameNumber, HashState, Opnum, Phase, Side};
use std::sync::Arc;
use uuid::Uuid;

/// The bits of the flows of one shard.
///
/// A bit that the request of a call set is one of that call for whoever answers it: an answer sees the bits of its own
/// request, and those that were set by anything but the request of a call. A fault in answer to one call therefore never
/// meets a bit that another call of the same connection set. Whoever sends later requests sees all bits of the flow.
#[derive(Debug)]
pub(crate) struct Flows {
    /// The flow whose bits were changed longest ago is the first.
    flows: LinkedHashMap<u64, Vec<Bit>, HashState>,
}

#[derive(Debug)]
struct Bit {
    name: Arc<str>,
    /// Whether something else than the request of a call set it.
    of_flow: bool,
    /// Calls without an outcome whose requests set it.
    calls: Vec<CallKey>,
}

/// Tells apart the calls of a flow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct CallKey {
    frame: FrameNumber,
    call_id: CallId,
    context_id: Option<ContextId>,
    opnum: Option<Opnum>,
}

/// An event as a rule about one of its messages sees it: with the bits of its flow.
pub(crate) struct InFlow<'a> {
    event: &'a Event,
    bits: &'a [Bit],
    sender: Side,
}

impl Flows {
    pub(crate) fn new() -> Self {
        Self { flows: LinkedHashMap::with_hasher(HashState::default()) }
    }

    /// Changes bits as a rule says that held for the message of one side.
    pub(crate) fn change(&mut self, event: &Event, sender: Side, changes: &[Flowbit]) {
        if changes.is_empty() {
            return;
        }
        let flow = event.header.flow_id;
        let mut bits = self.flows.remove(&flow).unwrap_or_default();
        let key = call_key(event);
        for Flowbit { name, change } in changes {
            let at = bits.iter().position(|bit| bit.name == *name);
            let is_seen = at.and_then(|at| bits.get(at)).is_some_and(|bit| bit.is_seen(key, sender));
            match (change, at) {
                (Change::Unset, None) => {}
                (Change::Unset, Some(at)) => {
                    bits.remove(at);
                }
                (Change::Toggle, Some(at)) if is_seen => {
                    bits.remove(at);
                }
                (Change::Set | Change::Toggle, at) => {
                    let at = at.unwrap_or_else(|| {
                        if bits.len() >= MAX_BITS {
                            bits.remove(0);
                        }
                        bits.push(Bit { name: name.clone(), of_flow: false, calls: Vec::new() });
                        bits.len() - 1
                    });
                    if let Some(bit) = bits.get_mut(at) {
                        bit.set(key.filter(|_| sender == Side::Client));
                    }
                }
            }
        }
        if !bits.is_empty() {
            if self.flows.len() >= MAX_FLOWS {
                self.flows.pop_front();
            }
            self.flows.insert(flow, bits);
        }
    }

    /// Takes note that nothing more will be told of a call.
    pub(crate) fn settle(&mut self, event: &Event) {
        if event.header.phase == Phase::Settled
            && let Some(key) = call_key(event)
            && let Some(bits) = self.flows.get_mut(&event.header.flow_id)
        {
            bits.iter_mut().for_each(|bit| bit.calls.retain(|call| *call != key));
        }
    }

    /// An event as a rule about the message of one side sees it.
    pub(crate) fn seen<'a>(&'a self, event: &'a Event, sender: Side) -> InFlow<'a> {
        let bits = self.flows.get(&event.header.flow_id).map_or(&[][..], Vec::as_slice);
        InFlow { event, bits, sender }
    }
}

impl Bit {
    fn set(&mut self, call: Option<CallKey>) {
        match call {
            None => self.of_flow = true,
            Some(call) => {
                if self.calls.len() >= MAX_CALLS {
                    self.calls.remove(0);
                }
                self.calls.push(call);
            }
        }
    }

    fn is_seen(&self, call: Option<CallKey>, sender: Side) -> bool {
        match sender {
            Side::Client => true,
            Side::Server => self.of_flow || call.is_some_and(|call| self.calls.contains(&call)),
        }
    }
}

/// The call that an event tells of, when its request was seen.
fn call_key(event: &Event) -> Option<CallKey> {
    let EventBody::Call(call) = &event.body else { return None };
    let request = call.request?;
    Some(CallKey {
        frame: request.frame,
        call_id: call.call_id,
        context_id: call.context_id,
        opnum: call.opnum,
    })
}

impl Fields for InFlow<'_> {
    fn values(&self, field: &Field) -> FieldValues<'_> {
        if *field != Field::Known(FieldId::Flowbits) {
            return self.event.values(field);
        }
        let key = call_key(self.event);
        let seen = self.bits.iter().filter(|bit| bit.is_seen(key, self.sender));
        seen.map(|bit| FieldValue::text(&*bit.name)).collect()
    }

    fn uuid(&self, field: &Field) -> Option<Uuid> {
        self.event.uuid(field)
    }

    fn any(&self, visit: &mut dyn FnMut(&FieldValue<'_>) -> bool) -> bool {
        self.event.any(visit)
    }
}

/// Flows of one shard whose bits are remembered.
const MAX_FLOWS: usize = 8192;
/// Bits of one flow.
const MAX_BITS: usize = 64;
/// Calls without an outcome that set a bit.
const MAX_CALLS: usize = 256;
