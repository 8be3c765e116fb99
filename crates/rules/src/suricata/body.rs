//! The options of a rule, read one after the other.

use super::chain::{Buffer, Chains, Tree};
use super::class::{class, names};
use super::flow::{Flowbit, Flowbits, flow, flowbits};
use super::keyword::{KEYWORDS, reason};
use super::line::{Critic, Part};
use super::mend::Mend;
use super::option::{Item, quoted, unescaped};
use super::payload::{Section, Step};
use super::rate::{Tag, Threshold, tag, threshold};
use super::rpc::{Opnums, Wanted, interface, opnum};
use super::{bytes, requires};
use crate::finding::Place;
use rpcscope_model::Side;
use std::sync::Arc;

/// What the options of a rule say.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) message: Option<String>,
    pub(super) sid: Option<u32>,
    pub(super) gid: Option<u32>,
    pub(super) revision: Option<u32>,
    pub(super) class: Option<(&'static str, u8)>,
    pub(super) priority: Option<u8>,
    pub(super) references: Vec<String>,
    pub(super) metadata: Vec<(String, Vec<String>)>,
    /// Who sends, and where the rule says so.
    pub(super) sender: Option<(Side, usize)>,
    pub(super) changes: Vec<Flowbit>,
    pub(super) conditions: Vec<BitCondition>,
    pub(super) no_alert: bool,
    pub(super) tag: Option<Tag>,
    pub(super) threshold: Option<Threshold>,
    pub(super) target: Option<Party>,
    pub(super) interfaces: Vec<(Place, String, Wanted)>,
    pub(super) opnums: Vec<Opnums>,
    pub(super) chains: Chains,
    /// Whether the rule is for a service, on whichever port it is.
    pub(super) is_of_service: bool,
    /// Whether what the rule requires is not there.
    pub(super) is_left_out: bool,
}

/// A condition on the bits of a flow.
#[derive(Debug)]
pub(super) struct BitCondition {
    pub(super) place: Place,
    pub(super) names: Vec<Arc<str>>,
    pub(super) all: bool,
    pub(super) set: bool,
}

/// One of the two sides of a rule's header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Party {
    /// Who sends the message.
    Source,
    /// Who receives it.
    Destination,
}

impl Body {
    /// Whether it reads what only calls have.
    pub(super) fn is_of_calls(&self) -> bool {
        let stub = self.chains.list.iter().any(|chain| chain.buffer == Buffer::Stub);
        stub || !self.interfaces.is_empty() || !self.opnums.is_empty()
    }

    /// Whether it is about tree connects of SMB.
    pub(super) fn is_of_trees(&self) -> bool {
        self.chains.list.iter().any(|chain| matches!(chain.buffer, Buffer::Tree(_)))
    }

    /// Reads one option.
    pub(super) fn read(&mut self, item: Item<'_>, critic: &mut Critic<'_>, mends: &mut Vec<Mend>) {
        let Item { keyword, value } = item;
        if self.chains.read(item, critic, mends).is_some() {
            return;
        }
        match (keyword.text, value) {
            ("dce_stub_data" | "dcerpc.stub_data", None) => self.chains.select(Buffer::Stub, keyword, critic),
            ("smb.named_pipe" | "smb_named_pipe", None) => {
                self.chains.select(Buffer::Tree(Tree::Pipes), keyword, critic);
            }
            ("smb.share" | "smb_share", None) => {
                self.chains.select(Buffer::Tree(Tree::Share), keyword, critic);
            }
            ("pkt_data", None) => self.chains.select(Buffer::Pdu(Section::Whole), keyword, critic),
            ("noalert", None) => self.no_alert = true,
            (flag, Some(value)) if FLAGS.contains(&flag) => {
                critic.error(value, format!("`{flag}` takes no value"));
            }
            (flag, None) if KEYWORDS.contains(&flag) => {
                critic.error(keyword, format!("`{flag}` needs a value"));
            }
            (_, Some(value)) if KEYWORDS.contains(&keyword.text) => {
                self.valued(keyword, value, critic, mends)
            }
            (unknown, _) => match reason(unknown) {
                Some(reason) => {
                    critic.error(keyword, format!("keyword `{unknown}`: {reason}"));
                }
                None => {
                    critic.error(keyword, format!("unknown keyword `{unknown}`")).nearest(unknown, KEYWORDS);
                }
            },
        }
    }

    fn valued(&mut self, keyword: Part<'_>, value: Part<'_>, critic: &mut Critic<'_>, mends: &mut Vec<Mend>) {
        let place = critic.line.place(value.at);
        match keyword.text {
            "msg" => {
                let text = quoted(value, critic, mends).map(|inside| unescaped(inside.text));
                once(&mut self.message, text, keyword, critic);
            }
            "sid" => {
                let sid = critic.number(value, "number from 0 to 4294967295");
                once(&mut self.sid, sid, keyword, critic);
            }
            "gid" => {
                let gid = critic.number(value, "number from 0 to 4294967295");
                once(&mut self.gid, gid, keyword, critic);
            }
            "rev" => {
                let revision = critic.number(value, "number from 0 to 4294967295");
                once(&mut self.revision, revision, keyword, critic);
            }
            "priority" => {
                let priority = critic.number(value, "number from 1 to 255").filter(|priority| *priority > 0);
                once(&mut self.priority, priority, keyword, critic);
            }
            "classtype" => match class(value.text) {
                Some(known) => once(&mut self.class, Some(known), keyword, critic),
                None => {
                    critic
                        .warning(value, format!("unknown class `{}`: the rule has no category", value.text))
                        .nearest(value.text, names());
                }
            },
            "reference" => self.references.extend(reference(value)),
            "metadata" => self.metadata(value),
            "service" => self.service(value, critic),
            "flow" => {
                if let Some(Some(side)) = flow(value, critic) {
                    once(&mut self.sender, Some((side, value.at)), keyword, critic);
                }
            }
            "flowbits" => match flowbits(value, critic) {
                Some(Flowbits::Change(change)) => self.changes.push(change),
                Some(Flowbits::Condition { names, all, set }) => {
                    self.conditions.push(BitCondition { place, names, all, set });
                }
                Some(Flowbits::NoAlert) => self.no_alert = true,
                None => {}
            },
            "tag" => {
                let tag = tag(value, critic);
                once(&mut self.tag, tag, keyword, critic);
            }
            "threshold" | "detection_filter" => {
                let threshold = threshold(value, keyword.text == "detection_filter", critic);
                once(&mut self.threshold, threshold, keyword, critic);
            }
            "target" => {
                let party = match value.text {
                    "src_ip" => Some(Party::Source),
                    "dest_ip" => Some(Party::Destination),
                    unknown => {
                        let finding = critic.error(value, format!("unknown target `{unknown}`"));
                        finding.nearest(unknown, ["src_ip", "dest_ip"]);
                        None
                    }
                };
                once(&mut self.target, party, keyword, critic);
            }
            "requires" => self.is_left_out |= requires::is_unmet(value, critic),
            "dcerpc.iface" | "dce_iface" => {
                let wanted = interface(value, critic);
                self.interfaces.extend(wanted.map(|wanted| (place, value.text.to_owned(), wanted)));
            }
            "dcerpc.opnum" | "dce_opnum" => {
                self.opnums.extend(opnum(value, critic));
            }
            "frame" => {
                let section = match value.text {
                    "dcerpc.pdu" => Section::Whole,
                    "dcerpc.hdr" => Section::Header,
                    "dcerpc.data" => Section::Body,
                    unknown => {
                        critic
                            .error(value, format!("frame `{unknown}` is not supported"))
                            .nearest(unknown, ["dcerpc.pdu", "dcerpc.hdr", "dcerpc.data"]);
                        return;
                    }
                };
                self.chains.select(Buffer::Pdu(section), keyword, critic);
            }
            // The size of what was sent, whatever buffer is being looked at.
            "dsize" => {
                if let Some(step @ Step::Size(_)) = bytes::size(value, critic) {
                    let text = format!("dsize:{}", value.text);
                    self.chains.size_of_pdu(step, text, critic.line.place(keyword.at));
                }
            }
            // A remark.
            _ => {}
        }
    }

    fn metadata(&mut self, value: Part<'_>) {
        for entry in value.split(',').into_iter().filter(|entry| !entry.text.is_empty()) {
            let (key, text) = match entry.text.split_once(char::is_whitespace) {
                Some((key, text)) => (key, text.trim()),
                None => (entry.text, ""),
            };
            // Snort 2: a rule for a service is for all ports where that service is.
            self.is_of_service |= key == "service" && SERVICES.contains(&text);
            let texts = Some(text).filter(|text| !text.is_empty()).map(str::to_owned);
            match self.metadata.iter_mut().find(|(known, _)| known == key) {
                Some((_, values)) => values.extend(texts),
                None => self.metadata.push((key.to_owned(), texts.into_iter().collect())),
            }
        }
        self.metadata.sort();
    }

    /// Snort 3: a rule for a service, on whichever port it is.
    fn service(&mut self, value: Part<'_>, critic: &mut Critic<'_>) {
        let services = value.split(',');
        self.is_of_service |= services.iter().any(|service| SERVICES.contains(&service.text));
        if !self.is_of_service {
            critic
                .error(value, format!("service `{}` has nothing to do with RPC or SMB", value.text))
                .nearest(value.text, SERVICES);
        }
    }
}

/// Sets what a rule says once.
fn once<T>(field: &mut Option<T>, value: Option<T>, keyword: Part<'_>, critic: &mut Critic<'_>) {
    if field.is_some() {
        critic.error(keyword, format!("`{}` twice", keyword.text));
    } else {
        *field = value;
    }
}

/// `url,example.org` as a URL, anything else as it stands.
fn reference(value: Part<'_>) -> Option<String> {
    let (kind, text) = value.split_once(',')?;
    let text = text.trim().text;
    Some(match kind.trim().text {
        "url" if text.contains("://") => text.to_owned(),
        "url" => format!("https://{text}"),
        kind => format!("{kind}:{text}"),
    })
}

/// Keywords that take no value.
const FLAGS: [&str; 8] = [
    "dce_stub_data",
    "dcerpc.stub_data",
    "smb.named_pipe",
    "smb_named_pipe",
    "smb.share",
    "smb_share",
    "pkt_data",
    "noalert",
];
/// Services of Snort that the sensor reads.
const SERVICES: [&str; 3] = ["dcerpc", "netbios-ssn", "netbios-dgm"];
