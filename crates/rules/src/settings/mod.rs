//! The settings file: what the names in rules stand for at the place where the sensor runs.

mod networks;

use crate::finding::{Finding, Findings, Place};
use crate::sigma::Placeholders;
use crate::yaml::{Expect, documents};
use networks::{Member, Networks};
use rpcscope_text::{Key, Node, Value};

/// What a settings file says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings {
    /// Networks and lists by name: `%name%` in Sigma rules, `$name` in Suricata rules. A network stands for prefixes
    /// (`10.0.0.0/8`) without overlap; exclusions are already taken out of them.
    pub placeholders: Placeholders,
}

impl Settings {
    /// Reads the text of a settings file; `name` is what findings call it. What has an error is left out.
    ///
    /// ```yaml
    /// networks:
    ///   servers: [10.1.0.0/16, "!10.1.9.0/24"]
    ///   legitimate_sources: [10.0.0.5, servers]
    /// lists:
    ///   admins: [alice, bob, adm-*]
    /// ```
    pub fn parse(name: &str, text: &str) -> (Self, Vec<Finding>) {
        let mut findings = Findings::new(name.into());
        let mut settings = Self::default();
        let nodes = documents(text, &mut findings).unwrap_or_default();
        let mut nodes = nodes.iter().filter(|node| node.value != Value::Null);
        if let Some(node) = nodes.next() {
            settings.read(node, &mut findings);
        }
        if let Some(second) = nodes.next() {
            findings.error(second.place, "a second document: settings are one");
        }
        let mut list = findings.into_list();
        list.sort_by_key(|finding| finding.place);
        (settings, list)
    }

    fn read(&mut self, node: &Node, findings: &mut Findings) {
        let mut networks = Networks::default();
        let mut lists = Vec::new();
        for (key, value) in node.map("the settings", findings).unwrap_or(&[]) {
            match key.name.as_str() {
                "networks" => {
                    for (name, members) in entries("networks", value, findings) {
                        networks.add(name, network_members(name, members, findings));
                    }
                }
                "lists" => lists = entries("lists", value, findings),
                name => {
                    findings.error(key.place, format!("unknown key `{name}`")).nearest(name, KEYS);
                }
            }
        }
        for (name, resolved) in networks.resolve(findings) {
            self.placeholders.set(name, resolved.prefixes.iter().map(ToString::to_string));
        }
        for (key, value) in lists {
            if networks.has(&key.name) {
                findings.error(key.place, format!("`{}` is also the name of a network", key.name));
                continue;
            }
            self.placeholders.set(&key.name, list_values(key, value, findings));
        }
    }
}

/// The entries of a part of the settings whose names rules can use.
fn entries<'n>(part: &str, node: &'n Node, findings: &mut Findings) -> Vec<(&'n Key, &'n Node)> {
    if node.value == Value::Null {
        return Vec::new();
    }
    let mut good = Vec::new();
    for (key, value) in node.map(&format!("`{part}`"), findings).unwrap_or(&[]) {
        let plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.');
        if key.name.is_empty() || !key.name.chars().all(plain) {
            findings
                .error(key.place, format!("`{}` cannot be a name in rules", key.name))
                .hint("letters, digits, `_`, `-` and `.`");
        } else {
            good.push((key, value));
        }
    }
    good
}

/// The items of a list, or one thing in the place of a list of one.
fn items(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        Value::Null => &[],
        _ => std::slice::from_ref(node),
    }
}

fn network_members(name: &Key, node: &Node, findings: &mut Findings) -> Vec<(Place, Member)> {
    let mut members = Vec::new();
    for item in items(node) {
        match item.scalar() {
            Some(text) => {
                members.extend(Member::parse(text, item, findings).map(|member| (item.place, member)))
            }
            // An unquoted `!` is the tag of a value that is not there.
            None if item.value == Value::Null => {
                findings
                    .error(item.place, format!("nothing is a part of network `{}`", name.name))
                    .hint("what begins with `!` needs quotes: `\"!10.0.0.5\"`");
            }
            None => {
                let what = item.kind();
                findings
                    .error(item.place, format!("{what} is a part of network `{}`", name.name))
                    .hint("a network is a list of addresses, prefixes such as `10.0.0.0/8`, and names of other networks");
            }
        }
    }
    members
}

fn list_values(name: &Key, node: &Node, findings: &mut Findings) -> Vec<String> {
    let mut values = Vec::new();
    for item in items(node) {
        match item.scalar() {
            Some(text) => values.push(text.to_owned()),
            None => {
                let cause = format!("{} is a value of list `{}`", item.kind(), name.name);
                findings.error(item.place, cause).hint("a value is a text or a number");
            }
        }
    }
    values
}

const KEYS: [&str; 2] = ["networks", "lists"];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn read(text: &str) -> (Settings, Vec<String>) {
        let (settings, findings) = Settings::parse("rpcscope.yaml", text);
        (settings, findings.iter().map(ToString::to_string).collect())
    }

    fn values(text: &str, name: &str) -> Vec<String> {
        let (settings, said) = read(text);
        assert!(said.is_empty(), "{said:?}");
        settings.placeholders.values(name).expect("it is set").to_vec()
    }

    #[test]
    fn lists_keep_what_was_typed() {
        assert_eq!(
            values("lists: {admins: [alice, 'adm-*', 0x10, 5]}", "admins"),
            ["alice", "adm-*", "0x10", "5"]
        );
        assert_eq!(values("lists: {one: alice}", "one"), ["alice"]);
        assert_eq!(values("lists: {none: []}\nnetworks:\n", "none"), [""; 0]);
    }

    #[test]
    fn networks_are_prefixes_without_what_is_excluded() {
        let text = "networks:\n  a: [10.0.0.0/30, '!10.0.0.1']\n  b: [a, 'fd00::1', '!inner']\n  inner: [10.0.0.2/31]\n";
        assert_eq!(values(text, "a"), ["10.0.0.0/32", "10.0.0.2/31"]);
        assert_eq!(values(text, "b"), ["10.0.0.0/32", "fd00::1/128"]);
    }

    #[test]
    fn only_exclusions_are_taken_out_of_everything() {
        assert_eq!(values("networks: {x: '!128.0.0.0/1'}", "x"), ["0.0.0.0/1", "::/0"]);
    }

    #[test]
    fn mistakes_are_told_with_their_places() {
        let (settings, said) = read(
            "network: {}\nnetworks:\n  a b: 1.1.1.1\n  c: [10.0.0.0/33, srevers, !10.0.0.1 , {x: y}]\n  servers: [10.0.0.1/8]\n  d: [e]\n  e: ['!d']\nlists:\n  servers: x\n  l: [[a]]\n",
        );
        assert_eq!(
            said,
            [
                "rpcscope.yaml:1:1: unknown key `network`\n  hint: did you mean `networks`?",
                "rpcscope.yaml:3:3: `a b` cannot be a name in rules\n  hint: letters, digits, `_`, `-` and `.`",
                "rpcscope.yaml:4:7: `10.0.0.0/33` is no address and no prefix",
                "rpcscope.yaml:4:20: no network is named `srevers`\n  hint: did you mean `servers`?",
                "rpcscope.yaml:4:38: nothing is a part of network `c`\n  hint: what begins with `!` needs quotes: `\"!10.0.0.5\"`",
                "rpcscope.yaml:4:41: a map is a part of network `c`\n  hint: a network is a list of addresses, prefixes such as `10.0.0.0/8`, and names of other networks",
                "rpcscope.yaml:5:13: warning: `10.0.0.1/8` has bits beyond its prefix; they do not count",
                "rpcscope.yaml:7:7: network `d` is made of itself",
                "rpcscope.yaml:9:3: `servers` is also the name of a network",
                "rpcscope.yaml:10:7: a list is a value of list `l`\n  hint: a value is a text or a number",
            ]
        );
        assert!(settings.placeholders.values("servers").is_some());
    }

    #[test]
    fn an_empty_file_says_nothing() {
        assert_eq!(read("# nothing yet\n"), (Settings::default(), Vec::new()));
        assert_eq!(read("a").1, ["rpcscope.yaml:1:1: the settings is a text, not a map"]);
    }

    #[test]
    fn names_are_kept_apart_by_their_letters() {
        let (settings, _) = read("networks: {HOME: 10.0.0.0/8, home: 11.0.0.0/8}");
        let all: BTreeMap<_, _> =
            settings.placeholders.names().map(|name| (name, settings.placeholders.values(name))).collect();
        assert_eq!(all.len(), 2);
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_typed_is_read_or_explained(
            members in proptest::collection::vec(
                proptest::sample::select(vec![
                    "10.0.0.0/8", "'!10.1.0.0/16'", "a", "'!b'", "any", "'!any'", "fd00::/8", "'::ffff:1.2.3.4/100'",
                    "10.0.0.0/33", "'!'", "''", "~", "[x]", "{y: z}", "1", "true",
                ]),
                0..8,
            ),
            noise in ".{0,40}",
        ) {
            let list = members.join(", ");
            let text = format!("networks:\n  a: [{list}]\n  b: [a, {list}]\nlists: {{c: [{list}]}}\n");
            for text in [text, noise] {
                let (settings, _) = Settings::parse("rpcscope.yaml", &text);
                for name in ["a", "b"] {
                    let values = settings.placeholders.values(name).unwrap_or_default();
                    assert!(values.iter().all(|value| value.contains('/')), "{text}: {values:?}");
                }
            }
        }
    }
}
