//! Bytes of a call as they travelled.

/// What client and server sent for a call or a bind.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wire {
    /// What the client sent.
    pub request: Option<Message>,
    /// What the server sent.
    pub reply: Option<Message>,
}

/// One direction of a call or a bind.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Message {
    /// The first PDU, header and verifier included; at most [`Message::MAX_BYTES`].
    pub pdu: Vec<u8>,
    /// Stub data of all fragments, without padding and verifier, sealed ones as they travelled; at most
    /// [`Message::MAX_BYTES`]. Empty for PDUs that have none.
    pub stub: Vec<u8>,
    /// Whether numbers in them are big-endian ([C706] 14.2.5).
    pub is_big_endian: bool,
}

impl Message {
    /// Bytes that are kept of a PDU or a stub. Rules look for what stands near the beginning; a request of many megabytes
    /// must not fill memory.
    pub const MAX_BYTES: usize = 64 << 10;
}
