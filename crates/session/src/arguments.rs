//! The arguments of an open call, decoded from the fragments of its stubs.

use crate::bounded::Bounded;
use crate::output::Output;
use rpcscope_model::{Arguments, Limits, Side};
use rpcscope_wire::ByteOrder;
use rpcscope_wire::stub::{Decoded, Handle, Names, Operation, Stub, Syntax};

/// What is known of the arguments of one call, request and response in turn.
#[derive(Debug)]
pub(crate) struct CallArguments {
    operation: &'static Operation,
    syntax: Syntax,
    /// The side whose stub is being collected, or was decoded last.
    side: Side,
    /// Bytes of a stub whose end is to come.
    collected: Vec<u8>,
    /// Byte order of the stub that is being collected.
    order: ByteOrder,
    /// Bytes of the stub that is being collected are missing: only what was collected before them is of use.
    is_cut: bool,
    /// The stub of `side` has been decoded.
    is_done: bool,
    request: Option<Decoded>,
    response: Option<Decoded>,
    /// Bytes that this takes from the budget of the shard.
    charged: usize,
}

/// A piece of a stub.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'a> {
    pub(crate) side: Side,
    pub(crate) bytes: &'a [u8],
    pub(crate) order: ByteOrder,
    pub(crate) is_first: bool,
    pub(crate) is_last: bool,
    /// Bytes before it are missing, behind the piece that came last.
    pub(crate) is_behind_loss: bool,
    /// Bytes at its end are missing.
    pub(crate) is_cut: bool,
}

impl CallArguments {
    /// The arguments of a call of `operation` whose stubs are encoded as `syntax` says.
    pub(crate) const fn new(operation: &'static Operation, syntax: Syntax) -> Self {
        Self {
            operation,
            syntax,
            side: Side::Client,
            collected: Vec::new(),
            order: ByteOrder::Little,
            is_cut: false,
            is_done: false,
            request: None,
            response: None,
            charged: 0,
        }
    }

    /// Takes a piece of the request or of the response. A stub that is whole is decoded where it stands.
    pub(crate) fn piece(&mut self, piece: Piece<'_>, handles: &mut HandleTable, output: &mut Output) {
        let Piece { side, bytes, order, is_first, is_last, is_behind_loss, is_cut } = piece;
        if side != self.side {
            self.end(handles, output);
            (self.side, self.is_done) = (side, false);
        }
        if is_first && !self.is_done {
            // A first fragment that comes again starts over.
            self.collected.clear();
            (self.order, self.is_cut) = (order, is_cut);
            if is_last {
                self.decode(bytes, !is_cut, handles, output);
                return;
            }
        }
        self.is_cut |= is_behind_loss && !is_first;
        if self.is_done || (self.is_cut && !is_first) {
            return;
        }
        let room = output.limits.stub_bytes.saturating_sub(self.collected.len());
        let kept = bytes.get(..room).unwrap_or(bytes);
        if output.is_full(kept.len()) {
            output.stats.stubs_given_up += 1;
            self.is_cut = true;
        } else {
            self.collected.extend_from_slice(kept);
            self.is_cut |= is_cut || kept.len() < bytes.len();
            self.charge(output);
        }
        if is_last {
            self.end(handles, output);
        }
    }

    /// The call is over: gives what is known of it. `replied` says that the server ran it.
    pub(crate) fn finish(
        mut self,
        replied: bool,
        handles: &mut HandleTable,
        output: &mut Output,
    ) -> Option<Box<Arguments>> {
        self.end(handles, output);
        output.hold(self.charged, 0);
        if let Some(closed) = self.request.as_ref().and_then(|request| request.handles.closed)
            && replied
        {
            handles.remove(&closed, output);
        }
        let arguments = match (self.request, self.response) {
            (Some(request), Some(response)) => {
                let mut arguments = request.arguments;
                arguments.append(response.arguments);
                arguments
            }
            (Some(only), None) | (None, Some(only)) => only.arguments,
            (None, None) => return None,
        };
        (!arguments.is_empty() || arguments.stopped.is_some()).then(|| Box::new(arguments))
    }

    /// Gives back what it takes from the budget, when the call means something else after all.
    pub(crate) fn discard(self, output: &mut Output) {
        output.hold(self.charged, 0);
    }

    /// Decodes what was collected, when nothing more comes.
    fn end(&mut self, handles: &mut HandleTable, output: &mut Output) {
        if !self.is_done && !self.collected.is_empty() {
            let collected = std::mem::take(&mut self.collected);
            self.decode(&collected, !self.is_cut, handles, output);
        }
    }

    fn decode(&mut self, bytes: &[u8], complete: bool, handles: &mut HandleTable, output: &mut Output) {
        self.is_done = true;
        let stub = Stub { bytes, order: self.order, syntax: self.syntax, complete };
        let decoded = match self.side {
            Side::Client => {
                self.request = self.operation.decode_request(stub);
                if let Some(request) = &mut self.request {
                    request.add_names(request.handles.used.as_ref().and_then(|used| handles.names(used)));
                }
                &self.request
            }
            Side::Server => {
                self.response = self.operation.decode_response(stub, self.request.as_ref());
                if let Some(opened) = self.response.as_ref().and_then(|response| response.handles.opened) {
                    let request = self.request.as_ref().map(|request| &request.handles);
                    let used = request.and_then(|handles| handles.used);
                    let above = used.as_ref().and_then(|used| handles.names(used));
                    let names = Names::opened(above, request.and_then(|handles| handles.naming.as_ref()));
                    handles.insert(opened, names, output);
                }
                &self.response
            }
        };
        if let Some(decoded) = decoded {
            output.stats.stubs_decoded += 1;
            output.stats.stubs_stopped += u64::from(decoded.arguments.stopped.is_some());
        }
        self.charge(output);
    }

    /// Takes what it needs now from the budget of the shard.
    fn charge(&mut self, output: &mut Output) {
        let decoded = [&self.request, &self.response].into_iter().flatten();
        let bytes = self.collected.len() + decoded.map(|decoded| decoded.arguments.bytes()).sum::<usize>();
        output.hold(self.charged, bytes);
        self.charged = bytes;
    }
}

/// What the context handles of an association are called.
#[derive(Debug)]
pub(crate) struct HandleTable {
    known: Bounded<Handle, Names>,
    /// Bytes that they take from the budget of the shard.
    charged: usize,
}

impl HandleTable {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { known: Bounded::new(limits.handles), charged: 0 }
    }

    fn names(&self, handle: &Handle) -> Option<&Names> {
        self.known.get(handle)
    }

    fn insert(&mut self, handle: Handle, names: Names, output: &mut Output) {
        let bytes = cost(&names);
        self.charge(self.charged.saturating_add(bytes), output);
        let is_known = self.known.get(&handle).is_some();
        if let Some(gone) = self.known.insert(handle, names) {
            self.charge(self.charged.saturating_sub(cost(&gone)), output);
            output.stats.handles_evicted += u64::from(!is_known);
        }
        // Too many in all: whoever opens one more pays for it.
        while output.is_full(0)
            && let Some((_, gone)) = self.known.pop_oldest()
        {
            self.charge(self.charged.saturating_sub(cost(&gone)), output);
            output.stats.handles_evicted += 1;
        }
    }

    fn remove(&mut self, handle: &Handle, output: &mut Output) {
        if let Some(gone) = self.known.remove(handle) {
            self.charge(self.charged.saturating_sub(cost(&gone)), output);
        }
    }

    /// Forgets all handles: the association is over.
    pub(crate) fn clear(&mut self, output: &mut Output) {
        while self.known.pop_oldest().is_some() {}
        self.charge(0, output);
    }

    fn charge(&mut self, bytes: usize, output: &mut Output) {
        output.hold(self.charged, bytes);
        self.charged = bytes;
    }
}

/// Bytes that an entry takes, about.
fn cost(names: &Names) -> usize {
    names.bytes() + size_of::<(Handle, Names)>()
}
