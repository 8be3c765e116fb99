//! The fields that rules may name, and their values in an event.

mod event;
mod object;
mod registry;
mod share;
mod source;

pub(crate) use event::short_status;
pub use registry::{FieldId, Kind, Known};
pub use source::{EventType, LogSource, Naming, log_sources};
pub(crate) use source::{FOREIGN, RULE_TEXT_CALLS, RULE_TEXT_PDUS, RULE_TEXT_TREES};

use std::fmt;
use std::sync::Arc;

/// A field that a rule reads.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Field {
    /// One of the registry.
    Known(FieldId),
    /// An argument of a call, by its name in the operation's specification; members of structures after dots.
    Argument(Arc<str>),
    /// One that another source of events has.
    Other(Arc<str>),
}

impl Field {
    /// The field of a log source that has this name.
    pub fn named(name: &str, source: &LogSource) -> Option<Self> {
        if let Some(argument) = name.strip_prefix(ARGUMENTS) {
            let has_arguments = source.naming == Naming::Rpcscope && source.events.contains(&EventType::Call);
            return (has_arguments && !argument.is_empty()).then(|| Self::Argument(argument.into()));
        }
        let named = FieldId::ALL.iter().copied().filter(|id| id.is_of(source));
        named.into_iter().find(|id| id.names(source.naming).contains(&name)).map(Self::Known)
    }

    /// What its values are.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Known(id) => id.kind(),
            Self::Argument(_) | Self::Other(_) => Kind::Any,
        }
    }

    /// When its value is known. Whether an argument is of the request or of the reply is for each call to tell.
    pub fn known(&self) -> Known {
        match self {
            Self::Known(id) => id.known(),
            Self::Argument(_) | Self::Other(_) => Known::Request,
        }
    }

    /// The argument that it is, or is a member of.
    pub(crate) fn argument(&self) -> Option<Arc<str>> {
        match self {
            Self::Argument(path) => Some(path.split('.').next().unwrap_or(path).into()),
            Self::Known(_) | Self::Other(_) => None,
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(id) => f.write_str(id.name()),
            Self::Argument(name) => write!(f, "{ARGUMENTS}{name}"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

/// What names of arguments begin with.
const ARGUMENTS: &str = "args.";
