//! Widths of columns.

use crate::{Clock, Context};

/// Columns that a line is laid out for, whatever the terminal says.
const NARROWEST: usize = 100;
const WIDEST: usize = 160;
/// From here on there is room for the date and the authentication service.
const ROOM_FOR_MORE: usize = 140;

/// Spaces and the arrow between columns.
const GAPS: usize = 8;
/// Room for the frames of request and reply. They end the line, so that larger numbers push nothing aside.
const FRAMES: usize = 7;
/// From here on the result has room for whole names.
const ROOM_FOR_WHOLE_NAME: usize = 24;
/// What names of statuses begin with, longest first where one begins with another.
const PREFIXES: [&str; 5] = ["nca_s_fault_", "nca_s_", "rpc_s_", "rpc_x_", "nca_"];

/// Widths of columns, in characters. Between them stands a space, between client and server an arrow.
pub(super) struct Layout {
    pub(super) time: usize,
    pub(super) client: usize,
    pub(super) server: usize,
    pub(super) what: usize,
    pub(super) result: usize,
    pub(super) auth: usize,
    /// Whether a clock shows the date.
    pub(super) shows_date: bool,
    /// Whether the authentication service is named.
    pub(super) names_auth_type: bool,
}

impl Layout {
    pub(super) fn new(context: &Context<'_>) -> Self {
        let all = usize::from(context.columns).clamp(NARROWEST, WIDEST);
        let time = match context.clock {
            Clock::Utc if all >= ROOM_FOR_MORE => "2026-01-02 03:04:05.678".len(),
            Clock::Utc => "03:04:05.678".len(),
            Clock::Since(_) => "123.456789".len(),
        };
        let names_auth_type = all >= ROOM_FOR_MORE;
        let auth = if names_auth_type { "sealed Kerberos".len() } else { "privacy".len() };
        // An IPv4 address fits; an IPv6 address is cut in its middle.
        let client = 15;
        let rest = all - (time + client + auth + FRAMES + GAPS).min(all);
        // What is left is shared: the server needs 21 for an IPv4 address with its port, the result 12; names profit
        // most from more room.
        let spare = rest.saturating_sub(21 + 20 + 12);
        Self {
            time,
            client,
            server: 21 + spare / 6,
            what: (20 + spare / 2).min(rest),
            result: 12 + (spare - spare / 6 - spare / 2),
            auth,
            shows_date: all >= ROOM_FOR_MORE,
            names_auth_type,
        }
    }

    /// The name of a status without what most of them begin with, if the result is too narrow for whole names.
    pub(super) fn status_name(&self, name: &'static str) -> &'static str {
        if self.result >= ROOM_FOR_WHOLE_NAME {
            return name;
        }
        PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
    }
}
