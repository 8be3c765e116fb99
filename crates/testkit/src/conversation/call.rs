//! One call: what is asked, and what comes back.

use rpcscope_model::{ContextId, Opnum};
use uuid::Uuid;

/// What comes back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    /// A response with this stub.
    Response(Vec<u8>),
    /// A fault with this status.
    Fault(u32),
    /// A reject with this status; a fault in the connection-oriented protocol, which has no reject.
    Reject(u32),
    /// Nothing.
    Nothing,
    /// The client cancels, and nothing comes.
    Cancelled,
}

/// A call to be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// Presentation context; without meaning in the connectionless protocol.
    pub context_id: ContextId,
    /// Operation.
    pub opnum: Opnum,
    /// Object UUID.
    pub object: Option<Uuid>,
    /// Arguments.
    pub stub: Vec<u8>,
    /// What comes back.
    pub reply: Reply,
    /// Call id; `None` takes the next free one.
    pub call_id: Option<u32>,
}

impl Call {
    /// A call without arguments that is answered with an empty response.
    pub const fn new(context_id: u16, opnum: u16) -> Self {
        Self {
            context_id: ContextId(context_id),
            opnum: Opnum(opnum),
            object: None,
            stub: Vec::new(),
            reply: Reply::Response(Vec::new()),
            call_id: None,
        }
    }

    /// Sets the arguments.
    pub fn stub(mut self, stub: impl Into<Vec<u8>>) -> Self {
        self.stub = stub.into();
        self
    }

    /// Sets the results.
    pub fn returns(mut self, stub: impl Into<Vec<u8>>) -> Self {
        self.reply = Reply::Response(stub.into());
        self
    }

    /// Makes it fail.
    pub fn faults(mut self, status: u32) -> Self {
        self.reply = Reply::Fault(status);
        self
    }

    /// Makes the server refuse it.
    pub fn rejected(mut self, status: u32) -> Self {
        self.reply = Reply::Reject(status);
        self
    }

    /// Leaves it without a reply.
    pub fn unanswered(mut self) -> Self {
        self.reply = Reply::Nothing;
        self
    }

    /// Makes the client cancel it.
    pub fn cancelled(mut self) -> Self {
        self.reply = Reply::Cancelled;
        self
    }

    /// Sets the object UUID.
    pub fn object(mut self, object: Uuid) -> Self {
        self.object = Some(object);
        self
    }

    /// Sets the call id.
    pub fn id(mut self, call_id: u32) -> Self {
        self.call_id = Some(call_id);
        self
    }
}
