//! Matching a pattern against a text: linear in the text for each part between two `*`.

use crate::pattern::{DASHES, Pattern, Piece};
use memchr::memmem::Finder;
use std::borrow::Cow;

/// Whether upper and lower case are the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Case {
    /// They are, as everywhere in Sigma where nothing else is said.
    Ignored,
    /// They are not (`cased`).
    Counts,
}

/// A pattern made ready.
#[derive(Clone, Debug)]
pub(crate) struct Glob {
    /// What stands between the `*`; at least one. The first starts the text, the last ends it.
    segments: Vec<Segment>,
    case: Case,
}

#[derive(Clone, Debug, Default)]
struct Segment {
    units: Vec<Unit>,
}

#[derive(Clone, Debug)]
enum Unit {
    /// Bytes, folded when case is ignored.
    Literal(Box<Finder<'static>>),
    One,
    Dash,
}

/// What is searched.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject<'a> {
    /// Characters.
    Text(&'a str),
    /// Bytes: each is a character of its own.
    Bytes(&'a [u8]),
}

impl Glob {
    pub(crate) fn new(pattern: &Pattern, case: Case) -> Self {
        let mut segments = vec![Segment::default()];
        for piece in pattern.pieces() {
            let unit = match piece {
                Piece::Many => {
                    segments.push(Segment::default());
                    continue;
                }
                Piece::One => Unit::One,
                Piece::Dash => Unit::Dash,
                Piece::Literal(bytes) => {
                    Unit::Literal(Box::new(Finder::new(&*folded_bytes(bytes, case)).into_owned()))
                }
                // A placeholder that nobody expanded is a text.
                Piece::Placeholder(name) => Unit::Literal(Box::new(
                    Finder::new(&*folded_bytes(format!("%{name}%").as_bytes(), case)).into_owned(),
                )),
            };
            if let Some(segment) = segments.last_mut() {
                segment.units.push(unit);
            }
        }
        Self { segments, case }
    }

    /// What it says, however it was written: equal for globs that match the same texts.
    pub(crate) fn shape(&self) -> String {
        let unit = |unit: &Unit| match unit {
            Unit::Literal(finder) => format!("{:?}", finder.needle()),
            Unit::One => "?".to_owned(),
            Unit::Dash => "-".to_owned(),
        };
        let segment = |segment: &Segment| segment.units.iter().map(unit).collect::<String>();
        let segments: Vec<String> = self.segments.iter().map(segment).collect();
        format!("{:?} {}", self.case, segments.join("*"))
    }

    /// The one text that it matches, in any case; `None` when there are several.
    pub(crate) fn literal(&self) -> Option<&[u8]> {
        match self.segments.as_slice() {
            [Segment { units }] if self.case == Case::Ignored => match units.as_slice() {
                [Unit::Literal(finder)] => Some(finder.needle()),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the whole text is of this pattern.
    pub(crate) fn matches(&self, subject: Subject<'_>) -> bool {
        let (bytes, wide) = match subject {
            Subject::Text(text) => (folded_text(text, self.case), true),
            Subject::Bytes(bytes) => (folded_ascii(bytes, self.case), false),
        };
        let text = Text { bytes: &bytes, wide };
        let (Some((first, rest)), end) = (self.segments.split_first(), bytes.len()) else { return false };
        let Some(mut at) = first.forward(text, 0) else { return false };
        let Some((last, middle)) = rest.split_last() else { return at == end };
        for segment in middle {
            match segment.find(text, at) {
                Some(found) => at = found,
                None => return false,
            }
        }
        last.backward(text, end).is_some_and(|start| start >= at)
    }
}

/// Folded bytes, and whether they are characters in UTF-8.
#[derive(Clone, Copy)]
struct Text<'a> {
    bytes: &'a [u8],
    wide: bool,
}

impl Text<'_> {
    /// Where the character at `at` ends.
    fn next(self, at: usize) -> Option<usize> {
        let first = *self.bytes.get(at)?;
        let length = match first {
            _ if !self.wide => 1,
            0..0xc0 => 1,
            0xc0..0xe0 => 2,
            0xe0..0xf0 => 3,
            0xf0.. => 4,
        };
        Some((at + length).min(self.bytes.len()))
    }

    /// Where the character that ends at `end` starts.
    fn previous(self, end: usize) -> Option<usize> {
        let mut at = end.checked_sub(1)?;
        while self.wide && at > 0 && self.bytes.get(at).is_some_and(|byte| byte & 0xc0 == 0x80) {
            at -= 1;
        }
        Some(at)
    }

    fn is_dash(self, from: usize, to: usize) -> bool {
        let character = self.bytes.get(from..to).unwrap_or(&[]);
        DASHES.iter().any(|dash| dash.encode_utf8(&mut [0; 4]).as_bytes() == character)
    }
}

impl Segment {
    /// Where it ends when it starts at `at`.
    fn forward(&self, text: Text<'_>, mut at: usize) -> Option<usize> {
        for unit in &self.units {
            at = match unit {
                Unit::Literal(finder) => {
                    text.bytes.get(at..)?.starts_with(finder.needle()).then(|| at + finder.needle().len())?
                }
                Unit::One => text.next(at)?,
                Unit::Dash => text.next(at).filter(|end| text.is_dash(at, *end))?,
            };
        }
        Some(at)
    }

    /// Where it starts when it ends at `end`.
    fn backward(&self, text: Text<'_>, mut end: usize) -> Option<usize> {
        for unit in self.units.iter().rev() {
            end = match unit {
                Unit::Literal(finder) => {
                    let before = text.bytes.get(..end)?;
                    before.ends_with(finder.needle()).then(|| end - finder.needle().len())?
                }
                Unit::One => text.previous(end)?,
                Unit::Dash => text.previous(end).filter(|start| text.is_dash(*start, end))?,
            };
        }
        Some(end)
    }

    /// Where its first occurrence at or after `at` ends.
    fn find(&self, text: Text<'_>, mut at: usize) -> Option<usize> {
        loop {
            if let Some(Unit::Literal(finder)) = self.units.first() {
                at = at.checked_add(finder.find(text.bytes.get(at..)?)?)?;
            }
            match self.forward(text, at) {
                Some(end) => return Some(end),
                None => at = text.next(at)?,
            }
        }
    }
}

/// One character in the case that is compared. Characters whose lower case is several characters stay as they are.
pub(crate) fn fold(character: char) -> char {
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ => character,
    }
}

/// A text in the case that is compared.
fn folded_text(text: &str, case: Case) -> Cow<'_, [u8]> {
    if case == Case::Counts || text.is_ascii() {
        return folded_ascii(text.as_bytes(), case);
    }
    Cow::Owned(text.chars().map(fold).collect::<String>().into_bytes())
}

fn folded_ascii(bytes: &[u8], case: Case) -> Cow<'_, [u8]> {
    match case {
        Case::Ignored if bytes.iter().any(u8::is_ascii_uppercase) => Cow::Owned(bytes.to_ascii_lowercase()),
        _ => Cow::Borrowed(bytes),
    }
}

fn folded_bytes(bytes: &[u8], case: Case) -> Cow<'_, [u8]> {
    match std::str::from_utf8(bytes) {
        Ok(text) => folded_text(text, case),
        Err(_) => folded_ascii(bytes, case),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Glob::new(&Pattern::parse(pattern, false), Case::Ignored).matches(Subject::Text(text))
    }

    /// What a pattern means, tried in every way.
    fn naive(pattern: &[Piece], text: &[char]) -> bool {
        let Some((piece, rest)) = pattern.split_first() else { return text.is_empty() };
        match piece {
            Piece::Many => (0..=text.len()).any(|skipped| naive(rest, &text[skipped..])),
            Piece::One => !text.is_empty() && naive(rest, &text[1..]),
            Piece::Dash => text.first().is_some_and(|c| DASHES.contains(c)) && naive(rest, &text[1..]),
            Piece::Literal(bytes) => {
                let wanted: Vec<char> = std::str::from_utf8(bytes).expect("text").chars().map(fold).collect();
                let head: Vec<char> = text.iter().take(wanted.len()).map(|c| fold(*c)).collect();
                head == wanted && naive(rest, &text[wanted.len()..])
            }
            Piece::Placeholder(_) => panic!("not expanded"),
        }
    }

    #[test]
    fn a_pattern_is_about_the_whole_text_in_any_case() {
        assert!(matches("svcctl", "SvcCtl"));
        assert!(!matches("svcctl", "svcctl2"));
        assert!(matches("*\\cmd.exe", "C:\\CMD.EXE"));
        assert!(matches("prog?.exe", "progÄ.exe"));
        assert!(matches("ÄRGER*", "ärgerlich"));
        assert!(matches("*", "") && matches("", "") && !matches("?", ""));
    }

    #[test]
    fn overlapping_ends_do_not_match() {
        assert!(!matches("aba*aba", "ababa"));
        assert!(matches("aba*aba", "abaaba"));
    }

    #[test]
    fn bytes_are_characters_of_their_own() {
        let glob = Glob::new(&Pattern::parse("a?c", false), Case::Counts);
        assert!(glob.matches(Subject::Bytes(b"a\xffc")));
        assert!(!glob.matches(Subject::Bytes(b"A\xffc")));
    }

    proptest! {
        #[test]
        fn the_fast_way_agrees_with_trying_everything(pattern in "[aAbä?*\\\\-]{0,10}", text in "[aAbBäÄß/–-]{0,12}", dashes: bool) {
            let pattern = Pattern::parse(&pattern, false);
            let pattern = if dashes { pattern.windash() } else { pattern };
            let characters: Vec<char> = text.chars().collect();
            let fast = Glob::new(&pattern, Case::Ignored).matches(Subject::Text(&text));
            prop_assert_eq!(fast, naive(pattern.pieces(), &characters));
        }

        #[test]
        fn no_bytes_make_it_fail(pattern in "\\PC{0,12}", bytes: Vec<u8>) {
            let pattern = Pattern::parse(&pattern, true).windash();
            let _ = Glob::new(&pattern, Case::Ignored).matches(Subject::Bytes(&bytes));
        }
    }
}
