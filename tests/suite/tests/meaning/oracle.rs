//! Activations and identities against what Wireshark's dissectors show of captures of others; skipped when they are not
//! there.
//!
//! `oracle/FOLDER/CAPTURE.jsonl` has one line for each PDU, with `dcom` (activation requests and their answers), `ntlm`
//! (messages in verifiers) and `krb` (tickets in verifiers) where tshark dissects them.

use crate::lines::lines;
use rpcscope_suite::corpus::corpus;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// What a PDU says besides its call.
#[derive(Deserialize)]
struct Pdu {
    src: String,
    dst: String,
    #[serde(default)]
    dcom: Dcom,
    #[serde(default)]
    ntlm: Ntlm,
    #[serde(default)]
    krb: Krb,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Dcom {
    clsid: Option<String>,
    iids: Vec<String>,
    oxid_bindings: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Ntlm {
    msg: u8,
    user: Option<String>,
    domain: Option<String>,
    host: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Krb {
    sname: Option<String>,
    realm: Option<String>,
}

/// Facts of one capture, as sentences that both sides can make.
type Facts = BTreeSet<String>;

/// Number of AUTHENTICATE among the messages of NTLM ([MS-NLMP] 2.2.1.3).
const AUTHENTICATE: u8 = 3;

/// What only rpcscope says, and why: a capture, a word of the fact, the reason.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    ("wmi_commands_calc.pcap", "a ticket for host/SnickleFritz", VERIFIER_IN_TWO_SEGMENTS),
    ("wmi_query.pcap", "a ticket for host/SnickleFritz", VERIFIER_IN_TWO_SEGMENTS),
];

const VERIFIER_IN_TWO_SEGMENTS: &str =
    "tshark does not look into the verifier of a bind that came in two segments";

#[test]
fn activations_and_identities_are_those_that_wireshark_shows() {
    let Some(corpus) = corpus("activations_and_identities_are_those_that_wireshark_shows") else { return };
    let (mut agreed, mut differences) = (0, String::new());
    for folder in ["lateral", "otrf"] {
        let Ok(files) = std::fs::read_dir(corpus.join("captures").join(folder)) else {
            println!("skipped {folder}: no such folder of captures");
            continue;
        };
        for file in files {
            let capture = file.expect("a file").path();
            let name = capture.file_name().expect("a name").to_string_lossy().into_owned();
            let oracle = corpus.join("oracle").join(folder).join(format!("{name}.jsonl"));
            let (shown, found) = (shown(&oracle), found(&capture));
            agreed += shown.intersection(&found).count();
            for fact in shown.difference(&found) {
                differences += &format!("{name}: only Wireshark says that {fact}\n");
            }
            for fact in found.difference(&shown) {
                match DIFFERENCES.iter().find(|(of, word, _)| name == *of && fact.contains(word)) {
                    Some((.., reason)) => println!("{name}: only rpcscope says that {fact}: {reason}"),
                    None => differences += &format!("{name}: only rpcscope says that {fact}\n"),
                }
            }
        }
    }
    assert!(differences.is_empty(), "{differences}");
    assert!(agreed > 50, "only {agreed} facts");
}

fn shown(oracle: &Path) -> Facts {
    let text =
        std::fs::read_to_string(oracle).unwrap_or_else(|error| panic!("{}: {error}", oracle.display()));
    let mut facts = Facts::new();
    for line in text.lines() {
        let pdu: Pdu = serde_json::from_str(line).expect("one PDU a line");
        let Pdu { src, dst, dcom, ntlm, krb } = pdu;
        if let Some(clsid) = dcom.clsid {
            facts.insert(activation(&src, &dst, &clsid, &dcom.iids));
        }
        for binding in dcom.oxid_bindings.iter().filter(|binding| binding.ends_with(']')) {
            facts.insert(format!("{dst} learns of {binding}"));
        }
        if ntlm.msg == AUTHENTICATE {
            facts.insert(claim(&src, &dst, &ntlm.user, &ntlm.domain, &ntlm.host));
        }
        if let Some(service) = krb.sname {
            facts.insert(ticket(&src, &dst, &service, &krb.realm.unwrap_or_default()));
        }
    }
    facts
}

fn found(capture: &Path) -> Facts {
    let mut facts = Facts::new();
    for line in lines(capture) {
        let end = |side: &str| {
            let (ip, port) = (&line[format!("{side}_ip")], &line[format!("{side}_port")]);
            format!("{}:{port}", ip.as_str().expect("an address"))
        };
        let (client, server) = (end("src"), end("dest"));
        let args = &line["rpcscope"]["args"];
        if let Some(clsid) = args["clsid"].as_str() {
            facts.insert(activation(&client, &server, clsid, &texts(&args["iids"])));
        }
        for binding in texts(&args["bindings"]).iter().filter(|binding| binding.ends_with(']')) {
            let binding = binding.split_once(':').map_or(binding.as_str(), |(_, rest)| rest);
            facts.insert(format!("{client} learns of {binding}"));
        }
        let auth = &line["rpcscope"]["auth"];
        if line["event_type"] != "identity" || line["rpcscope"]["carrier"] != "rpc" {
            continue;
        }
        let text = |name: &str| auth[name].as_str().map(str::to_owned);
        match auth["mechanism"].as_str() {
            Some("NTLMSSP") => {
                facts.insert(claim(&client, &server, &text("user"), &text("domain"), &text("workstation")));
            }
            Some("Kerberos") => {
                let (service, realm) =
                    (text("service").unwrap_or_default(), text("realm").unwrap_or_default());
                facts.insert(ticket(&client, &server, &service, &realm));
            }
            _ => {}
        }
    }
    facts
}

fn activation(client: &str, server: &str, clsid: &str, iids: &[String]) -> String {
    format!("{client} activates {clsid} as {} at {server}", iids.join(" "))
}

fn claim(
    client: &str,
    server: &str,
    user: &Option<String>,
    domain: &Option<String>,
    host: &Option<String>,
) -> String {
    let text = |text: &Option<String>| text.clone().filter(|text| text != "NULL").unwrap_or_default();
    format!("{client} is {}\\{} on {} for {server}", text(domain), text(user), text(host))
}

fn ticket(client: &str, server: &str, service: &str, realm: &str) -> String {
    format!("{client} has a ticket for {service} in {realm} at {server}")
}

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}
