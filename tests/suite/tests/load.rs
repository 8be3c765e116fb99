//! Generated loads: what was planted is found, all of it when nothing was lost, and never more.

use rpcscope_engine::{Checksums, Engine};
use rpcscope_model::{Call, Event, EventBody, Learned};
use rpcscope_testkit::load::{Generator, Ledger, Load, Planted, Profile};
use std::collections::BTreeMap;
use uuid::Uuid;

const MIXED: Load = Load::new(Profile::Mixed, 40_000_000, 3);
const RPC: Load = Load::new(Profile::Rpc, 12_000_000, 3);

/// What the engine finds in a load.
#[derive(Default)]
struct Found {
    all: Planted,
    /// Calls whose requests were seen.
    asked: u64,
    anomalies: BTreeMap<&'static str, u64>,
}

/// What is found in a load, and the truth.
fn find(load: Load) -> (Found, Ledger) {
    let mut generator = Generator::new(load);
    // Checksums that are wrong would cost their frames.
    let mut engine = Engine::new(Checksums::Verified);
    let mut found = Found::default();
    let mut note = |event: Event| match event.body {
        EventBody::Call(call) => {
            *found.all.calls.entry(interface(&call)).or_default() += 1;
            found.asked += u64::from(call.opnum.is_some());
        }
        EventBody::Bind(_) => found.all.binds += 1,
        EventBody::Anomaly(anomaly) => *found.anomalies.entry(anomaly.kind.name()).or_default() += 1,
        _ => {}
    };
    while let Some(frame) = generator.next_frame() {
        engine.push(&frame, &mut note);
    }
    engine.finish(&mut note);
    (found, generator.ledger().clone())
}

/// The interface of a call, if a bind or its header tells.
fn interface(call: &Call) -> Option<Uuid> {
    let seen = matches!(call.learned, Learned::Bind | Learned::AlterContext | Learned::Header);
    call.interface.filter(|_| seen).map(|interface| interface.syntax.uuid)
}

#[test]
fn every_planted_call_and_bind_is_found() {
    for load in [MIXED, RPC, Load { ipv6_percent: 100, vlan_percent: 100, seed: 4, ..RPC }] {
        let (found, ledger) = find(load);
        assert!(ledger.planted.all_calls() > 500, "{ledger}");
        assert_eq!(found.all, ledger.planted, "{:?}: {:?}", load.profile, found.anomalies);
        assert_eq!(found.asked, ledger.planted.all_calls());
    }
}

#[test]
fn duplicates_and_disorder_change_nothing() {
    let disturbed = Load { duplicated_per_mille: 20, reordered_per_mille: 200, ..RPC };
    let (found, ledger) = find(disturbed);
    assert!(ledger.reordered > 100 && ledger.duplicated > 100, "{ledger}");
    assert_eq!(found.all, ledger.planted, "{:?}", found.anomalies);
}

#[test]
fn loss_never_adds_a_call() {
    for lost_per_mille in [1, 10, 50, 200] {
        let (found, ledger) = find(Load { lost_per_mille, ..RPC });
        let planted = ledger.planted.all_calls();
        // A call may be told a second time by its answer alone, when both came over different connections.
        assert!(found.asked <= planted, "{lost_per_mille}: {} of {planted}", found.asked);
        for (interface, calls) in found.all.calls.iter().filter(|(interface, _)| interface.is_some()) {
            let planted = ledger.planted.calls.get(interface).copied().unwrap_or(0);
            assert!(*calls <= planted, "{lost_per_mille}: {interface:?}: {calls} of {planted}");
        }
        // One frame lost costs a few calls at most.
        assert!(found.asked + 5 * ledger.lost >= planted, "{lost_per_mille}: {} of {planted}", found.asked);
    }
}

#[test]
fn what_is_left_open_is_found_too() {
    for profile in [Profile::OpenCalls, Profile::OpenPipes, Profile::ManyFlows] {
        let (found, ledger) = find(Load { flows: 300, ..Load::new(profile, 3_000_000, 1) });
        assert_eq!(found.all, ledger.planted, "{profile:?}: {:?}", found.anomalies);
        assert_eq!(ledger.flows, 300);
    }
}
