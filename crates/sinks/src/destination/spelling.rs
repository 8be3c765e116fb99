//! How destinations are written: `KIND:ADDRESS?KEY=VALUE&KEY=VALUE`, sizes, times, and what is said about mistakes.

use rpcscope_catalog::nearest;
use std::fmt;

/// A mistake in the text of a destination, or why it can never work.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct DestinationError {
    /// Where in the text, in characters from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl DestinationError {
    /// A mistake at byte `at` of `text`.
    pub(super) fn at(at: usize, text: &str, message: impl Into<String>) -> Self {
        let before = text.get(..at).unwrap_or(text);
        Self { column: before.chars().count() + 1, message: message.into(), hint: None }
    }

    /// A name that is none of `known`.
    pub(super) fn unknown(at: usize, text: &str, what: &str, name: &str, known: &[&str]) -> Self {
        let error = Self::at(at, text, format!("unknown {what} `{name}`"));
        match nearest(name, known).as_slice() {
            [] => error,
            near => error.hint(format!("did you mean `{}`?", near.join("`, `"))),
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds a hint when there is none.
    pub(super) fn or_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint.get_or_insert_with(|| hint.into());
        self
    }
}

impl fmt::Display for DestinationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.column, self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "\n  hint: {hint}"))
    }
}

impl std::error::Error for DestinationError {}

/// The word before the first colon, when it is one, and where the address starts.
///
/// A path with a slash before its first colon has none, so that `./a:b` is a file.
pub(super) fn kind(text: &str) -> (Option<&str>, usize) {
    match text.split_once(':') {
        Some((word, _)) if !word.contains(['/', '?']) => (Some(word), word.len() + 1),
        _ => (None, 0),
    }
}

/// The parts of a destination's text behind its kind.
pub(super) struct Spelling<'a> {
    text: &'a str,
    start: usize,
    address: &'a str,
    options: Vec<Setting<'a>>,
}

/// One option.
pub(super) struct Setting<'a> {
    text: &'a str,
    start: usize,
    key: &'a str,
    value: &'a str,
}

impl<'a> Spelling<'a> {
    /// Splits what stands from byte `start` on.
    pub(super) fn split(text: &'a str, start: usize) -> Result<Self, DestinationError> {
        let rest = text.get(start..).unwrap_or("");
        let (address, options) = rest.split_once('?').unwrap_or((rest, ""));
        let mut spelling = Self { text, start, address, options: Vec::new() };
        let mut at = start + address.len() + 1;
        for option in options.split('&').filter(|_| !options.is_empty()) {
            let Some((key, value)) = option.split_once('=') else {
                let message = format!("option `{option}` has no value");
                return Err(DestinationError::at(at, text, message).hint(format!("write `{option}=VALUE`")));
            };
            if spelling.options.iter().any(|earlier| earlier.key == key) {
                return Err(DestinationError::at(at, text, format!("option `{key}` is given twice")));
            }
            spelling.options.push(Setting { text, start: at, key, value });
            at += option.len() + 1;
        }
        Ok(spelling)
    }

    /// What stands between the kind and the options.
    pub(super) fn address(&self) -> &'a str {
        self.address
    }

    /// The address as a path.
    pub(super) fn path(&self) -> Result<&'a str, DestinationError> {
        if self.address.is_empty() { Err(self.error(0, "no path")) } else { Ok(self.address) }
    }

    pub(super) fn options(&self) -> &[Setting<'a>] {
        &self.options
    }

    /// Fails when there are options.
    pub(super) fn no_options(&self) -> Result<(), DestinationError> {
        self.options.first().map_or(Ok(()), |option| Err(option.unknown(&[]).or_hint("it has no options")))
    }

    /// A mistake at byte `at` of the address.
    pub(super) fn error(&self, at: usize, message: impl Into<String>) -> DestinationError {
        DestinationError::at(self.start + at, self.text, message)
    }

    /// A word at the start of the address that is none of `known`.
    pub(super) fn unknown(&self, what: &str, word: &str, known: &[&str]) -> DestinationError {
        DestinationError::unknown(self.start, self.text, what, word, known)
    }

    /// The same text with an address that starts `bytes` further on.
    pub(super) fn after(&self, bytes: usize) -> Spelling<'a> {
        let address = self.address.get(bytes..).unwrap_or("");
        Spelling { text: self.text, start: self.start + bytes, address, options: Vec::new() }
    }
}

impl<'a> Setting<'a> {
    pub(super) fn key(&self) -> &'a str {
        self.key
    }

    pub(super) fn value(&self) -> &'a str {
        self.value
    }

    /// The value as a number of bytes.
    pub(super) fn bytes(&self) -> Result<u64, DestinationError> {
        bytes(self.value).ok_or_else(|| {
            self.error(format!("`{}` is no size", self.value))
                .hint("write a number with k, M, G or T, such as `100M`")
        })
    }

    /// The value as a number of seconds.
    pub(super) fn seconds(&self) -> Result<u64, DestinationError> {
        seconds(self.value).ok_or_else(|| {
            self.error(format!("`{}` is no time", self.value))
                .hint("write a number with s, m, h or d, such as `1h`")
        })
    }

    /// A mistake in the value.
    pub(super) fn error(&self, message: impl Into<String>) -> DestinationError {
        DestinationError::at(self.start + self.key.len() + 1, self.text, message)
    }

    /// A mistake about the option itself.
    pub(super) fn key_error(&self, message: impl Into<String>) -> DestinationError {
        DestinationError::at(self.start, self.text, message)
    }

    /// A value that is none of `known`.
    pub(super) fn unknown_value(&self, what: &str, known: &[&str]) -> DestinationError {
        let at = self.start + self.key.len() + 1;
        DestinationError::unknown(at, self.text, what, self.value, known)
            .or_hint(format!("one of {}", known.join(", ")))
    }

    /// An option that is none of `known`.
    pub(super) fn unknown(&self, known: &[&str]) -> DestinationError {
        DestinationError::unknown(self.start, self.text, "option", self.key, known)
    }
}

/// A number of bytes above 0: `4096`, `100k`, `100MB` (powers of 1000), `64MiB` (powers of 1024). Case does not matter.
pub fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = number_and_unit(text)?;
    let unit = unit.to_ascii_lowercase();
    let factor = match unit.strip_suffix('b').unwrap_or(&unit) {
        "" => 1,
        "k" => 1000,
        "m" => 1_000_000,
        "g" => 1_000_000_000,
        "t" => 1_000_000_000_000,
        "ki" => 1 << 10,
        "mi" => 1 << 20,
        "gi" => 1 << 30,
        "ti" => 1 << 40,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// A number of seconds above 0: `30s`, `15m`, `1h`, `7d`. A unit is needed.
pub fn seconds(text: &str) -> Option<u64> {
    let (number, unit) = number_and_unit(text)?;
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    // Times are signed 64-bit nanoseconds; anything longer than they reach is no time.
    number.checked_mul(factor).filter(|seconds| *seconds <= u64::from(u32::MAX))
}

fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    Some((number.parse().ok().filter(|number| *number > 0)?, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_of_a_thousand_or_1024() {
        for (text, value) in [
            ("1", Some(1)),
            ("100MB", Some(100_000_000)),
            ("5g", Some(5_000_000_000)),
            ("2KiB", Some(2048)),
            ("1Ti", Some(1 << 40)),
            ("", None),
            ("0", None),
            ("M", None),
            ("-1", None),
            ("1 M", None),
            ("1ü", None),
            ("99999999999T", None),
        ] {
            assert_eq!(bytes(text), value, "{text}");
        }
    }

    #[test]
    fn times_need_a_unit() {
        for (text, value) in [
            ("30s", Some(30)),
            ("15m", Some(900)),
            ("1h", Some(3600)),
            ("7d", Some(604_800)),
            ("7", None),
            ("0h", None),
            ("1H", None),
            ("99999999d", None),
        ] {
            assert_eq!(seconds(text), value, "{text}");
        }
    }
}
