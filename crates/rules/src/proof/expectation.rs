//! An alert that a test expects, and whether it came.

use crate::field::Field;
use crate::finding::Place;
use crate::value::Fields;
use crate::{LogSource, RuleSet};
use rpcscope_model::{Alert, Endpoint};
use std::fmt;

/// Alerts that a test expects: those that have all of this.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Expectation {
    /// Where it stands.
    pub place: Place,
    /// Of this rule: its id, signature id, name or title.
    pub rule: Option<String>,
    /// As many of them; `None`: at least one.
    pub count: Option<u64>,
    /// Where the number stands.
    pub count_place: Option<Place>,
    /// By this client: address, or address and port.
    pub client: Option<String>,
    /// To this server: address, or address and port.
    pub server: Option<String>,
    /// About an event that began with this frame.
    pub frame: Option<u64>,
    /// About an event with these fields: where they stand, name and value.
    pub fields: Vec<(Place, String, String)>,
}

/// An alert of a run, with the position of its rule or correlation in the rule set.
#[derive(Clone, Debug)]
pub struct Told {
    /// The position.
    pub position: usize,
    /// The alert.
    pub alert: Alert,
}

impl Expectation {
    /// Whether an alert is as expected.
    pub fn suits(&self, told: &Told, rules: &RuleSet) -> bool {
        let header = &told.alert.event.header;
        self.rule.as_deref().is_none_or(|name| rules.is_called(told.position, name))
            && self.client.as_deref().is_none_or(|client| is_end(client, header.client))
            && self.server.as_deref().is_none_or(|server| is_end(server, header.server))
            && self.frame.is_none_or(|frame| header.frame.0 == frame)
            && self.fields.iter().all(|(_, name, wanted)| has(told, rules, name, wanted))
    }

    /// Whether as many alerts came as are expected.
    pub fn is_met_by(&self, count: u64) -> bool {
        self.count.map_or(count > 0, |wanted| wanted == count)
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("rule", self.rule.clone()),
            ("client", self.client.clone()),
            ("server", self.server.clone()),
            ("frame", self.frame.map(|frame| frame.to_string())),
        ];
        let parts = parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        let fields = self.fields.iter().map(|(_, name, value)| (name.clone(), value.clone()));
        for (at, (name, value)) in parts.chain(fields).enumerate() {
            write!(f, "{}{name} `{value}`", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl RuleSet {
    /// Whether a rule or correlation goes by this id, signature id, name or title.
    pub fn is_called(&self, position: usize, name: &str) -> bool {
        let Some((meta, _, sid)) = self.description(position) else { return false };
        [&meta.id, &meta.name].into_iter().flatten().any(|known| known == name)
            || meta.title == name
            || name.parse() == Ok(sid)
    }

    /// What describes a rule or correlation, its file and its signature id.
    pub fn description(&self, position: usize) -> Option<(&crate::Meta, &std::sync::Arc<str>, u32)> {
        let correlation = || self.correlations().get(position.checked_sub(self.rules().len())?);
        match self.rules().get(position) {
            Some(rule) => Some((&rule.meta, &rule.file, rule.signature.sid)),
            None => correlation()
                .map(|correlation| (&correlation.meta, &correlation.file, correlation.signature.sid)),
        }
    }
}

/// Whether an end is at this address, with or without a port.
fn is_end(wanted: &str, end: Endpoint) -> bool {
    let address = end.address.to_ip();
    wanted.parse() == Ok(address) || wanted.parse() == Ok(std::net::SocketAddr::new(address, end.port))
}

fn has(told: &Told, rules: &RuleSet, name: &str, wanted: &str) -> bool {
    let Some(field) = Field::named(name, source(told.position, rules)) else { return false };
    let values = told.alert.event.values(&field);
    values.iter().any(|value| value.to_string().eq_ignore_ascii_case(wanted))
}

/// The names that are used for the fields of a rule's events. A correlation may be about several: ours are used then.
fn source(position: usize, rules: &RuleSet) -> &'static LogSource {
    let all = crate::log_sources().first().expect("there is a log source of all events");
    rules.rules().get(position).map_or(all, |rule| rule.source)
}
