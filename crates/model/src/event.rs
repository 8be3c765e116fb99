//! What the sensor says: one value per call, bind and anomaly.

use crate::{
    Activation, Anomaly, Arguments, AuthLevel, AuthType, CallId, ContextId, Endpoint, EndpointMap,
    FrameNumber, Identity, Object, Opnum, Pipe, SmbFile, SmbMapping, SyntaxId, Timestamp, Wire, Wmi,
};
use std::sync::Arc;
use uuid::Uuid;

/// One event.
#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    /// When, where and between whom.
    pub header: EventHeader,
    /// What happened.
    pub body: EventBody,
}

/// When, where and between whom an event happened.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct EventHeader {
    /// Time of the first frame that the event tells of: the request of a call, the reply when the request was lost.
    pub time: Timestamp,
    /// Number of that frame.
    pub frame: FrameNumber,
    /// The same for all events of one connection, or of one pair of UDP ports; different for others of a capture.
    pub flow_id: u64,
    /// Who calls.
    pub client: Endpoint,
    /// Who is called.
    pub server: Endpoint,
    /// The protocol sequence that carried it.
    pub transport: Transport,
    /// How much of it is known.
    pub phase: Phase,
}

/// How much of what an event tells is known.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub enum Phase {
    /// The request of a call is complete, and its reply is to come. Told only for calls that somebody asked for
    /// ([`Wanted::requests`](crate::Wanted)); an event with the outcome follows in every case.
    Requested,
    /// All that will be known.
    #[default]
    Settled,
}

/// What happened.
#[derive(Clone, PartialEq, Debug)]
pub enum EventBody {
    /// A remote procedure call.
    Call(Box<Call>),
    /// A bind or an alter_context.
    Bind(Box<Bind>),
    /// An authentication.
    Authentication(Box<Authentication>),
    /// An activation of an object.
    Activation(Box<Activation>),
    /// An operation of Windows Management Instrumentation.
    Wmi(Box<Wmi>),
    /// An answer of an endpoint mapper.
    EndpointMap(Box<EndpointMap>),
    /// A connection to a share.
    SmbMapping(Box<SmbMapping>),
    /// A named pipe that was opened.
    Pipe(Box<Pipe>),
    /// Something that was done to a file of a share.
    SmbFile(Box<SmbFile>),
    /// Something unexpected.
    Anomaly(Anomaly),
}

/// The protocol sequence that carries RPC ([MS-RPCE] 2.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Transport {
    /// TCP.
    NcacnIpTcp,
    /// Named pipes over SMB version 1.
    NcacnNpSmb1,
    /// Named pipes over SMB version 2 or 3.
    NcacnNpSmb2,
    /// UDP, connectionless protocol.
    NcadgIpUdp,
    /// RPC over HTTP.
    NcacnHttp,
}

impl Transport {
    /// The name of the protocol sequence, as used in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NcacnIpTcp => "ncacn_ip_tcp",
            Self::NcacnNpSmb1 | Self::NcacnNpSmb2 => "ncacn_np",
            Self::NcadgIpUdp => "ncadg_ip_udp",
            Self::NcacnHttp => "ncacn_http",
        }
    }
}

/// An interface as one side named it, with the catalogue's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interface {
    /// UUID and version, as bound.
    pub syntax: SyntaxId,
    /// The catalogue's name for it.
    pub name: Option<&'static str>,
}

/// How the interface of a call is known.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Learned {
    /// From the bind that defined its presentation context.
    Bind,
    /// From an alter_context.
    AlterContext,
    /// From the header of the call itself (connectionless protocol).
    Header,
    /// No bind was seen; the pipe serves only this interface.
    PipeName,
    /// No bind was seen; the object UUID is an IPID that stands for this interface.
    OxidResolver,
    /// No bind was seen; the endpoint mapper named this interface, and no other, for the port.
    EndpointMapper,
    /// It is not known.
    Unknown,
}

impl Learned {
    /// The name used in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bind => "bind",
            Self::AlterContext => "alter_context",
            Self::Header => "header",
            Self::PipeName => "pipe_name",
            Self::OxidResolver => "oxid_resolver",
            Self::EndpointMapper => "endpoint_mapper",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it is known otherwise than by the association of the call.
    pub const fn is_inferred(self) -> bool {
        matches!(self, Self::PipeName | Self::OxidResolver | Self::EndpointMapper)
    }
}

/// What became of a call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Outcome {
    /// A response came.
    Replied,
    /// A fault came.
    Faulted,
    /// The server refused to run it (connectionless protocol).
    Rejected,
    /// The client gave up, and no reply came.
    Cancelled,
    /// The reply, or part of the call, fell into a gap of the capture.
    Lost,
    /// No reply came before the connection or the capture ended.
    Unanswered,
    /// It is not known yet: the request was just made ([`Phase::Requested`]).
    Pending,
}

impl Outcome {
    /// The name used in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Replied => "replied",
            Self::Faulted => "faulted",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Lost => "lost",
            Self::Unanswered => "unanswered",
            Self::Pending => "pending",
        }
    }
}

/// One direction of a call: its request or its reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    /// When the first fragment was complete.
    pub time: Timestamp,
    /// Frame that completed the first fragment.
    pub frame: FrameNumber,
    /// Fragments seen.
    pub fragments: u32,
    /// Bytes of stub data in them, without object UUID, padding and verifier.
    pub stub_bytes: u64,
    /// False when the last fragment was not seen, or bytes of a fragment were missing.
    pub complete: bool,
}

/// How the server replied.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reply {
    /// A response.
    Response,
    /// A fault with its status ([C706] appendix E, [MS-RPCE] 2.2.2.8).
    Fault(u32),
    /// A reject with its status (connectionless protocol).
    Reject(u32),
}

/// The security context that protects a call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Security {
    /// Authentication service.
    pub auth_type: AuthType,
    /// Protection.
    pub level: AuthLevel,
    /// Names the security context within the association.
    pub context_id: u32,
}

impl Security {
    /// Whether it encrypts stubs.
    pub fn seals(self) -> bool {
        self.level == AuthLevel::PKT_PRIVACY
    }
}

/// One remote procedure call.
#[derive(Clone, PartialEq, Debug)]
pub struct Call {
    /// Where the server listens: a port, or a pipe such as `\pipe\svcctl`.
    pub endpoint: Arc<str>,
    /// Major and minor version of the RPC protocol: 5.0, 5.1 or 4.0.
    pub rpc_version: (u8, u8),
    /// Pairs request and reply; the sequence number in the connectionless protocol.
    pub call_id: CallId,
    /// Presentation context; `None` in the connectionless protocol.
    pub context_id: Option<ContextId>,
    /// The interface, when it is known.
    pub interface: Option<Interface>,
    /// How the interface is known.
    pub learned: Learned,
    /// True when no bind_ack was seen for the presentation context and it is taken as accepted.
    pub assumed: bool,
    /// The transfer syntax that was agreed on, when that was seen.
    pub transfer_syntax: Option<Uuid>,
    /// The operation; `None` when the request was lost.
    pub opnum: Option<Opnum>,
    /// The catalogue's name of the operation.
    pub procedure: Option<&'static str>,
    /// Object UUID; an IPID in DCOM.
    pub object: Option<Uuid>,
    /// The DCOM object that it is made on, or that it activates, when something is known of it.
    pub instance: Option<Box<Object>>,
    /// Protection of the request.
    pub security: Option<Security>,
    /// Whether the stub is encrypted.
    pub sealed: bool,
    /// The request; `None` when it was lost.
    pub request: Option<Part>,
    /// The reply's shape and what it said; `None` when none was seen.
    pub reply: Option<(Reply, Part)>,
    /// What became of the call.
    pub outcome: Outcome,
    /// Activity of a connectionless call.
    pub activity: Option<Uuid>,
    /// Who made it: of its security context, or of the SMB session that carried it.
    pub identity: Option<Arc<Identity>>,
    /// Who was last believed to be at the client's address, when the call itself does not say who makes it: a hint, not
    /// more.
    pub identity_hint: Option<Arc<Identity>>,
    /// What it was asked to do and what it gave back, as far as that is decoded: never of a sealed call.
    pub arguments: Option<Arguments>,
    /// How many of the arguments were told when the request was, first ones of [`arguments`](Self::arguments); `None`
    /// when no event of [`Phase::Requested`] went before this one, and in that one itself.
    pub announced: Option<usize>,
    /// The PDUs as they travelled, when somebody asked for them ([`Wanted::wire`](crate::Wanted)).
    pub wire: Option<Box<Wire>>,
}

/// A bind or alter_context with its answer.
#[derive(Clone, PartialEq, Debug)]
pub struct Bind {
    /// Where the server listens: a port, or a pipe such as `\pipe\svcctl`.
    pub endpoint: Arc<str>,
    /// Major and minor version of the RPC protocol.
    pub rpc_version: (u8, u8),
    /// Pairs it with its answer.
    pub call_id: CallId,
    /// `Bind` or `AlterContext`.
    pub kind: Learned,
    /// What was offered, with the answer to each.
    pub contexts: Vec<OfferedContext>,
    /// Association group that the client asked for; 0 asks for a new one.
    pub association_group: u32,
    /// The answer.
    pub result: BindResult,
    /// Protection that was asked for.
    pub security: Option<Security>,
    /// When and in which frame the answer came.
    pub answered: Option<(Timestamp, FrameNumber)>,
    /// The PDUs as they travelled, when somebody asked for them ([`Wanted::wire`](crate::Wanted)).
    pub wire: Option<Box<Wire>>,
}

/// An authentication: who a client says it is, and what the server said to it.
#[derive(Clone, PartialEq, Debug)]
pub struct Authentication {
    /// Where the server listens: a port, or a pipe such as `\pipe\svcctl`; `None` for an SMB session, which is of no pipe.
    pub endpoint: Option<Arc<str>>,
    /// The security context that was negotiated; `None` for an SMB session.
    pub security: Option<Security>,
    /// Who, with the result.
    pub identity: Arc<Identity>,
    /// Challenge and response of NTLM as password crackers read them, in one line: a secret. `None` unless
    /// [`Secrets::Told`](crate::Secrets::Told) asks for it.
    pub crackable: Option<Box<str>>,
}

/// A presentation context as offered, and what the server said to it.
#[derive(Clone, PartialEq, Debug)]
pub struct OfferedContext {
    /// Its id.
    pub id: ContextId,
    /// The interface.
    pub interface: Interface,
    /// Transfer syntaxes offered, the agreed one first when it is known.
    pub transfer_syntaxes: Vec<SyntaxId>,
    /// Result and reason, as numbers: 0 acceptance, 1 user rejection, 2 provider rejection, 3 negotiate_ack.
    pub answer: Option<(u16, u16)>,
}

/// The answer to a bind or alter_context.
#[derive(Clone, PartialEq, Debug)]
pub enum BindResult {
    /// bind_ack or alter_context_resp.
    Acknowledged {
        /// Secondary address: a port or a pipe.
        secondary_address: Option<Arc<str>>,
        /// Association group that the server assigned.
        association_group: u32,
    },
    /// bind_nak with its reason and the protocol versions that the server supports.
    Rejected {
        /// Reason ([C706] 12.6.3.1, [MS-RPCE] 2.2.2.5).
        reason: u16,
        /// Versions as (major, minor).
        versions: Vec<(u8, u8)>,
    },
    /// A fault with its status.
    Faulted(u32),
    /// No answer was seen.
    Unanswered,
}
