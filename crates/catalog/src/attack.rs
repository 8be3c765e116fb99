//! Which operations are used by which techniques of MITRE ATT&CK.

use crate::class::classes;
use crate::tables::{ABUSES, ATTACK_VERSION, SUPERSEDED};
use uuid::Uuid;

/// Operations of one interface that techniques use.
#[derive(Debug)]
pub struct Abuse {
    /// The interface.
    pub interface: Uuid,
    /// The operations, by number; none stands for all.
    pub opnums: &'static [u16],
    /// The techniques, such as `T1021.003`.
    pub techniques: &'static [&'static str],
    /// All tactics that ATT&CK files the techniques under.
    pub tactics: &'static [&'static str],
    /// How strongly a single call points at abuse.
    pub confidence: Confidence,
    /// What the abuse is called.
    pub name: Option<&'static str>,
    /// What the operations do for it.
    pub reason: &'static str,
}

/// How strongly a single call points at abuse.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Confidence {
    /// Mostly administration.
    Low,
    /// Often administration.
    Medium,
    /// Rarely anything else.
    High,
}

/// All abuses that are known, sorted by interface.
pub fn abuses() -> &'static [Abuse] {
    &ABUSES
}

/// The abuses of an operation.
pub fn abuses_of(interface: Uuid, opnum: u16) -> impl Iterator<Item = &'static Abuse> {
    let start = ABUSES.partition_point(|abuse| abuse.interface < interface);
    let of_interface = ABUSES.iter().skip(start).take_while(move |abuse| abuse.interface == interface);
    of_interface.filter(move |abuse| abuse.opnums.is_empty() || abuse.opnums.contains(&opnum))
}

/// A technique that the catalogue knows, by its number in any case.
pub fn technique(id: &str) -> Option<&'static str> {
    techniques().find(|known| known.eq_ignore_ascii_case(id))
}

/// All techniques that the catalogue has an operation or a class for; some occur several times.
pub fn techniques() -> impl Iterator<Item = &'static str> {
    let by_class = classes().iter().flat_map(|class| class.techniques);
    ABUSES.iter().flat_map(|abuse| abuse.techniques).chain(by_class).copied()
}

/// The technique that took the place of one that ATT&CK has given up.
pub fn superseded_technique(id: &str) -> Option<&'static str> {
    SUPERSEDED.iter().find(|(old, _)| old.eq_ignore_ascii_case(id)).map(|(_, new)| *new)
}

/// The tactics of ATT&CK for enterprises, as tags write them, with those that version 19 has split.
pub fn tactics() -> &'static [&'static str] {
    &TACTICS
}

/// The version of ATT&CK that the facts follow.
pub fn attack_version() -> &'static str {
    ATTACK_VERSION
}

const TACTICS: [&str; 16] = [
    "reconnaissance",
    "resource-development",
    "initial-access",
    "execution",
    "persistence",
    "privilege-escalation",
    "defense-evasion",
    "stealth",
    "defense-impairment",
    "credential-access",
    "discovery",
    "lateral-movement",
    "collection",
    "command-and-control",
    "exfiltration",
    "impact",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interfaces_named;

    fn found(interface: &str, opnum: u16) -> Vec<&'static str> {
        let interface = interfaces_named(interface).next().expect("the catalogue knows it");
        abuses_of(interface.uuid, opnum).flat_map(|abuse| abuse.techniques).copied().collect()
    }

    #[test]
    fn operations_lead_to_techniques() {
        assert!(found("svcctl", 12).contains(&"T1543.003"));
        assert!(found("drsuapi", 3).contains(&"T1003.006"));
        assert_eq!(found("svcctl", 999), [""; 0]);
    }

    #[test]
    fn an_abuse_without_numbers_is_of_all_operations() {
        assert!(found("IRemUnknown2", 7).contains(&"T1021.003"));
    }

    #[test]
    fn the_table_is_sorted_and_its_tactics_are_known() {
        assert!(abuses().len() >= 162 && abuses().is_sorted_by_key(|abuse| abuse.interface));
        let tactics_of = abuses().iter().flat_map(|abuse| abuse.tactics);
        assert!(tactics_of.clone().all(|tactic| tactics().contains(tactic)));
    }

    #[test]
    fn techniques_are_found_and_those_given_up_lead_on() {
        assert_eq!(technique("t1021.003"), Some("T1021.003"));
        assert_eq!(technique("T9999"), None);
        assert_eq!(superseded_technique("T1070.001"), Some("T1685.005"));
        assert!(superseded_technique("T1070.001").and_then(technique).is_some());
        assert_eq!(attack_version(), "19.1");
    }
}
