//! JSON lines in Suricata's EVE format.
//!
//! The `dcerpc` object of a line is Suricata's and holds nothing else, since its schema is strict and pipelines rely
//! on it, and so does the `smb` object. All that Suricata does not say stands beside it, in the object `rpcscope`. The order of fields is fixed.

mod activation;
mod alert;
mod anomaly;
mod arguments;
mod bind;
mod call;
mod endpoint;
mod identity;
mod memo;
mod object;
mod places;
mod smb;
mod stats;
mod wmi;

pub(crate) use memo::Memo;

use memo::Identities;

use crate::Context;
use crate::json::{Json, key};
use rpcscope_model::{
    Alert, Event, EventBody, EventHeader, FrameNumber, Health, Identity, NDR, NDR64, Security, Signature,
    Timestamp, Transport,
};
use std::sync::Arc;
use uuid::Uuid;

/// Room for a line of usual length, so that the buffer grows at most once for it.
const USUAL_LINE_BYTES: usize = 1024;

/// JSON lines have nothing before the first event.
pub(crate) fn begin(_context: &Context<'_>, _out: &mut Vec<u8>) {}

/// Appends one event as one line.
pub(crate) fn event(event: &Event, context: &Context<'_>, memo: &mut Memo, out: &mut Vec<u8>) {
    out.reserve(USUAL_LINE_BYTES);
    let mut json = memo.begin(out, event.header.time);
    body(&mut json, event, None, context, memo);
    json.end();
}

/// Appends what a rule says about an event as one line: the members of the event, and those of the rule.
pub(crate) fn alert(alert: &Alert, context: &Context<'_>, memo: &mut Memo, out: &mut Vec<u8>) {
    out.reserve(USUAL_LINE_BYTES);
    let mut json = memo.begin(out, alert.event.header.time);
    body(&mut json, &alert.event, Some(&alert.rule), context, memo);
    // The last member of all events is the object `rpcscope`.
    json.reopen();
    alert::members(&mut json, alert);
    json.close();
    json.end();
}

/// Writes the members of an event, with those of a rule that it is told for.
fn body(
    json: &mut Json<'_>,
    event: &Event,
    rule: Option<&Signature>,
    context: &Context<'_>,
    memo: &mut Memo,
) {
    let header = &event.header;
    let begin = |json: &mut Json<'_>, memo: &mut Memo, event_type: &'static str| {
        envelope(json, header, context, memo, if rule.is_some() { "alert" } else { event_type });
        if let Some(rule) = rule {
            alert::alert(json, rule);
        }
    };
    match &event.body {
        EventBody::Call(call) => {
            begin(json, memo, "dcerpc");
            call::dcerpc(json, call, header.transport, memo);
            call::rpcscope(json, call, header, memo);
        }
        EventBody::Bind(bind) => {
            begin(json, memo, "dcerpc");
            bind::dcerpc(json, bind);
            bind::rpcscope(json, bind, header, memo);
        }
        EventBody::Authentication(authentication) => {
            begin(json, memo, "identity");
            identity::rpcscope(json, authentication, header, memo);
        }
        EventBody::Activation(activation) => {
            begin(json, memo, "activation");
            activation::rpcscope(json, activation, header, memo);
        }
        EventBody::Wmi(wmi) => {
            begin(json, memo, "wmi");
            wmi::rpcscope(json, wmi, header, memo);
        }
        EventBody::EndpointMap(map) => {
            begin(json, memo, "endpoint");
            endpoint::rpcscope(json, map, header, memo);
        }
        EventBody::SmbMapping(mapping) => {
            begin(json, memo, "smb_mapping");
            smb::mapping(json, mapping, header, memo);
        }
        EventBody::Pipe(pipe) => {
            begin(json, memo, "pipe");
            smb::pipe(json, pipe, header, memo);
        }
        EventBody::SmbFile(file) => {
            begin(json, memo, "smb_file");
            smb::file(json, file, header, memo);
        }
        EventBody::Anomaly(anomaly) => {
            begin(json, memo, "anomaly");
            anomaly::write(json, anomaly, header.transport);
        }
    }
}

/// Appends the counters as the last line.
pub(crate) fn end(stats: &rpcscope_model::Stats, now: Timestamp, _context: &Context<'_>, out: &mut Vec<u8>) {
    let mut json = Json::begin(out);
    json.key(key!("timestamp"));
    json.time_value(now);
    json.plain(key!("event_type"), "stats");
    stats::write(&mut json, stats);
    json.end();
}

/// Appends the counters of a sensor that watches interfaces as a line.
pub(crate) fn health(
    stats: &rpcscope_model::Stats,
    health: &Health,
    now: Timestamp,
    _context: &Context<'_>,
    out: &mut Vec<u8>,
) {
    let mut json = Json::begin(out);
    json.key(key!("timestamp"));
    json.time_value(now);
    json.plain(key!("event_type"), "stats");
    stats::write_live(&mut json, stats, health);
    json.end();
}

/// Writes what all events have, behind their time.
fn envelope(
    json: &mut Json<'_>,
    header: &EventHeader,
    context: &Context<'_>,
    memo: &mut Memo,
    event_type: &'static str,
) {
    let flow = memo.flow(header, context);
    json.raw().extend_from_slice(flow.before());
    if context.interfaces.is_empty() {
        json.plain(key!("event_type"), event_type);
        json.number(key!("pcap_cnt"), header.frame.0);
    } else {
        let source = header.frame.source(context.interfaces.len());
        json.string(key!("in_iface"), context.interfaces.get(source).map_or("", |name| name));
        json.plain(key!("event_type"), event_type);
    }
    json.raw().extend_from_slice(flow.behind());
}

/// Writes the protocol sequence, and for pipes the version of SMB; 2 stands for 2 and 3.
fn transport(json: &mut Json<'_>, transport: Transport) {
    json.plain(key!("transport"), transport.name());
    match transport {
        Transport::NcacnNpSmb1 => json.number(key!("smb_version"), 1u8),
        Transport::NcacnNpSmb2 => json.number(key!("smb_version"), 2u8),
        _ => {}
    }
}

/// Opens our object with what carries an event: the protocol sequence, and where the server listens.
fn carrier(json: &mut Json<'_>, transport: Transport, endpoint: &Arc<str>, memo: &mut Memo) {
    let write = |json: &mut Json<'_>| {
        json.open(key!("rpcscope"));
        self::transport(json, transport);
        json.string(key!("endpoint"), endpoint);
    };
    if endpoint.len() > LONGEST_REMEMBERED {
        return write(json);
    }
    json.raw().extend_from_slice(memo.carrier(transport, endpoint, write));
}

/// Bytes of the longest endpoint that is remembered. Those of Windows have at most some twenty.
const LONGEST_REMEMBERED: usize = 64;

/// Writes how a call is protected, and who makes it; nothing when neither is known.
fn auth(
    json: &mut Json<'_>,
    security: Option<&Security>,
    identity: Option<&Arc<Identity>>,
    identities: &mut Identities,
) {
    if security.is_none() && identity.is_none() {
        return;
    }
    json.open(key!("auth"));
    if let Some(security) = security {
        json.name_or_number(key!("type"), security.auth_type.name(), security.auth_type.0.into());
        json.name_or_number(key!("level"), security.level.name(), security.level.0.into());
        json.number(key!("context_id"), security.context_id);
    }
    if let Some(identity) = identity {
        json.raw().extend_from_slice(identities.members(identity, identity::members));
    }
    json.close();
}

/// Writes the status of a fault or reject, with its name when it has one.
fn fault(json: &mut Json<'_>, status: u32) {
    json.open(key!("fault"));
    json.status(key!("status"), status);
    if let Some(name) = rpcscope_catalog::status_name(status) {
        json.string(key!("name"), name);
    }
    json.close();
}

/// Writes how long the answer took, in microseconds, and the frames of request and answer.
fn answer_time(
    json: &mut Json<'_>,
    request: Option<(Timestamp, FrameNumber)>,
    response: Option<(Timestamp, FrameNumber)>,
) {
    if let (Some((asked, _)), Some((answered, _))) = (request, response) {
        json.number(key!("rtt_us"), answered.since_ns(asked) / 1000);
    }
    match (request, response) {
        (Some((_, asked)), Some((_, answered))) => {
            json.number(key!("frames" / "request"), asked.0);
            json.number(key!("response"), answered.0);
        }
        (Some((_, asked)), None) => json.number(key!("frames" / "request"), asked.0),
        (None, Some((_, answered))) => json.number(key!("frames" / "response"), answered.0),
        (None, None) => json.open(key!("frames")),
    }
    json.close();
}

/// The name of a transfer syntax, if it has one.
fn transfer_syntax_name(uuid: Uuid) -> Option<&'static str> {
    match uuid {
        NDR => Some("NDR"),
        NDR64 => Some("NDR64"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;
    use proptest::prelude::*;
    use rpcscope_model::Text;
    use serde_json::Value;

    fn line(event: &Event, context: &Context<'_>) -> String {
        let mut out = Vec::new();
        super::event(event, context, &mut Memo::default(), &mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    fn lines(events: &[Event]) -> String {
        events.iter().map(|event| line(event, &samples::context())).collect()
    }

    #[test]
    fn calls_are_written_as_suricata_does() {
        insta::assert_snapshot!(lines(&samples::calls()));
    }

    #[test]
    fn alerts_are_their_event_with_what_the_rule_says() {
        let mut out = Vec::new();
        for alert in samples::alerts().iter().step_by(5) {
            super::alert(alert, &samples::context(), &mut Memo::default(), &mut out);
        }
        insta::assert_snapshot!(String::from_utf8(out).expect("UTF-8"));
    }

    #[test]
    fn an_alert_adds_to_its_event_and_takes_nothing_away() {
        for alert in samples::alerts() {
            let mut out = Vec::new();
            super::alert(&alert, &samples::context(), &mut Memo::default(), &mut out);
            let told: Value = serde_json::from_slice(&out).expect("JSON");
            let event: Value = serde_json::from_str(&line(&alert.event, &samples::context())).expect("JSON");
            assert_eq!(told["event_type"], "alert");
            assert_eq!(told["alert"]["signature_id"], alert.rule.sid);
            for (name, value) in event.as_object().expect("an object") {
                match name.as_str() {
                    "event_type" => {}
                    "rpcscope" => {
                        let members = value.as_object().expect("an object");
                        assert!(members.iter().all(|(name, value)| told["rpcscope"][name] == *value));
                    }
                    name => assert_eq!(told[name], *value, "{name}"),
                }
            }
        }
    }

    #[test]
    fn binds_are_written_as_suricata_does() {
        insta::assert_snapshot!(lines(&samples::binds()));
    }

    #[test]
    fn authentications_say_who_and_with_what_result() {
        insta::assert_snapshot!(lines(&samples::authentications()));
    }

    #[test]
    fn what_lets_a_password_be_tried_is_written_when_it_is_told() {
        let mut event = samples::authentications().remove(0);
        let hash = |event: &Event| {
            let value: Value = serde_json::from_str(&line(event, &samples::context())).expect("valid JSON");
            value["rpcscope"].get("hash").cloned()
        };
        assert_eq!(hash(&event), None);
        let EventBody::Authentication(authentication) = &mut event.body else { panic!("an authentication") };
        authentication.crackable = Some("alice::CORP:1122334455667788:00:01".into());
        assert_eq!(hash(&event), Some("alice::CORP:1122334455667788:00:01".into()));
    }

    #[test]
    fn activations_and_management_operations_say_what_was_done() {
        insta::assert_snapshot!(lines(&[samples::activations(), samples::management()].concat()));
    }

    #[test]
    fn shares_files_pipes_and_endpoints_say_what_was_done() {
        insta::assert_snapshot!(lines(&[samples::shares(), samples::endpoints()].concat()));
    }

    #[test]
    fn anomalies_are_written_as_suricata_does() {
        insta::assert_snapshot!(lines(&samples::anomalies()));
    }

    #[test]
    fn counters_are_written_as_stats() {
        let stats = rpcscope_model::Stats { frames: 12, bytes: 3456, calls: 2, ..Default::default() };
        let mut out = Vec::new();
        end(&stats, Timestamp(1_767_323_045_678_901_234), &Context::default(), &mut out);
        insta::assert_snapshot!(String::from_utf8(out).expect("UTF-8"));
    }

    #[test]
    fn a_sensor_tells_its_losses_under_the_names_of_suricata() {
        let stats = rpcscope_model::Stats { frames: 12, calls: 2, ..Default::default() };
        let sizes = rpcscope_model::Sizes { flows: 7, ..Default::default() };
        let health =
            Health { uptime_seconds: 60, kernel_packets: 20, kernel_drops: 8, sizes, ..Health::default() };
        let mut out = Vec::new();
        super::health(&stats, &health, Timestamp(1_767_323_045_678_901_234), &Context::default(), &mut out);
        let value: Value = serde_json::from_slice(&out).expect("valid JSON");
        assert_eq!(value["stats"]["uptime"], 60);
        assert_eq!(value["stats"]["capture"]["kernel_packets"], 20);
        assert_eq!(value["stats"]["capture"]["kernel_drops"], 8);
        assert_eq!(value["rpcscope"]["sizes"]["flows"], 7);
        assert_eq!(value["rpcscope"]["calls"], 2);
        assert!(value["rpcscope"]["lines_shed"].is_u64() && value["rpcscope"]["kernel_drops"].is_null());
    }

    #[test]
    fn the_interface_is_written_in_place_of_the_number_in_a_file() {
        let interfaces: [Box<str>; 2] = ["eth1".into(), "eth2".into()];
        let context = Context { interfaces: &interfaces, ..samples::context() };
        let mut event = samples::calls().remove(0);
        event.header.frame = FrameNumber(5).of_source(1, 2);
        let value: Value = serde_json::from_str(&line(&event, &context)).expect("valid JSON");
        assert_eq!(value["in_iface"], "eth2");
        assert!(value["pcap_cnt"].is_null());
    }

    #[test]
    fn capture_and_community_id_are_written_when_given() {
        let context =
            Context { capture: Some("case/\"a\".pcap"), community_id: Some(0), ..samples::context() };
        let value: Value = serde_json::from_str(&line(&samples::calls()[0], &context)).expect("valid JSON");
        assert_eq!(value["pcap_filename"], "case/\"a\".pcap");
        assert!(value["community_id"].as_str().is_some_and(|id| id.starts_with("1:")));
    }

    /// Names in a `dcerpc` object and below that Suricata's schema knows.
    const SURICATA: &[&str] = &[
        "request",
        "response",
        "call_id",
        "rpc_version",
        "activityuuid",
        "seqnum",
        "interfaces",
        "req",
        "res",
    ];

    #[test]
    fn identities_that_differ_in_one_member_are_told_apart() {
        let mut event = samples::authentications().remove(0);
        let mut told = |change: fn(&mut Identity)| {
            let EventBody::Authentication(authentication) = &mut event.body else {
                panic!("an authentication")
            };
            let mut identity = Identity::clone(&authentication.identity);
            change(&mut identity);
            authentication.identity = Arc::new(identity);
            event.clone()
        };
        let events = [
            told(|_| {}),
            told(|identity| identity.domain = Some(Text::whole("OTHER"))),
            told(|identity| identity.guest = true),
            told(|identity| identity.domain = None),
            told(|identity| identity.guest = false),
        ];
        let mut memo = Memo::default();
        let mut out = Vec::new();
        events.iter().cycle().take(20).for_each(|event| {
            super::event(event, &samples::context(), &mut memo, &mut out);
        });
        assert_eq!(String::from_utf8(out).expect("UTF-8"), lines(&events).repeat(4));
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_what_was_written_before(
            events in prop::collection::vec(samples::any_event(), 0..20),
            order in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
        ) {
            let mut memo = Memo::default();
            for event in order.iter().filter(|_| !events.is_empty()).map(|at| at.get(&events)) {
                let mut out = Vec::new();
                super::event(event, &samples::context(), &mut memo, &mut out);
                prop_assert_eq!(String::from_utf8(out).expect("UTF-8"), line(event, &samples::context()));
            }
        }

        #[test]
        fn every_event_is_one_line_of_valid_json(event in samples::any_event()) {
            let text = line(&event, &samples::context());
            prop_assert!(text.ends_with('\n') && text.matches('\n').count() == 1);
            let value: Value = serde_json::from_str(&text).expect("valid JSON");
            prop_assert_eq!(value["pcap_cnt"].as_u64(), Some(event.header.frame.0));
            prop_assert!(value["flow_id"].as_u64().is_some_and(|id| id < 1 << 53));
            match &event.body {
                EventBody::Anomaly(anomaly) => prop_assert_eq!(&value["anomaly"]["event"], anomaly.kind.name()),
                EventBody::Call(call) => {
                    prop_assert_eq!(value["rpcscope"]["endpoint"].as_str(), Some(&*call.endpoint));
                }
                EventBody::Authentication(authentication) => {
                    let user = authentication.identity.user.as_ref().map(|user| user.string.as_str());
                    prop_assert_eq!(value["rpcscope"]["auth"]["user"].as_str(), user);
                }
                EventBody::Activation(activation) => {
                    let id = activation.id.to_string();
                    prop_assert_eq!(value["rpcscope"]["activation_id"].as_str(), Some(id.as_str()));
                }
                EventBody::Wmi(wmi) => {
                    prop_assert_eq!(value["rpcscope"]["operation"].as_str(), Some(wmi.operation));
                }
                EventBody::EndpointMap(map) => {
                    let entries = value["rpcscope"]["entries"].as_array().expect("an array");
                    prop_assert_eq!(entries.len(), map.entries.len());
                }
                EventBody::SmbMapping(mapping) => {
                    let id = value["smb"]["session_id"].as_u64();
                    prop_assert_eq!(id, Some(mapping.share.session_id));
                }
                EventBody::Pipe(pipe) => {
                    prop_assert_eq!(value["smb"]["filename"].as_str(), Some(pipe.name.string.as_str()));
                }
                EventBody::SmbFile(file) => {
                    prop_assert_eq!(value["rpcscope"]["action"].as_str(), Some(file.action.name()));
                }
                EventBody::Bind(bind) => {
                    let contexts = value["rpcscope"]["contexts"].as_array().expect("an array");
                    prop_assert_eq!(contexts.len(), bind.contexts.len());
                }
            }
            if let Some(dcerpc) = value["dcerpc"].as_object() {
                prop_assert!(dcerpc.keys().all(|key| SURICATA.contains(&key.as_str())));
                prop_assert!(dcerpc["request"].is_string() && dcerpc["response"].is_string());
            }
            prop_assert_eq!(keys_written(&text), keys_read(&value), "a key is written twice");
        }
    }

    /// Keys in a line: a letter, a quote and a colon. A quote inside a string has a backslash before it, one that
    /// begins a string has a colon, a comma or a bracket.
    fn keys_written(text: &str) -> usize {
        text.as_bytes()
            .windows(3)
            .filter(|bytes| bytes[0].is_ascii_alphabetic() && &bytes[1..] == b"\":")
            .count()
    }

    fn keys_read(value: &Value) -> usize {
        match value {
            Value::Object(members) => members.values().map(|member| 1 + keys_read(member)).sum(),
            Value::Array(items) => items.iter().map(keys_read).sum(),
            _ => 0,
        }
    }
}
