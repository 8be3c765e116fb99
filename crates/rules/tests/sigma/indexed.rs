//! The index never hides a rule.

use crate::support::{SVCCTL, call, load, matches};
use proptest::prelude::*;

const INTERFACES: [&str; 4] = [
    SVCCTL,
    "e3514235-4b06-11d1-ab04-00c04fc2dcd2",
    "86d35949-83c9-4044-b424-db363231fd0c",
    "11111111-2222-3333-4444-555555555555",
];

fn selection() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..4usize).prop_map(|at| format!("{{interface: {}}}", INTERFACES[at])),
        (0..4usize, 0..4usize)
            .prop_map(|(a, b)| format!("{{interface: [{}, {}]}}", INTERFACES[a], INTERFACES[b])),
        prop::collection::vec(0..16u16, 1..4).prop_map(|opnums| format!("{{opnum: {opnums:?}}}")),
        (0..4usize, 0..16u16)
            .prop_map(|(at, opnum)| format!("{{interface: {}, opnum: {opnum}}}", INTERFACES[at])),
        Just("{interface: svcctl, opnum: [RCreateServiceW, 2]}".to_owned()),
        Just("{procedure: RCreateServiceW}".to_owned()),
        Just("{interface|contains: svc}".to_owned()),
        Just("{interface|neq: svcctl}".to_owned()),
        Just("[{opnum: 1}, {interface: svcctl}]".to_owned()),
        Just("{user: alice}".to_owned()),
        Just("{opnum|contains|all: ['1', '2']}".to_owned()),
        Just("[alice]".to_owned()),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![Just("a"), Just("b"), Just("c"), Just("1 of them"), Just("all of them")];
    leaf.prop_map(str::to_owned).prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} and {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} or {b})")),
            inner.prop_map(|a| format!("(not {a})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn what_holds_is_found(rules in prop::collection::vec((selection(), selection(), selection(), condition()), 1..8)) {
        let rules: Vec<String> = rules
            .into_iter()
            .map(|(a, b, c, condition)| {
                format!("title: T\nlogsource: {{product: rpcscope, service: call}}\ndetection:\n  a: {a}\n  b: {b}\n  c: {c}\n  condition: {condition}\n")
            })
            .collect();
        let (set, _) = load(&rules.join("---\n"));
        prop_assert_eq!(set.rules().len(), rules.len());
        for interface in INTERFACES {
            for opnum in 0..16 {
                let event = call(interface, opnum);
                let held = |at: &usize| set.rules()[*at].expression.holds(&event);
                let all: Vec<usize> = (0..rules.len()).filter(held).collect();
                prop_assert_eq!(matches(&set, &event), all);
                for rule in set.rules() {
                    prop_assert_eq!(rule.expression.trace(&event).held, rule.expression.holds(&event));
                }
            }
        }
    }

    #[test]
    fn no_text_makes_the_loader_fail(text in "[a-z1*:|{}\\[\\]'\" \n%&\\\\-]{0,200}", condition in "[sab1 of()|not*]{0,40}") {
        let _ = load(&text);
        let detection = format!("    s: {{user: a}}\n    condition: '{condition}'");
        let _ = load(&crate::support::rule(&detection));
    }
}
