//! What the loader says to rules that are wrong. The snapshot is what their author reads.

use crate::support::{load, rule, shown};

fn said(text: &str) -> String {
    let (set, findings) = load(text);
    format!("{text}\n=> {} loaded\n{}", set.rules().len() + set.correlations().len(), shown(&findings))
}

fn all(texts: &[String]) -> String {
    texts.iter().map(|text| said(text)).collect::<Vec<_>>().join("\n")
}

#[test]
fn documents() {
    let head = "title: T\nlogsource: {product: rpcscope, service: call}\n";
    let said = all(&[
        "title: [\n".into(),
        "- a\n".into(),
        "title: T\n".into(),
        "titel: T\nlogsource: {product: rpcscope}\ndetection: {s: {user: a}, condition: s}\n".into(),
        format!("{head}detections: {{s: {{user: a}}, condition: s}}\n"),
        format!("{head}level: hihg\nstatus: tset\ndetection: {{s: {{user: a}}, condition: s}}\n"),
        format!("{head}rpcscope: {{sid: -1, capture: all, pcap: yes}}\ndetection: {{s: {{user: a}}, condition: s}}\n"),
        "title: T\nlogsource: {product: rpcscope, service: cal}\ndetection: {s: {user: a}, condition: s}\n".into(),
        "title: T\nlogsource: {product: windows, service: security}\ndetection: {s: {user: a}, condition: s}\n".into(),
        "title: T\nlogsource: {definition: x}\ndetection: {s: {user: a}, condition: s}\n".into(),
        format!("{head}id: x\ndetection: {{s: {{user: a}}, condition: s}}\n---\n{head}id: x\ndetection: {{s: {{user: b}}, condition: s}}\n"),
    ]);
    insta::assert_snapshot!(said);
}

#[test]
fn fields_and_values() {
    let selections = [
        "{opcode: 12}",
        "{bind_result: rejected}",
        "{user|contians: a}",
        "{'user|i': a}",
        "{user|contains|base64: a}",
        "{user|re: '(a'}",
        "{user|re: '(?=a)b'}",
        "{client_ip|cidr: 10.0.0.0/40}",
        "{client_ip|cidr: 10.0.0.1/8}",
        "{client_ip: 10.0.0.0/8}",
        "{client_ip: server}",
        "{client_port|gt: many}",
        "{user|exists: maybe}",
        "{user|exists: [true, false]}",
        "{user|expand: '%admins%'}",
        "{user|fieldref: usr}",
        "{user: {a: b}}",
        "{user: []}",
        "{user: [a, null]}",
        "{user|contains: null}",
        "{user|contains|all: a}",
        "{interface: svcctrl}",
        "{interface: RCreateServiceW, opnum: svcctl}",
        "{interface: svcctl, opnum: RCreateServicW}",
        "{interface: drsuapi, opnum: RCreateServiceW}",
        "{fault: acces_denied}",
        "{outcome: reply}",
        "{sealed: maybe}",
        "{object: x}",
        "{'|exists': true}",
        "{user|base64: 'a*'}",
        "[]",
        "",
    ];
    let said = all(&selections.map(|selection| rule(&format!("    s: {selection}\n    condition: s"))));
    insta::assert_snapshot!(said);
}

#[test]
fn conditions() {
    let conditions = [
        "selektion",
        "s and",
        "s and or s",
        "(s",
        "s)",
        "s s",
        "2 of s*",
        "1 of x*",
        "1 of",
        "s*",
        "''",
        "'not'",
        "s | count() > 5",
        "s | near x",
        "'    s and  (s or tt)'",
    ];
    let rules = conditions.map(|condition| {
        rule(&format!("    s: {{user: a}}\n    t: {{user: b}}\n    condition: {condition}"))
    });
    let said = all(&rules);
    insta::assert_snapshot!(said);
}

#[test]
fn correlations_and_filters() {
    let base = "title: B\nname: base\nlogsource: {product: rpcscope, service: call}\ndetection: {s: {user: a}, condition: s}\n---\n";
    let correlations = [
        "{}",
        "{type: event_cuont, rules: [base], timespan: 1h, condition: {gte: 2}}",
        "{type: event_count, rules: [bose], timespan: 1h, condition: {gte: 2}}",
        "{type: event_count, rules: [me], timespan: 1h, condition: {gte: 2}}",
        "{type: event_count, rules: [base], timespan: 1H, condition: {gte: 2}}",
        "{type: event_count, rules: [base], timespan: 1h}",
        "{type: event_count, rules: [base], timespan: 1h, condition: {gte: many, ge: 2}}",
        "{type: value_count, rules: [base], timespan: 1h, condition: {gte: 2}}",
        "{type: event_count, rules: [base], timespan: 1h, condition: {gte: 2, field: user}}",
        "{type: value_count, rules: [base], timespan: 1h, group-by: [clientip], condition: {gte: 2, field: usr}}",
        "{type: temporal, rules: [base], timespan: 1h, aliases: {who: {bass: user}}, group-by: [who]}",
        "{type: temporal, rules: [base, base], timespan: 1h, aliases: {who: {base: usr}}, generate: maybe, grupby: [a]}",
    ];
    let mut texts: Vec<String> =
        correlations.iter().map(|text| format!("{base}title: C\nname: me\ncorrelation: {text}\n")).collect();
    let filters = [
        "{s: {user: a}, condition: s}",
        "{rules: [base], s: {user: a}}",
        "{rules: [bose], s: {user: a}, condition: s}",
        "{rules: any, s: {usr: a}, condition: s}",
        "{rules: [base], s: {user: a}, condition: t}",
    ];
    texts.extend(filters.iter().map(|text| {
        format!("{base}title: F\nlogsource: {{product: rpcscope, service: call}}\nfilter: {text}\n")
    }));
    let said = all(&texts);
    insta::assert_snapshot!(said);
}
