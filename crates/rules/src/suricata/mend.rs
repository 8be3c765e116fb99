//! What a rule should have said instead, where that is certain.

/// A change to a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Mend {
    /// First byte that is replaced.
    pub(super) start: usize,
    /// The byte after the last one that is replaced.
    pub(super) end: usize,
    pub(super) with: String,
}

/// A text, whose first byte has number `first`, after changes that are sorted. One that overlaps the one before is left out.
pub(super) fn apply(text: &str, first: usize, mends: &[Mend]) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut done = 0;
    for mend in mends {
        let (start, end) = (mend.start.saturating_sub(first), mend.end.saturating_sub(first));
        if start < done {
            continue;
        }
        if let Some(kept) = text.get(done..start)
            && text.is_char_boundary(end)
        {
            mended.push_str(kept);
            mended.push_str(&mend.with);
            done = end;
        }
    }
    mended.push_str(text.get(done..).unwrap_or(""));
    mended
}
