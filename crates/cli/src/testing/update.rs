//! Records in a file of tests what rules say now.

use super::plan::Tests;
use super::verdict::Verdict;
use rpcscope_rules::Place;

/// The text of a file of tests with the numbers of alerts that were seen. `None` when nothing changes.
pub(crate) fn recorded(tests: &Tests, verdicts: &[Verdict]) -> Option<String> {
    let mut edits = Vec::new();
    for (sample, verdict) in tests.samples.iter().zip(verdicts).filter(|(_, verdict)| verdict.was_read) {
        match sample.match_count {
            Some((place, count)) if count != verdict.alerts => {
                edits.push(replaced(&tests.text, place, verdict.alerts))
            }
            None if sample.expected.is_empty() => {
                edits.push(Some(inserted(sample.insertion, verdict.alerts)))
            }
            _ => {}
        }
        for (expected, seen) in sample.expected.iter().zip(&verdict.of_expected) {
            if !expected.is_met_by(*seen)
                && let Some(place) = expected.count_place
            {
                edits.push(replaced(&tests.text, place, *seen));
            }
        }
    }
    let mut edits: Vec<Edit> = edits.into_iter().flatten().collect();
    if edits.is_empty() {
        return None;
    }
    // From the end, so that places before stay where they are.
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.place));
    let mut lines: Vec<String> = tests.text.lines().map(str::to_owned).collect();
    for edit in edits {
        edit.apply(&mut lines);
    }
    Some(lines.join("\n") + "\n")
}

struct Edit {
    place: Place,
    /// Characters that are taken away; `None` inserts a line below.
    taken: Option<usize>,
    text: String,
}

impl Edit {
    fn apply(self, lines: &mut Vec<String>) {
        let at = usize::try_from(self.place.line.saturating_sub(1)).unwrap_or(usize::MAX);
        let column = usize::try_from(self.place.column.saturating_sub(1)).unwrap_or(usize::MAX);
        match self.taken {
            Some(taken) => {
                if let Some(line) = lines.get_mut(at) {
                    let head: String = line.chars().take(column).collect();
                    let tail: String = line.chars().skip(column.saturating_add(taken)).collect();
                    *line = format!("{head}{}{tail}", self.text);
                }
            }
            None => {
                let below = at.saturating_add(1).min(lines.len());
                lines.insert(below, format!("{:column$}{}", "", self.text));
            }
        }
    }
}

/// A number in place of another, or of a truth value.
fn replaced(text: &str, place: Place, number: u64) -> Option<Edit> {
    let line = text.lines().nth(usize::try_from(place.line.checked_sub(1)?).ok()?)?;
    let column = usize::try_from(place.column.checked_sub(1)?).ok()?;
    let taken = line.chars().skip(column).take_while(|character| character.is_ascii_digit()).count();
    (taken > 0).then(|| Edit { place, taken: Some(taken), text: number.to_string() })
}

/// A number that was not told, below the line of the sample's first key.
fn inserted(place: Place, number: u64) -> Edit {
    Edit { place, taken: None, text: format!("match_count: {number}") }
}
