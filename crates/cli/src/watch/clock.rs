//! The time of day, for what comes from no capture.

use rpcscope_model::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// The time of day.
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
