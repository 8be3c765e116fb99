//! Conversations of the connectionless protocol.

use super::{Call, ExpectedCall, Reply, Step};
use crate::pdu::{Connectionless, Fack, Format, cancel, cancel_ack, dg_flags1, dg_ptype, dg_status};
use rpcscope_model::{CallId, Outcome, Side, SyntaxId};
use uuid::Uuid;

/// An activity: a client that makes one call after the other over UDP.
#[derive(Clone, Debug)]
pub struct Activity {
    format: Format,
    fragment_bytes: usize,
    id: Uuid,
    interface: SyntaxId,
    server_boot: u32,
    sequence: u32,
    steps: Vec<Step>,
    expected: Vec<ExpectedCall>,
}

impl Activity {
    /// An activity that calls `interface`, with sequence numbers from 0.
    pub const fn new(id: Uuid, interface: SyntaxId) -> Self {
        Self {
            format: Format::LITTLE,
            fragment_bytes: usize::MAX,
            id,
            interface,
            server_boot: 0,
            sequence: 0,
            steps: Vec::new(),
            expected: Vec::new(),
        }
    }

    /// Sets the byte order from here on. Version 4 has no minor version.
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// Cuts bodies into datagrams of at most `stub_bytes`, from here on.
    pub fn fragment_bytes(mut self, stub_bytes: usize) -> Self {
        self.fragment_bytes = stub_bytes;
        self
    }

    /// Calls another interface from here on.
    pub fn interface(mut self, interface: SyntaxId) -> Self {
        self.interface = interface;
        self
    }

    /// Numbers the next calls from `sequence`.
    pub fn sequence(mut self, sequence: u32) -> Self {
        self.sequence = sequence;
        self
    }

    /// A call with its reply and, after a response, the client's ack.
    ///
    /// A fragmented request is acknowledged with facks; a cancelled one with a cancel_ack.
    pub fn call(self, call: Call) -> Self {
        self.call_with(call, false)
    }

    /// A call that takes long: the client pings, the server answers first nocall, then working.
    pub fn slow_call(self, call: Call) -> Self {
        self.call_with(call, true)
    }

    /// Any datagram.
    pub fn push(mut self, side: Side, pdu: Vec<u8>) -> Self {
        self.steps.push(Step { side, pdu });
        self
    }

    /// All datagrams in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// All calls in order.
    pub fn expected(&self) -> &[ExpectedCall] {
        &self.expected
    }

    fn call_with(mut self, call: Call, slow: bool) -> Self {
        let sequence = call.call_id.unwrap_or(self.sequence);
        self.sequence = sequence.wrapping_add(1);
        let request = Connectionless {
            object: call.object.unwrap_or(Uuid::nil()),
            server_boot: self.server_boot,
            flags1: dg_flags1::IDEMPOTENT,
            ..Connectionless::request(self.interface, self.id, sequence, call.opnum.0, call.stub.as_slice())
        };
        self.server_boot = SERVER_BOOT;
        let answer = Connectionless { server_boot: SERVER_BOOT, ..request.clone() };

        let requests = self.send(Side::Client, &request, true);
        if slow {
            for (ping, reply) in [(1, dg_ptype::NOCALL), (2, dg_ptype::WORKING)] {
                let ping = Connectionless { serial: ping, ..request.about_it(dg_ptype::PING, []) };
                self.send(Side::Client, &ping, false);
                self.send(Side::Server, &answer.about_it(reply, []), false);
            }
        }
        let replies = match &call.reply {
            Reply::Response(stub) => {
                let sent =
                    self.send(Side::Server, &answer.about_it(dg_ptype::RESPONSE, stub.as_slice()), true);
                self.send(Side::Client, &answer.about_it(dg_ptype::ACK, []), false);
                sent
            }
            Reply::Fault(status) => {
                let body = dg_status(self.format, *status);
                self.send(Side::Server, &answer.about_it(dg_ptype::FAULT, body), false)
            }
            Reply::Reject(status) => {
                let body = dg_status(self.format, *status);
                self.send(Side::Server, &answer.about_it(dg_ptype::REJECT, body), false)
            }
            Reply::Cancelled => {
                let body = cancel(self.format, 1);
                self.send(Side::Client, &request.about_it(dg_ptype::CANCEL, body), false);
                let body = cancel_ack(self.format, 1, true);
                self.send(Side::Server, &answer.about_it(dg_ptype::CANCEL_ACK, body), false);
                0
            }
            Reply::Nothing => 0,
        };
        self.expected.push(self.expect(&call, sequence, requests, replies));
        self
    }

    /// Sends a PDU in as many datagrams as it needs; the other side acknowledges all fragments but the last.
    fn send(&mut self, side: Side, pdu: &Connectionless, fragmented: bool) -> usize {
        let size = if fragmented { self.fragment_bytes } else { usize::MAX };
        let datagrams = pdu.fragments(self.format, size);
        let count = datagrams.len();
        for (number, datagram) in (0_u16..).zip(datagrams) {
            self.steps.push(Step { side, pdu: datagram });
            if usize::from(number) + 1 < count {
                let body = Fack { serial: number, ..Fack::default() }.encode(self.format);
                let fack = Connectionless { fragment: number, ..pdu.about_it(dg_ptype::FACK, body) };
                self.steps.push(Step { side: side.other(), pdu: fack.encode(self.format) });
            }
        }
        count
    }

    fn expect(&self, call: &Call, sequence: u32, requests: usize, replies: usize) -> ExpectedCall {
        let (outcome, status, response_stub_bytes) = match &call.reply {
            Reply::Response(stub) => (Outcome::Replied, None, stub.len()),
            Reply::Fault(status) => (Outcome::Faulted, Some(*status), 0),
            Reply::Reject(status) => (Outcome::Rejected, Some(*status), 0),
            Reply::Nothing => (Outcome::Unanswered, None, 0),
            Reply::Cancelled => (Outcome::Cancelled, None, 0),
        };
        ExpectedCall {
            interface: Some(self.interface),
            opnum: call.opnum,
            call_id: CallId(sequence),
            context_id: None,
            object: call.object,
            activity: Some(self.id),
            level: None,
            outcome,
            status,
            request_stub_bytes: call.stub.len(),
            response_stub_bytes,
            request_fragments: requests,
            reply_fragments: replies,
        }
    }
}

/// When the server started, in seconds since 1970; the client learns it from the first answer.
const SERVER_BOOT: u32 = 0x6000_0000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_are_acknowledged_and_the_response_too() {
        let activity = Activity::new(Uuid::from_u128(1), SyntaxId::default())
            .fragment_bytes(4)
            .call(Call::new(0, 2).stub([1; 6]).returns([2; 3]));
        let seen: Vec<_> = activity.steps().iter().map(|step| (step.side, step.pdu[1])).collect();
        use Side::{Client as C, Server as S};
        assert_eq!(seen, [(C, 0), (S, 9), (C, 0), (S, 2), (C, 7)]);
        assert_eq!(activity.expected()[0].request_fragments, 2);
    }

    #[test]
    fn slow_calls_are_pinged_and_rejects_have_their_status() {
        let activity = Activity::new(Uuid::from_u128(1), SyntaxId::default())
            .slow_call(Call::new(0, 2).rejected(7))
            .call(Call::new(0, 2).cancelled());
        let seen: Vec<u8> = activity.steps().iter().map(|step| step.pdu[1]).collect();
        assert_eq!(seen, [0, 1, 5, 1, 4, 6, 0, 8, 10]);
        let outcomes: Vec<_> = activity.expected().iter().map(|call| call.outcome).collect();
        assert_eq!(outcomes, [Outcome::Rejected, Outcome::Cancelled]);
        assert_eq!(activity.expected()[1].call_id, CallId(1));
    }
}
