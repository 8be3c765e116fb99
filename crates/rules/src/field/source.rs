//! Log sources: which events a rule is about, and by which names it calls their fields.

use rpcscope_model::{AuthType, Event, EventBody};
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
    /// An activation, told beside its call.
    Activation,
    /// An operation of Windows Management Instrumentation, told beside its call.
    Wmi,
    /// An answer of an endpoint mapper, told beside its call.
    EndpointMap,
    /// A named pipe that was opened or refused.
    Pipe,
    /// Something that was done to a file of a share.
    SmbFile,
    /// A connection to a share.
    SmbMapping,
    /// Something unexpected.
    Anomaly,
}

impl EventType {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Call,
        Self::Bind,
        Self::Identity,
        Self::Activation,
        Self::Wmi,
        Self::EndpointMap,
        Self::Pipe,
        Self::SmbFile,
        Self::SmbMapping,
        Self::Anomaly,
    ];

    /// The name: the service of the log source, and the value of the field `event_type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Bind => "bind",
            Self::Identity => "identity",
            Self::Activation => "activation",
            Self::Wmi => "wmi",
            Self::EndpointMap => "endpoint",
            Self::Pipe => "pipe",
            Self::SmbFile => "smb_file",
            Self::SmbMapping => "smb_mapping",
            Self::Anomaly => "anomaly",
        }
    }

    /// Whether it tells again what a call tells. A rule that is about calls, too, looks at the call alone.
    pub(crate) const fn repeats_a_call(self) -> bool {
        matches!(self, Self::Activation | Self::Wmi | Self::EndpointMap)
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
    /// Of authentications, only those by this service.
    pub mechanism: Option<AuthType>,
}

impl LogSource {
    /// Whether a rule that names these attributes is about this source. An attribute that a rule leaves out is not wanted.
    pub(crate) fn suits(&self, product: Option<&str>, service: Option<&str>, category: Option<&str>) -> bool {
        let same = |wanted: Option<&str>, own: Option<&str>| wanted.is_none_or(|wanted| own == Some(wanted));
        product == Some(self.product) && same(service, self.service) && same(category, self.category)
    }

    /// Whether an event is of it.
    pub fn has(&self, event: &Event) -> bool {
        self.events.contains(&EventType::of(event))
            && match (&event.body, self.mechanism) {
                (EventBody::Authentication(told), Some(mechanism)) => {
                    told.identity.auth_type == Some(mechanism)
                }
                _ => true,
            }
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
pub(crate) static FOREIGN: LogSource = LogSource {
    product: "foreign",
    service: None,
    category: None,
    naming: Naming::Open,
    events: &[],
    mechanism: None,
};

/// Messages of calls: rule text that names an interface, an operation or a stub.
pub(crate) static RULE_TEXT_CALLS: LogSource = rule_text(&[EventType::Call]);
/// Messages of calls and binds: rule text that reads PDUs.
pub(crate) static RULE_TEXT_PDUS: LogSource = rule_text(&[EventType::Call, EventType::Bind]);

/// Tree connects of SMB: rule text about shares and pipes.
pub(crate) static RULE_TEXT_TREES: LogSource = rule_text(&[EventType::SmbMapping]);

const fn rule_text(events: &'static [EventType]) -> LogSource {
    LogSource { product: "suricata", ..own(None, events) }
}

const fn own(service: Option<&'static str>, events: &'static [EventType]) -> LogSource {
    LogSource {
        product: "rpcscope",
        service,
        category: None,
        naming: Naming::Rpcscope,
        events,
        mechanism: None,
    }
}

const fn zeek(service: &'static str, events: &'static [EventType], mechanism: Option<AuthType>) -> LogSource {
    LogSource { product: "zeek", naming: Naming::Zeek, mechanism, ..own(Some(service), events) }
}

/// Authentication services of [MS-RPCE] 2.2.1.1.7, as identities have them.
const WINNT: Option<AuthType> = Some(AuthType(10));
const KERBEROS: Option<AuthType> = Some(AuthType(16));

const SOURCES: [LogSource; 17] = [
    own(None, &EventType::ALL),
    own(Some("call"), &[EventType::Call]),
    own(Some("bind"), &[EventType::Bind]),
    own(Some("identity"), &[EventType::Identity]),
    own(Some("activation"), &[EventType::Activation]),
    own(Some("wmi"), &[EventType::Wmi]),
    own(Some("endpoint"), &[EventType::EndpointMap]),
    own(Some("pipe"), &[EventType::Pipe]),
    own(Some("smb_file"), &[EventType::SmbFile]),
    own(Some("smb_mapping"), &[EventType::SmbMapping]),
    own(Some("anomaly"), &[EventType::Anomaly]),
    LogSource {
        product: "rpc_firewall",
        category: Some("application"),
        naming: Naming::RpcFirewall,
        ..own(None, &[EventType::Call])
    },
    zeek("dce_rpc", &[EventType::Call], None),
    // Pipes are files of the share `IPC$` in that log.
    zeek("smb_files", &[EventType::SmbFile, EventType::Pipe], None),
    zeek("smb_mapping", &[EventType::SmbMapping], None),
    zeek("ntlm", &[EventType::Identity], WINNT),
    zeek("kerberos", &[EventType::Identity], KERBEROS),
];
