//! The text of a file with what is certainly meant in place of what is written.

use super::line::lines;
use super::mend::{Mend, apply};
use super::read;
use crate::finding::{Findings, Place};
use crate::sigma::Placeholders;

/// A file as it should have been written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fixed {
    /// Its text.
    pub text: String,
    /// Where something was changed, in the order of the old text.
    pub changed: Vec<Place>,
}

/// Mends rule text where it is certain what is meant: the direction of a header follows `flow`, variables get their `$`, a
/// superfluous `any` before a port goes, and quotation marks become plain. Comments, layout and everything else stay as
/// they are, also in rules that have other errors.
pub fn fix(text: &str) -> Fixed {
    let mut mends = Vec::new();
    let mut changed = Vec::new();
    for line in lines(text) {
        let mut found = Vec::new();
        // What variables stand for does not matter here, and neither does what else is wrong.
        read(&line, &Placeholders::new(), &mut Findings::new("".into()), &mut found);
        found.sort_by_key(|mend| mend.start);
        changed.extend(found.iter().map(|mend| line.place(mend.start)));
        mends.extend(found.into_iter().map(|mend| Mend {
            start: line.origin(mend.start),
            end: line.origin(mend.end),
            with: mend.with,
        }));
    }
    Fixed { text: apply(text, 0, &mends), changed }
}
