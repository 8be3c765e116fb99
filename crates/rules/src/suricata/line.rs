//! Lines of a rule file, joined where they go on, and places in them.

use crate::finding::{Finding, Findings, Place};

/// The text of one rule, however many lines it stands on.
#[derive(Debug, Default)]
pub(super) struct Line {
    text: String,
    /// Where parts of the text come from, in ascending order; the first one starts the text.
    segments: Vec<Segment>,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    /// First byte in the text of the rule.
    at: usize,
    /// The same byte in the file.
    origin: usize,
    place: Place,
}

/// A part of a rule's text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    pub(super) text: &'a str,
    /// Its first byte in the text of the rule.
    pub(super) at: usize,
}

/// All rules of a file, without comments and blank lines. A line that ends in a backslash goes on in the next one.
pub(super) fn lines(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut open: Option<Line> = None;
    let mut origin = 0;
    for (number, raw) in text.split('\n').enumerate() {
        let content = raw.strip_suffix('\r').unwrap_or(raw);
        let (content, goes_on) = match content.strip_suffix('\\') {
            Some(content) => (content, true),
            None => (content, false),
        };
        let blank = content.len() - content.trim_start().len();
        if open.is_some() || !content.trim_start().is_empty() && !content.trim_start().starts_with('#') {
            let line = open.get_or_insert_default();
            // The first line may be indented; what goes on is taken as it stands.
            let skipped = if line.segments.is_empty() { blank } else { 0 };
            let place = Place { line: number as u64 + 1, column: 1 };
            line.push(content, skipped, origin, place);
        }
        if !goes_on && let Some(line) = open.take() {
            lines.push(line);
        }
        origin += raw.len() + 1;
    }
    lines.extend(open);
    lines
}

impl Line {
    fn push(&mut self, content: &str, skipped: usize, origin: usize, place: Place) {
        let (before, content) = content.split_at(skipped);
        let place = place.right(before.chars().count());
        self.segments.push(Segment { at: self.text.len(), origin: origin + skipped, place });
        self.text.push_str(content);
    }

    /// All of it.
    pub(super) fn part(&self) -> Part<'_> {
        Part { text: &self.text, at: 0 }
    }

    /// Where a byte of the text stands in the file.
    pub(super) fn place(&self, at: usize) -> Place {
        let segment = self.segment(at);
        let before = self.text.get(segment.at..at).unwrap_or("");
        segment.place.right(before.chars().count())
    }

    /// Which byte of the file a byte of the text is.
    pub(super) fn origin(&self, at: usize) -> usize {
        let segment = self.segment(at);
        segment.origin + at.saturating_sub(segment.at)
    }

    fn segment(&self, at: usize) -> Segment {
        let after = self.segments.partition_point(|segment| segment.at <= at);
        let none = Segment { at: 0, origin: 0, place: Place::default() };
        self.segments.get(after.saturating_sub(1)).copied().unwrap_or(none)
    }
}

impl<'a> Part<'a> {
    /// The byte after it.
    pub(super) const fn end(self) -> usize {
        self.at + self.text.len()
    }

    /// Without what surrounds it.
    pub(super) fn trim(self) -> Self {
        let start = self.text.trim_start();
        Self { text: start.trim_end(), at: self.at + (self.text.len() - start.len()) }
    }

    /// What stands before byte `at` of it, and the rest.
    pub(super) fn split_at(self, at: usize) -> (Self, Self) {
        let at = if self.text.is_char_boundary(at) { at } else { self.text.len() };
        let (one, other) = self.text.split_at(at);
        (Self { text: one, at: self.at }, Self { text: other, at: self.at + at })
    }

    /// What stands before and after the first `sign`.
    pub(super) fn split_once(self, sign: char) -> Option<(Self, Self)> {
        let at = self.text.find(sign)?;
        let (one, other) = self.split_at(at);
        Some((one, other.skip(sign.len_utf8())))
    }

    /// The parts between signs, each trimmed.
    pub(super) fn split(self, sign: char) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut rest = self;
        while let Some((part, after)) = rest.split_once(sign) {
            parts.push(part.trim());
            rest = after;
        }
        parts.push(rest.trim());
        parts
    }

    /// The words of it.
    pub(super) fn words(self) -> Vec<Self> {
        let mut words = Vec::new();
        let mut rest = self.trim();
        while !rest.text.is_empty() {
            let end = rest.text.find(char::is_whitespace).unwrap_or(rest.text.len());
            let (word, after) = rest.split_at(end);
            words.push(word);
            rest = after.trim();
        }
        words
    }

    /// What follows a prefix that it has.
    pub(super) fn strip_prefix(self, prefix: &str) -> Option<Self> {
        self.text.strip_prefix(prefix).map(|text| Self { text, at: self.at + prefix.len() })
    }

    /// Whether it begins with an exclamation mark, and what follows.
    pub(super) fn negation(self) -> (bool, Self) {
        match self.strip_prefix("!") {
            Some(rest) => (true, rest.trim()),
            None => (false, self),
        }
    }

    fn skip(self, bytes: usize) -> Self {
        self.split_at(bytes).1
    }
}

/// Says what is wrong with a rule, and where.
pub(super) struct Critic<'a> {
    pub(super) line: &'a Line,
    pub(super) findings: &'a mut Findings,
}

impl Critic<'_> {
    pub(super) fn error(&mut self, part: Part<'_>, cause: impl Into<String>) -> &mut Finding {
        self.findings.error(self.line.place(part.at), cause)
    }

    pub(super) fn warning(&mut self, part: Part<'_>, cause: impl Into<String>) -> &mut Finding {
        self.findings.warning(self.line.place(part.at), cause)
    }

    /// Reads a number, or says what it should be.
    pub(super) fn number<T: std::str::FromStr>(&mut self, part: Part<'_>, what: &str) -> Option<T> {
        let number = Some(part.text).filter(|text| !text.starts_with('+')).and_then(|text| text.parse().ok());
        if number.is_none() {
            self.error(part, format!("`{}` is no {what}", part.text));
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_go_on_after_a_backslash_and_keep_their_places() {
        let text = "# alert tcp\n\n  alert tcp (\\\r\n\tmsg:\"ä\"; \\\n sid:1;)\nalert";
        let lines = lines(text);
        let texts: Vec<&str> = lines.iter().map(|line| line.part().text).collect();
        assert_eq!(texts, ["alert tcp (\tmsg:\"ä\";  sid:1;)", "alert"]);
        let at = texts[0].find("sid").expect("it is there");
        assert_eq!(lines[0].place(at), Place { line: 5, column: 2 });
        assert_eq!(&text[lines[0].origin(at)..][..5], "sid:1");
        assert_eq!(lines[0].place(0), Place { line: 3, column: 3 });
        let after = texts[0].find("\";").expect("it is there");
        assert_eq!(lines[0].place(after), Place { line: 4, column: 8 });
    }

    #[test]
    fn a_backslash_at_the_end_of_the_file_ends_the_rule() {
        assert_eq!(lines("alert \\").len(), 1);
        assert_eq!(lines("").len(), 0);
        assert_eq!(lines("# a \\\nalert").len(), 1);
    }
}
