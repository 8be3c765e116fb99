//! Generated loads: what was planted is found, all of it when nothing was lost, and never more.

use rpcscope_engine::{Checksums, Engine};
use rpcscope_model::{Anomaly, Call, Event, EventBody, Learned};
use rpcscope_testkit::load::{Generator, Ledger, Load, Planted, Profile};
use std::collections::BTreeMap;
use uuid::Uuid;

const MIXED: Load = Load::new(Profile::Mixed, 40_000_000, 3);
const RPC: Load = Load::new(Profile::Rpc, 12_000_000, 3);

/// What the engine finds in a load, the anomalies that it tells, and the truth.
fn find(load: Load) -> (Planted, BTreeMap<String, u64>, Ledger) {
    let mut generator = Generator::new(load);
    // Checksums that are wrong would cost their frames.
    let mut engine = Engine::new(Checksums::Verified);
    let (mut found, mut anomalies) = (Planted::default(), BTreeMap::new());
    let mut note = |event: Event| match event.body {
        EventBody::Call(call) => *found.calls.entry(interface(&call)).or_default() += 1,
        EventBody::Bind(_) => found.binds += 1,
        EventBody::Anomaly(anomaly) => *anomalies.entry(format!("{:?}", anomaly.kind)).or_default() += 1,
        _ => {}
    };
    while let Some(frame) = generator.next_frame() {
        engine.push(&frame, &mut note);
    }
    engine.finish(&mut note);
    let ledger = generator.ledger().clone();
    (found, anomalies, ledger)
}

/// The interface of a call, if a bind or its header tells.
fn interface(call: &Call) -> Option<Uuid> {
    let seen = matches!(call.learned, Learned::Bind | Learned::AlterContext | Learned::Header);
    call.interface.filter(|_| seen).map(|interface| interface.syntax.uuid)
}

#[test]
fn every_planted_call_and_bind_is_found() {
    for load in [MIXED, RPC, Load { ipv6_percent: 100, vlan_percent: 100, seed: 4, ..RPC }] {
        let (found, anomalies, ledger) = find(load);
        assert!(ledger.planted.all_calls() > 500, "{ledger}");
        assert_eq!(found, ledger.planted, "{:?}: {anomalies:?}", load.profile);
    }
}

#[test]
fn duplicates_and_disorder_change_nothing() {
    let disturbed = Load { duplicated_per_mille: 20, reordered_per_mille: 200, ..RPC };
    let (found, anomalies, ledger) = find(disturbed);
    assert!(ledger.reordered > 100 && ledger.duplicated > 100, "{ledger}");
    assert_eq!(found, ledger.planted, "{anomalies:?}");
}

#[test]
fn loss_never_adds_a_call() {
    for lost_per_mille in [1, 10, 50, 200] {
        let (found, _, ledger) = find(Load { lost_per_mille, ..RPC });
        let (of, planted) = (found.all_calls(), ledger.planted.all_calls());
        assert!(of <= planted, "{lost_per_mille}: {of} of {planted}");
        for (interface, calls) in found.calls.iter().filter(|(interface, _)| interface.is_some()) {
            let planted = ledger.planted.calls.get(interface).copied().unwrap_or(0);
            assert!(*calls <= planted, "{lost_per_mille}: {interface:?}: {calls} of {planted}");
        }
        // One frame lost costs a few calls at most.
        assert!(of + 10 * ledger.lost >= planted, "{lost_per_mille}: {of} of {planted}, {ledger}");
    }
}

#[test]
fn what_is_left_open_is_found_too() {
    for profile in [Profile::OpenCalls, Profile::OpenPipes, Profile::ManyFlows] {
        let (found, anomalies, ledger) = find(Load { flows: 300, ..Load::new(profile, 3_000_000, 1) });
        assert_eq!(found, ledger.planted, "{profile:?}: {anomalies:?}");
        assert_eq!(ledger.flows, 300);
    }
}
