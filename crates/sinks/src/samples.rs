//! Events for tests: representative ones here, any in [`any`].

mod any;
mod shares;

pub(crate) use any::any_event;
pub(crate) use shares::{endpoints, shares};

use crate::Context;
use rpcscope_model::*;
use std::sync::Arc;
use uuid::Uuid;

/// Time of the first sample.
pub(crate) const START: Timestamp = Timestamp(1_767_323_045_678_901_234);

const SVCCTL: Uuid = Uuid::from_u128(0x367abb81_9844_35f1_ad32_98f038001003);
const ACTIVATOR: Uuid = Uuid::from_u128(0x000001a0_0000_0000_c000_000000000046);
const UNNAMED: Uuid = Uuid::from_u128(0xf309ad18_d86a_11d0_a075_00c04fb68820);
const FEATURES: Uuid = Uuid::from_u128(0x6cb71c2c_9812_4540_0300_000000000000);

/// The usual context.
pub(crate) fn context() -> Context<'static> {
    Context::default()
}

/// One event of each kind that looks different.
pub(crate) fn all() -> Vec<Event> {
    [binds(), calls(), authentications(), activations(), management(), shares(), endpoints(), anomalies()]
        .concat()
}

/// An alert about each event: of a rule of Suricata's kind and of a correlation in turn.
pub(crate) fn alerts() -> Vec<Alert> {
    let signature = Arc::new(Signature {
        sid: 4_103_009,
        gid: 1,
        rev: 2,
        title: "RPC access denied in WMI session".into(),
        category: "Potential Corporate Privacy Violation".into(),
        severity: 1,
        metadata: vec![("service".into(), vec!["dcerpc".into()])],
        ..Signature::default()
    });
    let correlation = Arc::new(Signature {
        sid: 2_000_000_001,
        gid: 1,
        rev: 1,
        title: "Many \"services\" created".into(),
        severity: 3,
        metadata: vec![("mitre_technique_id".into(), vec!["T1569.002".into(), "T1021.002".into()])],
        id: Some("0d7f1a52-1f3b-4f0a-9f6e-0a4d6f7b8c9d".into()),
        level: Some("low"),
        tags: vec!["attack.t1569.002".into()],
        ..Signature::default()
    });
    let correlated = Correlated { count: 12, group: vec![("client_ip".into(), "10.0.0.5".into())] };
    let carve = |event: &Event| {
        let EventHeader { time, flow_id, client, server, .. } = event.header;
        CarveId { time, sid: signature.sid, client: client.address, server: server.address, flow_id }
    };
    let alert = |(at, event): (usize, Event)| match at % 2 {
        0 => Alert {
            rule: Arc::clone(&signature),
            capture: (at % 4 == 0).then(|| carve(&event)),
            event: Arc::new(event),
            correlated: None,
        },
        _ => Alert {
            rule: Arc::clone(&correlation),
            event: Arc::new(event),
            correlated: Some(correlated.clone()),
            capture: None,
        },
    };
    all().into_iter().enumerate().map(alert).collect()
}

fn syntax(uuid: Uuid, major: u16, minor: u16) -> SyntaxId {
    SyntaxId { uuid, major, minor }
}

fn header(transport: Transport, after_us: i64, frame: u64) -> EventHeader {
    let port = match transport {
        Transport::NcacnNpSmb1 | Transport::NcacnNpSmb2 => 445,
        Transport::NcacnHttp => 593,
        _ => 49670,
    };
    EventHeader {
        time: Timestamp(START.0 + after_us * 1000),
        frame: FrameNumber(frame),
        flow_id: 1234,
        client: Endpoint::new(Address::v4([10, 0, 0, 5]), 50123),
        server: Endpoint::new(Address::v4([10, 0, 0, 9]), port),
        transport,
        phase: Phase::Settled,
    }
}

fn part(after_us: i64, frame: u64, stub_bytes: u64) -> Part {
    Part {
        time: Timestamp(START.0 + after_us * 1000),
        frame: FrameNumber(frame),
        fragments: 1,
        stub_bytes,
        complete: true,
    }
}

fn named(uuid: Uuid, name: &'static str, major: u16) -> Option<Interface> {
    Some(Interface { syntax: syntax(uuid, major, 0), name: Some(name) })
}

/// A user that NTLM named.
fn identity() -> Identity {
    let text = |string: &str| Some(Text::whole(string));
    Identity {
        auth_type: Some(AuthType(10)),
        spnego: true,
        user: text("alice"),
        domain: text("CORP"),
        workstation: text("WS1\u{1b}[31m"),
        os_version: Some(OsVersion { major: 10, minor: 0, build: 19041 }),
        ntlm_version: Some(NtlmVersion::V2),
        server: ServerIdentity {
            target: text("CORP"),
            nb_computer: text("DC1"),
            nb_domain: text("CORP"),
            dns_computer: text("dc1.corp.test"),
            dns_domain: text("corp.test"),
            dns_tree: text("corp.test"),
            os_version: Some(OsVersion { major: 6, minor: 1, build: 0 }),
        },
        ..Identity::default()
    }
}

/// Authentications in an SMB session and in a security context, with each result.
pub(crate) fn authentications() -> Vec<Event> {
    let kerberos = Identity {
        auth_type: Some(AuthType(16)),
        realm: Some(Text::whole("CORP.TEST")),
        service: Some(Text::whole("cifs/dc1.corp.test")),
        kerberos: Some(Kerberos {
            ticket_encryption: Some(EncryptionType(23)),
            authenticator_encryption: Some(EncryptionType(18)),
            mutual: true,
            session_key: false,
            error: Some(37),
        }),
        result: Some(AuthResult::Rejected),
        ..Identity::default()
    };
    let anonymous =
        Identity { anonymous: true, guest: true, result: Some(AuthResult::Accepted), ..Identity::default() };
    let security = Some(Security { auth_type: AuthType(9), level: AuthLevel::PKT_INTEGRITY, context_id: 1 });
    let event = |transport, endpoint: Option<&str>, security, identity| Event {
        header: header(transport, 14_000, 95),
        body: EventBody::Authentication(Box::new(Authentication {
            endpoint: endpoint.map(Into::into),
            security,
            identity: Arc::new(identity),
            crackable: None,
        })),
    };
    vec![
        event(Transport::NcacnNpSmb2, None, None, identity()),
        event(Transport::NcacnIpTcp, Some("49670"), security, kerberos),
        event(Transport::NcacnNpSmb1, None, None, anonymous),
    ]
}

const SERVICES: Uuid = Uuid::from_u128(0x9556dc99_828c_11cf_a37e_00aa003240c7);
const ACTIVATION: ActivationId = ActivationId { flow_id: 1234, frame: FrameNumber(51), call_id: CallId(7) };
const CLASS: Class = Class {
    uuid: Uuid::from_u128(0x8bc3f05e_d86b_11d0_a075_00c04fb68820),
    name: Some("WbemLevel1Login"),
    guess: None,
};

/// A class that is guessed.
fn guessed_class() -> Class {
    let because = Interface { syntax: syntax(UNNAMED, 0, 0), name: Some("IWbemLevel1Login") };
    Class {
        guess: Some(Guess { confidence: Confidence::High, because, port: 49667, candidates: 1 }),
        ..CLASS
    }
}

/// An activation in clear, one that the server refused, and one that could not be read.
pub(crate) fn activations() -> Vec<Event> {
    let text = |string: &str| Text::whole(string);
    let read = Activation {
        id: ACTIVATION,
        endpoint: "135".into(),
        interface: Interface { syntax: syntax(ACTIVATOR, 0, 0), name: Some("IRemoteSCMActivator") },
        opnum: Opnum(4),
        procedure: Some("RemoteCreateInstance"),
        class: Some(CLASS),
        interfaces: vec![Interface { syntax: syntax(UNNAMED, 0, 0), name: None }],
        oxid: Some(text("0xb94ed5d4919f20ce")),
        bindings: vec![text("ncacn_ip_tcp:WS\u{1b}[31m[49667]"), text("ncacn_ip_tcp:10.0.0.9[49667]")],
        pointers: vec![(
            Interface { syntax: syntax(SERVICES, 0, 0), name: Some("IWbemServices") },
            Uuid::from_u128(0x0000_3802_0a14_ffff_cb39_ec63_b53b_f2a6),
        )],
        security: Some(Security { auth_type: AuthType(10), level: AuthLevel::CONNECT, context_id: 1 }),
        identity: Some(Arc::new(identity())),
        outcome: Outcome::Replied,
        status: Some(0),
        answered: Some((Timestamp(START.0 + 5_324_000), FrameNumber(53))),
        announced: false,
    };
    let refused = Activation {
        class: Some(Class { uuid: FEATURES, name: None, guess: None }),
        oxid: None,
        bindings: Vec::new(),
        pointers: Vec::new(),
        identity: None,
        status: Some(0x8007_0005),
        ..read.clone()
    };
    let sealed = Activation {
        class: Some(guessed_class()),
        interfaces: Vec::new(),
        security: Some(Security { auth_type: AuthType(10), level: AuthLevel::PKT_PRIVACY, context_id: 1 }),
        status: None,
        ..refused.clone()
    };
    let event = |activation| Event {
        header: header(Transport::NcacnIpTcp, 4_512, 51),
        body: EventBody::Activation(Box::new(activation)),
    };
    let unknown = Activation { class: None, outcome: Outcome::Unanswered, answered: None, ..sealed.clone() };
    vec![event(read), event(refused), event(sealed), event(unknown)]
}

/// A method call and a query of Windows Management Instrumentation.
pub(crate) fn management() -> Vec<Event> {
    let text = |string: &str| Some(Text::whole(string));
    let method = Wmi {
        endpoint: "49667".into(),
        call_id: CallId(9),
        operation: "ExecMethod",
        namespace: text("//./root/cimv2"),
        class: text("Win32_Process"),
        object_path: text("Win32_Process"),
        method: text("Create"),
        query: None,
        command_line: text("cmd.exe /Q /c \"whoami\" 1> \u{1b}"),
        activation: Some((ACTIVATION, Linked::Reference)),
        security: None,
        identity: Some(Arc::new(identity())),
        outcome: Outcome::Replied,
        status: Some(0),
        announced: false,
    };
    let query = Wmi {
        operation: "ExecQuery",
        namespace: None,
        object_path: None,
        method: None,
        query: text("SELECT * FROM Win32_Process"),
        command_line: None,
        activation: None,
        identity: None,
        outcome: Outcome::Unanswered,
        status: None,
        ..method.clone()
    };
    let event =
        |wmi| Event { header: header(Transport::NcacnIpTcp, 4_900, 57), body: EventBody::Wmi(Box::new(wmi)) };
    vec![event(method), event(query)]
}

/// One argument of each kind.
fn arguments() -> Arguments {
    let text = |string: &str| Value::Text(Text::whole(string));
    let mut arguments = Arguments::default();
    arguments.put("service", text("evil"));
    arguments.put("binary_path", text("cmd /c \"whoami\" > c:\\out"));
    arguments.put("xml", Value::Text(Text { string: "<Task>".into(), cut: true }));
    arguments.put("start", Value::Symbol(3, "demand"));
    arguments.put("access", Value::Number(0xf01ff));
    arguments.put("bias", Value::Signed(-60));
    arguments.put("is_remote", Value::Flag(true));
    arguments.put("sid", Value::Sid("S-1-5-18".into()));
    arguments.put("time", Value::Time(START));
    arguments.put("challenge", Value::Bytes(Bytes::head_of(&[0xab; 100])));
    let names = List { values: vec![text("a"), text("b")], omitted: 3 };
    arguments.put("names", Value::List(names));
    let fields =
        vec![("Name".into(), text("c")), ("Name".into(), text("twice")), ("id".into(), Value::Uuid(SVCCTL))];
    arguments.put("properties", Value::Fields(fields));
    arguments.put("status", Value::Status(5));
    arguments.stopped = Some(Stopped { reason: StopReason::Cut, field: "lpPassword", offset: 112 });
    arguments
}

/// Calls over each transport and with each outcome.
pub(crate) fn calls() -> Vec<Event> {
    let sealed = Call {
        endpoint: "49670".into(),
        rpc_version: (5, 0),
        call_id: CallId(7),
        context_id: Some(ContextId(4)),
        interface: named(ACTIVATOR, "IRemoteSCMActivator", 0),
        learned: Learned::AlterContext,
        assumed: false,
        transfer_syntax: Some(NDR64),
        opnum: Some(Opnum(4)),
        procedure: Some("RemoteCreateInstance"),
        object: Some(Uuid::from_u128(0x0000_3802_0a14_ffff_cb39_ec63_b53b_f2a6)),
        instance: Some(Box::new(Object {
            interface: None,
            class: Some(guessed_class()),
            activation: Some((ACTIVATION, Linked::Port)),
            about: Arc::default(),
        })),
        security: Some(Security {
            auth_type: AuthType(10),
            level: AuthLevel::PKT_PRIVACY,
            context_id: 79231,
        }),
        sealed: true,
        request: Some(part(4_512, 51, 1204)),
        reply: Some((Reply::Response, part(5_324, 53, 88))),
        outcome: Outcome::Replied,
        activity: None,
        identity: Some(Arc::new(identity())),
        identity_hint: None,
        arguments: None,
        announced: None,
        wire: None,
    };
    let denied = Call {
        endpoint: "\\pipe\\svcctl".into(),
        call_id: CallId(2),
        context_id: Some(ContextId(0)),
        interface: named(SVCCTL, "svcctl", 2),
        learned: Learned::Bind,
        transfer_syntax: Some(NDR),
        opnum: Some(Opnum(12)),
        procedure: Some("RCreateServiceW"),
        object: None,
        instance: None,
        security: None,
        sealed: false,
        request: Some(Part { fragments: 3, ..part(7_000, 60, 9000) }),
        reply: Some((Reply::Fault(5), part(7_100, 61, 0))),
        outcome: Outcome::Faulted,
        identity: None,
        identity_hint: Some(Arc::new(identity())),
        arguments: Some(arguments()),
        announced: None,
        wire: None,
        ..sealed.clone()
    };
    let datagram = Call {
        endpoint: "49670".into(),
        rpc_version: (4, 0),
        context_id: None,
        interface: Some(Interface { syntax: syntax(UNNAMED, 1, 2), name: None }),
        learned: Learned::Header,
        transfer_syntax: None,
        opnum: Some(Opnum(300)),
        procedure: None,
        reply: Some((Reply::Reject(0x1c01_0003), part(9_500, 71, 0))),
        request: Some(part(9_000, 70, 16)),
        outcome: Outcome::Rejected,
        activity: Some(Uuid::from_u128(0x00112233_4455_6677_8899_aabbccddeeff)),
        arguments: None,
        announced: None,
        wire: None,
        ..denied.clone()
    };
    let by_pipe = Call {
        endpoint: "\\pipe\\svcctl".into(),
        learned: Learned::PipeName,
        assumed: true,
        opnum: Some(Opnum(77)),
        procedure: None,
        transfer_syntax: Some(UNNAMED),
        security: Some(Security { auth_type: AuthType(200), level: AuthLevel(9), context_id: 0 }),
        request: Some(Part { complete: false, ..part(11_000, 80, 4000) }),
        reply: None,
        outcome: Outcome::Unanswered,
        arguments: None,
        announced: None,
        wire: None,
        ..denied.clone()
    };
    let lost = Call {
        endpoint: "\\pipe\\a\"\u{1b}[31m\u{202e}evil".into(),
        interface: None,
        learned: Learned::Unknown,
        opnum: None,
        procedure: None,
        request: None,
        security: Some(Security { auth_type: AuthType(16), level: AuthLevel::PKT_INTEGRITY, context_id: 1 }),
        reply: Some((Reply::Response, Part { complete: false, ..part(12_000, 90, 5) })),
        outcome: Outcome::Lost,
        arguments: None,
        announced: None,
        wire: None,
        ..denied.clone()
    };
    let http = Call {
        endpoint: "593".into(),
        security: Some(Security { auth_type: AuthType(9), level: AuthLevel::CONNECT, context_id: 1 }),
        learned: Learned::OxidResolver,
        instance: Some(Box::new(Object {
            interface: named(SERVICES, "IWbemServices", 0),
            class: Some(CLASS),
            activation: Some((ACTIVATION, Linked::Reference)),
            about: [("namespace", Text::whole("//./root/cimv2"))].into(),
        })),
        reply: None,
        request: Some(part(13_000, 12_345_678, 8)),
        outcome: Outcome::Cancelled,
        arguments: None,
        announced: None,
        wire: None,
        ..denied.clone()
    };
    let call = |transport, after_us, frame, call| Event {
        header: header(transport, after_us, frame),
        body: EventBody::Call(Box::new(call)),
    };
    let mut v6 = call(Transport::NcacnHttp, 13_000, 12_345_678, http);
    v6.header.client.address = Address::v6(0x2001_0db8_0000_1234_5678_9abc_def0_1234u128.to_be_bytes());
    v6.header.server.address = Address::v6(0xfe80_0000_0000_0000_0000_0000_0000_0001u128.to_be_bytes());
    vec![
        call(Transport::NcacnIpTcp, 4_512, 51, sealed),
        call(Transport::NcacnNpSmb2, 7_000, 60, denied),
        call(Transport::NcadgIpUdp, 9_000, 70, datagram),
        call(Transport::NcacnNpSmb1, 11_000, 80, by_pipe),
        call(Transport::NcacnNpSmb2, 12_000, 90, lost),
        v6,
    ]
}

/// Binds with each kind of answer.
pub(crate) fn binds() -> Vec<Event> {
    let offer = |id: u16, transfer: SyntaxId, answer| OfferedContext {
        id: ContextId(id),
        interface: Interface { syntax: syntax(SVCCTL, 2, 0), name: Some("svcctl") },
        transfer_syntaxes: vec![transfer],
        answer,
    };
    let accepted = Bind {
        endpoint: "\\pipe\\svcctl".into(),
        rpc_version: (5, 0),
        call_id: CallId(1),
        kind: Learned::Bind,
        contexts: vec![
            offer(0, syntax(NDR, 2, 0), Some((0, 0))),
            offer(1, syntax(NDR64, 1, 0), Some((2, 1))),
            offer(2, syntax(FEATURES, 1, 0), Some((3, 3))),
        ],
        association_group: 0,
        result: BindResult::Acknowledged {
            secondary_address: Some("\\PIPE\\ntsvcs".into()),
            association_group: 21_000,
        },
        security: Some(Security { auth_type: AuthType(9), level: AuthLevel::PKT_INTEGRITY, context_id: 0 }),
        answered: Some((Timestamp(START.0 + 900_000), FrameNumber(5))),
        wire: None,
    };
    let nak = Bind {
        contexts: vec![offer(0, syntax(NDR, 9, 9), None)],
        result: BindResult::Rejected { reason: 4, versions: vec![(5, 0), (5, 1)] },
        ..accepted.clone()
    };
    let refused = Bind {
        kind: Learned::AlterContext,
        contexts: vec![OfferedContext {
            interface: Interface { syntax: syntax(UNNAMED, 0, 0), name: None },
            ..offer(7, syntax(NDR, 2, 0), Some((2, 1)))
        }],
        ..accepted.clone()
    };
    let faulted =
        Bind { kind: Learned::AlterContext, result: BindResult::Faulted(0x1c00_001d), ..nak.clone() };
    let unanswered = Bind { result: BindResult::Unanswered, answered: None, security: None, ..nak.clone() };
    [accepted, nak, refused, faulted, unanswered]
        .into_iter()
        .zip(1..)
        .map(|(bind, number)| Event {
            header: header(Transport::NcacnNpSmb2, 100 * number, 4 * number.unsigned_abs()),
            body: EventBody::Bind(Box::new(bind)),
        })
        .collect()
}

/// Anomalies of each layer.
pub(crate) fn anomalies() -> Vec<Event> {
    let error = ParseError::short("dcerpc bind_ack", "results", 52, 24, 20);
    [
        Anomaly { kind: AnomalyKind::PduMalformed, error: Some(error), bytes: None },
        Anomaly { kind: AnomalyKind::TcpGap, error: None, bytes: Some(1460) },
        AnomalyKind::SmbEncrypted.into(),
    ]
    .into_iter()
    .zip(95..)
    .map(|(anomaly, frame)| Event {
        header: header(Transport::NcacnNpSmb2, 14_000, frame),
        body: EventBody::Anomaly(anomaly),
    })
    .collect()
}

/// Enough events that tables overflow.
pub(crate) fn busy_hour() -> Vec<Event> {
    const NAMES: [(&str, &str); 14] = [
        ("samr", "SamrConnect5"),
        ("lsarpc", "LsarLookupSids"),
        ("svcctl", "ROpenSCManagerW"),
        ("winreg", "BaseRegQueryValue"),
        ("drsuapi", "IDL_DRSGetNCChanges"),
        ("epm", "ept_map"),
        ("netlogon", "NetrServerAuthenticate3"),
        ("IWbemServices", "ExecMethod"),
        ("IRemUnknown2", "RemRelease"),
        ("srvsvc", "NetrShareEnum"),
        ("wkssvc", "NetrWkstaGetInfo"),
        ("spoolss", "RpcRemoteFindFirstPrinterChangeNotificationEx"),
        ("atsvc", "NetrJobAdd"),
        ("ITaskSchedulerService", "SchRpcRegisterTask"),
    ];
    let mut events = all();
    let model = calls();
    for (position, (interface, procedure)) in NAMES.into_iter().enumerate() {
        let number = position as u64;
        for repeat in 0..(400 / (number + 1)) {
            let mut event = model[usize::from(repeat % 40 == 7)].clone();
            event.header.time = Timestamp(START.0 + 4_000_000_000 * number.cast_signed());
            event.header.client.address = Address::v4([10, 0, 0, u8::try_from(5 + repeat % 9).unwrap_or(0)]);
            event.header.server.address = Address::v4([10, 0, 1, u8::try_from(9 + number % 4).unwrap_or(0)]);
            if let EventBody::Call(call) = &mut event.body {
                let uuid = Uuid::from_u128(u128::from(number));
                call.interface = Some(Interface { syntax: syntax(uuid, 1, 0), name: Some(interface) });
                call.procedure = Some(procedure);
            }
            events.push(event);
        }
    }
    events
}
