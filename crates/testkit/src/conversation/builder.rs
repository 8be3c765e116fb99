//! Conversations of the connection-oriented protocol.

use super::{Call, ExpectedCall, Reply, Step};
use crate::pdu::{
    self, Bind, BindAck, BindNak, ContextResult, Fault, Format, Offer, Request, Response, Verifier,
};
use crate::rng::Rng;
use rpcscope_model::{AuthLevel, CallId, ContextId, Outcome, Side, SyntaxId};
use std::collections::BTreeMap;

/// How the server answers an offer.
pub type Answer = ContextResult;

/// An association: a bind, calls, and whatever else happens.
///
/// ```
/// use rpcscope_model::SyntaxId;
/// use rpcscope_testkit::conversation::{Answer, Call, Conversation};
/// use rpcscope_testkit::pdu::Offer;
///
/// let conversation = Conversation::new()
///     .bind(&[(Offer::ndr(0, SyntaxId::default()), Answer::NDR)])
///     .call(Call::new(0, 3).stub([1, 2, 3, 4]).returns([0; 4]));
/// assert_eq!(conversation.steps().len(), 4);
/// assert_eq!(conversation.expected()[0].opnum.0, 3);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Conversation {
    format: Format,
    server_format: Format,
    fragment_bytes: Option<usize>,
    secondary_address: String,
    next_call_id: u32,
    security: Option<Verifier>,
    contexts: BTreeMap<ContextId, SyntaxId>,
    steps: Vec<Step>,
    expected: Vec<ExpectedCall>,
}

impl Conversation {
    /// An empty conversation, little-endian, version 5.0, call ids from 1, stubs in one fragment.
    pub fn new() -> Self {
        Self { secondary_address: "135".to_owned(), next_call_id: 1, ..Self::default() }
    }

    /// Sets byte order and minor version of both sides, from here on.
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self.server_format = format;
        self
    }

    /// Sets byte order and minor version of the server alone.
    pub fn server_format(mut self, format: Format) -> Self {
        self.server_format = format;
        self
    }

    /// Cuts stubs into fragments of at most `stub_bytes`, from here on.
    pub fn fragment_bytes(mut self, stub_bytes: usize) -> Self {
        self.fragment_bytes = Some(stub_bytes);
        self
    }

    /// Sets the secondary address of the next bind_acks: a port, or a pipe such as `\PIPE\svcctl`.
    pub fn secondary_address(mut self, address: &str) -> Self {
        address.clone_into(&mut self.secondary_address);
        self
    }

    /// Numbers the next calls from `call_id`.
    pub fn next_call_id(mut self, call_id: u32) -> Self {
        self.next_call_id = call_id;
        self
    }

    /// Adds this verifier to everything that follows, or to nothing.
    pub fn security(mut self, verifier: Option<Verifier>) -> Self {
        self.security = verifier;
        self
    }

    /// A bind and its bind_ack.
    pub fn bind(self, offers: &[(Offer, Answer)]) -> Self {
        self.negotiate(offers, Bind::new, BindAck::new)
    }

    /// An alter_context and its alter_context_resp.
    pub fn alter_context(self, offers: &[(Offer, Answer)]) -> Self {
        self.negotiate(offers, Bind::alter_context, |id, _, results| BindAck::alter_context(id, results))
    }

    /// A bind that the server refuses with `reason`, naming version 5.0.
    pub fn bind_refused(mut self, offers: &[Offer], reason: u16) -> Self {
        let call_id = self.take_call_id();
        let bind = Bind { verifier: self.security.clone(), ..Bind::new(call_id, offers) };
        let nak = BindNak { call_id: CallId(call_id), reason, versions: vec![(5, 0)] };
        let (bind, nak) = (bind.encode(self.format), nak.encode(self.server_format));
        self.push(Side::Client, bind).push(Side::Server, nak)
    }

    /// Third leg of an authentication, with the call id of the last bind or alter_context or call.
    ///
    /// Panics when no verifier was set with [`Conversation::security`].
    pub fn auth3(self, token: impl Into<Vec<u8>>) -> Self {
        let security = self.security.clone().expect("security() comes before auth3()");
        let verifier = Verifier { token: token.into(), ..security };
        let pdu = pdu::auth3(self.format, self.next_call_id.saturating_sub(1), &verifier);
        self.push(Side::Client, pdu)
    }

    /// A call with its reply.
    pub fn call(self, call: Call) -> Self {
        self.interleaved(&[call], &mut Rng::new(0))
    }

    /// Several calls that are all open before the first reply comes; replies come in a random order, and fragments of
    /// different replies are mixed.
    pub fn interleaved(mut self, calls: &[Call], rng: &mut Rng) -> Self {
        let mut queues = Vec::new();
        for call in calls {
            let call_id = call.call_id.unwrap_or_else(|| self.take_call_id());
            let request = self.request_pdus(call, call_id);
            let reply = self.reply_pdus(call, call_id);
            self.expected.push(self.expect(call, call_id, request.len(), reply.len()));
            for pdu in request {
                self = self.push(Side::Client, pdu);
            }
            if call.reply == Reply::Cancelled {
                let cancel = pdu::co_cancel(self.format, call_id);
                self = self.push(Side::Client, cancel);
            }
            queues.push(reply.into_iter());
        }
        while !queues.is_empty() {
            let chosen = rng.below(queues.len());
            match queues[chosen].next() {
                Some(pdu) => self = self.push(Side::Server, pdu),
                None => drop(queues.remove(chosen)),
            }
        }
        self
    }

    /// The client gives up the call with this id.
    pub fn orphaned(self, call_id: u32) -> Self {
        let pdu = pdu::orphaned(self.format, call_id);
        self.push(Side::Client, pdu)
    }

    /// The client cancels the call with this id.
    pub fn co_cancel(self, call_id: u32) -> Self {
        let pdu = pdu::co_cancel(self.format, call_id);
        self.push(Side::Client, pdu)
    }

    /// The server asks the client to close the connection.
    pub fn shutdown(self) -> Self {
        let pdu = pdu::shutdown(self.server_format);
        self.push(Side::Server, pdu)
    }

    /// Any bytes.
    pub fn push(mut self, side: Side, pdu: Vec<u8>) -> Self {
        self.steps.push(Step { side, pdu });
        self
    }

    /// Forgets the first `count` PDUs, as a capture does that starts late. Calls among them stay expected.
    pub fn without_first(mut self, count: usize) -> Self {
        self.steps.drain(..count.min(self.steps.len()));
        self
    }

    /// All PDUs in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// All calls in the order of their requests.
    pub fn expected(&self) -> &[ExpectedCall] {
        &self.expected
    }

    fn negotiate(
        mut self,
        offers: &[(Offer, Answer)],
        bind: impl Fn(u32, Vec<Offer>) -> Bind,
        ack: impl Fn(u32, &str, Vec<Answer>) -> BindAck,
    ) -> Self {
        let call_id = self.take_call_id();
        for (offer, answer) in offers {
            if answer.result == ACCEPTED {
                self.contexts.insert(offer.id, offer.abstract_syntax);
            }
        }
        let (offered, answers) = offers.iter().cloned().unzip();
        let bind = Bind { verifier: self.security.clone(), ..bind(call_id, offered) };
        let ack = ack(call_id, &self.secondary_address, answers);
        let ack = BindAck { verifier: self.security.clone(), ..ack };
        let (bind, ack) = (bind.encode(self.format), ack.encode(self.server_format));
        self.push(Side::Client, bind).push(Side::Server, ack)
    }

    fn take_call_id(&mut self) -> u32 {
        let call_id = self.next_call_id;
        self.next_call_id = call_id.wrapping_add(1);
        call_id
    }

    /// The verifier of a call's PDUs: at level connect, Windows adds none.
    fn call_verifier(&self) -> Option<Verifier> {
        self.security.clone().filter(|verifier| verifier.level > AuthLevel::CONNECT)
    }

    fn request_pdus(&self, call: &Call, call_id: u32) -> Vec<Vec<u8>> {
        let request = Request {
            object: call.object,
            verifier: self.call_verifier(),
            ..Request::new(call_id, call.context_id.0, call.opnum.0, call.stub.as_slice())
        };
        request.fragments(self.format, self.fragment_bytes.unwrap_or(usize::MAX))
    }

    fn reply_pdus(&self, call: &Call, call_id: u32) -> Vec<Vec<u8>> {
        let (format, context_id, verifier) = (self.server_format, call.context_id.0, self.call_verifier());
        match &call.reply {
            Reply::Response(stub) => {
                let response = Response { verifier, ..Response::new(call_id, context_id, stub.as_slice()) };
                response.fragments(format, self.fragment_bytes.unwrap_or(usize::MAX))
            }
            Reply::Fault(status) | Reply::Reject(status) => {
                vec![Fault { verifier, ..Fault::new(call_id, context_id, *status) }.encode(format)]
            }
            Reply::Nothing | Reply::Cancelled => Vec::new(),
        }
    }

    fn expect(&self, call: &Call, call_id: u32, requests: usize, replies: usize) -> ExpectedCall {
        let (outcome, status, response_stub_bytes) = match &call.reply {
            Reply::Response(stub) => (Outcome::Replied, None, stub.len()),
            Reply::Fault(status) | Reply::Reject(status) => (Outcome::Faulted, Some(*status), 0),
            Reply::Nothing => (Outcome::Unanswered, None, 0),
            Reply::Cancelled => (Outcome::Cancelled, None, 0),
        };
        ExpectedCall {
            interface: self.contexts.get(&call.context_id).copied(),
            opnum: call.opnum,
            call_id: CallId(call_id),
            context_id: Some(call.context_id),
            object: call.object,
            activity: None,
            level: self.call_verifier().map(|verifier| verifier.level),
            outcome,
            status,
            request_stub_bytes: call.stub.len(),
            response_stub_bytes,
            request_fragments: requests,
            reply_fragments: replies,
        }
    }
}

/// `result` of a presentation context that the server takes.
const ACCEPTED: u16 = 0;

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const A: SyntaxId = SyntaxId { uuid: Uuid::from_u128(0xa), major: 1, minor: 0 };
    const B: SyntaxId = SyntaxId { uuid: Uuid::from_u128(0xb), major: 1, minor: 0 };

    fn types(conversation: &Conversation) -> Vec<(Side, u8)> {
        conversation.steps().iter().map(|step| (step.side, step.pdu[2])).collect()
    }

    #[test]
    fn a_typical_association_has_its_pdus_in_order() {
        let conversation = Conversation::new()
            .security(Some(Verifier::ntlm(AuthLevel::PKT_PRIVACY, 1, [0; 16])))
            .bind(&[(Offer::ndr(0, A), Answer::NDR)])
            .auth3([1; 32])
            .alter_context(&[(Offer::ndr(1, B), Answer::NDR)])
            .call(Call::new(1, 4).faults(5))
            .shutdown();
        use Side::{Client as C, Server as S};
        let expected = [(C, 11), (S, 12), (C, 16), (C, 14), (S, 15), (C, 0), (S, 3), (S, 17)];
        assert_eq!(types(&conversation), expected);
        let call = &conversation.expected()[0];
        assert_eq!((call.interface, call.call_id, call.status), (Some(B), CallId(3), Some(5)));
    }

    #[test]
    fn rejected_context_names_no_call() {
        let conversation = Conversation::new()
            .bind(&[(Offer::ndr(0, A), Answer::UNKNOWN_INTERFACE), (Offer::ndr(1, B), Answer::NDR)])
            .call(Call::new(0, 1).unanswered())
            .call(Call::new(1, 1).cancelled());
        let seen: Vec<_> =
            conversation.expected().iter().map(|call| (call.interface, call.outcome)).collect();
        assert_eq!(seen, [(None, Outcome::Unanswered), (Some(B), Outcome::Cancelled)]);
    }

    #[test]
    fn interleaved_replies_keep_the_order_within_each_call() {
        let calls: Vec<Call> = (0..4).map(|opnum| Call::new(0, opnum).returns([9; 10])).collect();
        let conversation = Conversation::new().fragment_bytes(4).interleaved(&calls, &mut Rng::new(5));
        let replies: Vec<_> =
            conversation.steps().iter().skip(4).map(|step| (step.pdu[12], step.pdu[3])).collect();
        for call_id in 1..=4 {
            let flags: Vec<u8> =
                replies.iter().filter(|(id, _)| *id == call_id).map(|(_, flags)| *flags).collect();
            assert_eq!(flags, [1, 0, 2]);
        }
        assert!(replies.windows(2).any(|pair| pair[0].0 != pair[1].0 && pair[0].1 != 2), "mixed");
        assert_eq!(conversation.expected()[0].reply_fragments, 3);
    }
}
