//! Interface and operation of a call, as rule text names them.

use super::line::{Critic, Part};
use crate::finding::Place;
use crate::matcher::{Comparison, Matcher, Number};
use rpcscope_catalog::interfaces_named;
use uuid::Uuid;

/// An interface that a rule names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) interface: Uuid,
    /// How its major version stands to a number.
    pub(super) version: Option<(Comparison, u16)>,
}

/// Operations that a rule names.
#[derive(Debug)]
pub(super) struct Opnums {
    pub(super) place: Place,
    /// One of these.
    pub(super) wanted: Vec<(Box<str>, Matcher)>,
    /// None of these.
    pub(super) negated: bool,
}

/// Reads the value of `dcerpc.iface`: `uuid[,version][,any_frag]`. Fragments are put together before rules see a request, and
/// a context that the server accepted counts however its bind was flagged: `any_frag` makes no difference.
pub(super) fn interface(value: Part<'_>, critic: &mut Critic<'_>) -> Option<Wanted> {
    let parts = value.split(',');
    let (uuid, rest) = parts.split_first()?;
    let parsed =
        Some(uuid.text).filter(|text| text.len() == UUID_CHARS).and_then(|text| Uuid::try_parse(text).ok());
    let Some(interface) = parsed else {
        let finding = critic.error(*uuid, format!("`{}` is no UUID", uuid.text));
        match interfaces_named(uuid.text).next() {
            Some(known) => finding.hint(format!("write `{}`", known.uuid)),
            None => finding.hint("such as `367abb81-9844-35f1-ad32-98f038001003`"),
        };
        return None;
    };
    let (mut version, mut any_fragment) = (None, false);
    for (at, part) in rest.iter().enumerate() {
        match part.text {
            "any_frag" if !any_fragment => any_fragment = true,
            _ if at == 0 => version = Some(self::version(*part, critic)?),
            _ => {
                critic
                    .error(*part, format!("`{}` is not expected here", part.text))
                    .hint("write `uuid`, `uuid,=1`, `uuid,any_frag` or `uuid,=1,any_frag`");
                return None;
            }
        }
    }
    Some(Wanted { interface, version })
}

fn version(part: Part<'_>, critic: &mut Critic<'_>) -> Option<(Comparison, u16)> {
    let (comparison, digits) = compared(part);
    let number: u16 = critic.number(digits, "version: a number from 0 to 65535")?;
    let always = match comparison {
        Comparison::Less => number == 0,
        Comparison::Greater => number == u16::MAX,
        Comparison::GreaterOrEqual => number == 0,
        Comparison::LessOrEqual => number == u16::MAX,
        Comparison::Equal | Comparison::NotEqual => false,
    };
    if always {
        critic.error(part, format!("`{}` holds for all versions, or for none", part.text));
        return None;
    }
    Some((comparison, number))
}

/// Reads the value of `dcerpc.opnum`: numbers and ranges, both ends included, or a comparison.
pub(super) fn opnum(value: Part<'_>, critic: &mut Critic<'_>) -> Option<Opnums> {
    let place = critic.line.place(value.at);
    let (negated, listed) = match value.strip_prefix("!") {
        Some(rest) if !rest.text.starts_with('=') => (true, rest.trim()),
        _ => (false, value),
    };
    if listed.text.starts_with(['<', '>', '=', '!']) && !negated {
        let (comparison, digits) = compared(listed);
        let number: u16 = critic.number(digits, "operation: a number from 0 to 65535")?;
        let matcher = Matcher::Number(comparison, Number::Whole(number.into()));
        return Some(Opnums { place, wanted: vec![(value.text.into(), matcher)], negated: false });
    }
    let mut wanted = Vec::new();
    for item in listed.split(',') {
        let (low, high) = match item.split_once('-') {
            Some((low, high)) => (low.trim(), Some(high.trim())),
            None => (item, None),
        };
        let low: u16 = critic.number(low, "operation: a number from 0 to 65535")?;
        let high: u16 = match high {
            None => low,
            // Snort 3: to the last one.
            Some(high) if high.text.is_empty() => u16::MAX,
            Some(high) => critic.number(high, "operation: a number from 0 to 65535")?,
        };
        if high < low {
            critic.error(item, format!("`{}` ends before it begins", item.text));
            return None;
        }
        // Few numbers are told apart by the index.
        if high - low < FEW {
            let equal = |number: u16| Matcher::Number(Comparison::Equal, Number::Whole(number.into()));
            wanted.extend((low..=high).map(|number| (number.to_string().into(), equal(number))));
        } else {
            wanted.push((item.text.into(), Matcher::Between(low.into(), high.into())));
        }
    }
    Some(Opnums { place, wanted, negated })
}

/// A comparison with the text after its sign; without a sign, equality.
pub(super) fn compared(part: Part<'_>) -> (Comparison, Part<'_>) {
    let found =
        SIGNS.iter().find_map(|(sign, comparison)| Some((*comparison, part.strip_prefix(sign)?.trim())));
    found.unwrap_or((Comparison::Equal, part))
}

/// Longer signs before those that they begin with.
const SIGNS: [(&str, Comparison); 7] = [
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("!=", Comparison::NotEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
    ("!", Comparison::NotEqual),
    ("=", Comparison::Equal),
];
/// Characters of a UUID with its hyphens.
const UUID_CHARS: usize = 36;
/// Operations of a range that are spelt out.
const FEW: u16 = 64;
