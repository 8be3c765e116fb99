//! Calls against what Wireshark's dissector makes of the same captures.
//!
//! `oracle/FOLDER/CAPTURE.jsonl` has one line for each PDU that tshark dissects in `captures/FOLDER/CAPTURE`. Calls are
//! compared as multisets of client, server, call id (sequence number), interface and operation. By rule:
//! - a request PDU counts when it is the first fragment of a call: its flags name `first`; those without any flag are
//!   fragments from the middle. In the connectionless protocol the first PDU of a sequence number of an activity
//!   counts; what has the same again is a copy, which tshark does not always mark;
//! - copies (`retrans`), requests seen twice in one frame (`echo`) and those that tshark calls malformed are not
//!   demanded;
//! - a request without a visible bind is no test of naming: it is not demanded, and allowed under any name.
//!
//! What the sensor reports and tshark does not has to be one of these:
//! - RPC over HTTP version 2, which tshark does not look for in HTTP bodies;
//! - SMB on a port that tshark does not take for SMB;
//! - a request that tshark marks as malformed, or takes for a copy.

use rpcscope_model::{Call, EventHeader, Transport};
use rpcscope_suite::corpus::corpus;
use rpcscope_suite::reading::read_file;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// One PDU, as far as it concerns calls.
#[derive(Deserialize)]
struct Pdu {
    src: String,
    dst: String,
    ver: Option<u8>,
    ptype_name: String,
    flags: Option<Vec<String>>,
    call_id: Option<u32>,
    seqnum: Option<u32>,
    act_id: Option<String>,
    opnum: Option<u16>,
    iface: Option<String>,
    #[serde(default)]
    no_bind: bool,
    #[serde(default)]
    echo: bool,
    #[serde(default)]
    malformed: bool,
    #[serde(default)]
    retrans: bool,
}

/// Client, server, call id.
type Place = (String, String, u32);
/// Interface and operation.
type Named = (String, u16);

/// What one capture should show.
#[derive(Default)]
struct Oracle {
    resolved: BTreeMap<(Place, Named), i64>,
    /// Seen by tshark, but no test of naming.
    allowed: BTreeMap<Place, i64>,
}

/// What comparing one capture gave.
#[derive(Default, Debug)]
struct Result {
    resolved: i64,
    right: i64,
    wrong: Vec<String>,
    missed: Vec<String>,
    extra: Vec<(Transport, Place)>,
}

fn oracle(path: &Path) -> Oracle {
    let mut oracle = Oracle::default();
    let mut seen = BTreeSet::new();
    let text = std::fs::read_to_string(path).expect("an oracle file");
    for line in text.lines() {
        let pdu: Pdu = serde_json::from_str(line).expect("one PDU a line");
        if pdu.ptype_name != "request" {
            continue;
        }
        let connectionless = pdu.ver == Some(4);
        if connectionless {
            if !seen.insert((pdu.src.clone(), pdu.act_id.clone(), pdu.seqnum)) {
                continue;
            }
        } else if !pdu.flags.as_ref().is_some_and(|flags| flags.iter().any(|flag| flag == "first")) {
            continue;
        }
        let id = if connectionless { pdu.seqnum } else { pdu.call_id };
        let place = (pdu.src, pdu.dst, id.unwrap_or_default());
        let demanded = !(pdu.echo || pdu.malformed || pdu.retrans || pdu.no_bind);
        match (pdu.iface, pdu.opnum) {
            (Some(interface), Some(opnum)) if demanded => {
                *oracle.resolved.entry((place, (interface.to_lowercase(), opnum))).or_default() += 1;
            }
            _ => *oracle.allowed.entry(place).or_default() += 1,
        }
    }
    oracle
}

fn place(header: &EventHeader, call: &Call) -> Place {
    let shown = |end: rpcscope_model::Endpoint| format!("{}:{}", end.address, end.port);
    (shown(header.client), shown(header.server), call.call_id.0)
}

fn compare(mut oracle: Oracle, capture: &Path) -> Result {
    let reading = read_file(capture).expect("a capture");
    let mut result = Result { resolved: oracle.resolved.values().sum(), ..Result::default() };
    let mut rest = Vec::new();
    for (header, call) in reading.calls() {
        // A reply whose request was lost is no request.
        let (Some(opnum), Some(_)) = (call.opnum, call.request) else { continue };
        let interface = call.interface.map(|interface| interface.syntax.uuid.to_string()).unwrap_or_default();
        let key = (place(header, call), (interface, opnum.0));
        match oracle.resolved.get_mut(&key) {
            Some(left @ 1..) => {
                *left -= 1;
                result.right += 1;
            }
            _ => rest.push((header.transport, key)),
        }
    }
    for (key, count) in oracle.resolved {
        for _ in 0..count {
            let found = rest.iter().position(|(_, (place, _))| *place == key.0);
            match found {
                Some(at) => result.wrong.push(format!("{key:?} reported as {:?}", rest.remove(at).1.1)),
                None => result.missed.push(format!("{key:?}")),
            }
        }
    }
    for (transport, (place, _)) in rest {
        match oracle.allowed.get_mut(&place) {
            Some(left @ 1..) => *left -= 1,
            _ => result.extra.push((transport, place)),
        }
    }
    result
}

fn oracles(folder: &Path) -> Vec<PathBuf> {
    let list = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).expect("a folder");
        entries.map(|entry| entry.expect("an entry").path()).collect()
    };
    let mut all: Vec<PathBuf> = list(folder).iter().flat_map(|folder| list(folder)).collect();
    all.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    all.sort();
    all
}

#[test]
fn every_call_that_wireshark_resolves_is_found_and_rightly_named() {
    let Some(corpus) = corpus("wireshark") else { return };
    let (mut resolved, mut right) = (0, 0);
    let mut problems = Vec::new();
    let oracles = oracles(&corpus.join("oracle"));
    for path in &oracles {
        let folder = path.parent().and_then(Path::file_name).expect("a folder in the oracle's folder");
        let capture = corpus.join("captures").join(folder).join(path.file_stem().expect("a name"));
        let result = compare(oracle(path), &capture);
        resolved += result.resolved;
        right += result.right;
        let name = capture.display();
        problems.extend(result.wrong.iter().map(|wrong| format!("{name}: wrong: {wrong}")));
        problems.extend(result.missed.iter().map(|missed| format!("{name}: missed: {missed}")));
        for (transport, place) in &result.extra {
            let explained = explained(*transport, place, &name.to_string());
            if !explained {
                problems.push(format!("{name}: extra: {transport:?} {place:?}"));
            }
        }
    }
    assert!(oracles.len() > 200 && resolved > 4000, "{} captures, {resolved} calls", oracles.len());
    assert!(problems.is_empty(), "{right} of {resolved} right\n{}", problems.join("\n"));
    assert_eq!(right, resolved);
}

/// Whether the head of this file says why tshark does not see this call.
fn explained(transport: Transport, (_, server, _): &Place, capture: &str) -> bool {
    let port = server.rsplit(':').next().unwrap_or_default();
    match transport {
        Transport::NcacnHttp => port != "593",
        Transport::NcacnNpSmb1 | Transport::NcacnNpSmb2 => port != "445" && port != "139",
        Transport::NcacnIpTcp | Transport::NcadgIpUdp => {
            println!("{capture}: {server} is to be explained");
            false
        }
    }
}
