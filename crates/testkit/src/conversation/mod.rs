//! Who says which PDU, in order, and which calls a reader should find in it.

mod activity;
mod builder;
mod call;
mod expected;

pub use activity::Activity;
pub use builder::{Answer, Conversation};
pub use call::{Call, Reply};
pub use expected::ExpectedCall;

use rpcscope_model::Side;

/// One PDU and who sends it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// Who sends it.
    pub side: Side,
    /// The PDU.
    pub pdu: Vec<u8>,
}
