//! Networks by name: lists of prefixes, of which some are excluded, and of other networks.

use crate::finding::{Findings, Place};
use rpcscope_text::{Key, Node};
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A part of a network as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Member {
    effect: Effect,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Effect {
    Include,
    Exclude,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum What {
    Prefix(Prefix),
    Name(String),
}

/// All networks of a settings file.
#[derive(Default)]
pub(super) struct Networks(Vec<(String, Vec<(Place, Member)>)>);

/// A network with all its parts found.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Resolved {
    /// Without overlap, sorted, IPv4 first.
    pub(super) prefixes: Vec<Prefix>,
}

impl Member {
    /// Reads `10.0.0.0/8`, `10.0.0.5`, `servers`, each perhaps behind `!`.
    pub(super) fn parse(text: &str, node: &Node, findings: &mut Findings) -> Option<Self> {
        let (effect, rest) = match text.strip_prefix('!') {
            Some(rest) => (Effect::Exclude, rest.trim_start()),
            None => (Effect::Include, text),
        };
        let looks_like_address = rest.contains([':', '/']) || rest.starts_with(|c: char| c.is_ascii_digit());
        let what = match Prefix::parse(rest) {
            Some((prefix, stray_bits)) => {
                if stray_bits {
                    let cause = format!("`{rest}` has bits beyond its prefix; they do not count");
                    findings.warning(node.place, cause);
                }
                What::Prefix(prefix)
            }
            None if rest.is_empty() || looks_like_address => {
                findings.error(node.place, format!("`{rest}` is no address and no prefix"));
                return None;
            }
            None => What::Name(rest.trim_start_matches('$').to_owned()),
        };
        Some(Self { effect, what })
    }
}

impl Networks {
    pub(super) fn add(&mut self, name: &Key, members: Vec<(Place, Member)>) {
        self.0.push((name.name.clone(), members));
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// All networks, in the order of the file. One that is made of itself or too long is as if that part were not there.
    pub(super) fn resolve(&self, findings: &mut Findings) -> Vec<(&str, Resolved)> {
        let mut resolver = Resolver { networks: self, states: BTreeMap::new(), findings };
        self.0.iter().map(|(name, _)| (name.as_str(), resolver.network(name, 0))).collect()
    }
}

enum State {
    Open,
    Done(Resolved),
}

struct Resolver<'a, 'f> {
    networks: &'a Networks,
    states: BTreeMap<&'a str, State>,
    findings: &'f mut Findings,
}

impl<'a> Resolver<'a, '_> {
    fn network(&mut self, name: &str, depth: usize) -> Resolved {
        let Some((name, members)) = self.networks.0.iter().find(|(known, _)| known == name) else {
            return Resolved::default();
        };
        if let Some(State::Done(done)) = self.states.get(name.as_str()) {
            return done.clone();
        }
        self.states.insert(name, State::Open);
        let mut included = Vec::new();
        let mut excluded = Vec::new();
        let mut includes = false;
        for (place, member) in members {
            let prefixes = match &member.what {
                What::Prefix(prefix) => vec![*prefix],
                What::Name(other) => self.other(other, *place, depth),
            };
            match member.effect {
                Effect::Include => {
                    includes = true;
                    included.extend(prefixes);
                }
                Effect::Exclude => excluded.extend(prefixes),
            }
        }
        if !includes && !members.is_empty() {
            included.extend(Prefix::ALL);
        }
        let prefixes = match difference(included, &excluded) {
            Some(prefixes) => prefixes,
            None => {
                let place = members.first().map_or(Place::START, |(place, _)| *place);
                let cause = format!("network `{name}` comes to more than {MAX_PREFIXES} prefixes");
                self.findings.error(place, cause);
                Vec::new()
            }
        };
        let resolved = Resolved { prefixes };
        self.states.insert(name, State::Done(resolved.clone()));
        resolved
    }

    fn other(&mut self, name: &'a str, place: Place, depth: usize) -> Vec<Prefix> {
        if name == ANY {
            return Prefix::ALL.to_vec();
        }
        if !self.networks.has(name) {
            let known: Vec<&str> = self.networks.0.iter().map(|(known, _)| known.as_str()).collect();
            self.findings.error(place, format!("no network is named `{name}`")).nearest(name, known);
            return Vec::new();
        }
        if matches!(self.states.get(name), Some(State::Open)) {
            self.findings.error(place, format!("network `{name}` is made of itself"));
            return Vec::new();
        }
        if depth >= MAX_DEPTH {
            self.findings.error(place, format!("more than {MAX_DEPTH} networks inside of each other"));
            return Vec::new();
        }
        self.network(name, depth + 1).prefixes
    }
}

/// An address and how many of its bits count. Both families have the width of IPv6, so that one arithmetic serves both.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Prefix {
    family: Family,
    /// Left-aligned; bits beyond the length are zero.
    bits: u128,
    length: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Family {
    V4,
    V6,
}

impl Prefix {
    /// Every address.
    const ALL: [Self; 2] =
        [Self { family: Family::V4, bits: 0, length: 0 }, Self { family: Family::V6, bits: 0, length: 0 }];

    /// Reads `address/bits`, or an address alone; the flag says that bits beyond the prefix were set.
    fn parse(text: &str) -> Option<(Self, bool)> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let (family, bits) = match address.parse().ok()? {
            IpAddr::V4(address) => (Family::V4, u128::from(address.to_bits()) << 96),
            IpAddr::V6(address) => (Family::V6, address.to_bits()),
        };
        let length = length.unwrap_or(family.width());
        if length > family.width() {
            return None;
        }
        Some((Self { family, bits: bits & mask(length), length }, bits & !mask(length) != 0))
    }

    fn contains(self, other: Self) -> bool {
        self.family == other.family
            && self.length <= other.length
            && other.bits & mask(self.length) == self.bits
    }

    /// Its lower and its upper half; `None` for a single address.
    fn halves(self) -> Option<(Self, Self)> {
        let length = self.length + 1;
        let upper = 1_u128.checked_shl(128_u32.checked_sub(length)?)?;
        let half = |bits| Self { bits, length, ..self };
        (length <= self.family.width()).then(|| (half(self.bits), half(self.bits | upper)))
    }
}

impl Family {
    const fn width(self) -> u32 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.family {
            // The upper 32 bits are all that an address of IPv4 has.
            Family::V4 => write!(f, "{}", Ipv4Addr::from_bits(u32::try_from(self.bits >> 96).unwrap_or(0)))?,
            Family::V6 => write!(f, "{}", Ipv6Addr::from_bits(self.bits))?,
        }
        write!(f, "/{}", self.length)
    }
}

fn mask(length: u32) -> u128 {
    u128::MAX.checked_shl(128_u32.saturating_sub(length)).unwrap_or(0)
}

/// What is in the first prefixes and not in the second, as prefixes that do not overlap; `None` when there are too many.
fn difference(included: Vec<Prefix>, excluded: &[Prefix]) -> Option<Vec<Prefix>> {
    let included = outermost(included);
    let excluded = outermost(excluded.to_vec());
    let mut kept = Vec::new();
    for prefix in included {
        let mut pending = vec![prefix];
        while let Some(prefix) = pending.pop() {
            // What is excluded is sorted and does not overlap: one that holds the prefix comes last before it, or those
            // inside it come right after its start.
            let at =
                excluded.partition_point(|other| (other.family, other.bits) <= (prefix.family, prefix.bits));
            let before = at.checked_sub(1).and_then(|at| excluded.get(at)).copied();
            let after = excluded.get(at).copied();
            if before.is_some_and(|other| other.contains(prefix)) {
                continue;
            }
            let inside = [before, after].into_iter().flatten().any(|other| prefix.contains(other));
            match prefix.halves().filter(|_| inside) {
                // The lower half is looked at first, so that what is kept comes sorted.
                Some((lower, upper)) => pending.extend([upper, lower]),
                None => kept.push(prefix),
            }
            if kept.len() > MAX_PREFIXES {
                return None;
            }
        }
    }
    Some(kept)
}

/// Those that are in no other one, sorted.
fn outermost(mut prefixes: Vec<Prefix>) -> Vec<Prefix> {
    prefixes.sort_unstable();
    let mut kept: Vec<Prefix> = Vec::new();
    for prefix in prefixes {
        if !kept.last().is_some_and(|last| last.contains(prefix)) {
            kept.push(prefix);
        }
    }
    kept
}

/// Networks inside of each other: finding them recurses.
const MAX_DEPTH: usize = 64;
/// Prefixes that one network may come to.
const MAX_PREFIXES: usize = 65_536;
/// What stands for every address.
const ANY: &str = "any";

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> Prefix {
        Prefix::parse(text).expect("a prefix").0
    }

    fn shown(included: &[&str], excluded: &[&str]) -> Vec<String> {
        let prefixes = |texts: &[&str]| texts.iter().map(|text| prefix(text)).collect::<Vec<_>>();
        let kept = difference(prefixes(included), &prefixes(excluded)).expect("few");
        kept.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_excluded_is_cut_out() {
        assert_eq!(shown(&["10.0.0.0/29"], &["10.0.0.3"]), ["10.0.0.0/31", "10.0.0.2/32", "10.0.0.4/30"]);
        assert_eq!(shown(&["10.0.0.0/8", "10.1.0.0/16"], &[]), ["10.0.0.0/8"]);
        assert_eq!(shown(&["10.0.0.0/8"], &["0.0.0.0/0"]), [""; 0]);
        assert_eq!(shown(&["10.0.0.0/8"], &["::/0", "11.0.0.0/8"]), ["10.0.0.0/8"]);
        assert_eq!(shown(&["::/127"], &["::1"]), ["::/128"]);
        assert_eq!(shown(&["0.0.0.0/0"], &["0.0.0.0/0"]), [""; 0]);
    }

    #[test]
    fn every_address_is_kept_exactly_when_it_is_included_and_not_excluded() {
        let included = ["10.0.0.0/26", "10.0.0.128/25", "10.0.0.7"];
        let excluded = ["10.0.0.8/30", "10.0.0.130", "10.0.0.192/26", "10.0.0.0/32"];
        let kept: Vec<Prefix> = shown(&included, &excluded).iter().map(|text| prefix(text)).collect();
        for last in 0..=255_u8 {
            let address = prefix(&format!("10.0.0.{last}"));
            let within = |texts: &[&str]| texts.iter().any(|text| prefix(text).contains(address));
            let holders = kept.iter().filter(|kept| kept.contains(address)).count();
            assert_eq!(holders, usize::from(within(&included) && !within(&excluded)), "{last}");
        }
    }

    #[test]
    fn prefixes_without_end_are_refused() {
        let odd = (0..100_000_u32).map(|number| Prefix {
            family: Family::V4,
            bits: u128::from(number * 2 + 1) << 96,
            length: 32,
        });
        assert_eq!(difference(vec![prefix("0.0.0.0/0")], &odd.collect::<Vec<_>>()), None);
    }
}
