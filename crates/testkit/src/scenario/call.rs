//! The items about calls: `call`, `reply`, `cancel`, `orphan`.

use super::error::ScenarioError;
use super::fields::{Fields, Parsed, bytes, number, text, truth, variant};
use super::forge::{Forge, Known};
use super::names;
use super::network::between;
use crate::pdu::{
    self, Connectionless, Fack, Fault, Request, Response, cancel_ack, dg_flags1, dg_ptype, dg_status, flags,
};
use crate::stub::{self, Arguments, Ndr, Operation};
use rpcscope_model::{ContextId, Opnum, Side};
use rpcscope_text::Node;
use uuid::Uuid;

/// A call that has no answer yet.
pub(crate) struct Waiting {
    name: Option<String>,
    session: usize,
    call_id: u32,
    context_id: u16,
    opnum: u16,
    object: Option<Uuid>,
    operation: Option<&'static Operation>,
    context: Known,
    /// The security context, by its place.
    security: Option<usize>,
}

/// What a stub is made of.
enum Stub {
    /// What the operation's arguments are encoded as.
    Encoded(Arguments),
    Bytes(Vec<u8>),
    /// Nothing was said.
    Usual,
}

impl Forge {
    pub(super) fn call(&mut self, node: &Node) -> Parsed<()> {
        let fields = Fields::new(node, "call")?;
        let session = self.chosen(&fields)?;
        let name = fields.get("as", text)?.map(str::to_owned);
        let op = fields.required("op")?;
        let explicit = match fields.get("context", number)? {
            None => None,
            Some(id) => Some((id, fields.optional("context").map_or(fields.place, |node| node.place))),
        };
        let (context_id, context, opnum) = self.operation(session, op, explicit)?;
        let operation = stub::operation(&context.syntax.uuid, opnum);
        let object = fields.get("object", |node| text(node).map(stub::object))?;
        let call_id = fields.get("call_id", number)?;
        let fragment = fields.get("fragment", |node| between(node, 1, 60_000))?;
        let maybe = fields.get("maybe", truth)?.unwrap_or(false);
        let auth = fields.get("auth_context", |node| self.security_named(session, node))?;
        let stub = self.stub(&fields, operation, Side::Client)?;
        fields.finish()?;

        self.current = Some(session);
        let orpc = context.known.is_some_and(|known| known.orpcthis);
        let stub = match stub {
            Stub::Bytes(bytes) => bytes,
            Stub::Encoded(arguments) => self.encode(session, context, |ndr| {
                if let Some(operation) = operation {
                    operation.write_request(&arguments, orpc, ndr);
                }
            }),
            Stub::Usual => self.encode(session, context, |ndr| match operation {
                Some(operation) => operation.write_request(&Arguments::usual(operation.arguments), orpc, ndr),
                None if orpc => stub::orpcthis(ndr),
                None => {}
            }),
        };
        // Calls on objects name the object by its IPID.
        let is_object = context.known.is_some_and(|known| known.kind == rpcscope_catalog::Kind::OrpcObject);
        let object = object.or_else(|| is_object.then(|| stub::identifier(&context.syntax.uuid.to_string())));
        let state = &mut self.sessions[session];
        let call_id = call_id.unwrap_or_else(|| state.take_call_id());
        let security = auth.or(state.securities.len().checked_sub(1));
        let waiting =
            Waiting { name, session, call_id, context_id, opnum, object, operation, context, security };
        self.send_request(&waiting, stub, fragment, maybe);
        if maybe {
            return Ok(());
        }
        self.waiting.push(waiting);
        Ok(())
    }

    pub(super) fn reply(&mut self, node: &Node) -> Parsed<()> {
        let waiting = |forge: &Self, name: Option<&str>| match name {
            Some(name) => forge.waiting.iter().rposition(|call| call.name.as_deref() == Some(name)),
            None => forge.waiting.len().checked_sub(1),
        };
        // `reply: none` and the like.
        if node.scalar().is_some() {
            let (word, place, _) = variant(node, "reply")?;
            let call = waiting(self, None).ok_or_else(|| nothing_waits(node))?;
            let call = self.waiting.remove(call);
            return match word {
                "none" => Ok(()),
                "success" => {
                    self.answer(&call, Stub::Usual);
                    Ok(())
                }
                _ => {
                    let error = ScenarioError::new(place, format!("unknown reply `{word}`"));
                    Err(error
                        .nearest(word, &["none", "success"])
                        .hint("`none`, `success`, or a map such as `{fault: access_denied}`"))
                }
            };
        }
        let fields = Fields::new(node, "reply")?;
        let to = fields.get("to", text)?;
        let call = waiting(self, to).ok_or_else(|| nothing_waits(node))?;
        let operation = self.waiting[call].operation;
        let fault = fields.get("fault", names::status)?;
        let reject = fields.get("reject", names::status)?;
        let executed = fields.get("executed", truth)?.unwrap_or(false);
        let nothing = fields.get("none", truth)?.unwrap_or(false);
        let stub = self.stub(&fields, operation, Side::Server)?;
        let place = fields.place;
        fields.finish()?;
        let said = usize::from(!matches!(stub, Stub::Usual)) + usize::from(nothing);
        if said + usize::from(fault.is_some()) + usize::from(reject.is_some()) > 1 {
            let cause = "`reply` wants one of `args`, `stub`, `fault`, `reject`, `none`";
            return Err(ScenarioError::new(place, cause));
        }
        let call = self.waiting.remove(call);
        if let Some(status) = fault.or(reject) {
            self.fail(&call, status, reject.is_some(), executed);
        } else if !nothing {
            self.answer(&call, stub);
        }
        Ok(())
    }

    pub(super) fn cancel(&mut self, node: &Node) -> Parsed<()> {
        let (session, call_id) = self.given_up(node, "cancel")?;
        let state = &self.sessions[session];
        let (format, server_format) = (state.format, state.server_format);
        if state.udp.is_some() {
            let request = self.datagram(session, call_id, 0, None, dg_ptype::CANCEL);
            let answer = Connectionless { body: cancel_ack(server_format, 1, true), ..request.clone() };
            let request = Connectionless { body: pdu::cancel(format, 1), ..request };
            self.send(Side::Client, request.encode(format));
            let answer = Connectionless { ptype: dg_ptype::CANCEL_ACK, ..answer };
            self.send(Side::Server, answer.encode(server_format));
        } else {
            self.send(Side::Client, pdu::co_cancel(format, call_id));
        }
        Ok(())
    }

    pub(super) fn orphan(&mut self, node: &Node) -> Parsed<()> {
        let (session, call_id) = self.given_up(node, "orphan")?;
        let state = &self.sessions[session];
        if state.udp.is_some() {
            return Err(ScenarioError::new(node.place, "ncadg_ip_udp knows no orphaned"));
        }
        let pdu = pdu::orphaned(state.format, call_id);
        self.send(Side::Client, pdu);
        Ok(())
    }

    /// Answers the last call with success, when no item does.
    pub(super) fn answer_current(&mut self) {
        let unnamed = |call: &Waiting, forge: &Self| {
            call.name.as_ref().is_none_or(|name| !forge.named_replies.contains(name))
        };
        let last = self.waiting.last().is_some_and(|call| unnamed(call, self));
        if let Some(call) = self.waiting.pop_if(|_| last) {
            self.answer(&call, Stub::Usual);
        }
    }

    /// Forgets the calls whose replies did not come.
    pub(super) fn leave_unanswered(&mut self) {
        self.waiting.clear();
    }

    /// The call that a `cancel` or `orphan` is about. It stays without a reply.
    fn given_up(&mut self, node: &Node, what: &'static str) -> Parsed<(usize, u32)> {
        let fields = Fields::new(node, what)?;
        let to = fields.get("call", text)?;
        let call_id = fields.get("call_id", number)?;
        let session = self.chosen(&fields)?;
        let place = fields.place;
        fields.finish()?;
        let named = to.and_then(|name| self.calls.get(name).copied());
        let found = match (to, call_id) {
            (Some(_), _) => named,
            (None, Some(call_id)) => Some((session, call_id)),
            (None, None) => self.last_call,
        };
        let (session, call_id) = found.ok_or_else(|| {
            ScenarioError::new(place, "no call above has this name").hint("name it: `call: {as: slow, …}`")
        })?;
        self.current = Some(session);
        let kept = &self.named_replies;
        self.waiting.retain(|call| {
            (call.session, call.call_id) != (session, call_id)
                || call.name.as_ref().is_some_and(|name| kept.contains(name))
        });
        Ok((session, call_id))
    }

    /// The presentation context and operation that `op` means.
    fn operation(
        &self,
        session: usize,
        op: &Node,
        explicit: Option<(u16, super::Place)>,
    ) -> Parsed<(u16, Known, u16)> {
        let typed = text(op)?;
        let state = &self.sessions[session];
        let chosen = match explicit {
            None => state.current,
            Some((id, place)) => {
                if !state.contexts.contains_key(&id) {
                    let known: Vec<String> = state.contexts.keys().map(u16::to_string).collect();
                    let known: Vec<&str> = known.iter().map(String::as_str).collect();
                    let error =
                        ScenarioError::new(place, format!("no bind defines presentation context {id}"));
                    return Err(error.nearest("", &known));
                }
                id
            }
        };
        let Some(context) = state.contexts.get(&chosen).copied() else {
            return Err(ScenarioError::new(op.place, "the bind above offers no interface"));
        };
        if super::fields::parse_number(typed).is_some() {
            return Ok((chosen, context, number(op)?));
        }
        let of = |context: &Known| context.known.and_then(|known| names::opnum_of(known, typed));
        if let Some(opnum) = of(&context) {
            return Ok((chosen, context, opnum));
        }
        // Another presentation context of the same association may have it.
        let mut others = state.contexts.iter().filter(|_| explicit.is_none());
        if let Some((id, context, opnum)) =
            others.find_map(|(id, other)| of(other).map(|opnum| (*id, *other, opnum)))
        {
            return Ok((id, context, opnum));
        }
        let Some(known) = context.known else {
            let cause = "the catalogue does not know this interface, so its operations have no names";
            return Err(ScenarioError::new(op.place, cause).hint("write the number: `op: 3`"));
        };
        let names: Vec<&str> = known.procedures().map(|(_, name)| name).collect();
        let interface = known.name.unwrap_or("the interface");
        let error = ScenarioError::new(op.place, format!("{interface} has no operation `{typed}`"));
        Err(error.nearest(typed, &names))
    }

    fn security_named(&self, session: usize, node: &Node) -> Parsed<usize> {
        let id: u32 = number(node)?;
        let found = self.sessions[session].securities.iter().rposition(|security| security.context_id == id);
        found.ok_or_else(|| ScenarioError::new(node.place, format!("no security context has the id {id}")))
    }

    /// `args`, or `stub: hex:…`, or `stub: {random: 120}`, or `stub: {zeros: 120}`.
    fn stub(
        &mut self,
        fields: &Fields<'_>,
        operation: Option<&'static Operation>,
        side: Side,
    ) -> Parsed<Stub> {
        let (args, stub) = (fields.optional("args"), fields.optional("stub"));
        match (args, stub) {
            (None, None) => Ok(Stub::Usual),
            (Some(args), Some(_)) => Err(ScenarioError::new(
                args.place,
                "`args` and `stub` are two ways to say the same: choose one",
            )),
            (Some(args), None) => {
                let Some(operation) = operation else {
                    let cause = "the arguments of this operation cannot be encoded";
                    let hint = "write `stub: {random: 120}` or `stub: 'hex:…'`; `rpcscope forge --list` shows what can";
                    return Err(ScenarioError::new(args.place, cause).hint(hint));
                };
                let known = match side {
                    Side::Client => operation.arguments,
                    Side::Server => operation.results,
                };
                super::arguments::read(args, known).map(Stub::Encoded)
            }
            (None, Some(stub)) => {
                if let Some(typed) = stub.scalar() {
                    if !typed.starts_with("hex:") {
                        let error = ScenarioError::new(stub.place, format!("`{typed}` is no stub"));
                        return Err(error
                            .hint("write `stub: {random: 120}`, `stub: {zeros: 8}` or `stub: 'hex:0011…'`"));
                    }
                    return bytes(stub)
                        .and_then(|bytes| limited(stub, bytes.len()).map(|()| Stub::Bytes(bytes)));
                }
                let (kind, place, count) = variant(stub, "kind of stub")?;
                let node = count.unwrap_or(stub);
                let bytes = match kind {
                    "random" => self.rng.bytes(between(node, 0, MOST_STUB_BYTES)?),
                    "zeros" => vec![0; between(node, 0, MOST_STUB_BYTES)?],
                    _ => {
                        let error = ScenarioError::new(place, format!("unknown kind of stub `{kind}`"));
                        return Err(error.nearest(kind, &["random", "zeros"]));
                    }
                };
                Ok(Stub::Bytes(bytes))
            }
        }
    }

    fn encode(&self, session: usize, context: Known, write: impl FnOnce(&mut Ndr)) -> Vec<u8> {
        let mut ndr = Ndr::new(self.sessions[session].format.order, context.syntax_of_stubs);
        write(&mut ndr);
        ndr.finish()
    }

    fn send_request(&mut self, call: &Waiting, stub: Vec<u8>, fragment: Option<usize>, maybe: bool) {
        self.last_call = Some((call.session, call.call_id));
        if let Some(name) = &call.name {
            self.calls.insert(name.clone(), (call.session, call.call_id));
        }
        let state = &mut self.sessions[call.session];
        let (format, size) = (state.format, fragment.unwrap_or(state.fragment_bytes));
        if state.udp.is_some() {
            let request =
                self.datagram(call.session, call.call_id, call.opnum, call.object, dg_ptype::REQUEST);
            let semantics = if maybe { dg_flags1::MAYBE } else { dg_flags1::IDEMPOTENT };
            let request = Connectionless { flags1: semantics, body: stub, ..request };
            self.send_datagrams(Side::Client, &request, size);
            return;
        }
        let rng = &mut self.rng;
        let mut security = call.security.and_then(|at| state.securities.get_mut(at));
        let stub = match &security {
            Some(security) => security.stub(stub, rng),
            None => stub,
        };
        let request = Request {
            context_id: ContextId(call.context_id),
            object: call.object,
            pfc_flags: if maybe { flags::MAYBE } else { 0 },
            ..Request::new(call.call_id, call.context_id, call.opnum, stub)
        };
        let close = || security.as_mut().and_then(|security| security.close(Side::Client, rng));
        let mut pdus = request.fragments_with(format, size, close);
        if let Some(security) = security {
            let stub_at = if call.object.is_some() { 40 } else { 24 };
            pdus.iter_mut().for_each(|pdu| security.protect(Side::Client, pdu, stub_at));
        }
        for pdu in pdus {
            self.send(Side::Client, pdu);
        }
    }

    /// Sends a response.
    fn answer(&mut self, call: &Waiting, stub: Stub) {
        self.current = Some(call.session);
        let orpc = call.context.known.is_some_and(|known| known.orpcthis);
        let mut ndr =
            Ndr::response(self.sessions[call.session].server_format.order, call.context.syntax_of_stubs);
        let stub = match (stub, call.operation) {
            (Stub::Bytes(bytes), _) => bytes,
            (Stub::Encoded(results), Some(operation)) => {
                operation.write_response(&results, orpc, &mut ndr);
                ndr.finish()
            }
            (_, Some(operation)) => {
                operation.write_response(&Arguments::usual(operation.results), orpc, &mut ndr);
                ndr.finish()
            }
            (_, None) => {
                if orpc {
                    stub::orpcthat(&mut ndr);
                }
                // Almost every operation returns a status.
                ndr.u32(0);
                ndr.finish()
            }
        };
        let state = &mut self.sessions[call.session];
        let (format, size) = (state.server_format, state.fragment_bytes);
        if let Some(udp) = &mut state.udp {
            udp.server_boot = SERVER_BOOT;
            let answer =
                self.datagram(call.session, call.call_id, call.opnum, call.object, dg_ptype::RESPONSE);
            let ack = Connectionless { ptype: dg_ptype::ACK, ..answer.clone() };
            self.send_datagrams(Side::Server, &Connectionless { body: stub, ..answer }, size);
            let client_format = self.sessions[call.session].format;
            self.send(Side::Client, ack.encode(client_format));
            return;
        }
        let rng = &mut self.rng;
        let mut security = call.security.and_then(|at| state.securities.get_mut(at));
        let stub = match &security {
            Some(security) => security.stub(stub, rng),
            None => stub,
        };
        let response = Response::new(call.call_id, call.context_id, stub);
        let close = || security.as_mut().and_then(|security| security.close(Side::Server, rng));
        let mut pdus = response.fragments_with(format, size, close);
        if let Some(security) = security {
            pdus.iter_mut().for_each(|pdu| security.protect(Side::Server, pdu, 24));
        }
        for pdu in pdus {
            self.send(Side::Server, pdu);
        }
    }

    /// Sends a fault, or a reject where the protocol has it.
    fn fail(&mut self, call: &Waiting, status: u32, reject: bool, executed: bool) {
        self.current = Some(call.session);
        let state = &mut self.sessions[call.session];
        let format = state.server_format;
        if let Some(udp) = &mut state.udp {
            udp.server_boot = SERVER_BOOT;
            let ptype = if reject { dg_ptype::REJECT } else { dg_ptype::FAULT };
            let answer = self.datagram(call.session, call.call_id, call.opnum, call.object, ptype);
            let answer = Connectionless { body: dg_status(format, status), ..answer };
            self.send(Side::Server, answer.encode(format));
            return;
        }
        let rng = &mut self.rng;
        let mut security = call.security.and_then(|at| state.securities.get_mut(at));
        let verifier = security.as_mut().and_then(|security| security.close(Side::Server, rng));
        let pfc_flags = if executed { 0 } else { flags::DID_NOT_EXECUTE };
        let fault = Fault { pfc_flags, verifier, ..Fault::new(call.call_id, call.context_id, status) };
        let mut pdu = fault.encode(format);
        if let Some(security) = security {
            // A fault without further information has no stub: only its padding is sealed.
            security.protect(Side::Server, &mut pdu, 32);
        }
        self.send(Side::Server, pdu);
    }

    fn datagram(
        &self,
        session: usize,
        sequence: u32,
        opnum: u16,
        object: Option<Uuid>,
        ptype: u8,
    ) -> Connectionless {
        let udp = self.sessions[session].udp.expect("a session over UDP");
        Connectionless {
            ptype,
            flags1: 0,
            object: object.unwrap_or(Uuid::nil()),
            server_boot: udp.server_boot,
            opnum: Opnum(opnum),
            ..Connectionless::request(udp.interface, udp.activity, sequence, opnum, [])
        }
    }

    /// A PDU in as many datagrams as it needs; the other side acknowledges all but the last.
    fn send_datagrams(&mut self, side: Side, pdu: &Connectionless, size: usize) {
        let state = &self.sessions[self.current.unwrap_or(0)];
        let formats = [state.format, state.server_format];
        let (own, other) = (formats[side.index()], formats[side.other().index()]);
        let datagrams = pdu.fragments(own, size.min(MOST_DATAGRAM_BYTES));
        let count = datagrams.len();
        for (number, datagram) in datagrams.into_iter().enumerate() {
            self.send(side, datagram);
            if number + 1 < count {
                let fragment = u16::try_from(number).unwrap_or(u16::MAX);
                let body = Fack { serial: fragment, ..Fack::default() }.encode(other);
                let fack = Connectionless { fragment, ..pdu.about_it(dg_ptype::FACK, body) };
                self.send(side.other(), fack.encode(other));
            }
        }
    }
}

fn nothing_waits(node: &Node) -> ScenarioError {
    ScenarioError::new(node.place, "no call waits for this reply")
        .hint("a reply follows its call; `reply: {to: name, …}` answers `call: {as: name, …}` later")
}

fn limited(node: &Node, bytes: usize) -> Parsed<()> {
    match bytes {
        0..=MOST_STUB_BYTES => Ok(()),
        _ => Err(ScenarioError::new(node.place, "a stub may have 4 MiB at most")),
    }
}

/// Longest stub, in bytes.
const MOST_STUB_BYTES: usize = 4 << 20;
/// What a datagram can hold of a body.
const MOST_DATAGRAM_BYTES: usize = 60_000;
/// When the server started, in seconds since 1970.
const SERVER_BOOT: u32 = 0x6000_0000;
