//! Who speaks.

/// One of the two parties of a conversation. The client is who bound or called, the server is who listens.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Side {
    /// Who calls.
    Client,
    /// Who is called.
    Server,
}

impl Side {
    /// The other party.
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    /// 0 for the client, 1 for the server: an index into a pair.
    pub const fn index(self) -> usize {
        match self {
            Self::Client => 0,
            Self::Server => 1,
        }
    }
}
