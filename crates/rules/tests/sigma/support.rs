//! Events for tests.

use rpcscope_model::{
    Address, Anomaly, AnomalyKind, Arguments, AuthLevel, AuthType, Authentication, Bind, BindResult, Call,
    CallId, ContextId, Endpoint, Event, EventBody, EventHeader, FrameNumber, Identity, Interface, Learned,
    NDR, OfferedContext, Opnum, Outcome, Part, Phase, Reply, Security, SyntaxId, Text, Timestamp, Transport,
    Value,
};
use rpcscope_rules::{Finding, Loader, Placeholders, RuleSet};
use std::sync::Arc;
use uuid::Uuid;

pub(crate) const SVCCTL: &str = "367abb81-9844-35f1-ad32-98f038001003";

pub(crate) fn header() -> EventHeader {
    EventHeader {
        time: Timestamp::from_parts(1_709_251_170, 0),
        frame: FrameNumber(7),
        flow_id: 1,
        client: Endpoint::new(Address::v4([10, 0, 0, 5]), 50123),
        server: Endpoint::new(Address::v4([10, 0, 0, 9]), 445),
        transport: Transport::NcacnNpSmb2,
        phase: Phase::Settled,
    }
}

fn part(nanos: u32) -> Part {
    let time = Timestamp::from_parts(1_709_251_170, nanos);
    Part { time, frame: FrameNumber(7), fragments: 1, stub_bytes: 100, complete: true }
}

/// A call of an operation, replied to after 800 µs.
pub(crate) fn call(interface: &str, opnum: u16) -> Event {
    let uuid = Uuid::try_parse(interface).expect("a UUID");
    let known = rpcscope_catalog::interface(&uuid);
    let mut arguments = Arguments::default();
    arguments.put("service_name", Value::Text(Text::whole("BTOBTO")));
    arguments.put("start_type", Value::Symbol(3, "SERVICE_DEMAND_START"));
    let identity = Identity { user: Some(Text::whole("Alice")), ..Identity::default() };
    let call = Call {
        endpoint: r"\pipe\svcctl".into(),
        rpc_version: (5, 0),
        call_id: CallId(2),
        context_id: Some(ContextId(0)),
        interface: Some(Interface {
            syntax: SyntaxId { uuid, major: 2, minor: 0 },
            name: known.and_then(|known| known.name),
        }),
        learned: Learned::Bind,
        assumed: false,
        transfer_syntax: None,
        opnum: Some(Opnum(opnum)),
        procedure: known.and_then(|known| known.procedure(opnum)),
        object: None,
        security: None,
        sealed: false,
        request: Some(part(0)),
        reply: Some((Reply::Response, part(800_000))),
        outcome: Outcome::Replied,
        activity: None,
        identity: Some(Arc::new(identity)),
        identity_hint: None,
        instance: None,
        arguments: Some(Box::new(arguments)),
        announced: None,
        wire: None,
    };
    Event { header: header(), body: EventBody::Call(Box::new(call)) }
}

/// A call that the server answered with a fault.
pub(crate) fn faulted(interface: &str, opnum: u16, status: u32) -> Event {
    let mut event = call(interface, opnum);
    if let EventBody::Call(call) = &mut event.body {
        call.reply = Some((Reply::Fault(status), part(500_000)));
        call.outcome = Outcome::Faulted;
    }
    event
}

/// A bind that offers two interfaces, of which the server rejects the second.
pub(crate) fn bind() -> Event {
    let offered = |id, uuid: &str, answer| OfferedContext {
        id: ContextId(id),
        interface: Interface {
            syntax: SyntaxId { uuid: Uuid::try_parse(uuid).expect("a UUID"), major: 1, minor: 0 },
            name: None,
        },
        transfer_syntaxes: vec![SyntaxId { uuid: NDR, major: 2, minor: 0 }],
        answer: Some(answer),
    };
    let bind = Bind {
        endpoint: "135".into(),
        rpc_version: (5, 0),
        call_id: CallId(1),
        kind: Learned::Bind,
        contexts: vec![
            offered(0, SVCCTL, (0, 0)),
            offered(1, "e3514235-4b06-11d1-ab04-00c04fc2dcd2", (2, 1)),
        ],
        association_group: 0,
        result: BindResult::Acknowledged { secondary_address: None, association_group: 9 },
        security: Some(Security { auth_type: AuthType(10), level: AuthLevel::PKT_PRIVACY, context_id: 0 }),
        answered: None,
        wire: None,
    };
    Event { header: header(), body: EventBody::Bind(Box::new(bind)) }
}

pub(crate) fn anomaly(kind: AnomalyKind) -> Event {
    Event { header: header(), body: EventBody::Anomaly(Anomaly::from(kind)) }
}

pub(crate) fn identity(user: &str) -> Event {
    let identity = Arc::new(Identity { user: Some(Text::whole(user)), ..Identity::default() });
    let authentication = Authentication { endpoint: None, security: None, identity, crackable: None };
    Event { header: header(), body: EventBody::Authentication(Box::new(authentication)) }
}

/// Loads one file.
pub(crate) fn load(text: &str) -> (RuleSet, Vec<Finding>) {
    load_with(text, Placeholders::new())
}

pub(crate) fn load_with(text: &str, placeholders: Placeholders) -> (RuleSet, Vec<Finding>) {
    let mut loader = Loader::new(placeholders);
    loader.add("rule.yml", text);
    loader.finish()
}

/// A rule about calls with this `detection`, indented by four.
pub(crate) fn rule(detection: &str) -> String {
    format!("title: T\nlogsource: {{product: rpcscope, service: call}}\ndetection:\n{detection}\n")
}

/// Whether the rule with one selection `s`, whose body is `selection`, holds for an event; no finding is expected.
pub(crate) fn holds(selection: &str, event: &Event) -> bool {
    let (set, findings) = load(&rule(&format!("    s: {selection}\n    condition: s")));
    assert!(findings.is_empty(), "{}", shown(&findings));
    matches(&set, event) == [0]
}

pub(crate) fn matches(set: &RuleSet, event: &Event) -> Vec<usize> {
    let mut found = Vec::new();
    set.each_match(event, |at, _| found.push(at));
    found
}

pub(crate) fn shown(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("{finding}\n")).collect()
}
