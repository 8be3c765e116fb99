//! The examples of the Sigma specification, on events of the systems that they are about.

use rpcscope_rules::{
    CorrelationKind, Field, FieldValue, FieldValues, Fields, Loader, Placeholders, RuleSet,
};

/// An event of another system: names and texts.
struct Foreign(&'static [(&'static str, &'static str)]);

impl Fields for Foreign {
    fn values(&self, field: &Field) -> FieldValues<'_> {
        let name = field.to_string();
        let values = self.0.iter().filter(|(known, _)| *known == name);
        values.map(|(_, value)| FieldValue::text(*value)).collect()
    }

    fn any(&self, visit: &mut dyn FnMut(&FieldValue<'_>) -> bool) -> bool {
        self.0.iter().any(|(_, value)| visit(&FieldValue::text(*value)))
    }
}

fn load(text: &str) -> RuleSet {
    let mut loader = Loader::new(Placeholders::new()).with_foreign_rules();
    loader.add("example.yml", text);
    let (set, findings) = loader.finish();
    assert!(findings.is_empty(), "{findings:?}");
    set
}

fn holds(detection: &str, event: &Foreign) -> bool {
    let set = load(&format!("title: T\nlogsource: {{product: windows}}\ndetection:\n{detection}"));
    set.rules()[0].expression.holds(event)
}

#[test]
fn a_whole_rule_is_about_the_whole_value_in_any_case() {
    let text = r"title: Whoami Execution
description: Detects a whoami.exe execution
references:
      - https://speakerdeck.com/heirhabarov/hunting-for-privilege-escalation-in-windows-environment
author: Florian Roth
date: 2019-10-23
logsource:
    category: process_creation
    product: windows
detection:
    selection:
        Image: 'C:\Windows\System32\whoami.exe'
    condition: selection
level: high
";
    let set = load(text);
    let rule = &set.rules()[0].expression;
    assert!(rule.holds(&Foreign(&[("Image", r"c:\windows\system32\WHOAMI.EXE")])));
    assert!(!rule.holds(&Foreign(&[("Image", r"c:\windows\system32\whoami.exe.bak")])));
}

#[test]
fn a_list_of_maps_is_one_of_them() {
    let detection = r"    selection:
        - Image|endswith: '\\example.exe'
        - Description|contains: 'Test executable'
    condition: selection
";
    assert!(holds(detection, &Foreign(&[("Image", r"C:\example.exe")])));
    assert!(holds(detection, &Foreign(&[("Image", "x"), ("Description", "a test EXECUTABLE")])));
    assert!(!holds(detection, &Foreign(&[("Image", "C:/example.exe")])));
}

#[test]
fn a_map_is_all_of_its_fields_and_a_list_one_of_its_values() {
    let detection = "    selection:\n        EventLog: Security\n        EventID:\n            - 517\n            - 1102\n    condition: selection\n";
    assert!(holds(detection, &Foreign(&[("EventLog", "security"), ("EventID", "1102")])));
    assert!(!holds(detection, &Foreign(&[("EventLog", "security"), ("EventID", "1103")])));
    assert!(!holds(detection, &Foreign(&[("EventID", "1102")])));
    let ticket =
        "    selection:\n        EventID: 4769\n        TicketEncryption: '0x17'\n    condition: selection\n";
    assert!(holds(ticket, &Foreign(&[("EventID", "4769"), ("TicketEncryption", "0x17")])));
}

#[test]
fn empty_and_null_are_two_things() {
    let detection = "    selection_main:\n        FieldA: 'something'\n    selection_empty1:\n        FieldB: ''\n    selection_empty2:\n        FieldB: null\n    condition: selection_main and 1 of selection_empty*\n";
    assert!(holds(detection, &Foreign(&[("FieldA", "something")])));
    assert!(holds(detection, &Foreign(&[("FieldA", "something"), ("FieldB", "")])));
    assert!(!holds(detection, &Foreign(&[("FieldA", "something"), ("FieldB", "x")])));
    let exists = "    selection:\n        EventID: 4738\n        PasswordLastSet|exists: true\n    condition: selection\n";
    assert!(holds(exists, &Foreign(&[("EventID", "4738"), ("PasswordLastSet", "")])));
    assert!(!holds(exists, &Foreign(&[("EventID", "4738")])));
}

#[test]
fn keywords_are_one_of_them_or_all() {
    let one = "    mimikatz_keywords:\n        - 'event::clear'\n        - 'event::drop'\n    condition: mimikatz_keywords\n";
    assert!(holds(one, &Foreign(&[("Message", "mimikatz # EVENT::drop")])));
    assert!(!holds(one, &Foreign(&[("Message", "event: :drop")])));
    let all = "    keywords_cmdlet:\n        '|all':\n            - 'OabVirtualDirectory'\n            - ' -ExternalUrl '\n    condition: keywords_cmdlet\n";
    assert!(holds(all, &Foreign(&[("Message", "Set-OabVirtualDirectory -ExternalUrl http://x")])));
    assert!(!holds(all, &Foreign(&[("Message", "Set-OabVirtualDirectory")])));
}

#[test]
fn wildcards_are_one_character_or_any() {
    for (pattern, text, expected) in [
        ("prog?.exe", "progA.exe", true),
        ("prog?.exe", "prog.exe", false),
        ("antivirus_V*.exe", "antivirus_V21.2.1.exe", true),
        (r"\\*\\IPC$", r"\dc1\IPC$", true),
        (r"what\?", "what?", true),
        (r"what\?", "whats", false),
    ] {
        let detection = format!("    s:\n        Image: '{pattern}'\n    condition: s\n");
        let event = Foreign(Box::leak(Box::new([("Image", text)])));
        assert_eq!(holds(&detection, &event), expected, "{pattern} {text}");
    }
}

#[test]
fn a_chain_of_correlations_is_read_whatever_the_order_of_its_documents() {
    let text = "title: Correlation - Multiple Failed Logins Followed by Successful Login
id: b180ead8-d58f-40b2-ae54-c8940995b9b6
status: experimental
correlation:
    type: temporal_ordered
    rules:
        - multiple_failed_login
        - successful_login
    group-by:
        - User
    timespan: 10m
falsepositives:
    - Unlikely
level: high
---
title: Multiple failed logons
id: a8418a5a-5fc4-46b5-b23b-6c73beb19d41
name: multiple_failed_login
correlation:
    type: event_count
    rules:
        - failed_login
    group-by:
        - User
    timespan: 10m
    condition:
        gte: 10
---
title: Single failed login
id: 53ba33fd-3a50-4468-a5ef-c583635cfa92
name: failed_login
logsource:
    product: windows
    service: security
detection:
    selection:
        EventID:
            - 529
            - 4625
    condition: selection
---
title: Successful login
id: 4d0a2c83-c62c-4ed4-b475-c7e23a9269b8
name: successful_login
logsource:
    product: windows
    service: security
detection:
    selection:
        EventID:
            - 528
            - 4624
    condition: selection
";
    let set = load(text);
    let kinds: Vec<CorrelationKind> = set.correlations().iter().map(|correlation| correlation.kind).collect();
    assert_eq!(kinds, [CorrelationKind::EventCount, CorrelationKind::TemporalOrdered]);
    assert_eq!(set.correlations()[1].members, [2, 1]);
    assert_eq!((0..4).map(|at| set.alerts(at)).collect::<Vec<_>>(), [false, false, false, true]);
}

#[test]
fn every_type_of_correlation_is_read() {
    let base = "title: B\nname: base\nlogsource: {product: windows}\ndetection: {s: {a: 1}, condition: s}\n---\ntitle: B2\nname: base2\nlogsource: {product: windows}\ndetection: {s: {a: 2}, condition: s}\n---\n";
    for kind in CorrelationKind::ALL {
        let field = if kind.name().starts_with("value") { "field: bytes, " } else { "" };
        let text = format!(
            "{base}title: C\ncorrelation:\n    type: {}\n    rules: [base, base2]\n    group-by: [host]\n    timespan: 1d\n    condition: {{{field}gte: 2.5}}\n",
            kind.name()
        );
        let set = load(&text);
        assert_eq!(set.correlations()[0].kind, *kind);
        assert_eq!(set.correlations()[0].timespan_ns, 86_400_000_000_000);
    }
}

#[test]
fn the_filter_of_the_specification_suppresses_administrators() {
    let text = "title: R\nid: 6f3e2987-db24-4c78-a860-b4f4095a7095\nlogsource: {category: process_creation, product: windows}\ndetection: {s: {Image: rar.exe}, condition: s}\n---\n\
title: Filter Administrator account\ndescription: The valid administrator account start with adm_\nlogsource:\n    category: process_creation\n    product: windows\nfilter:\n    rules:\n        - 6f3e2987-db24-4c78-a860-b4f4095a7095 # Data Compressed - rar.exe\n    selection:\n        User|startswith: 'adm_'\n    condition: selection\n";
    let set = load(text);
    assert!(set.rules()[0].expression.holds(&Foreign(&[("Image", "rar.exe"), ("User", "eve")])));
    assert!(!set.rules()[0].expression.holds(&Foreign(&[("Image", "rar.exe"), ("User", "adm_bob")])));
}
