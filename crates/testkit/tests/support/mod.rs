//! Runs Wireshark's dissector over a capture.

// Each test binary uses a part of this.
#![allow(dead_code)]

use rpcscope_testkit::conversation::ExpectedCall;
use std::io::ErrorKind;
use std::process::Command;

/// What tshark says about one frame that carries RPC.
#[derive(Debug)]
pub(crate) struct Row {
    /// PDU types.
    pub(crate) ptypes: Vec<String>,
    /// Operation numbers; also on replies, where tshark copies them from the request.
    pub(crate) opnums: Vec<String>,
    /// Call ids, or sequence numbers.
    pub(crate) call_ids: Vec<String>,
    /// Interfaces in binds and in headers of the connectionless protocol.
    pub(crate) interfaces: Vec<String>,
    /// File ids of the pipes that carry it, in SMB2.
    pub(crate) files: Vec<String>,
}

/// What tshark says about a capture; `None`, and a printed line, when there is no tshark.
///
/// Panics when tshark calls anything malformed.
pub(crate) fn dissect(name: &str, capture: &[u8]) -> Option<Vec<Row>> {
    dissect_with(name, capture, &[])
}

/// The same with further arguments for tshark.
pub(crate) fn dissect_with(name: &str, capture: &[u8], arguments: &[&str]) -> Option<Vec<Row>> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("capture");
    std::fs::write(&path, capture).expect("a file in the temporary folder");
    let mut command = Command::new("tshark");
    command.arg("-r").arg(&path).args(arguments).args([
        "-T",
        "fields",
        "-E",
        "separator=|",
        "-E",
        "aggregator=,",
    ]);
    HEURISTICS.iter().for_each(|heuristic| {
        command.args(["--enable-heuristic", heuristic]);
    });
    PREFERENCES.iter().for_each(|preference| {
        command.args(["-o", preference]);
    });
    FIELDS.iter().for_each(|field| {
        command.args(["-e", field]);
    });
    let output = match command.output() {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            println!("skipped {name}: tshark is not installed");
            return None;
        }
        Err(error) => panic!("{name}: tshark cannot be run: {error}"),
    };
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: tshark failed: {complaint}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rows: Vec<Row> = text.lines().filter_map(|line| row(name, line)).collect();
    Some(rows)
}

/// Checks that tshark found exactly these calls: pairs of call id and operation, once each.
pub(crate) fn expect_calls(name: &str, rows: &[Row], calls: &[&[ExpectedCall]]) {
    let mut found: Vec<(u32, u16)> = Vec::new();
    for row in rows.iter().filter(|row| row.ptypes.iter().any(|ptype| ptype == "0")) {
        for (call_id, opnum) in row.call_ids.iter().zip(&row.opnums) {
            found.push((call_id.parse().expect("a call id"), opnum.parse().expect("an opnum")));
        }
    }
    found.sort_unstable();
    found.dedup();
    let mut expected: Vec<(u32, u16)> =
        calls.concat().iter().map(|call| (call.call_id.0, call.opnum.0)).collect();
    expected.sort_unstable();
    expected.dedup();
    assert_eq!(found, expected, "{name}");
}

/// All interfaces that were bound or called, each once, in order of their bytes.
pub(crate) fn interfaces(rows: &[Row]) -> Vec<String> {
    let mut all: Vec<String> = rows.iter().flat_map(|row| row.interfaces.clone()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// How many PDUs have this type.
pub(crate) fn count(rows: &[Row], ptype: u8) -> usize {
    let wanted = ptype.to_string();
    rows.iter().flat_map(|row| &row.ptypes).filter(|ptype| **ptype == wanted).count()
}

fn row(name: &str, line: &str) -> Option<Row> {
    let mut columns = line.split('|').map(|column| {
        column.split(',').filter(|value| !value.is_empty()).map(str::to_owned).collect::<Vec<String>>()
    });
    let mut next = || columns.next().unwrap_or_default();
    let frame = next();
    let malformed = next();
    assert!(malformed.is_empty(), "{name}: frame {frame:?} is malformed: {line}");
    let ptypes = next();
    let opnums = next();
    let call_ids = [next(), next()].concat();
    let interfaces = [next(), next()].concat();
    let files = next();
    (!ptypes.is_empty()).then_some(Row { ptypes, opnums, call_ids, interfaces, files })
}

const FIELDS: [&str; 9] = [
    "frame.number",
    "_ws.malformed",
    "dcerpc.pkt_type",
    "dcerpc.opnum",
    "dcerpc.cn_call_id",
    "dcerpc.dg_seqnum",
    "dcerpc.cn_bind_to_uuid",
    "dcerpc.dg_if_id",
    "smb2.fid",
];
const HEURISTICS: [&str; 6] =
    ["dcerpc_tcp", "dcerpc_udp", "dcerpc_netbios", "dcerpc_smb_transact", "dcerpc_smb2", "dcerpc_http"];
const PREFERENCES: [&str; 7] = [
    "dcerpc.desegment_dcerpc:TRUE",
    "smb.trans_reassembly:TRUE",
    "smb.dcerpc_reassembly:TRUE",
    "smb2.pipe_reassembly:TRUE",
    "ip.defragment:TRUE",
    "tcp.reassemble_out_of_order:TRUE",
    "udp.check_checksum:TRUE",
];
