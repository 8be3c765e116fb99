//! `pcre`, as rule text writes it.

use super::line::{Critic, Part};
use super::mend::Mend;
use super::option::quoted;
use super::payload::Pcre;
use regex::bytes::RegexBuilder;

/// Reads the value of `pcre`: `[!]"/expression/flags"`.
pub(super) fn pcre(value: Part<'_>, critic: &mut Critic<'_>, mends: &mut Vec<Mend>) -> Option<Pcre> {
    let (negated, value) = value.negation();
    let inside = quoted(value, critic, mends)?;
    // The sign after `/` or `m` encloses the expression.
    let Some(body) = inside.strip_prefix("/") else {
        critic.error(inside, "an expression stands between `/` and `/`");
        return None;
    };
    let Some(end) = body.text.rfind('/') else {
        critic.error(inside, "the expression does not end with `/`");
        return None;
    };
    let (pattern, flags) = body.split_at(end);
    let flags = flags.split_at(1).1;
    // A semicolon is escaped for the sake of the rule.
    let source = pattern.text.replace("\\;", ";").replace("\\/", "/");
    let mut relative = false;
    let mut anchored = false;
    let (mut folded, mut dot_all, mut lines, mut spaced, mut lazy) = (false, false, false, false, false);
    for (at, flag) in flags.text.char_indices() {
        match flag {
            'i' => folded = true,
            's' => dot_all = true,
            'm' => lines = true,
            'x' => spaced = true,
            'G' => lazy = true,
            'A' => anchored = true,
            'R' => relative = true,
            // Limits are always ours, bytes are always raw, and `$` never means a place before the last line feed.
            'O' | 'B' | 'E' => {}
            unknown => {
                let here = flags.split_at(at).1;
                let reason = if "UVWIHDMCSYPQK".contains(unknown) {
                    "is about HTTP, which has nothing to do with RPC or SMB"
                } else {
                    "is not supported"
                };
                critic.error(here, format!("flag `{unknown}` of `pcre` {reason}"));
                return None;
            }
        }
    }
    let source = match anchored {
        false => source,
        // A comment ends with its line.
        true if spaced => format!("\\A(?:{source}\n)"),
        true => format!("\\A(?:{source})"),
    };
    let built = RegexBuilder::new(&source)
        .unicode(false)
        .case_insensitive(folded)
        .dot_matches_new_line(dot_all)
        .multi_line(lines)
        .ignore_whitespace(spaced)
        .swap_greed(lazy)
        .size_limit(MAX_REGEX_BYTES)
        .dfa_size_limit(MAX_REGEX_BYTES)
        .build();
    match built {
        Ok(regex) => Some(Pcre { regex, negated, relative }),
        Err(error) => {
            let shown = error.to_string();
            let cause = shown.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            let finding = critic.error(pattern, format!("expression: {cause}"));
            if cause.contains("look-around") || cause.contains("backreference") {
                finding.hint("expressions run in time that is linear in the message; look-around and references back cannot");
            }
            None
        }
    }
}

/// Size of a compiled expression.
const MAX_REGEX_BYTES: usize = 1 << 20;
