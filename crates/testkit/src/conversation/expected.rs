//! What a reader of a conversation should find.

use rpcscope_model::{AuthLevel, CallId, ContextId, Opnum, Outcome, SyntaxId};
use uuid::Uuid;

/// One call, as the conversation was told to make it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExpectedCall {
    /// The interface; `None` when no bind of this conversation defines the presentation context.
    pub interface: Option<SyntaxId>,
    /// The operation.
    pub opnum: Opnum,
    /// Call id; the sequence number in the connectionless protocol.
    pub call_id: CallId,
    /// Presentation context; `None` in the connectionless protocol.
    pub context_id: Option<ContextId>,
    /// Object UUID.
    pub object: Option<Uuid>,
    /// Activity of a connectionless call.
    pub activity: Option<Uuid>,
    /// Protection of the request.
    pub level: Option<AuthLevel>,
    /// What becomes of it.
    pub outcome: Outcome,
    /// Status of a fault or a reject.
    pub status: Option<u32>,
    /// Bytes of stub in the request.
    pub request_stub_bytes: usize,
    /// Bytes of stub in the response.
    pub response_stub_bytes: usize,
    /// Fragments of the request.
    pub request_fragments: usize,
    /// Fragments of the reply.
    pub reply_fragments: usize,
}
