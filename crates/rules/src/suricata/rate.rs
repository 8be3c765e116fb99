//! How often a rule may alert, and which packets are kept when it does.

use super::line::{Critic, Part};
use rpcscope_model::Side;

/// How often a rule alerts. What is counted is known after the shards only.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Threshold {
    /// What the number means.
    pub kind: ThresholdKind,
    /// Whose events are counted together.
    pub track: Track,
    /// How many.
    pub count: u32,
    /// Within so many seconds.
    pub seconds: u32,
}

/// What the number of a threshold means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ThresholdKind {
    /// At most so many alerts in the time.
    Limit,
    /// One alert for every so many events in the time.
    Threshold,
    /// At most one alert in the time, when so many events came in it.
    Both,
    /// An alert for every event beyond the number (`detection_filter`).
    Filter,
}

/// Whose events are counted together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Track {
    /// Those with the same sender.
    Source,
    /// Those with the same receiver.
    Destination,
    /// Those with the same sender and receiver.
    Both,
    /// All of the rule.
    Rule,
    /// Those of one flow.
    Flow,
}

/// Which packets are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tag {
    /// Those of a host rather than those of the session: of the sender (`Client` for a request) or of the receiver.
    pub host: Option<Side>,
    /// How much; `None` for all of it.
    pub amount: Option<(u32, Unit)>,
}

/// In what an amount is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Packets.
    Packets,
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
}

/// Reads the value of `threshold`, or of `detection_filter`.
pub(super) fn threshold(value: Part<'_>, is_filter: bool, critic: &mut Critic<'_>) -> Option<Threshold> {
    let (mut kind, mut track, mut count, mut seconds) = (None, None, None, None);
    for part in value.split(',') {
        let words = part.words();
        let [key, word] = words.as_slice() else {
            critic.error(part, format!("`{}` is no key with its value", part.text));
            return None;
        };
        match key.text {
            "type" if !is_filter => {
                let kinds = [
                    ("limit", ThresholdKind::Limit),
                    ("threshold", ThresholdKind::Threshold),
                    ("both", ThresholdKind::Both),
                ];
                kind = Some(one_of(*word, "type", &kinds, critic)?);
            }
            "track" => {
                let tracks = [
                    ("by_src", Track::Source),
                    ("by_dst", Track::Destination),
                    ("by_both", Track::Both),
                    ("by_rule", Track::Rule),
                    ("by_flow", Track::Flow),
                ];
                track = Some(one_of(*word, "track", &tracks, critic)?);
            }
            "count" => count = Some(critic.number::<u32>(*word, "count")?),
            "seconds" => seconds = Some(critic.number::<u32>(*word, "number of seconds")?),
            unknown => {
                let keys = ["type", "track", "count", "seconds"];
                critic.error(*key, format!("unknown key `{unknown}`")).nearest(unknown, keys);
                return None;
            }
        }
    }
    if is_filter {
        kind = Some(ThresholdKind::Filter);
    }
    let missing = [
        ("type", kind.is_none()),
        ("track", track.is_none()),
        ("count", count.is_none()),
        ("seconds", seconds.is_none()),
    ];
    if let Some((name, _)) = missing.iter().find(|(_, missing)| *missing) {
        critic.error(value, format!("no `{name}`"));
        return None;
    }
    if count == Some(0) || seconds == Some(0) {
        critic.error(value, "`count` and `seconds` are at least 1");
        return None;
    }
    Some(Threshold { kind: kind?, track: track?, count: count?, seconds: seconds? })
}

/// Reads the value of `tag`.
pub(super) fn tag(value: Part<'_>, critic: &mut Critic<'_>) -> Option<Tag> {
    let parts = value.split(',');
    let (kind, rest) = parts.split_first()?;
    let mut host = match kind.text {
        "session" => None,
        "host" | "host_src" => Some(Side::Client),
        "host_dst" => Some(Side::Server),
        unknown => {
            critic
                .error(*kind, format!("unknown tag `{unknown}`"))
                .nearest(unknown, ["session", "host", "host_src", "host_dst"]);
            return None;
        }
    };
    let mut amount = None;
    let mut number = None;
    for part in rest {
        let unit = |word: &str| UNITS.iter().find(|(name, _)| *name == word).map(|(_, unit)| *unit);
        match *part.words().as_slice() {
            // Snort 2: until the session ends.
            [word] if word.text == "exclusive" && kind.text == "session" => {}
            [word] if host.is_some() && word.text == "src" => host = Some(Side::Client),
            [word] if host.is_some() && word.text == "dst" => host = Some(Side::Server),
            [word] => match (number.take(), unit(word.text)) {
                (Some(count), Some(unit)) => amount = Some((count, unit)),
                (None, _) => number = Some(critic.number::<u32>(word, "number")?),
                (Some(_), None) => {
                    let units = UNITS.iter().map(|(name, _)| *name);
                    critic.error(word, format!("unknown unit `{}`", word.text)).nearest(word.text, units);
                    return None;
                }
            },
            // Snort 3.
            [name, count] if unit(name.text).is_some() => {
                let count = critic.number::<u32>(count, "number")?;
                amount = unit(name.text).map(|unit| (count, unit));
            }
            _ => {
                critic.error(*part, format!("`{}` is neither a number nor a unit", part.text));
                return None;
            }
        }
    }
    if number.is_some() {
        critic
            .error(value, "a number without its unit")
            .hint("write `packets`, `bytes` or `seconds` after it");
        return None;
    }
    Some(Tag { host, amount })
}

fn one_of<T: Copy>(
    word: Part<'_>,
    what: &str,
    known: &[(&'static str, T)],
    critic: &mut Critic<'_>,
) -> Option<T> {
    let found = known.iter().find(|(name, _)| *name == word.text).map(|(_, value)| *value);
    if found.is_none() {
        critic
            .error(word, format!("unknown {what} `{}`", word.text))
            .nearest(word.text, known.iter().map(|(name, _)| *name));
    }
    found
}

const UNITS: [(&str, Unit); 3] =
    [("packets", Unit::Packets), ("bytes", Unit::Bytes), ("seconds", Unit::Seconds)];
