//! What stands before the parenthesis: action, protocol, and who sends to whom.

use super::line::{Critic, Part};
use super::mend::Mend;

/// The header of a rule.
#[derive(Debug)]
pub(super) struct Header<'a> {
    pub(super) action: Action,
    pub(super) protocol: Protocol,
    pub(super) left: Party<'a>,
    pub(super) right: Party<'a>,
    /// `<>`: either may be the sender.
    pub(super) both_ways: bool,
}

/// One side of a header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Party<'a> {
    pub(super) address: Part<'a>,
    pub(super) port: Part<'a>,
}

/// What is done when a rule holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Action {
    /// The rules that come after it keep silent about the message.
    Pass,
    /// It alerts.
    Alert,
    /// It alerts with the least severity, and the packets of the session are kept.
    Log,
}

/// The protocol of a header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Protocol {
    Tcp,
    Udp,
    Ip,
    Smb,
    Dcerpc,
}

impl<'a> Header<'a> {
    /// Reads a header, and the part in parentheses after it.
    pub(super) fn parse(
        rule: Part<'a>,
        critic: &mut Critic<'_>,
        mends: &mut Vec<Mend>,
    ) -> Option<(Self, Part<'a>)> {
        let rule = rule.trim();
        let Some((header, rest)) = rule.split_once('(') else {
            critic
                .error(rule, "a rule without options")
                .hint("write `action protocol address port -> address port (options)`");
            return None;
        };
        let Some(options) = rest.text.strip_suffix(')') else {
            let end = Part { text: "", at: rest.end().saturating_sub(1) };
            critic.error(end, "the rule does not end with `)`");
            return None;
        };
        let options = Part { text: options, at: rest.at };
        let words = words(header);
        let [action, protocol, sides @ ..] = words.as_slice() else {
            critic.error(header, "a rule begins with an action and a protocol");
            return None;
        };
        let action = self::action(*action, critic);
        let protocol = self::protocol(*protocol, critic);
        let arrow = sides.iter().position(|word| matches!(word.text, "->" | "<>" | "<-" | "=>"));
        let Some(arrow) = arrow else {
            critic.error(header, "no direction").hint("`->` or `<>` stands between the two sides");
            return None;
        };
        let (left, right) = sides.split_at(arrow);
        let [direction, right @ ..] = right else { return None };
        let both_ways = direction.text == "<>";
        if !matches!(direction.text, "->" | "<>") {
            critic
                .error(*direction, format!("direction `{}` is not supported", direction.text))
                .hint("write `->`, and who sends on its left");
        }
        let left = party(left, *direction, critic, mends);
        let right = party(right, *direction, critic, mends);
        Some((Self { action: action?, protocol: protocol?, left: left?, right: right?, both_ways }, options))
    }
}

/// The words of a header; a list in brackets is one, whatever it has inside.
fn words(header: Part<'_>) -> Vec<Part<'_>> {
    let mut words = Vec::new();
    let mut depth = 0_usize;
    let mut start = None;
    for (at, character) in header.text.char_indices() {
        match character {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if character.is_whitespace() && depth == 0 {
            if let Some(start) = start.take() {
                words.push(header.split_at(start).1.split_at(at - start).0);
            }
        } else {
            start.get_or_insert(at);
        }
    }
    words.extend(start.map(|start| header.split_at(start).1));
    words
}

fn action(word: Part<'_>, critic: &mut Critic<'_>) -> Option<Action> {
    match word.text {
        "alert" => Some(Action::Alert),
        "pass" => Some(Action::Pass),
        "log" => Some(Action::Log),
        "drop" | "reject" | "rejectsrc" | "rejectdst" | "rejectboth" | "block" | "sdrop" | "react"
        | "rewrite" => {
            critic
                .error(word, format!("action `{}`: the sensor only listens", word.text))
                .hint("write `alert`");
            None
        }
        unknown => {
            critic
                .error(word, format!("unknown action `{unknown}`"))
                .nearest(unknown, ["alert", "pass", "log"]);
            None
        }
    }
}

fn protocol(word: Part<'_>, critic: &mut Critic<'_>) -> Option<Protocol> {
    Some(match word.text {
        "tcp" | "tcp-stream" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        "ip" => Protocol::Ip,
        "smb" => Protocol::Smb,
        "dcerpc" => Protocol::Dcerpc,
        "tcp-pkt" => {
            critic
                .error(word, "protocol `tcp-pkt`: rules see messages, not single packets")
                .hint("write `tcp`");
            return None;
        }
        other => {
            critic
                .error(word, format!("protocol `{other}` has nothing to do with RPC or SMB"))
                .hint("known: `tcp`, `udp`, `ip`, `smb`, `dcerpc`");
            return None;
        }
    })
}

fn party<'a>(
    words: &[Part<'a>],
    direction: Part<'a>,
    critic: &mut Critic<'_>,
    mends: &mut Vec<Mend>,
) -> Option<Party<'a>> {
    match *words {
        [address, port] => Some(Party { address, port }),
        [address, any, port] if any.text == "any" => {
            critic
                .warning(any, "superfluous `any`: one port stands after an address")
                .hint(format!("it is taken as `{} {}`", address.text, port.text));
            mends.push(Mend { start: any.at, end: port.at, with: String::new() });
            Some(Party { address, port })
        }
        _ => {
            let at = words.first().copied().unwrap_or(direction);
            critic
                .error(at, "each side of a header is one address and one port")
                .hint("write `any any` for anyone");
            None
        }
    }
}
