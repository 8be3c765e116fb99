//! The rules of KPN: as published, mended, and what they say to the events that their authors describe.

use crate::messages::*;
use crate::support::shown;
use rpcscope_model::{AuthLevel, AuthType, Event, EventBody, Security};
use rpcscope_rules::{Capture, Severity, fix};

const PUBLISHED: &str = include_str!("../../../../docs/rules/wmi-as-published.rules");
const MENDED: &str = include_str!("../../../../rules/kpn/wmi.rules");

const LEVEL1_LOGIN: &str = "f309ad18-d86a-11d0-a075-00c04fb68820";
const ENUM_OBJECT: &str = "027947e1-d731-11ce-a357-000000000001";
const SERVICES: &str = "9556dc99-828c-11cf-a37e-00aa003240c7";
const DENIED: u32 = 5;

/// An activation of the class of WMI.
fn activation(order: Order) -> Event {
    call(ACTIVATOR, 4, &[&[1, 2, 3][..], &WMI_CLASS].concat(), b"", order)
}

/// A call of WMI itself, on the port of its object exporter.
fn wmi(interface: &str) -> Event {
    let mut event = call(interface, 6, b"", b"", Order::Little);
    event.header.server.port = 49_700;
    event
}

fn published(events: &[Event]) -> Vec<u32> {
    alerts(load(PUBLISHED).0, events)
}

fn mended(events: &[Event]) -> Vec<u32> {
    alerts(sound(MENDED), events)
}

#[test]
fn each_deviation_is_told_with_its_place_and_what_was_assumed() {
    let (set, findings) = load(PUBLISHED);
    insta::assert_snapshot!(shown(&findings));
    assert_eq!(set.rules().len(), 6);
    let errors: Vec<u64> = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| finding.place.line)
        .collect();
    let last = PUBLISHED.lines().count() as u64;
    assert_eq!(errors, [last, last]);
}

#[test]
fn mending_the_published_rules_makes_the_mended_ones() {
    let fixed = fix(PUBLISHED);
    let body =
        |text: &str| text.lines().skip_while(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(body(&fixed.text), body(MENDED));
    assert_eq!(sound(MENDED).rules().len(), 7);
    let again = fix(&fixed.text);
    assert!(again.changed.is_empty() && again.text == fixed.text);
}

#[test]
fn requests_of_wmi_interfaces_alert_on_whatever_port_they_are() {
    for (interface, sid) in [(LEVEL1_LOGIN, 4_103_022), (ENUM_OBJECT, 4_103_020), (SERVICES, 4_103_023)] {
        assert_eq!(published(&[wmi(interface)]), [sid]);
        assert_eq!(mended(&[announced(&wmi(interface))]), [sid]);
        assert_eq!(mended(&[between(wmi(interface), [10, 9, 0, 1], [10, 0, 0, 9])]), [0; 0]);
        assert_eq!(mended(&[between(wmi(interface), [10, 0, 0, 5], [10, 7, 0, 9])]), [0; 0]);
    }
    let set = sound(MENDED);
    let keeps = set.rules().iter().find(|rule| rule.signature.sid == 4_103_022).expect("it is there");
    assert_eq!(keeps.meta.capture, Some(Capture::Session));
}

#[test]
fn an_activation_of_wmi_and_its_refusal_alert() {
    for order in [Order::Little, Order::Big] {
        assert_eq!(published(&[activation(order)]), [4_103_001]);
        let refused = faulted(activation(order), DENIED, order);
        assert_eq!(published(&[announced(&refused), settled(refused.clone())]), [4_103_001, 4_103_009]);
        assert_eq!(mended(&[refused]), [4_103_001, 4_103_004, 4_103_009]);
    }
}

#[test]
fn a_refusal_of_another_call_is_not_one_of_wmi() {
    let asked = numbered(activation(Order::Little), 7, 2);
    let other = call(ACTIVATOR, 4, b"another class", b"", Order::Little);
    let other = numbered(faulted(other, DENIED, Order::Little), 8, 3);
    let events = [announced(&asked), announced(&other), settled(other), settled(asked)];
    assert_eq!(published(&events), [4_103_001, 4_103_005]);
}

#[test]
fn other_faults_are_no_refusals() {
    let fault = |status| faulted(activation(Order::Little), status, Order::Little);
    assert_eq!(published(&[fault(0x1c01_0002)]), [4_103_001]);
    assert_eq!(published(&[fault(0x0500_0000)]), [4_103_001]);
}

#[test]
fn a_sealed_activation_is_one_of_some_class() {
    let mut event = call(ACTIVATOR, 4, &[0xaa; 64], b"", Order::Little);
    if let EventBody::Call(call) = &mut event.body {
        call.sealed = true;
        call.security =
            Some(Security { auth_type: AuthType(10), level: AuthLevel::PKT_PRIVACY, context_id: 0 });
    }
    assert_eq!(mended(&[event]), [4_103_004]);
}
