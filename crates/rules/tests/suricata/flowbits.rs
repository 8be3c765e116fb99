//! Bits that rules remember of a flow.

use crate::messages::*;
use crate::support::SVCCTL;
use rpcscope_model::Event;
use rpcscope_rules::Watch;
use std::sync::Arc;

const HEAD: &str = "alert tcp any any -> any any";

fn step(opnum: u16, call_id: u32) -> Event {
    numbered(call(SVCCTL, opnum, b"", b"", Order::Little), u64::from(call_id), call_id)
}

#[test]
fn later_requests_of_the_flow_see_what_earlier_ones_set() {
    let text = format!(
        "{HEAD} (flow:to_server; dce_opnum:12; flowbits:isset,opened; sid:2;)\n\
         {HEAD} (flow:to_server; dce_opnum:15; flowbits:set,opened; noalert; sid:1;)"
    );
    assert_eq!(alerts(sound(&text), &[step(12, 1), step(15, 2), step(12, 3)]), [2]);
    let mut elsewhere = step(12, 3);
    elsewhere.header.flow_id = 9;
    assert_eq!(alerts(sound(&text), &[step(15, 2), elsewhere]), [0; 0]);
}

#[test]
fn bits_of_the_same_message_are_set_before_they_are_asked_for() {
    let text = format!(
        "{HEAD} (flow:to_server; flowbits:isset,a; dce_opnum:12; sid:2;)\n\
         {HEAD} (flow:to_server; flowbits:set,a; dce_opnum:12; sid:1;)"
    );
    assert_eq!(alerts(sound(&text), &[step(12, 1)]), [1, 2]);
}

#[test]
fn an_answer_sees_the_bits_of_its_own_request_only() {
    let text = format!(
        "{HEAD} (flow:to_server; dce_opnum:12; flowbits:set,asked; sid:1;)\n\
         {HEAD} (flow:to_client; flowbits:isset,asked; dce_opnum:>0; sid:2;)\n\
         {HEAD} (flow:to_client; flowbits:isnotset,asked; dce_opnum:>0; sid:3;)"
    );
    let (one, other) = (step(12, 1), step(15, 2));
    let events = [announced(&one), announced(&other), settled(other), settled(one.clone())];
    assert_eq!(alerts(sound(&text), &events), [1, 3, 2]);
    assert_eq!(alerts(sound(&text), &[one, step(15, 2)]), [1, 2, 3]);
}

#[test]
fn an_answer_sees_what_another_answer_set() {
    let text = format!(
        "{HEAD} (flow:to_client; dce_opnum:12; flowbits:set,answered; sid:1;)\n\
         {HEAD} (flow:to_client; flowbits:isset,answered; dce_opnum:15; sid:2;)"
    );
    assert_eq!(alerts(sound(&text), &[step(12, 1), step(15, 2)]), [1, 2]);
}

#[test]
fn bits_are_unset_and_toggled() {
    let text = format!(
        "{HEAD} (flow:to_server; dce_opnum:1; flowbits:set,a; noalert; sid:1;)\n\
         {HEAD} (flow:to_server; dce_opnum:2; flowbits:unset,a; flowbits:noalert; sid:2;)\n\
         {HEAD} (flow:to_server; dce_opnum:3; flowbits:toggle,a; noalert; sid:3;)\n\
         {HEAD} (flow:to_server; dce_opnum:4; flowbits:isset,a|b; sid:4;)\n\
         {HEAD} (flow:to_server; dce_opnum:4; flowbits:isset,a&b; sid:5;)\n\
         {HEAD} (flow:to_server; dce_opnum:4; flowbits:isnotset,a; sid:6;)"
    );
    let after = |opnums: &[u16]| {
        let events: Vec<Event> = (1..).zip(opnums).map(|(id, opnum)| step(*opnum, id)).collect();
        alerts(sound(&text), &events)
    };
    assert_eq!(after(&[4]), [6]);
    assert_eq!(after(&[1, 4]), [4]);
    assert_eq!(after(&[1, 2, 4]), [6]);
    assert_eq!(after(&[3, 4]), [4]);
    assert_eq!(after(&[1, 3, 4]), [6]);
}

#[test]
fn flows_whose_bits_were_set_longest_ago_are_forgotten_first() {
    let text = format!(
        "{HEAD} (flow:to_server; dce_opnum:1; flowbits:set,a; noalert; sid:1;)\n\
         {HEAD} (flow:to_server; dce_opnum:4; flowbits:isset,a; sid:4;)"
    );
    let on = |flow: u64, opnum: u16| {
        let mut event = step(opnum, 1);
        event.header.flow_id = flow;
        event
    };
    let mut events: Vec<Event> = (0..8193).map(|flow| on(flow, 1)).collect();
    events.extend([on(0, 4), on(1, 4), on(8192, 4)]);
    assert_eq!(alerts(sound(&text), &events), [4, 4]);
}

#[test]
fn a_trace_tells_the_bits_that_the_message_sees() {
    let text = format!(
        "{HEAD} (flow:to_server; dce_opnum:15; flowbits:set,opened; noalert; sid:1;)\n\
         {HEAD} (flow:to_server; dce_opnum:12; flowbits:isset,opened; sid:2;)"
    );
    let mut watch = Watch::new(Arc::new(sound(&text)));
    watch.event(&step(15, 1), &mut Vec::new());
    let trace = watch.trace(&step(12, 2), 1).expect("the rule looks at calls");
    assert!(trace.held);
    assert!(
        trace.to_string().contains("+ flowbits:isset (line 2): wanted `opened`, seen `opened`"),
        "{trace}"
    );
    assert!(watch.trace(&step(12, 2), 0).is_some_and(|trace| !trace.held));
}
