//! What rules say about events.

use crate::{CarveId, Event};
use std::sync::Arc;

/// An event that a rule was written for.
#[derive(Clone, Debug)]
pub struct Alert {
    /// The rule.
    pub rule: Arc<Signature>,
    /// The event, or the last of those that a correlation is about.
    pub event: Arc<Event>,
    /// What a correlation counted; `None` for a rule about one event.
    pub correlated: Option<Correlated>,
    /// Where the frames of the session are carved to, if a rule wants that of this event.
    pub capture: Option<CarveId>,
}

/// What is said of a rule in each of its alerts: Suricata's fields and Sigma's.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Signature {
    /// Signature id: of the rule, or made from its id.
    pub sid: u32,
    /// Generator id; 1 unless the rule says otherwise.
    pub gid: u32,
    /// Revision of the rule.
    pub rev: u32,
    /// What it finds, in one line.
    pub title: String,
    /// What kind of thing it finds, in words.
    pub category: String,
    /// 1 is worst, 4 least.
    pub severity: u8,
    /// Further facts, sorted by name; `mitre_technique_id` among them.
    pub metadata: Vec<(String, Vec<String>)>,
    /// Sigma's id of the rule.
    pub id: Option<String>,
    /// Sigma's level.
    pub level: Option<&'static str>,
    /// Sigma's tags, as written.
    pub tags: Vec<String>,
}

/// What a correlation counted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Correlated {
    /// Events, distinct values or rules that it counted.
    pub count: u64,
    /// What the events have in common: fields of the group and their values.
    pub group: Vec<(String, String)>,
}
