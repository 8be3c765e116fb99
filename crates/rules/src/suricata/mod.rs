//! Rule text of Suricata and Snort: read, and made into conditions on the messages of calls and binds.
//!
//! A rule looks at messages. What a client sends is known with the request of a call, what the server sends with its
//! outcome. A rule that does not say who sends becomes two rules with one signature, one for each.

mod bits;
mod body;
mod bytes;
mod chain;
mod check;
mod choice;
mod class;
mod expression;
mod fix;
mod flow;
mod fuzz;
mod header;
mod keyword;
mod line;
mod lower;
mod mend;
mod option;
mod payload;
mod rate;
mod requires;
mod rpc;

pub(crate) use bits::Flows;
pub use body::Party;
pub use fix::{Fixed, fix};
pub use flow::{Change, Flowbit};
pub use fuzz::fuzz_rule_text;
pub use header::Action;
pub(crate) use payload::Program;
pub use rate::{Tag, Threshold, ThresholdKind, Track, Unit};

use crate::field::{Field, FieldId};
use crate::finding::{Finding, Findings};
use crate::rule_set::Rule;
use crate::sigma::Placeholders;
use body::Body;
use check::Ports;
use choice::{Choices, Kind};
use header::Header;
use line::{Critic, Line, Part, lines};
use lower::{Peers, Read};
use mend::Mend;
use rpcscope_model::Side;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What a rule in rule text says beside its condition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleText {
    /// What is done when it holds.
    pub action: Action,
    /// Whose message it looks at.
    pub sender: Side,
    /// Whether the same rule looks at the other message of a call, too, and this is its second half.
    pub is_second_half: bool,
    /// Bits of the flow that it changes.
    pub flowbits: Vec<Flowbit>,
    /// Whether it never alerts.
    pub no_alert: bool,
    /// Packets that it keeps.
    pub tag: Option<Tag>,
    /// Who is attacked.
    pub target: Option<Party>,
    /// Where to read more: URLs, or names such as `cve:2021-1675`.
    pub references: Vec<String>,
}

/// Makes rules of the text of a file.
pub(crate) fn load(text: &str, variables: &Placeholders, findings: &mut Findings) -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut known = HashSet::new();
    for line in lines(text) {
        let Some(read) = self::read(&line, variables, findings, &mut Vec::new()) else { continue };
        let identity = (read.body.gid.unwrap_or(1), read.body.sid);
        if !known.insert(identity) {
            let sid = read.body.sid.unwrap_or_default();
            findings.error(read.place, format!("another rule has the sid {sid}"));
            continue;
        }
        rules.extend(read.rules(findings.file()));
    }
    rules
}

/// Puts rules in the order in which they are run: what the client sent before what the server sent, `pass` before all
/// others, and who only sets bits of flows before who asks for them, too; otherwise as they were written.
pub(crate) fn sort(rules: &mut [Rule]) {
    rules.sort_by_key(|rule| {
        let reads = rule.expression.fields().contains(&Field::Known(FieldId::Flowbits));
        rule.text.as_ref().map(|text| {
            let sets = !text.flowbits.is_empty();
            let bits = match (sets, reads) {
                (true, false) => 0,
                (true, true) => 1,
                (false, true) => 2,
                (false, false) => 3,
            };
            (text.sender.index(), text.action != Action::Pass, bits)
        })
    });
}

/// Leaves out rules that another file has, too, and says so.
pub(crate) fn deduplicate(rules: &mut Vec<Rule>) -> Vec<Finding> {
    let mut files: HashMap<(u32, u32), Arc<str>> = HashMap::new();
    let mut found = Vec::new();
    rules.retain(|rule| {
        let key = (rule.signature.gid, rule.signature.sid);
        let first = files.entry(key).or_insert_with(|| rule.file.clone());
        if *first == rule.file {
            return true;
        }
        let mut findings = Findings::new(rule.file.clone());
        findings
            .warning(rule.meta.place, format!("sid {} is in `{first}`, too: this one is left out", key.1));
        found.extend(findings.into_list());
        false
    });
    found
}

/// Reads one rule; `None`, with findings, when it cannot be run. What should be written instead is added to `mends`.
fn read(
    line: &Line,
    variables: &Placeholders,
    findings: &mut Findings,
    mends: &mut Vec<Mend>,
) -> Option<Read> {
    let before = findings.errors();
    let mut critic = Critic { line, findings };
    let rule = line.part();
    if rule.text.len() > MAX_RULE_BYTES {
        critic.error(rule, format!("a rule of more than {MAX_RULE_BYTES} bytes"));
        return None;
    }
    let (header, options) = Header::parse(rule, &mut critic, mends)?;
    let mut body = Body::default();
    for item in option::items(options, &mut critic) {
        body.read(item, &mut critic, mends);
    }
    let mut choice = |kind, part| Choices { kind, variables, critic: &mut critic, mends }.read(part);
    let left = (choice(Kind::Address, header.left.address), choice(Kind::Port, header.left.port));
    let right = (choice(Kind::Address, header.right.address), choice(Kind::Port, header.right.port));
    let ports = Ports { left: left.1.as_ref(), right: right.1.as_ref() };
    check::direction(&header, &ports, &body, &mut critic, mends);
    // What is missing may be what could not be read.
    if critic.findings.errors() == before {
        check::subject(&header, &ports, &body, rule, &mut critic);
        if body.sid.is_none() {
            critic.error(options, "no `sid`").hint("every rule has a number of its own: `sid:1000001;`");
        }
    }
    let sound = findings.errors() == before && !body.is_left_out;
    let place = line.place(rule.at);
    let peers = |(address, port): (Option<_>, Option<_>), part: Part<'_>| {
        Some(Peers { address: address?, port: port?, place: line.place(part.at) })
    };
    let (left, right) = (peers(left, header.left.address)?, peers(right, header.right.address)?);
    let Header { action, protocol, both_ways, .. } = header;
    let read = Read { place, action, protocol, left, right, both_ways, body };
    Some(read).filter(|_| sound)
}

/// Bytes of one rule.
const MAX_RULE_BYTES: usize = 64 << 10;
