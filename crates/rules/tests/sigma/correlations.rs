//! Correlations over streams of events.

use crate::support::{SVCCTL, call};
use rpcscope_model::{Address, Event, FrameNumber, Timestamp};
use rpcscope_rules::{Correlator, Loader, Placeholders, RuleSet, Told, Watch};
use std::sync::Arc;

const RULES: &str = r"
title: A service is created
name: created
logsource: {product: rpcscope, service: call}
detection: {s: {interface: svcctl, opnum: RCreateServiceW}, condition: s}
---
title: A service is started
name: started
logsource: {product: rpcscope, service: call}
detection: {s: {interface: svcctl, opnum: RStartServiceW}, condition: s}
";

fn load(correlation: &str) -> Arc<RuleSet> {
    let mut loader = Loader::new(Placeholders::new());
    loader.add("rules.yml", &format!("{RULES}---\n{correlation}"));
    let (set, findings) = loader.finish();
    assert!(findings.is_empty(), "{findings:?}");
    Arc::new(set)
}

/// A call at a time in seconds.
fn at(seconds: i64, opnum: u16, client: u8) -> Event {
    let mut event = call(SVCCTL, opnum);
    event.header.time = Timestamp(seconds * 1_000_000_000);
    event.header.frame = FrameNumber(seconds.unsigned_abs() + 1);
    event.header.client.address = Address::v4([10, 0, 0, client]);
    event
}

/// What a rule set says of a stream: time in seconds, title, count.
fn alerts(set: &Arc<RuleSet>, events: &[Event]) -> Vec<(i64, String, u64)> {
    let mut watch = Watch::new(Arc::clone(set));
    let mut correlator = Correlator::new(Arc::clone(set));
    let mut alerts: Vec<Told> = Vec::new();
    for event in events {
        let event = Arc::new(event.clone());
        let mut hits = Vec::new();
        watch.event(&event, &mut hits);
        for hit in hits {
            alerts.extend(set.alert(hit, &event).map(|alert| Told { position: hit, alert }));
            correlator.hit(hit, &event, &mut alerts);
        }
    }
    correlator.finish(&mut alerts);
    let told = |Told { alert, .. }: &Told| {
        let count = alert.correlated.as_ref().map_or(0, |correlated| correlated.count);
        (alert.event.header.time.seconds(), alert.rule.title.clone(), count)
    };
    alerts.iter().map(told).collect()
}

fn created(times: &[(i64, u8)]) -> Vec<Event> {
    times.iter().map(|(seconds, client)| at(*seconds, 12, *client)).collect()
}

#[test]
fn events_are_counted_within_the_span_and_for_each_group() {
    let set = load(
        "title: Many\ncorrelation: {type: event_count, rules: [created], group-by: [client_ip], timespan: 10s, condition: {gte: 3}}",
    );
    let many = |seconds, count| (seconds, "Many".to_owned(), count);
    assert_eq!(alerts(&set, &created(&[(0, 1), (5, 1), (10, 1)])), [many(10, 3)]);
    assert_eq!(alerts(&set, &created(&[(0, 1), (5, 1), (11, 1)])), []);
    assert_eq!(alerts(&set, &created(&[(0, 1), (1, 2), (2, 1), (3, 2)])), []);
    assert_eq!(
        alerts(&set, &created(&[(0, 1), (1, 2), (2, 1), (3, 2), (4, 2), (5, 1)])),
        [many(4, 3), many(5, 3)]
    );
}

#[test]
fn a_group_that_alerted_is_quiet_for_a_span() {
    let set = load(
        "title: Many\ncorrelation: {type: event_count, rules: [created], group-by: [client_ip], timespan: 10s, condition: {gte: 2}}",
    );
    let times: Vec<(i64, u8)> = (0..30).map(|seconds| (seconds, 1)).collect();
    let seconds: Vec<i64> = alerts(&set, &created(&times)).iter().map(|(seconds, ..)| *seconds).collect();
    assert_eq!(seconds, [1, 12, 23]);
}

#[test]
fn different_values_are_counted_once_each() {
    let set = load(
        "title: Wide\ncorrelation: {type: value_count, rules: [created], timespan: 1m, condition: {field: client_ip, gte: 3}}",
    );
    assert_eq!(alerts(&set, &created(&[(0, 1), (1, 1), (2, 2), (3, 2)])), []);
    assert_eq!(alerts(&set, &created(&[(0, 1), (1, 1), (2, 2), (3, 3)])), [(3, "Wide".to_owned(), 3)]);
}

#[test]
fn a_range_is_judged_when_its_window_is_over() {
    let set = load(
        "title: Few\ncorrelation: {type: event_count, rules: [created], group-by: [client_ip], timespan: 10s, condition: {gte: 2, lte: 3}}",
    );
    let few = |seconds, count| (seconds, "Few".to_owned(), count);
    assert_eq!(alerts(&set, &created(&[(0, 1), (1, 1), (2, 1), (3, 1)])), []);
    assert_eq!(alerts(&set, &created(&[(0, 1), (1, 1), (30, 2)])), [few(1, 2)]);
    assert_eq!(alerts(&set, &created(&[(0, 1), (1, 1), (11, 1), (12, 1), (13, 1)])), [few(1, 2), few(13, 3)]);
}

#[test]
fn all_members_within_a_span_hold_in_any_order_or_in_theirs() {
    let rule = |kind: &str| {
        load(&format!(
            "title: Both\ncorrelation: {{type: {kind}, rules: [created, started], group-by: [client_ip, server_ip], timespan: 10s}}"
        ))
    };
    let (any, ordered) = (rule("temporal"), rule("temporal_ordered"));
    let both = |seconds| vec![(seconds, "Both".to_owned(), 2)];
    let in_order = [at(0, 12, 1), at(9, 19, 1)];
    let turned = [at(0, 19, 1), at(9, 12, 1)];
    let late = [at(0, 12, 1), at(11, 19, 1)];
    let of_others = [at(0, 12, 1), at(9, 19, 2)];
    assert_eq!((alerts(&any, &in_order), alerts(&ordered, &in_order)), (both(9), both(9)));
    assert_eq!((alerts(&any, &turned), alerts(&ordered, &turned)), (both(9), vec![]));
    assert_eq!((alerts(&any, &late), alerts(&ordered, &late)), (vec![], vec![]));
    assert_eq!((alerts(&any, &of_others), alerts(&ordered, &of_others)), (vec![], vec![]));
}

#[test]
fn members_are_told_on_their_own_when_the_correlation_wants_that() {
    let rule = |generate| {
        load(&format!(
            "title: Many\ncorrelation: {{type: event_count, rules: [created], timespan: 10s, condition: {{gte: 2}}, generate: {generate}}}"
        ))
    };
    let events = created(&[(0, 1), (1, 1)]);
    let titles =
        |set| -> Vec<String> { alerts(&set, &events).into_iter().map(|(_, title, _)| title).collect() };
    assert_eq!(titles(rule(false)), ["Many"]);
    assert_eq!(titles(rule(true)), ["A service is created", "A service is created", "Many"]);
}

#[test]
fn a_correlation_of_correlations_holds_when_its_members_do() {
    let set = load(
        "title: Many\nname: many\ncorrelation: {type: event_count, rules: [created], group-by: [client_ip], timespan: 10s, condition: {gte: 2}}\n---\ntitle: Then started\ncorrelation: {type: temporal_ordered, rules: [many, started], group-by: [client_ip], timespan: 1m}",
    );
    let events = [at(0, 12, 1), at(1, 12, 1), at(20, 19, 1)];
    assert_eq!(alerts(&set, &events), [(20, "Then started".to_owned(), 2)]);
    assert_eq!(alerts(&set, &[at(0, 12, 1), at(20, 19, 1)]), []);
}

#[test]
fn numbers_are_summed() {
    let set = load(
        "title: Much\ncorrelation: {type: value_sum, rules: [created], timespan: 10s, condition: {field: request_bytes, gt: 250}}",
    );
    assert_eq!(alerts(&set, &created(&[(0, 1), (1, 1), (2, 1)])), [(2, "Much".to_owned(), 3)]);
    assert_eq!(alerts(&set, &created(&[(0, 1), (6, 1), (12, 1)])), []);
}

#[test]
fn what_was_counted_stays_when_rules_are_loaded_again() {
    const MANY: &str = "title: Many\ncorrelation: {type: event_count, rules: [created], group-by: [client_ip], timespan: 10s, condition: {gte: 3}}";
    /// What the last of three events leads to, when other rules are loaded before it.
    fn after_reload(before: &str, after: &str) -> usize {
        let mut rules = load(before);
        let mut correlator = Correlator::new(Arc::clone(&rules));
        let mut watch = Watch::new(Arc::clone(&rules));
        let mut alerts: Vec<Told> = Vec::new();
        for (seconds, event) in (0..).zip(created(&[(0, 1), (1, 1), (2, 1)])) {
            if seconds == 2 {
                rules = load(after);
                watch.reload(Arc::clone(&rules));
                let moved = correlator.reload(Arc::clone(&rules));
                assert_eq!((moved.get(0), moved.get(9)), (Some(0), None));
            }
            let mut hits = Vec::new();
            watch.event(&event, &mut hits);
            hits.into_iter().for_each(|hit| correlator.hit(hit, &Arc::new(event.clone()), &mut alerts));
        }
        alerts.iter().filter(|told| told.alert.rule.title == "Many").count()
    }
    assert_eq!(after_reload(MANY, MANY), 1);
    let other =
        "title: Other\ncorrelation: {type: event_count, rules: [started], timespan: 1s, condition: {gte: 9}}";
    assert_eq!(after_reload(MANY, &format!("{other}\n---\n{MANY}")), 1, "it stands elsewhere");
    assert_eq!(after_reload(MANY, &MANY.replace("10s", "11s")), 0, "it counts something else");
    assert_eq!(after_reload(other, MANY), 0, "it is new");
}
