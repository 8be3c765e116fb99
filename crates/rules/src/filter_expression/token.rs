//! The words and signs of a filter.

use crate::finding::{Findings, Place};

/// A word or sign, and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Token {
    pub(super) place: Place,
    pub(super) what: What,
}

/// What it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum What {
    /// A name, a number, a word of the language.
    Word(String),
    /// Something in quotes.
    Text(String),
    /// `==`, `(` and the like.
    Sign(&'static str),
}

impl Token {
    /// As it is shown in messages.
    pub(super) fn shown(&self) -> &str {
        match &self.what {
            What::Word(text) | What::Text(text) => text,
            What::Sign(sign) => sign,
        }
    }

    pub(super) fn is_sign(&self, wanted: &str) -> bool {
        matches!(self.what, What::Sign(sign) if sign == wanted)
    }

    /// Whether it is this word of the language, in any case.
    pub(super) fn is_word(&self, wanted: &str) -> bool {
        matches!(&self.what, What::Word(word) if word.eq_ignore_ascii_case(wanted))
    }
}

/// Reads a text into words and signs, and tells where it ends; `None`, with a finding, when it cannot be read.
pub(super) fn tokens(text: &str, findings: &mut Findings) -> Option<(Vec<Token>, Place)> {
    let mut reader = Reader { rest: text, place: Place::START };
    let mut tokens = Vec::new();
    loop {
        reader.skip_blanks();
        let place = reader.place;
        let Some(next) = reader.rest.chars().next() else { return Some((tokens, place)) };
        if tokens.len() >= MAX_TOKENS {
            findings.error(place, format!("a filter of more than {MAX_TOKENS} words"));
            return None;
        }
        let what = match next {
            '"' | '\'' => match reader.quoted(next) {
                Some(text) => What::Text(text),
                None => {
                    findings.error(place, format!("a text without its closing `{next}`"));
                    return None;
                }
            },
            _ => match SIGNS.iter().find(|sign| reader.rest.starts_with(**sign)) {
                Some(sign) => {
                    (0..sign.len()).for_each(|_| reader.skip());
                    What::Sign(sign)
                }
                None => What::Word(reader.word()),
            },
        };
        tokens.push(Token { place, what });
    }
}

struct Reader<'a> {
    rest: &'a str,
    place: Place,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let mut letters = self.rest.chars();
        let next = letters.next()?;
        self.rest = letters.as_str();
        self.place = match next {
            '\n' => Place { line: self.place.line + 1, column: 1 },
            _ => self.place.right(1),
        };
        Some(next)
    }

    fn skip(&mut self) {
        self.next();
    }

    fn skip_blanks(&mut self) {
        while self.rest.starts_with(char::is_whitespace) {
            self.next();
        }
    }

    /// Up to a blank or a sign. There is at least one letter.
    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(next) = self.rest.chars().next() {
            let ends = next.is_whitespace() || ENDS_WORD.contains(next);
            if ends && !word.is_empty() {
                break;
            }
            word.push(next);
            self.next();
        }
        word
    }

    /// What stands between quotes. Within `"`, a backslash before a quote or a backslash makes it plain; within `'`,
    /// there is nothing special.
    fn quoted(&mut self, quote: char) -> Option<String> {
        self.next();
        let mut text = String::new();
        loop {
            match self.next()? {
                end if end == quote => return Some(text),
                '\\' if quote == '"' && self.rest.starts_with(['"', '\\']) => text.extend(self.next()),
                letter => text.push(letter),
            }
        }
    }
}

/// Longer ones first.
const SIGNS: [&str; 15] = ["==", "!=", "<=", ">=", "&&", "||", "<", ">", "=", "!", "(", ")", "[", "]", ","];
/// What no name, number or address has in it.
const ENDS_WORD: &str = "()[]<>=!&|,\"'";
/// Words and signs of one filter.
const MAX_TOKENS: usize = 100_000;
