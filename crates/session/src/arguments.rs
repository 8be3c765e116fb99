//! The arguments of an open call, decoded from the fragments of its stubs.

use crate::bounded::Bounded;
use crate::output::Output;
use rpcscope_model::{Address, Arguments, Limits, Side, Stats};
use rpcscope_wire::ByteOrder;
use rpcscope_wire::stub::{Decoded, Handle, Names, Objects, Operation, Stub, Syntax, Tower};

/// What is known of the arguments of one call, request and response in turn.
#[derive(Debug)]
pub(crate) struct CallArguments {
    decoder: Decoder,
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
    /// What the request says, with the arguments of the response behind its own once that was decoded.
    decoded: Decoded,
    /// The request has been decoded.
    has_request: bool,
    /// What the response says beside its arguments.
    response: Response,
    /// Bytes that this takes from the budget of the shard.
    charged: usize,
}

/// How the stubs of a call are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decoder {
    /// What decodes them; `None` for an object's operation of which only references to further objects are read.
    pub(crate) operation: Option<&'static Operation>,
    /// How they are encoded.
    pub(crate) syntax: Syntax,
    /// Whose operation it is.
    pub(crate) server: Address,
}

/// What the stubs of a call that is over have said.
#[derive(Debug, Default)]
pub(crate) struct Finished {
    pub(crate) arguments: Option<Arguments>,
    /// What the request said about DCOM objects.
    pub(crate) request: Option<Box<Objects>>,
    pub(crate) response: Response,
}

/// What the response of a call has said beside its arguments.
#[derive(Debug, Default)]
pub(crate) struct Response {
    /// What it said about DCOM objects.
    pub(crate) objects: Option<Box<Objects>>,
    /// Where servers listen, as an endpoint mapper answered.
    pub(crate) towers: Vec<Tower>,
}

/// What the request of a call has said, once it was decoded.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Requested<'a> {
    pub(crate) arguments: Option<&'a Arguments>,
    /// What it said about DCOM objects.
    pub(crate) objects: Option<&'a Objects>,
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
    /// The arguments of a call that has not said anything.
    pub(crate) fn new(decoder: Decoder) -> Self {
        Self {
            decoder,
            side: Side::Client,
            collected: Vec::new(),
            order: ByteOrder::Little,
            is_cut: false,
            is_done: false,
            decoded: Decoded::default(),
            has_request: false,
            response: Response { objects: None, towers: Vec::new() },
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
            if is_last {
                self.end(handles, output);
            }
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

    /// What the request says, once it was decoded.
    pub(crate) fn request(&self) -> Requested<'_> {
        let Decoded { arguments, objects, .. } = &self.decoded;
        Requested {
            arguments: (self.has_request && says_something(arguments)).then_some(arguments),
            objects: objects.as_deref(),
        }
    }

    /// Lets more be said of the request, once it was decoded.
    pub(crate) fn amend_request(&mut self, output: &mut Output, amend: impl FnOnce(&mut Arguments, &Output)) {
        if self.has_request {
            amend(&mut self.decoded.arguments, output);
            self.charge(output);
        }
    }

    /// The call is over: gives what is known of it. `replied` says that the server ran it.
    pub(crate) fn finish(
        &mut self,
        replied: bool,
        handles: &mut HandleTable,
        output: &mut Output,
    ) -> Finished {
        self.end(handles, output);
        output.hold(self.charged, 0);
        let response = std::mem::take(&mut self.response);
        let decoded = &mut self.decoded;
        if let Some(closed) = decoded.handles.closed
            && replied
        {
            handles.remove(&closed, output);
        }
        let arguments = says_something(&decoded.arguments).then(|| std::mem::take(&mut decoded.arguments));
        Finished { arguments, request: decoded.objects.take(), response }
    }

    /// Gives back what it takes from the budget, when the call means something else after all.
    pub(crate) fn discard(&self, output: &mut Output) {
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
        let stub = Stub { bytes, order: self.order, syntax: self.decoder.syntax, complete };
        match (self.decoder.operation, self.side) {
            (Some(operation), Side::Client) => self.decode_request(operation, stub, handles, output),
            (Some(operation), Side::Server) => self.decode_response(operation, stub, handles, output),
            (None, side) => {
                let objects = Objects::of_stub(stub);
                let objects = (!objects.references.is_empty()).then(|| Box::new(objects));
                match side {
                    Side::Client => self.decoded.objects = objects,
                    Side::Server => self.response.objects = objects,
                }
            }
        }
        self.charge(output);
    }

    fn decode_request(
        &mut self,
        operation: &Operation,
        stub: Stub<'_>,
        handles: &HandleTable,
        output: &mut Output,
    ) {
        let request = &mut self.decoded;
        // Datagrams may come in another order than they were sent in.
        let early = says_something(&request.arguments).then(|| std::mem::take(&mut request.arguments));
        if operation.read_request(stub, request) {
            self.has_request = true;
            request.add_names(request.handles.used.as_ref().and_then(|used| handles.names(used)));
            if request.arguments.get("coerced_to").is_some() {
                request.forgive_coercion_to(&self.decoder.server.to_string());
            }
            count(&request.arguments, &mut output.stats);
        }
        if let Some(mut response) = early {
            request.arguments.append(&mut response);
        }
    }

    fn decode_response(
        &mut self,
        operation: &Operation,
        stub: Stub<'_>,
        handles: &mut HandleTable,
        output: &mut Output,
    ) {
        let request = &mut self.decoded;
        let Output { response, stats, .. } = output;
        if !operation.read_response(stub, self.has_request.then_some(&*request), response) {
            return;
        }
        count(&response.arguments, stats);
        request.arguments.append(&mut response.arguments);
        let Decoded { handles: said, objects, towers, .. } = response;
        self.response = Response { objects: objects.take(), towers: std::mem::take(towers) };
        if let Some(opened) = std::mem::take(said).opened {
            let above = request.handles.used.as_ref().and_then(|used| handles.names(used));
            let names = Names::opened(above, request.handles.naming.as_ref());
            handles.insert(opened, names, output);
        }
    }

    /// Takes what it needs now from the budget of the shard.
    fn charge(&mut self, output: &mut Output) {
        let Response { objects, towers } = &self.response;
        let bytes = self.collected.len()
            + self.decoded.arguments.bytes()
            + self.decoded.objects.as_deref().map_or(0, bytes_of_objects)
            + objects.as_deref().map_or(0, bytes_of_objects)
            + size_of_val(&**towers);
        output.hold(self.charged, bytes);
        self.charged = bytes;
    }
}

/// Whether there is something to tell of arguments.
fn says_something(arguments: &Arguments) -> bool {
    !arguments.is_empty() || arguments.stopped.is_some()
}

/// Counts a stub that was decoded.
fn count(arguments: &Arguments, stats: &mut Stats) {
    stats.stubs_decoded += 1;
    stats.stubs_stopped += u64::from(arguments.stopped.is_some());
}

/// Bytes that what a stub says about objects takes, about.
fn bytes_of_objects(objects: &Objects) -> usize {
    let Objects { asked, references, released, about, members, .. } = objects;
    let texts = about.iter().map(|(_, text)| text).chain(members.iter().map(|(_, text)| text));
    let texts = texts.map(|text| size_of_val(text) + text.string.len()).sum::<usize>();
    size_of_val(objects)
        + size_of_val(&**asked)
        + size_of_val(&**references)
        + size_of_val(&**released)
        + texts
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
