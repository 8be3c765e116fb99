//! What the alerts of a rule say of it.

use crate::sigma::{Level, Meta};
use rpcscope_model::Signature;

/// What alerts of a Sigma rule say of it.
pub(crate) fn signature(meta: &Meta) -> Signature {
    let identity = meta.id.as_deref().or(meta.name.as_deref()).unwrap_or(&meta.title);
    let techniques: Vec<String> = meta.tags.iter().filter_map(|tag| technique(tag)).collect();
    let tactics: Vec<String> = meta.tags.iter().filter_map(|tag| tactic(tag)).collect();
    let category = tactics.first().map(|tactic| in_words(tactic)).unwrap_or_default();
    let metadata = [("mitre_tactic", tactics), ("mitre_technique_id", techniques)];
    let metadata = metadata.into_iter().filter(|(_, values)| !values.is_empty());
    Signature {
        sid: meta.sid.unwrap_or_else(|| made_sid(identity)),
        gid: 1,
        rev: 1,
        title: meta.title.clone(),
        category,
        severity: meta.level.map_or(3, severity),
        metadata: metadata.map(|(name, values)| (name.to_owned(), values)).collect(),
        id: meta.id.clone(),
        level: meta.level.map(Level::name),
        tags: meta.tags.clone(),
    }
}

/// A technique of ATT&CK, as its site writes it: `T1021.003` of the tag `attack.t1021.003`.
fn technique(tag: &str) -> Option<String> {
    let name = tag.to_ascii_lowercase();
    let number = name.strip_prefix("attack.t")?;
    number.starts_with(|digit: char| digit.is_ascii_digit()).then(|| format!("T{number}"))
}

/// A tactic of ATT&CK: `lateral-movement` of the tags `attack.lateral-movement` and `attack.lateral_movement`.
fn tactic(tag: &str) -> Option<String> {
    let name = tag.to_ascii_lowercase().replace('_', "-");
    let name = name.strip_prefix("attack.")?;
    let is_numbered = name.starts_with(['t', 's', 'g'])
        && name.get(1..).is_some_and(|rest| rest.starts_with(|digit: char| digit.is_ascii_digit()));
    (!is_numbered).then(|| name.to_owned())
}

/// `Lateral Movement` for `lateral-movement`.
fn in_words(tactic: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    tactic.split('-').map(word).collect::<Vec<_>>().join(" ")
}

/// Suricata's severity: 1 is worst.
const fn severity(level: Level) -> u8 {
    match level {
        Level::Critical | Level::High => 1,
        Level::Medium => 2,
        Level::Low => 3,
        Level::Informational => 4,
    }
}

/// A signature id for a rule that has none: the same for the same id on any machine, above those that rule writers use.
fn made_sid(identity: &str) -> u32 {
    // FNV-1a, whose value does not change with the version of a library.
    let hash = identity
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    MADE_SIDS + hash % MADE_SIDS
}

/// Signature ids from here to twice this are made from ids of rules.
const MADE_SIDS: u32 = 2_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_become_techniques_and_tactics() {
        let tags =
            ["attack.t1021.003", "attack.lateral_movement", "attack.s0039", "cve.2021-1675", "attack.T1047"];
        let meta = Meta { tags: tags.map(str::to_owned).to_vec(), ..Meta::default() };
        let metadata = [
            ("mitre_tactic".to_owned(), vec!["lateral-movement".to_owned()]),
            ("mitre_technique_id".to_owned(), vec!["T1021.003".to_owned(), "T1047".to_owned()]),
        ];
        assert_eq!(signature(&meta).metadata, metadata);
        assert_eq!(signature(&meta).category, "Lateral Movement");
    }

    #[test]
    fn a_rule_without_a_signature_id_gets_the_same_one_everywhere() {
        let meta = |id: &str| Meta { id: Some(id.to_owned()), ..Meta::default() };
        assert_eq!(signature(&meta("0d7f1a52")).sid, signature(&meta("0d7f1a52")).sid);
        assert_ne!(signature(&meta("0d7f1a52")).sid, signature(&meta("0d7f1a53")).sid);
        assert!(signature(&meta("0d7f1a52")).sid >= MADE_SIDS);
        assert_eq!(signature(&Meta { sid: Some(7), ..meta("x") }).sid, 7);
    }
}
