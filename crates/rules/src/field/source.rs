//! Log sources: which events a rule is about, and by which names it calls their fields.

use std::fmt;

/// The kinds of events that rules are about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum EventType {
    /// A remote procedure call.
    Call,
    /// A bind or alter_context.
    Bind,
    /// An authentication.
    Identity,
    /// Something unexpected.
    Anomaly,
}

impl EventType {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Call, Self::Bind, Self::Identity, Self::Anomaly];

    /// The name: the service of the log source, and the value of the field `event_type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Bind => "bind",
            Self::Identity => "identity",
            Self::Anomaly => "anomaly",
        }
    }
}

/// Whose names for fields and values a rule uses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Naming {
    /// Ours.
    Rpcscope,
    /// Of the events that RPC Firewall writes.
    RpcFirewall,
    /// Of Zeek's logs.
    Zeek,
    /// Any name is a field: events of others.
    Open,
}

/// A log source of the sensor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogSource {
    /// `product` of a rule.
    pub product: &'static str,
    /// `service` of a rule, where the product has several.
    pub service: Option<&'static str>,
    /// `category` of a rule, where the product has one.
    pub category: Option<&'static str>,
    /// The names that its rules use.
    pub naming: Naming,
    /// The events that it is made of.
    pub events: &'static [EventType],
}

impl LogSource {
    /// Whether a rule that names these attributes is about this source. An attribute that a rule leaves out is not wanted.
    pub(crate) fn suits(&self, product: Option<&str>, service: Option<&str>, category: Option<&str>) -> bool {
        let same = |wanted: Option<&str>, own: Option<&str>| wanted.is_none_or(|wanted| own == Some(wanted));
        product == Some(self.product) && same(service, self.service) && same(category, self.category)
    }
}

impl fmt::Display for LogSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "product {}", self.product)?;
        if let Some(service) = self.service {
            write!(f, ", service {service}")?;
        }
        match self.category {
            Some(category) => write!(f, ", category {category}"),
            None => Ok(()),
        }
    }
}

/// All log sources. A rule of `product: rpcscope` without a service is about all events.
pub fn log_sources() -> &'static [LogSource] {
    &SOURCES
}

/// Events of others.
pub(crate) static FOREIGN: LogSource =
    LogSource { product: "foreign", service: None, category: None, naming: Naming::Open, events: &[] };

/// Messages of calls: rule text that names an interface, an operation or a stub.
pub(crate) static RULE_TEXT_CALLS: LogSource = rule_text(&[EventType::Call]);
/// Messages of calls and binds: rule text that reads PDUs.
pub(crate) static RULE_TEXT_PDUS: LogSource = rule_text(&[EventType::Call, EventType::Bind]);

const fn rule_text(events: &'static [EventType]) -> LogSource {
    LogSource { product: "suricata", service: None, category: None, naming: Naming::Rpcscope, events }
}

const fn own(service: Option<&'static str>, events: &'static [EventType]) -> LogSource {
    LogSource { product: "rpcscope", service, category: None, naming: Naming::Rpcscope, events }
}

const SOURCES: [LogSource; 7] = [
    own(None, &EventType::ALL),
    own(Some("call"), &[EventType::Call]),
    own(Some("bind"), &[EventType::Bind]),
    own(Some("identity"), &[EventType::Identity]),
    own(Some("anomaly"), &[EventType::Anomaly]),
    LogSource {
        product: "rpc_firewall",
        service: None,
        category: Some("application"),
        naming: Naming::RpcFirewall,
        events: &[EventType::Call],
    },
    LogSource {
        product: "zeek",
        service: Some("dce_rpc"),
        category: None,
        naming: Naming::Zeek,
        events: &[EventType::Call],
    },
];
