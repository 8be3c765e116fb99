//! Calls and binds with their bytes, and what rules say to them.

use crate::support::{self, shown};
use rpcscope_model::{
    Address, CallId, Event, EventBody, FrameNumber, Message, Outcome, Phase, Share, ShareType, SmbMapping,
    Transport, Wire,
};
use rpcscope_rules::{Finding, Loader, Placeholders, RuleSet, Watch};
use std::sync::Arc;

pub(crate) const ACTIVATOR: &str = "000001a0-0000-0000-c000-000000000046";
/// The class of WMI, as it travels.
pub(crate) const WMI_CLASS: [u8; 16] =
    [0x5e, 0xf0, 0xc3, 0x8b, 0x6b, 0xd8, 0xd0, 0x11, 0xa0, 0x75, 0x00, 0xc0, 0x4f, 0xb6, 0x88, 0x20];

/// The byte order of a message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

/// A PDU with this type and what follows its common header.
pub(crate) fn pdu(kind: u8, order: Order, call_id: u32, body: &[u8]) -> Vec<u8> {
    let drep = if order == Order::Big { 0 } else { 0x10 };
    let length = u16::try_from(16 + body.len()).expect("a short PDU");
    let (length, call_id) = match order {
        Order::Little => (length.to_le_bytes(), call_id.to_le_bytes()),
        Order::Big => (length.to_be_bytes(), call_id.to_be_bytes()),
    };
    [&[5, 0, kind, 3, drep, 0, 0, 0], &length[..], &[0, 0], &call_id, body].concat()
}

/// A fault with its status.
pub(crate) fn fault(order: Order, call_id: u32, status: u32) -> Vec<u8> {
    let status = match order {
        Order::Little => status.to_le_bytes(),
        Order::Big => status.to_be_bytes(),
    };
    pdu(3, order, call_id, &[&[0; 8], &status[..], &[0; 4]].concat())
}

fn message(pdu: Vec<u8>, stub: &[u8], order: Order) -> Message {
    Message { pdu, stub: stub.to_vec(), is_big_endian: order == Order::Big }
}

/// A call over TCP to port 135, with these stubs.
pub(crate) fn call(interface: &str, opnum: u16, request: &[u8], reply: &[u8], order: Order) -> Event {
    let mut event = support::call(interface, opnum);
    event.header.transport = Transport::NcacnIpTcp;
    event.header.server.port = 135;
    let EventBody::Call(call) = &mut event.body else { unreachable!("it is a call") };
    call.endpoint = "135".into();
    let head = [0; 8];
    call.wire = Some(Box::new(Wire {
        request: Some(message(pdu(0, order, 2, &[&head, request].concat()), request, order)),
        reply: Some(message(pdu(2, order, 2, &[&head, reply].concat()), reply, order)),
    }));
    event
}

/// The same, answered by a fault.
pub(crate) fn faulted(mut event: Event, status: u32, order: Order) -> Event {
    let EventBody::Call(call) = &mut event.body else { unreachable!("it is a call") };
    let part = call.reply.expect("it has a reply").1;
    call.reply = Some((rpcscope_model::Reply::Fault(status), part));
    call.outcome = Outcome::Faulted;
    let reply = message(fault(order, call.call_id.0, status), &[], order);
    call.wire.as_mut().expect("it has bytes").reply = Some(reply);
    event
}

/// The same call at another place of its connection.
pub(crate) fn numbered(mut event: Event, frame: u64, call_id: u32) -> Event {
    event.header.frame = FrameNumber(frame);
    let EventBody::Call(call) = &mut event.body else { unreachable!("it is a call") };
    call.call_id = CallId(call_id);
    if let Some(request) = &mut call.request {
        request.frame = FrameNumber(frame);
    }
    event
}

/// What is told of a call when its request was made.
pub(crate) fn announced(event: &Event) -> Event {
    let mut event = event.clone();
    event.header.phase = Phase::Requested;
    let EventBody::Call(call) = &mut event.body else { unreachable!("it is a call") };
    call.reply = None;
    call.outcome = Outcome::Pending;
    call.wire.as_mut().expect("it has bytes").reply = None;
    event
}

/// The outcome of a call that was announced.
pub(crate) fn settled(mut event: Event) -> Event {
    let EventBody::Call(call) = &mut event.body else { unreachable!("it is a call") };
    call.announced = Some(0);
    event
}

/// A call between other hosts.
pub(crate) fn between(mut event: Event, client: [u8; 4], server: [u8; 4]) -> Event {
    event.header.client.address = Address::v4(client);
    event.header.server.address = Address::v4(server);
    event
}

pub(crate) fn load(text: &str) -> (RuleSet, Vec<Finding>) {
    let mut networks = Placeholders::new();
    networks.set("HOME_NET", ["10.0.0.0/8"]);
    networks.set("EXTERNAL_NET", ["!$HOME_NET"]);
    networks.set("legitimate_sources", ["10.9.0.0/16"]);
    networks.set("your_protected_assets", ["10.0.0.0/24"]);
    let mut loader = Loader::new(networks);
    loader.add("a.rules", text);
    loader.finish()
}

/// Rules that have no findings.
pub(crate) fn sound(text: &str) -> RuleSet {
    let (set, findings) = load(text);
    assert!(findings.is_empty(), "{}", shown(&findings));
    set
}

/// The sids of the alerts that rules raise on events, in order.
pub(crate) fn alerts(set: RuleSet, events: &[Event]) -> Vec<u32> {
    let set = Arc::new(set);
    let mut watch = Watch::new(set.clone());
    let mut sids = Vec::new();
    for event in events {
        let mut hits = Vec::new();
        watch.event(event, &mut hits);
        sids.extend(hits.iter().map(|at| set.rules()[*at].signature.sid));
    }
    sids
}

/// How many alerts a rule with these options raises on one event.
pub(crate) fn count(options: &str, event: &Event) -> usize {
    let rule = format!("alert tcp any any -> any any (msg:\"m\"; {options} sid:1;)");
    alerts(sound(&rule), std::slice::from_ref(event)).len()
}

/// A tree connect.
pub(crate) fn tree(path: &str, share_type: Option<ShareType>) -> Event {
    let share = Share { path: Some(path.into()), share_type, ..Share::default() };
    let mapping = SmbMapping { share, service: None, native_file_system: None, answer: None, identity: None };
    Event { header: support::header(), body: EventBody::SmbMapping(Box::new(mapping)) }
}
