//! The arguments of an open call, decoded from the fragments of its stubs.

use crate::bounded::Bounded;
use crate::output::Output;
use rpcscope_model::{Address, Arguments, Limits, Side};
use rpcscope_wire::ByteOrder;
use rpcscope_wire::stub::{Decoded, Handle, Names, Objects, Operation, Stub, Syntax, Tower};

/// What is known of the arguments of one call, request and response in turn.
#[derive(Debug)]
pub(crate) struct CallArguments {
    /// What decodes them; `None` for an object's operation of which only references to further objects are read.
    operation: Option<&'static Operation>,
    syntax: Syntax,
    /// Whose operation it is.
    server: Address,
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

/// What the stubs of a call that is over have said.
#[derive(Debug, Default)]
pub(crate) struct Finished {
    pub(crate) arguments: Option<Box<Arguments>>,
    /// What the request said about DCOM objects.
    pub(crate) request: Option<Box<Objects>>,
    /// What the response said about them.
    pub(crate) response: Option<Box<Objects>>,
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
    /// The arguments of a call of `operation` to `server`, whose stubs are encoded as `syntax` says.
    pub(crate) const fn new(operation: Option<&'static Operation>, syntax: Syntax, server: Address) -> Self {
        Self {
            operation,
            syntax,
            server,
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
        let Some(request) = &self.request else { return Requested::default() };
        Requested {
            arguments: Some(&request.arguments).filter(|arguments| says_something(arguments)),
            objects: request.objects.as_deref(),
        }
    }

    /// Lets more be said of the request, once it was decoded.
    pub(crate) fn amend_request(&mut self, output: &mut Output, amend: impl FnOnce(&mut Arguments, &Output)) {
        if let Some(request) = &mut self.request {
            amend(&mut request.arguments, output);
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
        if let Some(closed) = self.request.as_ref().and_then(|request| request.handles.closed)
            && replied
        {
            handles.remove(&closed, output);
        }
        let mut finished = Finished::default();
        let mut arguments = None;
        if let Some(request) = self.request.take() {
            finished.request = request.objects;
            arguments = Some(request.arguments);
        }
        if let Some(response) = self.response.take() {
            finished.response = response.objects;
            finished.towers = response.towers;
            match &mut arguments {
                Some(arguments) => arguments.append(response.arguments),
                none => *none = Some(response.arguments),
            }
        }
        finished.arguments = arguments.filter(says_something).map(Box::new);
        finished
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
        let stub = Stub { bytes, order: self.order, syntax: self.syntax, complete };
        let Some(operation) = self.operation else {
            let objects = Objects::of_stub(stub);
            let decoded = (!objects.references.is_empty())
                .then(|| Decoded { objects: Some(Box::new(objects)), ..Decoded::default() });
            match self.side {
                Side::Client => self.request = decoded,
                Side::Server => self.response = decoded,
            }
            return self.charge(output);
        };
        let decoded = match self.side {
            Side::Client => {
                self.request = operation.decode_request(stub);
                if let Some(request) = &mut self.request {
                    request.add_names(request.handles.used.as_ref().and_then(|used| handles.names(used)));
                    if request.arguments.get("coerced_to").is_some() {
                        request.forgive_coercion_to(&self.server.to_string());
                    }
                }
                &self.request
            }
            Side::Server => {
                self.response = operation.decode_response(stub, self.request.as_ref());
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
        let bytes = self.collected.len() + decoded.map(decoded_bytes).sum::<usize>();
        output.hold(self.charged, bytes);
        self.charged = bytes;
    }
}

/// Whether there is something to tell of arguments.
fn says_something(arguments: &Arguments) -> bool {
    !arguments.is_empty() || arguments.stopped.is_some()
}

/// Bytes that a decoded stub takes, about.
fn decoded_bytes(decoded: &Decoded) -> usize {
    let objects = decoded.objects.as_deref().map_or(0, |objects| {
        let Objects { asked, references, released, about, members, .. } = objects;
        let texts = about.iter().map(|(_, text)| text).chain(members.iter().map(|(_, text)| text));
        let texts = texts.map(|text| size_of_val(text) + text.string.len()).sum::<usize>();
        size_of_val(objects)
            + size_of_val(&**asked)
            + size_of_val(&**references)
            + size_of_val(&**released)
            + texts
    });
    decoded.arguments.bytes() + objects + size_of_val(&*decoded.towers)
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
