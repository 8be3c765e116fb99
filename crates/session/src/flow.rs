//! Who talks to whom on one connection.

use rpcscope_model::{AnomalyKind, Endpoint};

/// One connection, or one activity over UDP, as events name it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ends {
    /// Number of the flow, unique in a capture.
    pub id: u64,
    /// Who calls.
    pub client: Endpoint,
    /// Who is called.
    pub server: Endpoint,
}

/// A flow, with what was reported of it.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Its name.
    pub ends: Ends,
    /// How often each kind of anomaly was reported for it.
    reported: [u8; AnomalyKind::ALL.len()],
}

impl Flow {
    /// A flow that was not heard of yet.
    pub const fn new(id: u64, client: Endpoint, server: Endpoint) -> Self {
        Self { ends: Ends { id, client, server }, reported: [0; AnomalyKind::ALL.len()] }
    }

    /// Counts an anomaly. Returns whether it is to be reported: without a limit per flow, a hostile peer could make
    /// one line of output from every few bytes.
    pub(crate) fn may_report(&mut self, kind: AnomalyKind, limit: u8) -> bool {
        let Some(seen) = self.reported.get_mut(kind as usize) else {
            return false;
        };
        let may = *seen < limit;
        *seen += u8::from(may);
        may
    }
}
