//! What stops the reading of a stub.

use super::Ndr;
use rpcscope_model::{ParseError, StopReason, Stopped};

impl Ndr<'_> {
    /// The error that `field`, which has just been read, holds an impossible value.
    pub fn malformed(&self, field: &'static str) -> Stopped {
        self.stop(StopReason::Malformed, field)
    }

    /// The error that `field` has a form that is known but not decoded, such as a rare level of a union.
    pub fn unsupported(&self, field: &'static str) -> Stopped {
        self.stop(StopReason::Unsupported, field)
    }

    /// The error that `field` is longer than the sensor's limit.
    pub fn limit(&self, field: &'static str) -> Stopped {
        self.stop(StopReason::Limit, field)
    }

    /// The error that the stub ends before `field` does.
    pub(super) fn short(&self, field: &'static str) -> Stopped {
        self.stop(if self.complete { StopReason::Short } else { StopReason::Cut }, field)
    }

    pub(super) fn stopped(&self, error: ParseError) -> Stopped {
        Stopped { offset: error.offset, ..self.short(error.field) }
    }

    fn stop(&self, reason: StopReason, field: &'static str) -> Stopped {
        Stopped { reason, field, offset: self.position() }
    }
}
