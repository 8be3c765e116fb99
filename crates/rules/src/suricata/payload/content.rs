//! Bytes that are looked for.

use super::{Run, Value, length, length_of};
use memchr::memmem::Finder;
use regex::bytes::{Regex, RegexBuilder};

/// Bytes that must be there, or must not.
#[derive(Clone, Debug)]
pub(in crate::suricata) struct Content {
    pub(in crate::suricata) needle: Needle,
    pub(in crate::suricata) negated: bool,
    pub(in crate::suricata) offset: Option<Value>,
    pub(in crate::suricata) depth: Option<Value>,
    pub(in crate::suricata) distance: Option<Value>,
    pub(in crate::suricata) within: Option<Value>,
    pub(in crate::suricata) at_start: bool,
    pub(in crate::suricata) at_end: bool,
}

/// The bytes, made ready.
#[derive(Clone, Debug)]
pub(in crate::suricata) enum Needle {
    Exact(Box<Finder<'static>>),
    /// Upper and lower case of ASCII letters are the same; with the bytes.
    Folded(Regex, Box<[u8]>),
}

impl Needle {
    pub(in crate::suricata) fn exact(bytes: &[u8]) -> Self {
        Self::Exact(Box::new(Finder::new(bytes).into_owned()))
    }

    /// `None` when the expression engine does not take it.
    pub(in crate::suricata) fn folded(bytes: &[u8]) -> Option<Self> {
        let pattern: String = bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        let regex = RegexBuilder::new(&pattern).case_insensitive(true).unicode(false).build().ok()?;
        Some(Self::Folded(regex, bytes.into()))
    }

    /// What is looked for, in some case.
    pub(in crate::suricata) fn bytes(&self) -> &[u8] {
        match self {
            Self::Exact(finder) => finder.needle(),
            Self::Folded(_, bytes) => bytes,
        }
    }

    fn find(&self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Exact(finder) => finder.find(bytes),
            Self::Folded(regex, _) => regex.find(bytes).map(|found| found.start()),
        }
    }
}

impl Content {
    pub(in crate::suricata) fn is_relative(&self) -> bool {
        self.distance.is_some() || self.within.is_some()
    }
}

impl Run<'_> {
    pub(super) fn content(&mut self, content: &Content, at: usize, cursor: usize) -> bool {
        let (start, end) = self.window(content, cursor);
        let bytes = self.bytes;
        let size = content.needle.bytes().len();
        let mut from = start;
        loop {
            let window = bytes.get(from..end).unwrap_or(&[]);
            let found = content.needle.find(window);
            if !self.spend(found.map_or(window.len(), |found| found + size)) {
                return false;
            }
            if content.negated {
                return found.is_none() && self.from(at + 1, cursor);
            }
            let Some(found) = found else { return false };
            let stop = from + found + size;
            if self.from(at + 1, stop) {
                return true;
            }
            if !self.matters(at) {
                return false;
            }
            from += found + 1;
        }
    }

    /// The bytes in which a content must lie.
    fn window(&self, content: &Content, cursor: usize) -> (usize, usize) {
        let length = length(self.bytes);
        let value = |value: Option<Value>| value.map(|value| self.value(value));
        let (mut start, mut end) = (0, length);
        if content.is_relative() {
            let cursor = length_of(cursor);
            let distance = value(content.distance).unwrap_or(0);
            start = cursor.saturating_add(distance);
            if let Some(within) = value(content.within) {
                end = end.min(start.saturating_add(within));
            }
            if let Some(offset) = value(content.offset) {
                start = start.max(offset);
            }
            if let Some(depth) = value(content.depth) {
                end = end.min(cursor.saturating_add(depth));
            }
        } else {
            if let Some(offset) = value(content.offset) {
                start = offset;
            }
            if let Some(depth) = value(content.depth) {
                end = end.min(start.saturating_add(depth));
            }
        }
        let size = length_of(content.needle.bytes().len());
        if content.at_start {
            end = end.min(start.saturating_add(size));
        }
        if content.at_end {
            // Whoever may end only with the data begins only there.
            start = if end == length { start.max(length - size) } else { length };
        }
        let bound = |at: i64| usize::try_from(at.clamp(0, length)).unwrap_or(0);
        (bound(start), bound(end))
    }
}
