//! Objects of DCOM, as calls and events name them.

use crate::{AuthLevel, CallId, FrameNumber, Identity, Interface, Opnum, Outcome, Security, Text};
use std::fmt;
use std::sync::Arc;
use uuid::Uuid;

/// Names an activation: the call that asked for it. The same in everything that the activation led to, for any number of
/// threads.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ActivationId {
    /// The flow of the call.
    pub flow_id: u64,
    /// The first frame of the call.
    pub frame: FrameNumber,
    /// The call within its association.
    pub call_id: CallId,
}

impl fmt::Display for ActivationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.flow_id, self.frame.0, self.call_id.0)
    }
}

/// A class of objects, with the catalogue's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Class {
    /// Its CLSID.
    pub uuid: Uuid,
    /// The catalogue's name for it.
    pub name: Option<&'static str>,
    /// Why it is taken for the class, when the activation was not read.
    pub guess: Option<Guess>,
}

/// Why an activation that could not be read is taken for that of a class.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Guess {
    /// How sure it is.
    pub confidence: Confidence,
    /// The interface that the client bound on the exporter's port soon after.
    pub because: Interface,
    /// That port.
    pub port: u16,
    /// Known classes on which clients bind that interface; the one that is named is the first of them.
    pub candidates: usize,
}

/// How sure a guess is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Confidence {
    /// Several classes have it, or only one source says that this one has.
    Low,
    /// No other class that is known has it.
    High,
}

impl Confidence {
    /// The name used in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::High => "high",
        }
    }
}

/// How it is known to which activation a call belongs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Linked {
    /// A reference that came of the activation named the object; or the call is the activation.
    Reference,
    /// The reference was not read. The object is on the port to which the client turned after the activation.
    Port,
}

impl Linked {
    /// The name used in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Port => "port",
        }
    }
}

/// The object that a call is made on, or that it activates.
#[derive(Clone, PartialEq, Debug)]
pub struct Object {
    /// The interface that the IPID stands for, when the reference to it was read.
    pub interface: Option<Interface>,
    /// The class whose activation led to it.
    pub class: Option<Class>,
    /// That activation, and how it is known.
    pub activation: Option<(ActivationId, Linked)>,
    /// What the object is about: field and value, as `namespace` and `//./root/cimv2`, or `query` of an enumerator.
    pub about: Arc<[(&'static str, Text)]>,
}

/// An activation: a client made a server make an object, or give it a class object.
#[derive(Clone, PartialEq, Debug)]
pub struct Activation {
    /// Its name, in everything that it led to.
    pub id: ActivationId,
    /// Where the activator listens: a port.
    pub endpoint: Arc<str>,
    /// The interface of the activator.
    pub interface: Interface,
    /// The operation.
    pub opnum: Opnum,
    /// The catalogue's name of the operation.
    pub procedure: Option<&'static str>,
    /// What is activated; `None` when the request could not be read.
    pub class: Option<Class>,
    /// The interfaces that were asked for.
    pub interfaces: Vec<Interface>,
    /// The exporter of the object, as it is written: `0x` and sixteen digits.
    pub oxid: Option<Text>,
    /// Where the exporter listens, as string bindings.
    pub bindings: Vec<Text>,
    /// Interfaces of the object, and the IPIDs that calls on them name.
    pub pointers: Vec<(Interface, Uuid)>,
    /// Protection of the request.
    pub security: Option<Security>,
    /// Who asked.
    pub identity: Option<Arc<Identity>>,
    /// What became of the call.
    pub outcome: Outcome,
    /// The HRESULT that the server returned.
    pub status: Option<u32>,
    /// When the call was answered.
    pub answered: Option<(crate::Timestamp, FrameNumber)>,
    /// Whether an event of [`Phase::Requested`](crate::Phase) went before this one.
    pub announced: bool,
}

impl Activation {
    /// Whether it is encrypted.
    pub fn is_sealed(&self) -> bool {
        self.security.is_some_and(|security| security.level == AuthLevel::PKT_PRIVACY)
    }
}

/// An operation of Windows Management Instrumentation that tells what was done.
#[derive(Clone, PartialEq, Debug)]
pub struct Wmi {
    /// Where the server listens: a port.
    pub endpoint: Arc<str>,
    /// The call.
    pub call_id: CallId,
    /// The operation.
    pub operation: &'static str,
    /// Of which namespace.
    pub namespace: Option<Text>,
    /// Of which class: the one that is named, or that of the object path or of the query.
    pub class: Option<Text>,
    /// Of which object.
    pub object_path: Option<Text>,
    /// Which method.
    pub method: Option<Text>,
    /// Which query.
    pub query: Option<Text>,
    /// The command line that the method, or the consumer that is put, will run.
    pub command_line: Option<Text>,
    /// The activation that led to it.
    pub activation: Option<(ActivationId, Linked)>,
    /// Protection of the request.
    pub security: Option<Security>,
    /// Who did it.
    pub identity: Option<Arc<Identity>>,
    /// What became of the call.
    pub outcome: Outcome,
    /// What the server returned.
    pub status: Option<u32>,
    /// Whether an event of [`Phase::Requested`](crate::Phase) went before this one.
    pub announced: bool,
}
