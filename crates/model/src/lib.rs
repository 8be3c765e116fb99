//! The nouns that every part of rpcscope shares: addresses, time, frames, identifiers of the RPC protocol, events,
//! anomalies, limits and counters.
//!
//! No parsing, no input or output, no clock.

mod address;
mod alert;
mod anomaly;
mod arguments;
mod carve;
mod endpoint_map;
mod event;
mod frame;
mod health;
mod identity;
mod ids;
mod limits;
mod object;
mod parse_error;
mod seed;
mod share;
mod side;
mod sizes;
mod stats;
mod time;
mod wanted;
mod wire;

pub use address::{Address, Endpoint};
pub use alert::{Alert, Correlated, Signature};
pub use anomaly::{Anomaly, AnomalyKind, Layer};
pub use arguments::{Arguments, Bytes, List, StopReason, Stopped, Text, Value};
pub use carve::{CarveEnd, CarveId, Carved, CarvedAlert, CarvedPiece, KeptFrame};
pub use endpoint_map::{EndpointMap, MappedEndpoint};
pub use event::{
    Authentication, Bind, BindResult, Call, Event, EventBody, EventHeader, Interface, Learned,
    OfferedContext, Outcome, Part, Phase, Reply, Security, Transport,
};
pub use frame::{At, Frame, FrameNumber, LinkType};
pub use health::Health;
pub use identity::{
    AuthResult, EncryptionType, Identity, Kerberos, NtlmVersion, OsVersion, Secrets, ServerIdentity,
};
pub use ids::{
    AuthLevel, AuthType, CallId, ContextId, NDR, NDR64, Opnum, SyntaxId, bind_time_feature_negotiation,
};
pub use limits::Limits;
pub use object::{Activation, ActivationId, Class, Confidence, Guess, Linked, Object, Wmi};
pub use parse_error::ParseError;
pub use seed::{HASH_SEED, HashState, secret};
pub use share::{
    CreateAction, Disposition, FileAction, FileTimes, Pipe, Share, ShareType, SmbAnswer, SmbFile, SmbMapping,
};
pub use side::Side;
pub use sizes::Sizes;
pub use stats::Stats;
pub use time::Timestamp;
pub use wanted::{Calls, Contents, Wanted};
pub use wire::{Message, Wire};

pub use compact_str::{CompactString, ToCompactString};
