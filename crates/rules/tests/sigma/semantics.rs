//! What rules mean: each modifier, each form of value, each form of condition.

use crate::support::{
    SVCCTL, anomaly, bind, call, faulted, holds, identity, load, load_with, matches, rule, shown,
};
use rpcscope_model::AnomalyKind;
use rpcscope_rules::{CorrelationKind, Known, Placeholders};

const DRSUAPI: &str = "e3514235-4b06-11d1-ab04-00c04fc2dcd2";

#[test]
fn interfaces_and_operations_are_named_by_the_catalogue_or_by_number() {
    let event = call(SVCCTL, 12);
    for right in [
        "{interface: svcctl, opnum: RCreateServiceW}",
        "{interface: SVCCTL, procedure: rcreateservicew}",
        "{interface: svcctl, opnum: CreateServiceW}",
        "{interface: 367ABB81-9844-35F1-AD32-98F038001003, opnum: 12}",
        "{interface: '{367abb81-9844-35f1-ad32-98f038001003}', opnum: '0xc'}",
        "{procedure: RCreateServiceW}",
        "{procedure|startswith: rcreate}",
        "{interface|contains: svcc}",
        "{interface|re: '^svcctl$'}",
        "{specification: MS-SCMR, interface_version: 2.0}",
        "{opnum|gt: 11, opnum|lte: 12}",
    ] {
        assert!(holds(right, &event), "{right}");
    }
    for wrong in [
        "{interface: drsuapi}",
        "{interface: svcctl, opnum: 13}",
        "{procedure: RStartServiceW}",
        "{opnum|neq: 12}",
    ] {
        assert!(!holds(wrong, &event), "{wrong}");
    }
    assert!(!holds("{interface: svcctl, opnum: RCreateServiceW}", &call(DRSUAPI, 12)));
}

#[test]
fn strings_ignore_case_unless_cased() {
    let event = call(SVCCTL, 12);
    for right in [
        "{user: alice}",
        "{user|cased: Alice}",
        "{user: 'al?ce'}",
        "{user: 'A*'}",
        "{user|contains: LIC}",
        "{user|endswith: CE}",
        "{user|re: '^A.*e$'}",
        "{user|re|i: '^a'}",
        "{args.service_name: btobto}",
        "{args.start_type: service_demand_start}",
        "{args.start_type: 3}",
        "{pipe: svcctl}",
        "{endpoint|endswith: '\\svcctl'}",
        "{user|re|startswith: '[A-Z]l'}",
    ] {
        assert!(holds(right, &event), "{right}");
    }
    for wrong in [
        "{user|cased: alice}",
        "{user|re: '^a'}",
        "{user: lic}",
        "{user: 'al\\?ce'}",
        "{user|re|endswith: li}",
    ] {
        assert!(!holds(wrong, &event), "{wrong}");
    }
}

#[test]
fn lists_are_alternatives_unless_all_is_said() {
    let event = call(SVCCTL, 12);
    assert!(holds("{opnum: [1, 12]}", &event));
    assert!(holds("{user|contains|all: [al, ce]}", &event));
    assert!(!holds("{user|contains|all: [al, bob]}", &event));
    assert!(holds("[{user: bob}, {opnum: 12}]", &event));
    assert!(!holds("[{user: bob}, {opnum: 12, user: bob}]", &event));
}

#[test]
fn absent_fields_are_null_and_do_not_exist() {
    let event = call(SVCCTL, 12);
    assert!(holds("{domain: null}", &event) && holds("{domain|exists: false}", &event));
    assert!(!holds("{user: null}", &event) && holds("{user|exists: true}", &event));
    assert!(!holds("{domain: ''}", &event) && !holds("{domain|contains: ''}", &event));
    assert!(holds("{domain|neq: CORP}", &event) && !holds("{user|neq: [bob, alice]}", &event));
}

#[test]
fn addresses_are_compared_as_addresses() {
    let event = call(SVCCTL, 12);
    assert!(holds("{client_ip: 10.0.0.5}", &event) && holds("{client_ip|cidr: 10.0.0.0/29}", &event));
    assert!(holds("{src_ip|cidr: ['192.168.0.0/16', '10.0.0.0/8']}", &event));
    assert!(!holds("{client_ip|cidr: 10.0.0.8/29}", &event) && holds("{client_ip: 10.0.0.*}", &event));
    assert!(
        !holds("{client_ip|fieldref: server_ip}", &event)
            && holds("{client_ip|fieldref|neq: server_ip}", &event)
    );
}

#[test]
fn statuses_are_named_with_or_without_their_prefix() {
    let event = faulted(SVCCTL, 12, 5);
    for right in [
        "{fault: access_denied}",
        "{fault: ERROR_ACCESS_DENIED}",
        "{fault: 5}",
        "{outcome: faulted}",
        "{fault: '0x5'}",
    ] {
        assert!(holds(right, &event), "{right}");
    }
    assert!(!holds("{fault: access_denied}", &call(SVCCTL, 12)));
    assert!(
        holds("{rtt_us|gte: 800}", &call(SVCCTL, 12)) && holds("{sealed: false, anonymous: false}", &event)
    );
}

#[test]
fn parts_of_times_are_numbers() {
    let event = call(SVCCTL, 12);
    assert!(holds("{time|hour: 23, time|day: 29, time|week|lt: 10, time|year|gte: 2024}", &event));
    assert!(!holds("{time|minute: 58}", &event) && holds("{time|month|neq: 3}", &event));
}

#[test]
fn keywords_are_looked_for_in_all_fields() {
    let event = call(SVCCTL, 12);
    assert!(holds("[nothing, btobt]", &event) && holds("btobto", &event) && !holds("[nothing]", &event));
    assert!(
        holds("{'|all': [alice, createservice]}", &event) && !holds("{'|all': [alice, nothing]}", &event)
    );
    assert!(holds("{'|re': 'BTO{1}B'}", &event) && !holds("{'|cased': [btobto]}", &event));
}

#[test]
fn encoded_values_are_found() {
    let mut event = call(SVCCTL, 12);
    let encoded = "cmd /c SQBFAFgAIABjAG0AZAA= –enc";
    if let rpcscope_model::EventBody::Call(call) = &mut event.body {
        let text = rpcscope_model::Text::whole(encoded);
        call.arguments
            .as_mut()
            .expect("arguments")
            .put("binary_path_name", rpcscope_model::Value::Text(text));
    }
    for right in [
        "{args.binary_path_name|utf16le|base64offset|contains: 'EX cmd'}",
        "{args.binary_path_name|wide|base64|contains: 'IEX cmd'}",
        "{args.binary_path_name|windash|contains: ' -enc'}",
        "{args.binary_path_name|contains|all|windash: [' /enc', 'cmd -c']}",
    ] {
        assert!(holds(right, &event), "{right}");
    }
    assert!(!holds("{args.binary_path_name|utf16be|base64offset|contains: 'IEX cmd'}", &event));
    assert!(!holds("{args.binary_path_name|contains: ' -enc'}", &event));
}

#[test]
fn conditions_bind_not_before_and_before_or() {
    let event = call(SVCCTL, 12);
    let selections =
        "    yes: {opnum: 12}\n    yes2: {user: alice}\n    no: {opnum: 1}\n    _aside: {opnum: 2}\n";
    for (condition, expected) in [
        ("yes or no and no", true),
        ("(yes or no) and no", false),
        ("not no and yes", true),
        ("not (no or yes)", false),
        ("not not yes", true),
        ("1 of them", true),
        ("all of them", false),
        ("all of yes*", true),
        ("any of n*", false),
        ("1 of *s", true),
        ("yes and not 1 of no*", true),
        ("1 of _*", false),
        ("YES2 or NO", false),
        ("[no, yes]", true),
        ("yes AND NOT no", true),
    ] {
        let (set, findings) = load(&rule(&format!("{selections}    condition: {condition}")));
        if condition == "YES2 or NO" {
            assert!(shown(&findings).contains("there is no selection `YES2`"), "names have their case");
            continue;
        }
        let errors: Vec<_> =
            findings.iter().filter(|finding| !finding.cause.contains("does not use")).collect();
        assert!(errors.is_empty(), "{condition}: {errors:?}");
        assert_eq!(matches(&set, &event) == [0], expected, "{condition}");
    }
}

#[test]
fn placeholders_come_from_the_settings() {
    let text = rule(
        "    s:\n        opnum: 12\n    expected:\n        client_ip|cidr|expand: '%servers%'\n        user|expand: '%prefix%ce'\n    condition: s and not expected",
    );
    let event = call(SVCCTL, 12);
    let mut placeholders = Placeholders::new();
    placeholders.set("prefix", ["x", "al*"]);
    placeholders.set("servers", ["192.168.0.0/16", "10.0.0.0/8"]);
    let (set, findings) = load_with(&text, placeholders.clone());
    assert!(findings.is_empty(), "{}", shown(&findings));
    assert_eq!(matches(&set, &event), []);
    placeholders.set("servers", [""; 0]);
    let (set, _) = load_with(&text, placeholders);
    assert_eq!(matches(&set, &event), [0], "an empty list allows nothing");
    let (set, findings) = load(&text);
    assert!(set.rules().is_empty() && shown(&findings).contains("nothing says what `%servers%` stands for"));
}

#[test]
fn a_rule_knows_whether_it_must_wait_for_the_outcome() {
    let (set, _) = load(&rule("    s: {opnum: 12}\n    condition: s"));
    assert_eq!(set.rules()[0].known, Known::Request);
    let (set, _) = load(&rule("    s: {opnum: 12}\n    f: {outcome: faulted}\n    condition: s and not f"));
    assert_eq!(set.rules()[0].known, Known::Outcome);
}

#[test]
fn rules_are_about_the_events_of_their_log_source() {
    let text = "title: A\nlogsource: {product: rpcscope, service: anomaly}\ndetection: {s: {anomaly: tcp_gap}, condition: s}\n---\n\
        title: B\nlogsource: {product: rpcscope}\ndetection: {s: {client_ip: 10.0.0.5}, condition: s}\n---\n\
        title: C\nlogsource: {product: rpcscope, service: identity}\ndetection: {s: {user: bob}, condition: s}\n";
    let (set, findings) = load(text);
    assert!(findings.is_empty(), "{}", shown(&findings));
    assert_eq!(matches(&set, &anomaly(AnomalyKind::TcpGap)), [0, 1]);
    assert_eq!(matches(&set, &anomaly(AnomalyKind::CallsEvicted)), [1]);
    assert_eq!(matches(&set, &identity("BOB")), [1, 2]);
    assert_eq!(matches(&set, &call(SVCCTL, 12)), [1]);
}

#[test]
fn filters_suppress_what_they_describe_in_either_spelling() {
    for condition in ["admins", "not admins"] {
        let text = format!(
            "title: R\nid: r-1\nlogsource: {{product: rpcscope, service: call}}\ndetection: {{s: {{opnum: 12}}, condition: s}}\n---\n\
            title: F\nlogsource: {{product: rpcscope, service: call}}\nfilter: {{rules: [r-1], admins: {{user|startswith: al}}, condition: {condition}}}\n"
        );
        let (set, findings) = load(&text);
        assert!(findings.is_empty(), "{}", shown(&findings));
        assert_eq!(matches(&set, &call(SVCCTL, 12)), [], "{condition}");
        let mut other = call(SVCCTL, 12);
        if let rpcscope_model::EventBody::Call(call) = &mut other.body {
            call.identity = None;
        }
        assert_eq!(matches(&set, &other), [0], "{condition}");
    }
}

#[test]
fn correlations_find_their_rules_and_fields() {
    let text = "title: Many then one\nid: c2\ncorrelation:\n    type: temporal_ordered\n    rules: [many_failed, worked]\n    group-by: [who, client_ip]\n    timespan: 10m\n    aliases:\n        who: {many_failed: user, worked: workstation}\nlevel: high\n---\n\
        title: Many\nname: many_failed\ncorrelation: {type: event_count, rules: [failed], group-by: [user], timespan: 90s, condition: {gt: 9, lte: 20}, generate: true}\n---\n\
        title: Failed\nname: failed\nlogsource: {product: rpcscope, service: call}\ndetection: {s: {outcome: faulted}, condition: s}\n---\n\
        title: Worked\nname: worked\nlogsource: {product: rpcscope, service: identity}\ndetection: {s: {auth_result: accepted}, condition: s}\n";
    let (set, findings) = load(text);
    assert!(findings.is_empty(), "{}", shown(&findings));
    let [many, ordered] = set.correlations() else { panic!("{:?}", set.correlations()) };
    assert_eq!(
        (many.kind, many.timespan_ns, many.criteria.len()),
        (CorrelationKind::EventCount, 90_000_000_000, 2)
    );
    assert_eq!((ordered.kind, &ordered.members), (CorrelationKind::TemporalOrdered, &vec![2, 1]));
    let who: Vec<String> =
        ordered.group_by[0].fields.iter().map(|(rule, field)| format!("{rule} {field}")).collect();
    assert_eq!(who, ["0 user", "1 workstation"]);
    assert_eq!([0, 1, 2, 3].map(|at| set.alerts(at)), [true, false, false, true]);
}

#[test]
fn a_trace_tells_what_was_wanted_seen_and_held() {
    let (set, _) = load(&rule(
        "    s: {interface: svcctl, opnum: [1, RStartServiceW]}\n    allowed: {domain: corp}\n    words: [btobto]\n    condition: s and words and not allowed",
    ));
    let event = call(SVCCTL, 12);
    let trace = set.rules()[0].expression.trace(&event);
    assert_eq!(trace.held, set.rules()[0].expression.holds(&event));
    assert_eq!(trace.nearness(), (2, 4));
    insta::assert_snapshot!(trace.to_string());
}

/// What a log source's rule with this selection says: findings, and whether it holds for an event.
fn foreign(source: &str, selection: &str, event: &rpcscope_model::Event) -> (String, bool) {
    let text = format!("title: T\nlogsource: {source}\ndetection: {{s: {selection}, condition: s}}\n");
    let (set, findings) = load(&text);
    (shown(&findings), matches(&set, event) == [0])
}

#[test]
fn binds_have_a_value_for_each_context() {
    let source = "{product: rpcscope, service: bind}";
    for (selection, expected) in [
        ("{interface: svcctl}", true),
        ("{interface|all: [svcctl, drsuapi]}", true),
        ("{interface: spoolss}", false),
        ("{context_result: [user_rejection, provider_rejection]}", true),
        ("{context_result: abstract_syntax_not_supported, bind_result: acknowledged}", true),
        ("{bind_kind: alter_context}", false),
        (
            "{auth_level: pkt_privacy, auth_type: NTLMSSP, transfer_syntax: 8a885d04-1ceb-11c9-9fe8-08002b104860}",
            true,
        ),
        ("{endpoint: 135, pipe: null, association_group: 0}", true),
    ] {
        assert_eq!(foreign(source, selection, &bind()), (String::new(), expected), "{selection}");
    }
}

#[test]
fn rpc_firewall_and_zeek_have_names_of_their_own() {
    let mut event = call(SVCCTL, 12);
    if let rpcscope_model::EventBody::Call(call) = &mut event.body {
        let auth_type = rpcscope_model::AuthType(10);
        let level = rpcscope_model::AuthLevel::PKT_INTEGRITY;
        call.security = Some(rpcscope_model::Security { auth_type, level, context_id: 0 });
    }
    let firewall = "{product: rpc_firewall, category: application}";
    let zeek = "{product: zeek, service: dce_rpc}";
    for (source, selection, expected) in [
        (
            firewall,
            "{Protocol: ncacn_np, ClientNetworkAddress: 10.0.0.5, ClientPort: 50123, ServerPort: '445'}",
            true,
        ),
        (firewall, "{AuthenticationLevel: PKT_INTEGRITY, AuthenticationService: WINNT, OpNum: 12}", true),
        (firewall, "{EventLog: Security}", false),
        (
            firewall,
            "{Endpoint|endswith: svcctl, InterfaceUuid: '367ABB81-9844-35F1-AD32-98F038001003'}",
            true,
        ),
        (
            zeek,
            "{endpoint: svcctl, operation: CreateServiceW, id.resp_p: 445, named_pipe|contains: svcctl}",
            true,
        ),
        (zeek, "{rtt|lt: 0.001, id.orig_h|cidr: 10.0.0.0/8}", true),
        (zeek, "{rtt|gt: 0.001}", false),
    ] {
        assert_eq!(foreign(source, selection, &event), (String::new(), expected), "{selection}");
    }
    let (said, held) = foreign(firewall, "{ImagePath|endswith: svchost.exe}", &event);
    assert!(said.contains("`ImagePath` cannot be seen on the network") && !held, "{said}");
    let (said, _) = foreign(zeek, "{opnum: 12}", &event);
    assert!(said.contains("unknown field `opnum`"), "names of one tool are not those of another: {said}");
}
