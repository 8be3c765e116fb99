//! Places in the text of a file.

/// A place in the text of a file, both numbers from 1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Debug)]
pub struct Place {
    /// Line.
    pub line: u64,
    /// Column, in characters.
    pub column: u64,
}

impl Place {
    /// Where a text starts.
    pub const START: Self = Self { line: 1, column: 1 };

    /// The place `chars` further on the same line.
    pub const fn right(self, chars: usize) -> Self {
        Self { line: self.line, column: self.column.saturating_add(chars as u64) }
    }
}

/// The line of a place, and below it a caret under the place; `None` when the text has no such line.
///
/// A long line is cut to the part around the place. Control characters are shown as spaces, each as wide as the caret
/// takes it for.
pub fn caret(text: &str, place: Place) -> Option<(String, String)> {
    let number = usize::try_from(place.line.checked_sub(1)?).ok()?;
    let line = text.lines().nth(number)?;
    let column = usize::try_from(place.column.saturating_sub(1)).unwrap_or(usize::MAX);
    let length = line.chars().count();
    let column = column.min(length);
    let first = column.saturating_sub(BEFORE);
    let start = if first > 0 { "…" } else { "" };
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    let shown: String = line.chars().skip(first).take(WIDTH).map(plain).collect();
    let end = if first + WIDTH < length { "…" } else { "" };
    let indent = column - first + start.chars().count();
    Some((format!("{start}{}{end}", shown.trim_end()), format!("{}^", " ".repeat(indent))))
}

/// Characters that are shown of a line.
const WIDTH: usize = 110;
/// Characters before the place that are shown, when the line is too long.
const BEFORE: usize = 70;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, line: u64, column: u64) -> Option<String> {
        caret(text, Place { line, column }).map(|(line, caret)| format!("{line}\n{caret}"))
    }

    #[test]
    fn a_caret_stands_under_the_place() {
        assert_eq!(shown("a: 1\n\tb: ü, x\n", 2, 8).as_deref(), Some(" b: ü, x\n       ^"));
        assert_eq!(shown("a\r\nb", 1, 2).as_deref(), Some("a\n ^"));
    }

    #[test]
    fn places_beyond_the_text_are_its_end_or_nowhere() {
        assert_eq!(shown("abc", 1, 99).as_deref(), Some("abc\n   ^"));
        assert_eq!(shown("abc", 2, 1), None);
        assert_eq!(shown("abc", 0, 0), None);
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let long = format!("{}x{}", "a".repeat(500), "b".repeat(500));
        let (line, caret) = caret(&long, Place { line: 1, column: 501 }).expect("a line");
        assert_eq!(line.chars().nth(caret.chars().count() - 1), Some('x'));
        assert!(line.starts_with('…') && line.ends_with('…') && line.chars().count() == WIDTH + 2);
    }
}
