//! From what a rule says to the conditions on messages.

use super::RuleText;
use super::body::{BitCondition, Body};
use super::chain::{Buffer, Chain, Tree};
use super::choice::Choice;
use super::header::{Action, Protocol};
use super::payload::Program;
use crate::expression::{Expression, Quantifier, Test};
use crate::field::{Field, FieldId, LogSource, RULE_TEXT_CALLS, RULE_TEXT_PDUS, RULE_TEXT_TREES};
use crate::finding::Place;
use crate::glob::{Case, Glob};
use crate::matcher::{Matcher, Number};
use crate::pattern::Pattern;
use crate::rule_set::Rule;
use crate::sigma::{Capture, Level, Meta};
use rpcscope_model::{ShareType, Side, Signature, Transport};
use std::sync::Arc;

/// A rule whose parts have been read.
pub(super) struct Read {
    pub(super) place: Place,
    pub(super) action: Action,
    pub(super) protocol: Protocol,
    pub(super) left: Peers,
    pub(super) right: Peers,
    pub(super) both_ways: bool,
    pub(super) body: Body,
}

/// Who may be on one side, and where that is said.
pub(super) struct Peers {
    pub(super) address: Choice,
    pub(super) port: Choice,
    pub(super) place: Place,
}

impl Read {
    /// One rule for each message that it looks at: that of the client, that of the server, or both.
    pub(super) fn rules(&self, file: &Arc<str>) -> Vec<Rule> {
        let senders = match self.body.sender {
            Some((sender, _)) => vec![sender],
            // Only clients name shares.
            None if self.body.is_of_trees() => vec![Side::Client],
            None => vec![Side::Client, Side::Server],
        };
        let meta = self.meta();
        let signature = Arc::new(self.signature(&meta));
        let rule = |sender| {
            let expression = Expression::All(self.conditions(sender));
            let mut rule = Rule::new(meta.clone(), file.clone(), self.source(), expression);
            rule.signature = signature.clone();
            rule.threshold = self.body.threshold.clone();
            rule.text = Some(Arc::new(self.text(sender)));
            rule
        };
        senders.into_iter().map(rule).collect()
    }

    fn meta(&self) -> Meta {
        let keeps = self.body.tag.map(|tag| match tag.host {
            None => Capture::Session,
            Some(_) => Capture::Host,
        });
        let logs = (self.action == Action::Log).then_some(Capture::Session);
        Meta {
            place: self.place,
            title: self.title(),
            level: Some(match self.severity() {
                1 => Level::High,
                2 => Level::Medium,
                3 => Level::Low,
                _ => Level::Informational,
            }),
            sid: self.body.sid,
            capture: keeps.or(logs),
            ..Meta::default()
        }
    }

    fn title(&self) -> String {
        let number = || format!("sid {}", self.body.sid.unwrap_or_default());
        self.body.message.clone().unwrap_or_else(number)
    }

    fn severity(&self) -> u8 {
        let of_class = self.body.class.map_or(DEFAULT_SEVERITY, |(_, severity)| severity);
        match self.action {
            Action::Log => self.body.priority.unwrap_or(LEAST_SEVERITY),
            Action::Alert | Action::Pass => self.body.priority.unwrap_or(of_class),
        }
    }

    fn signature(&self, meta: &Meta) -> Signature {
        Signature {
            sid: self.body.sid.unwrap_or_default(),
            gid: self.body.gid.unwrap_or(1),
            rev: self.body.revision.unwrap_or(0),
            title: meta.title.clone(),
            category: self.body.class.map(|(category, _)| category.to_owned()).unwrap_or_default(),
            severity: self.severity(),
            metadata: self.body.metadata.clone(),
            id: None,
            level: None,
            tags: Vec::new(),
        }
    }

    fn text(&self, sender: Side) -> RuleText {
        RuleText {
            action: self.action,
            sender,
            is_second_half: self.body.sender.is_none() && sender == Side::Server,
            flowbits: self.body.changes.clone(),
            no_alert: self.body.no_alert,
            tag: self.body.tag,
            target: self.body.target,
            references: self.body.references.clone(),
        }
    }

    /// Interface, operation and stub are of calls; PDUs are of binds, too.
    fn source(&self) -> &'static LogSource {
        if self.body.is_of_trees() {
            &RULE_TEXT_TREES
        } else if self.body.is_of_calls() {
            &RULE_TEXT_CALLS
        } else {
            &RULE_TEXT_PDUS
        }
    }

    fn conditions(&self, sender: Side) -> Vec<Expression> {
        let mut conditions = Vec::new();
        conditions.extend(self.transport());
        conditions.extend(self.parties(sender));
        for (place, text, wanted) in &self.body.interfaces {
            let interface = vec![(text.as_str().into(), Matcher::Uuid(wanted.interface))];
            conditions.push(test(*place, "dcerpc.iface", FieldId::Interface, interface));
            if let Some((comparison, version)) = wanted.version {
                let text = format!("{} {version}", comparison.sign()).into();
                let version = Matcher::Number(comparison, Number::Whole(version.into()));
                conditions.push(test(
                    *place,
                    "major version",
                    FieldId::InterfaceMajor,
                    vec![(text, version)],
                ));
            }
        }
        for opnums in &self.body.opnums {
            let wanted = test(opnums.place, "dcerpc.opnum", FieldId::Opnum, opnums.wanted.clone());
            conditions.push(if opnums.negated { Expression::Not(Box::new(wanted)) } else { wanted });
        }
        conditions.extend(self.body.conditions.iter().map(bits));
        if !self.body.is_of_trees() {
            conditions.push(self.presence(sender));
        }
        let looks = |chain: &&Chain| !chain.steps.is_empty();
        for chain in self.body.chains.list.iter().filter(looks) {
            if let Buffer::Tree(tree) = chain.buffer {
                conditions.push(self::tree(tree, chain.place));
            }
            conditions.push(payload(chain, sender));
        }
        conditions
    }

    /// The message must have been seen.
    fn presence(&self, sender: Side) -> Expression {
        let field = match (std::ptr::eq(self.source(), &RULE_TEXT_CALLS), sender) {
            (true, Side::Client) => FieldId::RequestBytes,
            (true, Side::Server) => FieldId::ReplyBytes,
            (false, Side::Client) => FieldId::RequestPdu,
            (false, Side::Server) => FieldId::ReplyPdu,
        };
        test(self.place, field.name(), field, vec![("present".into(), Matcher::Exists(true))])
    }

    fn transport(&self) -> Option<Expression> {
        let is = |transport: Transport| {
            let glob = Glob::new(&Pattern::literal(transport.name()), Case::Counts);
            let wanted = vec![(transport.name().into(), Matcher::Glob(glob))];
            test(self.place, "transport", FieldId::Transport, wanted)
        };
        match self.protocol {
            Protocol::Ip | Protocol::Dcerpc => None,
            Protocol::Tcp => Some(Expression::Not(Box::new(is(Transport::NcadgIpUdp)))),
            Protocol::Udp => Some(is(Transport::NcadgIpUdp)),
            Protocol::Smb => Some(is(Transport::NcacnNpSmb2)),
        }
    }

    fn parties(&self, sender: Side) -> Vec<Expression> {
        let receiver = sender.other();
        let mut there = self.party(&self.left, sender, "source");
        there.extend(self.party(&self.right, receiver, "destination"));
        if !self.both_ways {
            return there;
        }
        let mut back = self.party(&self.right, sender, "source");
        back.extend(self.party(&self.left, receiver, "destination"));
        if there.is_empty() || back.is_empty() {
            return Vec::new();
        }
        vec![Expression::Any(vec![Expression::All(there), Expression::All(back)])]
    }

    fn party(&self, peers: &Peers, side: Side, role: &str) -> Vec<Expression> {
        let (address, port) = match side {
            Side::Client => (FieldId::ClientIp, FieldId::ClientPort),
            Side::Server => (FieldId::ServerIp, FieldId::ServerPort),
        };
        let mut conditions = Vec::new();
        if !peers.address.is_any() {
            conditions.push(peers.address.condition(address, &format!("{role} address"), peers.place));
        }
        if !peers.port.is_any() && !self.body.is_of_service {
            conditions.push(peers.port.condition(port, &format!("{role} port"), peers.place));
        }
        conditions
    }
}

fn bits(condition: &BitCondition) -> Expression {
    let has = |name: &Arc<str>| {
        let glob = Glob::new(&Pattern::literal(name.as_bytes()), Case::Counts);
        let label = if condition.set { "flowbits:isset" } else { "flowbits:isnotset" };
        let set =
            test(condition.place, label, FieldId::Flowbits, vec![((&**name).into(), Matcher::Glob(glob))]);
        if condition.set { set } else { Expression::Not(Box::new(set)) }
    };
    let mut parts: Vec<Expression> = condition.names.iter().map(has).collect();
    match (parts.len(), condition.all) {
        (1, _) => parts.remove(0),
        (_, true) => Expression::All(parts),
        (_, false) => Expression::Any(parts),
    }
}

/// The kind of a share, as its server says; by its name when no answer was seen.
fn tree(tree: Tree, place: Place) -> Expression {
    let glob = |pattern: Pattern| Matcher::Glob(Glob::new(&pattern, Case::Ignored));
    let pipe = ShareType::Pipe.name();
    let named = vec![("*\\IPC$".into(), glob(Pattern::literal("\\IPC$").open_start()))];
    let of_pipes = Expression::Any(vec![
        test(place, "share_type", FieldId::ShareType, vec![(pipe.into(), glob(Pattern::literal(pipe)))]),
        test(place, "share", FieldId::Share, named),
    ]);
    match tree {
        Tree::Pipes => of_pipes,
        Tree::Share => Expression::Not(Box::new(of_pipes)),
    }
}

fn payload(chain: &Chain, sender: Side) -> Expression {
    use super::payload::Section;
    let (section, field) = match (chain.buffer, sender) {
        (Buffer::Pdu(section), Side::Client) => (section, FieldId::RequestPdu),
        (Buffer::Pdu(section), Side::Server) => (section, FieldId::ReplyPdu),
        (Buffer::Stub, Side::Client) => (Section::Whole, FieldId::RequestStub),
        (Buffer::Stub, Side::Server) => (Section::Whole, FieldId::ReplyStub),
        (Buffer::Tree(_), _) => (Section::Whole, FieldId::Share),
    };
    let order = match sender {
        Side::Client => FieldId::RequestByteOrder,
        Side::Server => FieldId::ReplyByteOrder,
    };
    let program = Program { steps: chain.steps.clone(), section, order };
    let wanted = vec![(chain.text.as_str().into(), Matcher::Payload(Arc::new(program)))];
    test(chain.place, field.name(), field, wanted)
}

/// The condition that a field has one of the values that are wanted.
pub(super) fn test(
    place: Place,
    label: &str,
    field: FieldId,
    wanted: Vec<(Box<str>, Matcher)>,
) -> Expression {
    Expression::Test(Arc::new(Test {
        place,
        label: label.into(),
        field: Some(Field::Known(field)),
        quantifier: Quantifier::Any,
        negated: false,
        wanted,
    }))
}

/// The severity of a rule without a class.
const DEFAULT_SEVERITY: u8 = 3;
/// The severity of what is only logged.
const LEAST_SEVERITY: u8 = 4;
