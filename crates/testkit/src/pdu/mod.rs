//! PDUs as bytes, one file per family ([C706] 12.6, [MS-RPCE] 2.2.2, [MS-RPCH] 2.2).
//!
//! A builder writes what it is told, also what no honest peer would send.

mod bind;
mod bind_ack;
mod connectionless;
mod connectionless_body;
mod control;
mod frame;
mod reply;
mod request;
mod rts;
mod verifier;

pub use bind::{Bind, BindKind, Offer};
pub use bind_ack::{BindAck, BindNak, ContextResult};
pub use connectionless::{Connectionless, dg_flags1, dg_ptype};
pub use connectionless_body::{Fack, cancel, cancel_ack, dg_status};
pub use control::{auth3, co_cancel, orphaned, shutdown};
pub use frame::{Format, flags, frame, ptype};
pub use reply::{Fault, Response};
pub use request::Request;
pub use rts::{ClientAddress, Destination, Rts, RtsCommand, rts_flags};
pub use verifier::Verifier;
