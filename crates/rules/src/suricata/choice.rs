//! Addresses and ports of a header: lists, negations and variables.

use super::line::{Critic, Part};
use super::mend::Mend;
use crate::expression::Expression;
use crate::field::FieldId;
use crate::finding::Place;
use crate::matcher::{Matcher, Network};
use crate::sigma::Placeholders;
use std::net::IpAddr;
use std::sync::Arc;

/// Which addresses or ports are meant.
#[derive(Clone, Debug)]
pub(super) enum Choice {
    Any,
    /// The text of the rule, and what meets it.
    One(Box<str>, Vec<Matcher>),
    Not(Box<Self>),
    Set(Vec<Self>),
    /// What a variable stands for.
    Variable(Arc<str>, Arc<Self>),
}

/// What is chosen from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Address,
    Port,
}

/// Reads addresses and ports.
pub(super) struct Choices<'a, 'c> {
    pub(super) kind: Kind,
    pub(super) variables: &'a Placeholders,
    pub(super) critic: &'a mut Critic<'c>,
    pub(super) mends: &'a mut Vec<Mend>,
}

impl Choices<'_, '_> {
    /// Reads what stands for addresses or ports; `None`, with findings, when it makes no sense.
    pub(super) fn read(&mut self, part: Part<'_>) -> Option<Choice> {
        self.choice(part, None, 0)
    }

    /// `variable` is the one whose values are being read: they have no place of their own.
    fn choice(&mut self, part: Part<'_>, variable: Option<Part<'_>>, depth: usize) -> Option<Choice> {
        let at = variable.unwrap_or(part);
        if depth > MAX_DEPTH {
            self.critic.error(at, format!("more than {MAX_DEPTH} lists and variables inside of each other"));
            return None;
        }
        if let (true, rest) = part.negation() {
            let choice = self.choice(rest, variable, depth + 1)?;
            if matches!(choice, Choice::Any) {
                self.critic.error(at, "`!any` is nobody: the rule never holds");
                return None;
            }
            return Some(Choice::Not(Box::new(choice)));
        }
        if let Some(list) = part.strip_prefix("[") {
            let Some(inside) = list.text.strip_suffix(']') else {
                self.critic.error(at, "the list does not end with `]`");
                return None;
            };
            let parts = items(Part { text: inside, at: list.at });
            let read: Vec<_> = parts.iter().map(|part| self.choice(*part, variable, depth + 1)).collect();
            return read.into_iter().collect::<Option<Vec<_>>>().map(Choice::Set);
        }
        if part.text == "any" {
            return Some(Choice::Any);
        }
        if let Some(name) = part.strip_prefix("$") {
            return self.variable(name.text, part, variable, depth);
        }
        if variable.is_none() && is_name(part.text) {
            self.critic
                .warning(part, format!("`{}` is neither an address nor a variable", part.text))
                .hint(format!("it is taken as the variable `${}`", part.text));
            self.mends.push(Mend { start: part.at, end: part.at, with: "$".into() });
            return self.variable(part.text, part, variable, depth);
        }
        let found = match self.kind {
            Kind::Address => networks(part.text),
            Kind::Port => ports(part.text),
        };
        match found {
            Some(matchers) => Some(Choice::One(part.text.into(), matchers)),
            None => {
                let what = match self.kind {
                    Kind::Address => "address, network or range of addresses",
                    Kind::Port => "port or range of ports",
                };
                self.critic.error(at, format!("`{}` is no {what}", part.text));
                None
            }
        }
    }

    fn variable(
        &mut self,
        name: &str,
        part: Part<'_>,
        outer: Option<Part<'_>>,
        depth: usize,
    ) -> Option<Choice> {
        let at = outer.unwrap_or(part);
        let Some(values) = self.variables.values(name) else {
            if DEFAULTS.contains(&name) {
                self.critic
                    .warning(at, format!("variable `${name}` is not set: it is taken as `any`"))
                    .hint(format!("set `{name}` under `networks:` of the settings file"));
                return Some(Choice::Variable(format!("${name}").into(), Arc::new(Choice::Any)));
            }
            let finding = self.critic.error(at, format!("variable `${name}` is not set"));
            finding.nearest(name, self.variables.names());
            if finding.hint.as_ref().is_none_or(|hint| !hint.starts_with("did you mean")) {
                finding.hint(format!("set `{name}` under `networks:` of the settings file"));
            }
            return None;
        };
        let read: Vec<_> = values
            .iter()
            .map(|value| self.choice(Part { text: value.trim(), at: 0 }, Some(at), depth + 1))
            .collect();
        let read = read.into_iter().collect::<Option<Vec<_>>>()?;
        Some(Choice::Variable(format!("${name}").into(), Arc::new(Choice::Set(read))))
    }
}

impl Choice {
    /// The condition that a field has what is chosen.
    pub(super) fn condition(&self, field: FieldId, label: &str, place: Place) -> Expression {
        let test = |wanted| super::lower::test(place, label, field, wanted);
        let named = |text: &str, matchers: &[Matcher]| {
            matchers.iter().map(|matcher| (Box::from(text), matcher.clone())).collect::<Vec<_>>()
        };
        match self {
            Self::Any => Expression::All(Vec::new()),
            Self::One(text, matchers) => test(named(text, matchers)),
            Self::Not(choice) => Expression::Not(Box::new(choice.condition(field, label, place))),
            Self::Variable(name, choice) => {
                Expression::Named(name.clone(), Arc::new(choice.condition(field, label, place)))
            }
            Self::Set(choices) => {
                let (mut plain, mut others, mut not) = (Vec::new(), Vec::new(), Vec::new());
                for choice in choices {
                    match choice {
                        Self::One(text, matchers) => plain.extend(named(text, matchers)),
                        Self::Not(_) => not.push(choice.condition(field, label, place)),
                        _ => others.push(choice.condition(field, label, place)),
                    }
                }
                if !plain.is_empty() {
                    others.insert(0, test(plain));
                }
                // A list of exceptions alone is about everything else.
                if !others.is_empty() || not.is_empty() {
                    not.insert(0, if others.len() == 1 { others.remove(0) } else { Expression::Any(others) });
                }
                if not.len() == 1 { not.remove(0) } else { Expression::All(not) }
            }
        }
    }

    /// Whether anything will do.
    pub(super) fn is_any(&self) -> bool {
        match self {
            Self::Any => true,
            Self::Variable(_, choice) => choice.is_any(),
            Self::Set(choices) => choices.iter().any(Self::is_any) && !choices.iter().any(Self::excludes),
            Self::One(..) | Self::Not(_) => false,
        }
    }

    fn excludes(&self) -> bool {
        matches!(self, Self::Not(_))
    }

    /// The numbers that it lists, when it does nothing else.
    pub(super) fn ports(&self) -> Option<Vec<(u16, u16)>> {
        match self {
            Self::One(_, matchers) => {
                let range = |matcher: &Matcher| match matcher {
                    Matcher::Between(low, high) => u16::try_from(*low).ok().zip(u16::try_from(*high).ok()),
                    _ => None,
                };
                matchers.iter().map(range).collect()
            }
            Self::Variable(_, choice) => choice.ports(),
            Self::Set(choices) => {
                let lists: Option<Vec<_>> = choices.iter().map(Self::ports).collect();
                Some(lists?.concat())
            }
            Self::Any | Self::Not(_) => None,
        }
    }
}

/// The parts between commas that are in no brackets.
fn items(list: Part<'_>) -> Vec<Part<'_>> {
    let mut items = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, character) in list.text.char_indices() {
        match character {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                items.push(list.split_at(start).1.split_at(at - start).0.trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(list.split_at(start).1.trim());
    items
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// An address, a network, or two addresses with a hyphen between them.
fn networks(text: &str) -> Option<Vec<Matcher>> {
    if let Some((first, last)) = text.split_once('-') {
        let (first, last): (IpAddr, IpAddr) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        let networks = Network::between(first, last)?;
        return Some(networks.into_iter().map(Matcher::Cidr).collect());
    }
    Network::parse(text).map(|(network, _)| vec![Matcher::Cidr(network)])
}

/// A port, or two with a colon between them; one of the two may be missing.
fn ports(text: &str) -> Option<Vec<Matcher>> {
    let port = |text: &str, open: u16| match text.trim() {
        "" => Some(open),
        text if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    };
    let (low, high) = match text.split_once(':') {
        Some((low, high)) if !(low.is_empty() && high.is_empty()) => (port(low, 0)?, port(high, u16::MAX)?),
        Some(_) => return None,
        None if text.is_empty() => return None,
        None => (port(text, 0)?, port(text, 0)?),
    };
    (low <= high).then(|| vec![Matcher::Between(low.into(), high.into())])
}

/// Variables that every sensor has; without a value they do not restrict.
const DEFAULTS: [&str; 2] = ["HOME_NET", "EXTERNAL_NET"];
/// Lists and variables inside of each other. A variable that names itself ends here.
const MAX_DEPTH: usize = 16;

#[cfg(test)]
mod tests {
    use super::super::line::lines;
    use super::*;
    use crate::field::Field;
    use crate::finding::{Finding, Findings};
    use crate::value::{FieldValue, FieldValues, Fields};
    use rpcscope_model::Address;

    struct One(FieldValue<'static>);

    impl Fields for One {
        fn values(&self, _: &Field) -> FieldValues<'_> {
            std::iter::once(self.0.clone()).collect()
        }

        fn any(&self, _: &mut dyn FnMut(&FieldValue<'_>) -> bool) -> bool {
            false
        }
    }

    fn read(kind: Kind, text: &str) -> (Option<Choice>, Vec<Finding>) {
        let mut variables = Placeholders::new();
        variables.set("NETS", ["10.0.0.0/8", "!10.1.0.0/16"]);
        variables.set("LOOP", ["$LOOP"]);
        variables.set("NOBODY", [""; 0]);
        variables.set("PORTS", ["[135,445]"]);
        let lines = lines(text);
        let mut findings = Findings::new("a.rules".into());
        let mut critic = Critic { line: &lines[0], findings: &mut findings };
        let mut mends = Vec::new();
        let choice = Choices { kind, variables: &variables, critic: &mut critic, mends: &mut mends }
            .read(lines[0].part());
        (choice, findings.into_list())
    }

    fn has(kind: Kind, text: &str, value: FieldValue<'static>) -> bool {
        let (choice, findings) = read(kind, text);
        assert!(findings.is_empty(), "{findings:?}");
        choice.expect(text).condition(FieldId::ClientIp, "source", Place::default()).holds(&One(value))
    }

    fn has_address(text: &str, address: [u8; 4]) -> bool {
        has(Kind::Address, text, FieldValue::Address(Address::v4(address)))
    }

    fn has_port(text: &str, port: u16) -> bool {
        has(Kind::Port, text, FieldValue::Number(port.into()))
    }

    #[test]
    fn lists_negations_and_variables_of_addresses_are_read() {
        assert!(has_address("any", [1, 2, 3, 4]));
        assert!(has_address("[10.0.0.0/8,192.168.0.1]", [192, 168, 0, 1]));
        assert!(!has_address("[10.0.0.0/8, !10.1.0.0/16]", [10, 1, 0, 1]));
        assert!(has_address("$NETS", [10, 2, 0, 1]) && !has_address("$NETS", [10, 1, 0, 1]));
        assert!(!has_address("!$NETS", [10, 2, 0, 1]) && has_address("!$NETS", [10, 1, 0, 1]));
        assert!(has_address("![10.0.0.0/8,[1.2.3.4]]", [1, 2, 3, 5]));
        assert!(has_address("[!10.0.0.0/8]", [1, 2, 3, 4]) && !has_address("[!10.0.0.0/8]", [10, 2, 3, 4]));
        assert!(!has_address("$NOBODY", [1, 2, 3, 4]) && has_address("!$NOBODY", [1, 2, 3, 4]));
        let range = "10.0.0.250-10.0.1.3";
        assert!(has_address(range, [10, 0, 0, 250]) && has_address(range, [10, 0, 1, 3]));
        assert!(!has_address(range, [10, 0, 0, 249]) && !has_address(range, [10, 0, 1, 4]));
    }

    #[test]
    fn lists_and_ranges_of_ports_are_read() {
        assert!(has_port("135", 135) && !has_port("135", 136));
        assert!(has_port("1024:", 65_535) && has_port(":1024", 0) && !has_port("80:90", 91));
        assert!(has_port("[80:90,!85]", 84) && !has_port("[80:90,!85]", 85));
        assert!(has_port("!$PORTS", 1) && !has_port("!$PORTS", 445));
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let wrong = [
            (Kind::Address, "!any"),
            (Kind::Address, "$NETZ"),
            (Kind::Address, "$LOOP"),
            (Kind::Address, "[10.0.0.1"),
            (Kind::Address, "10.0.0"),
            (Kind::Address, "10.0.0.9-10.0.0.1"),
            (Kind::Port, "65536"),
            (Kind::Port, "90:80"),
            (Kind::Port, ":"),
            (Kind::Port, ""),
            (Kind::Port, "[80,]"),
        ];
        for (kind, text) in wrong {
            let (choice, findings) = if text.is_empty() { read(kind, "[]") } else { read(kind, text) };
            assert!(choice.is_none() && findings.len() == 1, "{text}: {findings:?}");
        }
    }

    #[test]
    fn a_variable_without_its_dollar_is_taken_as_one() {
        let (choice, findings) = read(Kind::Address, "!NETS");
        assert!(choice.is_some());
        let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
        let expected = "a.rules:1:2: warning: `NETS` is neither an address nor a variable\n  hint: it is taken as the variable `$NETS`";
        assert_eq!(shown, [expected]);
        let (home, findings) = read(Kind::Address, "$HOME_NET");
        assert!(home.expect("it is any").is_any() && findings.len() == 1);
    }
}
