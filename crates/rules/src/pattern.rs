//! Strings with wildcards, escapes and placeholders, as Sigma writes them.

/// A string that a rule looks for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Pattern {
    /// No two literals, and no two [`Piece::Many`], stand side by side; no literal is empty.
    pieces: Vec<Piece>,
}

/// A part of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Piece {
    /// Exactly these bytes; UTF-8 unless an encoding made something else of them.
    Literal(Vec<u8>),
    /// `?`: one character.
    One,
    /// `*`: any number of characters.
    Many,
    /// One of the [`DASHES`], for `windash`.
    Dash,
    /// `%name%`, until it is expanded.
    Placeholder(String),
}

/// What Windows programs take for the start of an option (Sigma modifiers, `windash`).
pub(crate) const DASHES: [char; 5] = ['-', '/', '–', '—', '―'];

impl Pattern {
    /// Reads a string: `*` and `?` are wildcards, a backslash before one of them or before a backslash makes it plain, and
    /// is itself plain anywhere else (Sigma rules specification, Escape Character). `%name%` is a placeholder, and `\%` a
    /// plain percent sign, only when the value is to be expanded.
    pub(crate) fn parse(text: &str, expand: bool) -> Self {
        let mut pattern = Self::default();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let after = rest.strip_prefix(next).unwrap_or("");
            rest = after;
            match next {
                '\\' => match after.chars().next() {
                    Some(escaped @ ('*' | '?' | '\\')) => {
                        pattern.push_char(escaped);
                        rest = after.strip_prefix(escaped).unwrap_or("");
                    }
                    Some('%') if expand => {
                        pattern.push_char('%');
                        rest = after.strip_prefix('%').unwrap_or("");
                    }
                    _ => pattern.push_char('\\'),
                },
                '*' => pattern.push(Piece::Many),
                '?' => pattern.push(Piece::One),
                '%' if expand => match placeholder(after) {
                    Some((name, after)) => {
                        pattern.push(Piece::Placeholder(name.to_owned()));
                        rest = after;
                    }
                    None => pattern.push_char('%'),
                },
                plain => pattern.push_char(plain),
            }
        }
        pattern
    }

    /// A string without wildcards.
    pub(crate) fn literal(bytes: impl Into<Vec<u8>>) -> Self {
        let mut pattern = Self::default();
        pattern.push(Piece::Literal(bytes.into()));
        pattern
    }

    /// Adds a piece at the end.
    pub(crate) fn push(&mut self, piece: Piece) {
        match (self.pieces.last_mut(), piece) {
            (_, Piece::Literal(bytes)) if bytes.is_empty() => {}
            (Some(Piece::Literal(last)), Piece::Literal(bytes)) => last.extend(bytes),
            (Some(Piece::Many), Piece::Many) => {}
            (_, piece) => self.pieces.push(piece),
        }
    }

    fn push_char(&mut self, character: char) {
        let mut buffer = [0; 4];
        self.push(Piece::Literal(character.encode_utf8(&mut buffer).as_bytes().to_vec()));
    }

    /// With `*` in front, unless there is one.
    pub(crate) fn open_start(self) -> Self {
        let mut pattern = Self { pieces: vec![Piece::Many] };
        self.pieces.into_iter().for_each(|piece| pattern.push(piece));
        pattern
    }

    /// With `*` at the end, unless there is one.
    pub(crate) fn open_end(mut self) -> Self {
        self.push(Piece::Many);
        self
    }

    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The bytes, when there is no wildcard and no placeholder.
    pub(crate) fn plain_bytes(&self) -> Option<&[u8]> {
        match self.pieces.as_slice() {
            [] => Some(&[]),
            [Piece::Literal(bytes)] => Some(bytes),
            _ => None,
        }
    }

    /// The text, when there is no wildcard and no placeholder.
    pub(crate) fn plain(&self) -> Option<&str> {
        std::str::from_utf8(self.plain_bytes()?).ok()
    }

    /// Names of the placeholders in it.
    pub(crate) fn placeholders(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Placeholder(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Replaces dashes that start an option (not after a letter or digit, and before one) by a class of [`DASHES`].
    pub(crate) fn windash(self) -> Self {
        let mut pattern = Self::default();
        // A wildcard before a dash may stand for anything: the dash counts as the start of an option.
        let mut after_word = false;
        for (at, piece) in self.pieces.iter().enumerate() {
            let Piece::Literal(bytes) = piece else {
                pattern.push(piece.clone());
                after_word = false;
                continue;
            };
            let text = String::from_utf8_lossy(bytes);
            let mut rest = text.chars().peekable();
            while let Some(next) = rest.next() {
                let wildcard_follows = at + 1 < self.pieces.len();
                let before_word = rest.peek().map_or(wildcard_follows, |next| is_word(*next));
                if DASHES.contains(&next) && !after_word && before_word {
                    pattern.push(Piece::Dash);
                } else {
                    pattern.push_char(next);
                }
                after_word = is_word(next);
            }
        }
        pattern
    }
}

/// The name of a placeholder whose first `%` has been read, and what follows its second.
fn placeholder(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once('%')?;
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    (!name.is_empty() && name.chars().all(plain)).then_some((name, rest))
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Literal(bytes) => format!("[{}]", String::from_utf8_lossy(bytes)),
            Piece::One => "1".into(),
            Piece::Many => "N".into(),
            Piece::Dash => "D".into(),
            Piece::Placeholder(name) => format!("%{name}%"),
        };
        Pattern::parse(text, false).pieces().iter().map(piece).collect()
    }

    #[test]
    fn backslashes_are_read_as_the_specification_lists_them() {
        assert_eq!(shown(r"C:\Windows"), r"[C:\Windows]");
        assert_eq!(shown(r"C:\\Windows"), r"[C:\Windows]");
        assert_eq!(shown(r"a\*b\?"), "[a*b?]");
        assert_eq!(shown(r"a\\*"), r"[a\]N");
        assert_eq!(shown(r"a\\\*"), r"[a\*]");
        assert_eq!(shown(r"\\\\server"), r"[\\server]");
        assert_eq!(shown(r"\\\server"), r"[\\server]");
        assert_eq!(shown(r"end\"), r"[end\]");
    }

    #[test]
    fn stars_side_by_side_are_one() {
        assert_eq!(shown("a**b?*"), "[a]N[b]1N");
        assert_eq!(Pattern::parse("*a*", false).open_start().open_end(), Pattern::parse("*a*", false));
    }

    #[test]
    fn placeholders_are_read_only_to_be_expanded() {
        assert_eq!(Pattern::parse("%name%", false), Pattern::literal(*b"%name%"));
        let pattern = Pattern::parse(r"\%plain%name%", true);
        let expected = [Piece::Literal(b"%plain".to_vec()), Piece::Placeholder("name".into())];
        assert_eq!(pattern.pieces(), expected);
        assert_eq!(Pattern::parse("100 % of %", true), Pattern::literal(*b"100 % of %"));
    }

    #[test]
    fn a_dash_is_one_only_where_an_option_starts() {
        let option = Pattern::literal(*b"a-b -c").windash();
        let expected = [Piece::Literal(b"a-b ".to_vec()), Piece::Dash, Piece::Literal(b"c".to_vec())];
        assert_eq!(option.pieces(), expected);
    }
}
