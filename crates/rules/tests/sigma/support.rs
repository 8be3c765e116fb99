//! Events for tests.

use rpcscope_model::*;
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
        arguments: Some(arguments),
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

/// A share of the server `dc1`.
fn share(name: &str, share_type: ShareType) -> Share {
    Share {
        session_id: 0x11,
        tree_id: Some(5),
        path: Some(format!(r"\\dc1\{name}").into()),
        share_type: Some(share_type),
    }
}

fn answer() -> Option<SmbAnswer> {
    Some(SmbAnswer { status: 0, time: Timestamp::from_parts(1_709_251_171, 0), frame: FrameNumber(8) })
}

/// A pipe that was opened.
pub(crate) fn pipe(name: &str) -> Event {
    let pipe = Pipe {
        share: share("IPC$", ShareType::Pipe),
        endpoint: format!(r"\pipe\{name}").into(),
        name: Text::whole(name),
        access: 0x0012_019f,
        answer: answer(),
        identity: None,
    };
    Event { header: header(), body: EventBody::Pipe(Box::new(pipe)) }
}

/// The same of a share that is called so.
pub(crate) fn pipe_in(path: &str, name: &str) -> Event {
    let mut event = pipe(name);
    if let EventBody::Pipe(pipe) = &mut event.body {
        pipe.share.path = Some(path.into());
    }
    event
}

/// Something that was done to a file of a share.
pub(crate) fn file(action: FileAction, share_name: &str, name: &str) -> Event {
    let identity = Identity { user: Some(Text::whole("Alice")), ..Identity::default() };
    let file = SmbFile {
        action,
        share: share(share_name, ShareType::Disk),
        name: Text::whole(name),
        previous_name: (action == FileAction::Rename).then(|| Text::whole("old.tmp")),
        is_directory: Some(false),
        access: Some(0x0012_0116),
        disposition: Some(Disposition(5)),
        delete_on_close: false,
        created: Some(CreateAction(2)),
        size: Some(77),
        times: FileTimes { modified: Some(Timestamp::from_parts(1_709_251_000, 0)), ..FileTimes::default() },
        bytes_read: 0,
        bytes_written: 512,
        answer: answer(),
        identity: Some(Arc::new(identity)),
    };
    Event { header: header(), body: EventBody::SmbFile(Box::new(file)) }
}

pub(crate) fn mapping(share_name: &str) -> Event {
    let mapping = SmbMapping {
        share: share(share_name, ShareType::Disk),
        service: Some(Text::whole("A:")),
        native_file_system: Some(Text::whole("NTFS")),
        answer: answer(),
        identity: None,
    };
    Event { header: header(), body: EventBody::SmbMapping(Box::new(mapping)) }
}

/// An activation of a class, told when it was answered.
pub(crate) fn activation(clsid: &str) -> Event {
    let uuid = Uuid::try_parse(clsid).expect("a UUID");
    let interface = |uuid: u128| Interface {
        syntax: SyntaxId { uuid: Uuid::from_u128(uuid), major: 0, minor: 0 },
        name: rpcscope_catalog::interface(&Uuid::from_u128(uuid)).and_then(|known| known.name),
    };
    let activation = Activation {
        id: ActivationId { flow_id: 1, frame: FrameNumber(7), call_id: CallId(2) },
        endpoint: "135".into(),
        interface: interface(0x000001a0_0000_0000_c000_000000000046),
        opnum: Opnum(4),
        procedure: Some("RemoteCreateInstance"),
        class: Some(Class {
            uuid,
            name: rpcscope_catalog::class(&uuid).map(|class| class.name),
            guess: None,
        }),
        interfaces: vec![interface(0x00020400_0000_0000_c000_000000000046)],
        oxid: None,
        bindings: vec![Text::whole("ncacn_ip_tcp:10.0.0.9[49670]")],
        pointers: Vec::new(),
        security: None,
        identity: None,
        outcome: Outcome::Replied,
        status: Some(0x8007_0005),
        answered: None,
        announced: false,
    };
    Event { header: header(), body: EventBody::Activation(Box::new(activation)) }
}

/// A process that is created by WMI.
pub(crate) fn wmi(command_line: &str) -> Event {
    let text = |text: &str| Some(Text::whole(text));
    let wmi = Wmi {
        endpoint: "49670".into(),
        call_id: CallId(3),
        operation: "ExecMethod",
        namespace: text("//./root/cimv2"),
        class: text("Win32_Process"),
        object_path: text("Win32_Process"),
        method: text("Create"),
        query: None,
        command_line: text(command_line),
        activation: None,
        security: None,
        identity: None,
        outcome: Outcome::Replied,
        status: Some(0),
        announced: false,
    };
    Event { header: header(), body: EventBody::Wmi(Box::new(wmi)) }
}

/// The answer of an endpoint mapper that knows `svcctl`.
pub(crate) fn endpoint_map() -> Event {
    let syntax = SyntaxId { uuid: Uuid::try_parse(SVCCTL).expect("a UUID"), major: 2, minor: 0 };
    let entry = MappedEndpoint {
        interface: Some(Interface { syntax, name: Some("svcctl") }),
        annotation: Some(Text::whole("Service Control")),
        transport: Some("ncacn_ip_tcp"),
        port: Some(49_664),
        ..MappedEndpoint::default()
    };
    let map = EndpointMap {
        endpoint: "135".into(),
        opnum: Opnum(2),
        procedure: Some("ept_lookup"),
        asked: None,
        entries: vec![entry],
        omitted: 0,
        security: None,
        identity: None,
        outcome: Outcome::Replied,
        status: Some(0),
        answered: None,
    };
    Event { header: header(), body: EventBody::EndpointMap(Box::new(map)) }
}

/// An authentication by Kerberos or by NTLM.
pub(crate) fn logon(kerberos: bool, result: AuthResult) -> Event {
    let text = |text: &str| Some(Text::whole(text));
    let who = if kerberos {
        Identity {
            auth_type: Some(AuthType(16)),
            service: text("cifs/dc1.lab.test"),
            kerberos: Some(Kerberos {
                ticket_encryption: Some(EncryptionType(23)),
                authenticator_encryption: None,
                mutual: false,
                session_key: false,
                error: Some(37),
            }),
            ..Identity::default()
        }
    } else {
        Identity {
            auth_type: Some(AuthType(10)),
            user: text("alice"),
            domain: text("LAB"),
            workstation: text("WS1"),
            server: ServerIdentity { nb_computer: text("DC1"), ..ServerIdentity::default() },
            ..Identity::default()
        }
    };
    let identity = Arc::new(Identity { result: Some(result), ..who });
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
