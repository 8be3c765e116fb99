//! What a rule says of the flow: direction, and bits that rules remember.

use super::line::{Critic, Part};
use rpcscope_model::Side;
use std::sync::Arc;

/// What is done to a bit of a flow when a rule holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flowbit {
    /// Its name.
    pub name: Arc<str>,
    /// What is done.
    pub change: Change,
}

/// How a bit is changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// It is set.
    Set,
    /// It is no longer set.
    Unset,
    /// It is set when it was not, and the other way round.
    Toggle,
}

/// What `flowbits` says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Flowbits {
    Change(Flowbit),
    /// One of these is set, or none of them.
    Condition {
        names: Vec<Arc<str>>,
        all: bool,
        set: bool,
    },
    NoAlert,
}

/// Reads the value of `flow`: who sends, when the rule says so.
pub(super) fn flow(value: Part<'_>, critic: &mut Critic<'_>) -> Option<Option<Side>> {
    let mut sender = None;
    for word in value.split(',') {
        let found = match word.text {
            "to_server" | "from_client" => Some(Side::Client),
            "to_client" | "from_server" => Some(Side::Server),
            // Calls are of connections and of reassembled streams, and every datagram of RPC is of one activity.
            "established" | "stateless" | "only_stream" | "no_frag" => None,
            "not_established" | "no_stream" | "only_frag" => {
                let cause = format!("`{}`: a message of RPC is never so", word.text);
                critic.error(word, cause);
                return None;
            }
            unknown => {
                critic.error(word, format!("unknown flow `{unknown}`")).nearest(unknown, FLOWS);
                return None;
            }
        };
        if found.is_some() && sender.is_some() && found != sender {
            critic.error(word, "a message has one sender");
            return None;
        }
        sender = found.or(sender);
    }
    Some(sender)
}

/// Reads the value of `flowbits`.
pub(super) fn flowbits(value: Part<'_>, critic: &mut Critic<'_>) -> Option<Flowbits> {
    let (command, names) = match value.split_once(',') {
        Some((command, names)) => (command.trim(), Some(names.trim())),
        None => (value, None),
    };
    if command.text == "noalert" {
        if let Some(names) = names {
            critic.error(names, "`noalert` is about the rule, not about a bit");
            return None;
        }
        return Some(Flowbits::NoAlert);
    }
    if !COMMANDS.contains(&command.text) {
        critic.error(command, format!("unknown command `{}`", command.text)).nearest(command.text, COMMANDS);
        return None;
    }
    let Some(names) = names else {
        critic.error(command, format!("`{}` needs the name of a bit", command.text));
        return None;
    };
    let (is_any, is_all) = (names.text.contains('|'), names.text.contains('&'));
    if is_any && is_all {
        critic.error(names, "`|` and `&` in one list of bits");
        return None;
    }
    let listed = names.split(if is_all { '&' } else { '|' });
    if let Some(wrong) = listed.iter().find(|name| name.text.is_empty() || name.text.contains(',')) {
        critic.error(*wrong, format!("`{}` is no name of a bit", wrong.text));
        return None;
    }
    let bits: Vec<Arc<str>> = listed.iter().map(|name| name.text.into()).collect();
    let change = match command.text {
        "isset" => return Some(Flowbits::Condition { names: bits, all: is_all, set: true }),
        "isnotset" => return Some(Flowbits::Condition { names: bits, all: is_all, set: false }),
        "set" => Change::Set,
        "unset" => Change::Unset,
        _ => Change::Toggle,
    };
    match bits.as_slice() {
        [name] => Some(Flowbits::Change(Flowbit { name: name.clone(), change })),
        _ => {
            critic
                .error(names, format!("`{}` takes one bit", command.text))
                .hint("write one `flowbits` for each");
            None
        }
    }
}

const COMMANDS: [&str; 6] = ["set", "isset", "toggle", "unset", "isnotset", "noalert"];
const FLOWS: [&str; 8] = [
    "to_server",
    "from_client",
    "to_client",
    "from_server",
    "established",
    "stateless",
    "only_stream",
    "no_frag",
];
