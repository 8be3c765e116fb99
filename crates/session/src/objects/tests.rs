//! Activations, and the calls on other connections that they lead to.

use crate::Protocol;
use crate::harness::{CLIENT, SERVER, SVCCTL, Seen, Tap};
use rpcscope_model::{
    ActivationId, Address, AuthLevel, Call, CallId, Calls, Class, Confidence, Endpoint, EventBody,
    FrameNumber, Learned, Limits, Linked, Phase, SyntaxId, Text,
};
use rpcscope_testkit::conversation::{self, Answer, Conversation};
use rpcscope_testkit::pdu::{Offer, Verifier};
use rpcscope_testkit::stub::{self, Arguments, Ndr, Typed};
use uuid::{Uuid, uuid};

const ACTIVATOR: Uuid = uuid!("000001a0-0000-0000-c000-000000000046");
const LOGIN: Uuid = uuid!("f309ad18-d86a-11d0-a075-00c04fb68820");
const SERVICES: Uuid = uuid!("9556dc99-828c-11cf-a37e-00aa003240c7");
const ENUMERATOR: Uuid = uuid!("027947e1-d731-11ce-a357-000000000001");
const REM_UNKNOWN: Uuid = uuid!("00000131-0000-0000-c000-000000000046");
const DISPATCH: Uuid = uuid!("00020400-0000-0000-c000-000000000046");
const SINK: Uuid = uuid!("7c857801-7381-11cf-884d-00aa004b2e24");
const EPM: Uuid = uuid!("e1af8308-5d1f-11c9-91a4-08002b14a0fa");
const EFSRPC: Uuid = uuid!("c681d488-d850-11d0-8c52-00c04fd90f7e");
const WBEM_LEVEL1_LOGIN: Uuid = uuid!("8bc3f05e-d86b-11d0-a075-00c04fb68820");
const RESOLVER: Endpoint = Endpoint::new(SERVER.address, 135);

/// A call whose stubs are those of the testkit, with some arguments and results set.
struct Operation {
    interface: Uuid,
    opnum: u16,
    object: Option<Uuid>,
    arguments: Vec<(&'static str, Typed)>,
    results: Vec<(&'static str, Typed)>,
}

fn operation(interface: Uuid, opnum: u16) -> Operation {
    Operation { interface, opnum, object: None, arguments: Vec::new(), results: Vec::new() }
}

impl Operation {
    fn on(mut self, object: Uuid) -> Self {
        self.object = Some(object);
        self
    }

    fn with(mut self, name: &'static str, value: Typed) -> Self {
        self.arguments.push((name, value));
        self
    }

    fn giving(mut self, name: &'static str, value: Typed) -> Self {
        self.results.push((name, value));
        self
    }

    /// The call, in presentation context 0.
    fn call(&self, call_id: u32) -> conversation::Call {
        let known = stub::operation(&self.interface, self.opnum).expect("an operation that can be encoded");
        let is_orpc = ![EPM, EFSRPC].contains(&self.interface);
        let written = |usual: Arguments, set: &[(&'static str, Typed)], request: bool| {
            let mut arguments = usual;
            set.iter().for_each(|(name, value)| arguments.set(name, value.clone()));
            let mut ndr = Ndr::new(stub_order(), stub::Syntax::Ndr);
            if request {
                known.write_request(&arguments, is_orpc, &mut ndr);
            } else {
                known.write_response(&arguments, is_orpc, &mut ndr);
            }
            ndr.finish()
        };
        let call = conversation::Call::new(0, self.opnum)
            .id(call_id)
            .stub(written(Arguments::usual(known.arguments), &self.arguments, true))
            .returns(written(Arguments::usual(known.results), &self.results, false));
        match self.object {
            Some(object) => call.object(object),
            None => call,
        }
    }
}

fn stub_order() -> rpcscope_testkit::ByteOrder {
    rpcscope_testkit::ByteOrder::Little
}

const fn syntax(uuid: Uuid) -> SyntaxId {
    SyntaxId { uuid, major: 0, minor: 0 }
}

fn bound(interface: Uuid) -> Conversation {
    Conversation::new().bind(&[(Offer::ndr(0, syntax(interface)), Answer::NDR)])
}

/// The IPID that the testkit gives for an interface of an activated object.
fn ipid(iid: Uuid) -> Uuid {
    stub::identifier(&iid.to_string())
}

fn activate() -> Operation {
    operation(ACTIVATOR, 4)
}

fn say(tap: &mut Tap, connection: usize, conversation: &Conversation) {
    for step in conversation.steps() {
        tap.send_on(connection, step.side, &step.pdu);
    }
}

/// A connection to the resolver with an activation, in clear or sealed, in call 1.
fn activated(limits: Limits, verifier: Option<Verifier>) -> Tap {
    activated_by(Tap::of(Protocol::Rpc, 0, limits), verifier)
}

fn activated_by(mut tap: Tap, verifier: Option<Verifier>) -> Tap {
    let resolver = tap.open_to(RESOLVER);
    let conversation = Conversation::new()
        .security(verifier)
        .bind(&[(Offer::ndr(0, syntax(ACTIVATOR)), Answer::NDR)])
        .call(activate().call(1));
    say(&mut tap, resolver, &conversation);
    tap
}

fn sealed() -> Option<Verifier> {
    Some(Verifier::ntlm(AuthLevel::PKT_PRIVACY, 1, [9; 16]))
}

fn login() -> Operation {
    operation(LOGIN, 6).on(ipid(LOGIN)).with("namespace", Typed::Text("root/subscription".into()))
}

fn activation_of(call: &Call) -> Option<(ActivationId, Linked)> {
    call.instance.as_ref()?.activation
}

fn class_of(call: &Call) -> Option<Class> {
    call.instance.as_ref()?.class
}

/// Runs one conversation on each further connection to the exporter.
fn then(mut tap: Tap, conversations: &[Conversation]) -> Seen {
    for conversation in conversations {
        let exporter = tap.open_to(SERVER);
        say(&mut tap, exporter, conversation);
    }
    tap.finish()
}

#[test]
fn what_an_activation_led_to_carries_its_name_on_other_connections() {
    let query = operation(SERVICES, 20)
        .on(ipid(SERVICES))
        .with("query", Typed::Text("SELECT * FROM Win32_Service".into()));
    let seen = then(
        activated(Limits::WHOLE, None),
        &[
            bound(LOGIN).call(login().call(2)),
            bound(SERVICES).call(query.call(3)).call(operation(SERVICES, 24).on(ipid(SERVICES)).call(4)),
            bound(ENUMERATOR).call(conversation::Call::new(0, 3).id(5).object(ipid(ENUMERATOR))),
        ],
    );
    let [activation] = seen.activations()[..] else { panic!("one activation") };
    assert_eq!(activation.class.map(|class| class.name), Some(Some("WbemLevel1Login")));
    assert_eq!(activation.bindings.len(), 1);
    assert_eq!(activation.pointers.iter().map(|(_, ipid)| *ipid).collect::<Vec<_>>(), [ipid(LOGIN)]);
    assert_eq!(seen.stats.activations, 1);
    for call_id in 1..=5 {
        let call = seen.call(call_id);
        assert_eq!(activation_of(call), Some((activation.id, Linked::Reference)), "call {call_id}");
        assert_eq!(class_of(call), activation.class, "call {call_id}");
    }
    let about = |call_id| {
        seen.call(call_id).instance.as_ref().map(|instance| instance.about.to_vec()).unwrap_or_default()
    };
    let namespace = ("namespace", Text::whole("root/subscription"));
    assert_eq!(about(2), []);
    assert_eq!(about(4), std::slice::from_ref(&namespace));
    assert_eq!(about(5), [namespace, ("query", Text::whole("SELECT * FROM Win32_Service"))]);
    let [login, query, method] = seen.management()[..] else { panic!("three operations") };
    assert_eq!(login.operation, "NTLMLogin");
    assert_eq!(query.class, Some(Text::whole("Win32_Service")));
    assert_eq!(method.command_line, Some(Text::whole("cmd.exe /c calc")));
    for wmi in [login, query, method] {
        assert_eq!(wmi.namespace, Some(Text::whole("root/subscription")));
        assert_eq!(wmi.activation.map(|(id, _)| id), Some(activation.id));
    }
}

#[test]
fn the_name_of_an_activation_is_that_of_its_call() {
    let seen = activated(Limits::WHOLE, None).finish();
    let id = ActivationId { flow_id: 0, frame: FrameNumber(3), call_id: CallId(1) };
    assert_eq!(seen.activations()[0].id, id);
    assert_eq!(id.to_string(), "0-3-1");
}

#[test]
fn an_object_names_its_interface_when_no_bind_was_seen() {
    let method = operation(SERVICES, 24).on(ipid(SERVICES));
    let tap = activated(Limits::WHOLE, None);
    let seen = then(
        tap,
        &[
            bound(LOGIN).call(login().call(2)),
            Conversation::new().call(method.call(3)).call(method.on(Uuid::max()).call(4)),
        ],
    );
    let (known, strange) = (seen.call(3), seen.call(4));
    assert_eq!(known.learned, Learned::OxidResolver);
    assert_eq!(
        (known.interface.and_then(|interface| interface.name), known.procedure),
        (Some("IWbemServices"), Some("ExecMethod"))
    );
    assert_eq!(
        known.arguments.as_ref().and_then(|arguments| arguments.text("command_line")),
        Some("cmd.exe /c calc")
    );
    assert_eq!((strange.learned, strange.interface, &strange.instance), (Learned::Unknown, None, &None));
}

#[test]
fn a_bind_counts_more_than_the_object() {
    let seen = then(
        activated(Limits::WHOLE, None),
        &[Conversation::new()
            .bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)])
            .call(conversation::Call::new(0, 0).id(2).object(ipid(LOGIN)))],
    );
    let call = seen.call(2);
    assert_eq!(
        (call.learned, call.interface.map(|interface| interface.syntax)),
        (Learned::Bind, Some(SVCCTL))
    );
    let instance = call.instance.as_ref().expect("the object is known all the same");
    assert_eq!(instance.interface.map(|interface| interface.syntax.uuid), Some(LOGIN));
}

#[test]
fn objects_of_one_server_are_not_those_of_another() {
    let mut tap = activated(Limits::WHOLE, None);
    let other = tap.open_to(Endpoint::new(Address::v4([10, 0, 0, 99]), SERVER.port));
    say(&mut tap, other, &bound(LOGIN).call(login().call(2)));
    assert_eq!(tap.finish().call(2).instance, None);
}

#[test]
fn further_interfaces_of_an_object_belong_to_its_activation() {
    let services = stub::identifier("further");
    let query = operation(REM_UNKNOWN, 3)
        .on(REM_UNKNOWN)
        .with("ipid", Typed::Uuid(ipid(LOGIN)))
        .giving("ipids", Typed::Texts(vec![services.to_string()]));
    let seen = then(
        activated(Limits::WHOLE, None),
        &[
            bound(REM_UNKNOWN).call(query.call(2)),
            bound(SERVICES).call(operation(SERVICES, 24).on(services).call(3)),
        ],
    );
    let id = seen.activations()[0].id;
    for call_id in [2, 3] {
        assert_eq!(activation_of(seen.call(call_id)), Some((id, Linked::Reference)), "call {call_id}");
    }
}

#[test]
fn a_sink_that_the_server_calls_before_it_answers_belongs_to_the_activation() {
    let sink = Uuid::from_u128(0x51ac);
    let reference = operation(LOGIN, 6).giving("ipid", Typed::Uuid(sink)).call(9).reply;
    let conversation::Reply::Response(reference) = reference else { panic!("a reference to an object") };
    let mut tap = activated(Limits::WHOLE, None);
    let exporter = tap.open_to(SERVER);
    // An operation that has no decoder.
    let subscribe = conversation::Call::new(0, 99).id(2).object(ipid(LOGIN)).stub(reference).unanswered();
    say(&mut tap, exporter, &bound(LOGIN).call(subscribe));
    let back = tap.open_between(SERVER, CLIENT);
    say(&mut tap, back, &bound(SINK).call(conversation::Call::new(0, 3).id(3).object(sink)));
    let seen = tap.finish();
    assert_eq!(activation_of(seen.call(3)), Some((seen.activations()[0].id, Linked::Reference)));
}

#[test]
fn a_sealed_activation_is_told_by_what_is_bound_next() {
    let on_exporter = |interface| {
        Conversation::new()
            .security(sealed())
            .bind(&[(Offer::ndr(0, syntax(interface)), Answer::NDR)])
            .call(conversation::Call::new(0, 6).id(2).object(Uuid::from_u128(7)))
    };
    let seen = then(activated(Limits::WHOLE, sealed()), &[on_exporter(LOGIN)]);
    let [activation] = seen.activations()[..] else { panic!("one activation") };
    let call = seen.call(2);
    assert!(
        activation.is_sealed() && activation.class == class_of(call),
        "it waits for what tells its class"
    );
    assert_eq!(activation_of(call), Some((activation.id, Linked::Port)));
    let class = class_of(call).expect("a guess");
    let guess = class.guess.expect("not decoded");
    assert_eq!((class.uuid, class.name), (WBEM_LEVEL1_LOGIN, Some("WbemLevel1Login")));
    assert_eq!((guess.confidence, guess.port, guess.candidates), (Confidence::High, SERVER.port, 1));
    assert_eq!(guess.because.syntax.uuid, LOGIN);
    assert_eq!(seen.management().len(), 0, "nothing of it was read");

    let seen = then(activated(Limits::WHOLE, sealed()), &[on_exporter(DISPATCH)]);
    assert_eq!(class_of(seen.call(2)), None, "every object has IDispatch");
    assert_eq!(seen.activations().iter().map(|activation| activation.class).collect::<Vec<_>>(), [None]);
    assert!(activation_of(seen.call(2)).is_some());

    let excel = uuid!("000208d5-0000-0000-c000-000000000046");
    let seen = then(activated(Limits::WHOLE, sealed()), &[on_exporter(excel)]);
    let guess = class_of(seen.call(2)).and_then(|class| class.guess).expect("a guess");
    assert_eq!((guess.confidence, guess.candidates), (Confidence::Low, 2));
}

#[test]
fn every_sealed_activation_is_reported_once() {
    let mut tap = activated(Limits::WHOLE, sealed());
    let resolver = tap.open_to(RESOLVER);
    let again =
        Conversation::new().security(sealed()).bind(&[(Offer::ndr(0, syntax(ACTIVATOR)), Answer::NDR)]);
    say(&mut tap, resolver, &again.call(activate().call(5)).call(activate().call(6)));
    let seen = then(tap, &[bound(LOGIN).call(login().call(2)), bound(SERVICES)]);
    let told: Vec<_> = seen
        .activations()
        .iter()
        .map(|activation| (activation.id.call_id.0, activation.class.is_some()))
        .collect();
    assert_eq!(told, [(1, false), (5, false), (6, true)]);
    assert_eq!(activation_of(seen.call(2)).map(|(id, _)| id.call_id.0), Some(6));
}

#[test]
fn what_is_bound_long_after_a_sealed_activation_tells_nothing() {
    let tap = activated(Limits::WHOLE, sealed()).wait_seconds(31);
    let seen = then(tap, &[bound(LOGIN).call(login().call(2))]);
    assert_eq!(seen.call(2).instance, None);
}

#[test]
fn a_port_that_the_endpoint_mapper_named_tells_its_interface() {
    const UNKNOWN: Uuid = uuid!("5e570000-1111-2222-3333-444455556666");
    let map = operation(EPM, 3);
    let asked = |maps: &[conversation::Call]| {
        let mut tap = Tap::of(Protocol::Rpc, 0, Limits::WHOLE);
        let mapper = tap.open_to(RESOLVER);
        let conversation =
            Conversation::new().bind(&[(Offer::ndr(0, SyntaxId { major: 3, ..syntax(EPM) }), Answer::NDR)]);
        say(&mut tap, mapper, &maps.iter().cloned().fold(conversation, Conversation::call));
        then(tap, &[Conversation::new().call(conversation::Call::new(0, 0).id(9))])
    };
    let seen = asked(&[map.call(1), map.call(2)]);
    let maps = seen.events.iter().filter_map(|event| match &event.body {
        EventBody::EndpointMap(map) => Some(map),
        _ => None,
    });
    let [told, _] = maps.collect::<Vec<_>>()[..] else { panic!("two answers") };
    assert_eq!((told.procedure, told.status), (Some("ept_map"), Some(0)));
    assert_eq!(told.asked.and_then(|interface| interface.name), Some("svcctl"));
    let [entry] = &told.entries[..] else { panic!("one entry") };
    assert_eq!(entry.interface.map(|interface| interface.syntax), Some(SVCCTL));
    assert_eq!(entry.binding().to_string(), format!("ncacn_ip_tcp:10.0.0.9[{}]", SERVER.port));
    let unknown = (Learned::Unknown, None);
    assert_eq!(
        (seen.call(9).learned, seen.call(9).interface),
        unknown,
        "a process that has it has others, too, as the pipe that they share tells"
    );
    let of = |interface: Uuid| operation(EPM, 3).giving("interface", Typed::Uuid(interface));
    let winspool = uuid!("76f03f96-cdfd-44fc-a22c-64950a001209");
    let seen = asked(&[of(winspool).call(1), of(winspool).call(2)]);
    assert_eq!(seen.call(9).learned, Learned::EndpointMapper);
    assert_eq!(seen.call(9).interface.map(|interface| interface.syntax.uuid), Some(winspool));
    let seen = asked(&[of(winspool).call(1), of(UNKNOWN).call(2)]);
    assert_eq!((seen.call(9).learned, seen.call(9).interface), unknown, "two interfaces share it");
    let seen = asked(&[of(uuid!("afa8bd80-7d8a-11c9-bef4-08002b102989")).call(1)]);
    assert_eq!((seen.call(9).learned, seen.call(9).interface), unknown, "every server can be managed");
}

#[test]
fn a_server_that_opens_a_path_on_itself_is_not_coerced() {
    let open = |host: &str| {
        let path = Typed::Text(format!("\\\\{host}\\share\\file"));
        let conversation = bound(EFSRPC).call(operation(EFSRPC, 0).with("file", path).call(1));
        let seen = Tap::tcp().steps(conversation.steps()).finish();
        seen.call(1).arguments.as_ref().and_then(|arguments| arguments.text("coerced_to")).map(str::to_owned)
    };
    assert_eq!(open("10.0.0.66").as_deref(), Some("10.0.0.66"));
    assert_eq!(open("10.0.0.9"), None);
}

#[test]
fn tables_of_objects_forget_and_count() {
    let limits = Limits { objects: 2, exporters: 1, ..Limits::WHOLE };
    let mut tap = activated(limits, None);
    let resolver = tap.open_to(RESOLVER);
    let mut conversation = bound(ACTIVATOR);
    for call_id in 10..20 {
        let object = Typed::Texts(vec![Uuid::from_u128(call_id.into()).to_string()]);
        let oxid = Typed::Text(format!("exporter {call_id}"));
        let activate = activate().giving("ipids", object).giving("oxid", oxid);
        conversation = conversation.call(activate.call(call_id));
    }
    say(&mut tap, resolver, &conversation);
    let seen =
        then(tap, &[bound(LOGIN).call(login().on(Uuid::from_u128(19)).call(31)).call(login().call(30))]);
    assert_eq!(seen.activations().len(), 11);
    assert!(seen.stats.objects_evicted > 0 && seen.stats.exporters_evicted > 0);
    assert_eq!(seen.held_bytes, 0);
    let last = seen.activations()[10].id;
    assert_eq!(activation_of(seen.call(31)), Some((last, Linked::Reference)));
    assert_eq!(
        activation_of(seen.call(30)),
        Some((last, Linked::Port)),
        "the object was forgotten, the port is known"
    );
}

#[test]
fn a_client_that_only_asks_leads_to_nothing() {
    let mut tap = Tap::of(Protocol::Rpc, 0, Limits::WHOLE);
    let resolver = tap.open_to(RESOLVER);
    let refused = activate().giving("status", Typed::Number(0x8007_0005));
    say(&mut tap, resolver, &bound(ACTIVATOR).call(refused.call(1)));
    let seen = then(tap, &[bound(LOGIN).call(login().call(2))]);
    assert_eq!(seen.activations()[0].status, Some(0x8007_0005));
    assert_eq!(seen.call(2).instance, None);
    assert_eq!(seen.calls().len(), 2);
}

#[test]
fn activations_and_operations_are_told_with_their_request() {
    let wanting = || Tap::of(Protocol::Rpc, 0, Limits::WHOLE).wanting(Calls::All, Calls::None);
    let method = operation(SERVICES, 24).on(ipid(SERVICES));
    let seen = then(
        activated_by(wanting(), None),
        &[bound(LOGIN).call(login().call(2)), bound(SERVICES).call(method.call(3))],
    );
    let told: Vec<_> = seen
        .events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::Activation(activation) => {
                Some((event.header.phase, activation.announced, activation.class == class_of(seen.call(1))))
            }
            EventBody::Wmi(wmi) => Some((event.header.phase, wmi.announced, wmi.command_line.is_some())),
            _ => None,
        })
        .collect();
    use Phase::{Requested, Settled};
    assert_eq!(
        told,
        [
            (Requested, false, true),
            (Settled, true, true),
            (Requested, false, false),
            (Settled, true, false),
            (Requested, false, true),
            (Settled, true, true),
        ]
    );
    let asked = seen.requests()[0].instance.as_ref().expect("what is activated");
    assert_eq!((asked.class, asked.activation), (class_of(seen.call(1)), activation_of(seen.call(1))));

    let seen = activated_by(wanting(), sealed()).finish();
    assert_eq!((seen.requests().len(), seen.activations()[0].announced), (1, false), "it could not be read");
}

#[test]
fn a_member_is_named_when_its_request_is_told() {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    // ORPCTHIS of version 5.7.
    let this = words(&[0x0007_0005, 0, 0, 0, 0, 0, 0, 0]);
    // riid; names: their number, a pointer, the string "Run"; cNames, lcid.
    let names = words(&[0, 0, 0, 0, 1, 1, 4, 0, 4, 0x0075_0052, 0x006e, 1, 0]);
    // ORPCTHAT; rgDispId: its length, 7; the HRESULT.
    let numbers = words(&[0, 0, 1, 7, 0]);
    // dispIdMember, riid, lcid, dwFlags; no arguments.
    let invocation = words(&[7, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    let call = |opnum, id, stub: Vec<u8>| {
        let stub = [this.clone(), stub].concat();
        conversation::Call::new(0, opnum).id(id).object(ipid(LOGIN)).stub(stub)
    };
    let conversation = bound(DISPATCH)
        .call(call(5, 2, names).returns(numbers))
        .call(call(6, 3, invocation).returns([0; 24]));
    let run = |requests: Calls| {
        let tap = Tap::of(Protocol::Rpc, 0, Limits::WHOLE).wanting(requests, Calls::None);
        then(activated_by(tap, None), std::slice::from_ref(&conversation))
    };
    let (asked, plain) = (run(Calls::All), run(Calls::None));
    let told = asked.requests()[2].arguments.as_ref().expect("arguments");
    assert_eq!(told.text("member"), Some("Run"));
    assert_eq!(asked.call(3).announced, Some(told.len()));
    assert_eq!(asked.call(3).arguments, plain.call(3).arguments);
}
