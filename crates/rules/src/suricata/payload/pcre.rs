//! Regular expressions on bytes.

use super::Run;
use regex::bytes::Regex;

/// An expression that must be found, or must not.
#[derive(Clone, Debug)]
pub(in crate::suricata) struct Pcre {
    pub(in crate::suricata) regex: Regex,
    pub(in crate::suricata) negated: bool,
    /// Whether the bytes begin where the last step ended.
    pub(in crate::suricata) relative: bool,
}

impl Run<'_> {
    pub(super) fn pcre(&mut self, pcre: &Pcre, at: usize, cursor: usize) -> bool {
        let base = if pcre.relative { cursor.min(self.bytes.len()) } else { 0 };
        let bytes = self.bytes.get(base..).unwrap_or(&[]);
        let mut from = 0;
        loop {
            if from > bytes.len() {
                return false;
            }
            let found = pcre.regex.find_at(bytes, from);
            if !self.spend(found.map_or(bytes.len() - from, |found| found.end() - from)) {
                return false;
            }
            if pcre.negated {
                return found.is_none() && self.from(at + 1, cursor);
            }
            let Some(found) = found else { return false };
            if self.from(at + 1, base + found.end()) {
                return true;
            }
            if !self.matters(at) {
                return false;
            }
            from = found.start() + 1;
        }
    }
}
