//! Where the oracles are wrong, by construct.

use crate::engine::Oracle;
use crate::event::Event;
use crate::rule::{Item, Rule};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::Value;

/// A fault of an oracle that changes verdicts.
pub struct Fault {
    /// Which engine has it.
    pub oracle: Oracle,
    /// Rules and events that it concerns.
    pub construct: &'static str,
    /// What the oracle does.
    pub cause: &'static str,
    /// Why that is wrong: what the specification says, under which heading.
    pub reason: &'static str,
    /// Whether it may change what an item makes of the value of its field, in an event.
    pub concerns: fn(&Item, Option<&Value>, &Event) -> bool,
}

/// A fault of an oracle that makes it refuse a rule.
pub struct Refusal {
    /// Which engine has it.
    pub oracle: Oracle,
    /// What it refuses.
    pub construct: &'static str,
    /// Why it should not: the heading of the specification that has the construct.
    pub reason: &'static str,
    /// Whether a rule has the construct.
    pub concerns: fn(&Rule) -> bool,
}

/// All that are known to change verdicts.
pub const FAULTS: &[Fault] = &[
    Fault {
        oracle: Oracle::Rsigma,
        construct: "a wildcard and a line break",
        cause: "`*` and `?` stand for no line break",
        reason: "String Wildcard: `?` is a mandatory character and `*` is of any length; none is left out",
        concerns: |item, value, event| {
            let is_broken = |value: &Value| texts(value).any(|text| text.contains('\n'));
            let seen = item.field.is_none() && event.0.values().any(is_broken);
            (seen || value.is_some_and(is_broken)) && item.texts().any(has_wildcard)
        },
    },
    Fault {
        oracle: Oracle::Rsigma,
        construct: "`startswith` and `endswith` with a wildcard",
        cause: "the pattern is anchored at the wrong end",
        reason: "Generic Modifiers: the value is expected at the beginning, or at the end, of the field",
        concerns: |item, value, _| {
            value.is_some() && item.has_any(&["startswith", "endswith"]) && item.texts().any(has_wildcard)
        },
    },
    Fault {
        oracle: Oracle::Rsigma,
        construct: "keywords with `all`",
        cause: "are compared with whole values",
        reason: "Keywords search: with `|all`, too, keywords are searched for across the event",
        concerns: |item, _, _| item.field.is_none() && item.has("all"),
    },
    Fault {
        oracle: Oracle::Rsigma,
        construct: "keywords, and values that are no text",
        cause: "are not looked at",
        reason: "Lists: keywords are applied to the full log message",
        concerns: |item, _, event| {
            let is_other = |value: &Value| match value {
                Value::Array(values) => !values.iter().all(Value::is_string),
                other => !other.is_string(),
            };
            item.field.is_none() && event.0.values().any(is_other)
        },
    },
    Fault {
        oracle: Oracle::Rsigma,
        construct: "`neq`, of a field that is not there",
        cause: "is not met",
        reason: "Generic Modifiers: the field differs from the values. Whether one that is not there does is left \
                 open; here it does, so that `neq` is what `not` is in a condition",
        concerns: |item, value, _| item.has("neq") && value.is_none(),
    },
    Fault {
        oracle: Oracle::Rsigma,
        construct: "numbers of more than 53 bits",
        cause: "are compared as floating point, where neighbours are equal",
        reason: "Numeric Modifiers: the comparison is with the value",
        concerns: |item, value, _| {
            let is_large =
                |value: &Value| value.as_i64().is_some_and(|number| number.unsigned_abs() >> 53 != 0);
            item.values.iter().any(is_large) && value.is_some()
        },
    },
    Fault {
        oracle: Oracle::Rsigma,
        construct: "a number and a text in hexadecimal",
        cause: "are never equal and have no order",
        reason: "Maps: logs have numbers such as `0x40810000` as texts",
        concerns: |item, value, _| {
            let is_hexadecimal = |text: &str| text.to_ascii_lowercase().contains("0x");
            item.values.iter().any(Value::is_number)
                && value.is_some_and(|value| texts(value).any(is_hexadecimal))
        },
    },
    Fault {
        oracle: Oracle::Rsigma,
        construct: "a truth value and a text that is `yes`, `no`, `1` or `0`",
        cause: "are taken as equal",
        reason: "General: values are strings, and these are others",
        concerns: |item, value, _| {
            let stands =
                |text: &str| ["yes", "no", "1", "0"].iter().any(|word| text.eq_ignore_ascii_case(word));
            item.values.iter().any(Value::is_boolean) && value.is_some_and(|value| texts(value).any(stands))
        },
    },
    Fault {
        oracle: Oracle::Rsigma,
        construct: "`fieldref` between fields that are not both one text",
        cause: "a list is compared as a whole; a number has no start, no end and no contents",
        reason: "General: values are strings; Specific Modifiers: fields are compared as values are",
        concerns: |item, value, event| {
            let other = item.texts().next().and_then(|name| event.0.get(name));
            let texts = [value, other].iter().all(|value| value.is_some_and(Value::is_string));
            item.has("fieldref") && value.is_some() && other.is_some() && !texts
        },
    },
    Fault {
        oracle: Oracle::Rsigma,
        construct: "`base64offset`",
        cause: "wants the last character, which depends on what follows in the text that was encoded",
        reason: "Encoding: what is recognised is the static part, without the first and the last byte",
        concerns: |item, value, _| {
            let is_missed = |value: &Value| item.texts().any(|text| ends_matter(&item.bytes(text), value));
            item.has("base64offset") && value.is_some_and(is_missed)
        },
    },
    Fault {
        oracle: Oracle::Rsigma,
        construct: "`windash` with another dash than `-`",
        cause: "only `-` is replaced",
        reason: "String Modifiers: `-`, `/` and the three long dashes are converted interchangeably",
        concerns: |item, value, _| {
            let has_other = |text: &str| text.contains(['/', '–', '—', '―']);
            value.is_some() && item.has("windash") && item.texts().any(has_other)
        },
    },
    Fault {
        oracle: Oracle::Rsigma,
        construct: "`windash` with a dash that is not right before a word",
        cause: "is replaced, too",
        reason: "String Modifiers: it is for the flags of a command line, and none starts there. The sentence on \
                 permutations can be read as for all dashes; pySigma, which the appendix was written from, \
                 replaces those right before a word",
        concerns: |item, value, _| value.is_some() && item.has("windash") && item.texts().any(has_other_dash),
    },
    Fault {
        oracle: Oracle::Rsigma,
        construct: "`windash` with a wildcard",
        cause: "the wildcard is taken as plain",
        reason: "String Wildcard: strings may have wildcards; the modifier converts dashes only",
        concerns: |item, value, _| value.is_some() && item.has("windash") && item.texts().any(has_wildcard),
    },
    Fault {
        oracle: Oracle::SigmaRust,
        construct: "a field with several values",
        cause: "matches none of them",
        reason: "nothing is said of such fields; that none of the values counts cannot be meant",
        concerns: |_, value, _| matches!(value, Some(Value::Array(_))),
    },
    Fault {
        oracle: Oracle::SigmaRust,
        construct: "a number and a text, or a number with a fraction and one without",
        cause: "are never equal and have no order",
        reason: "General: values are strings, and logs have numbers as texts",
        concerns: |item, value, _| {
            let is_other = |value: &Value| value.is_string() || value.is_f64();
            let has_fraction = item.values.iter().any(Value::is_f64);
            let has_number = item.values.iter().any(Value::is_number);
            value.is_some_and(|value| has_number && is_other(value) || has_fraction && value.is_number())
        },
    },
    Fault {
        oracle: Oracle::SigmaRust,
        construct: "a truth value and a text",
        cause: "are never equal",
        reason: "General: values are strings",
        concerns: |item, value, _| {
            item.values.iter().any(Value::is_boolean) && value.is_some_and(Value::is_string)
        },
    },
    Fault {
        oracle: Oracle::SigmaRust,
        construct: "null, of a field that is not there",
        cause: "is not met",
        reason: "Special Field Values: `PasswordLastSet: null`, negated, says that there is a value",
        concerns: |item, value, _| item.values.iter().any(Value::is_null) && value.is_none(),
    },
    Fault {
        oracle: Oracle::SigmaRust,
        construct: "`exists: false` of a field that is false",
        cause: "is met",
        reason: "Generic Modifiers: only the presence of the field is verified, not its value",
        concerns: |item, value, _| item.has("exists") && value == Some(&Value::Bool(false)),
    },
    Fault {
        oracle: Oracle::SigmaRust,
        construct: "keywords",
        cause: "are compared with whole values; with `all`, they are a field without a name",
        reason: "Lists, and Keywords search: they are searched for in the full log message",
        concerns: |item, _, _| item.field.is_none(),
    },
    Fault {
        oracle: Oracle::SigmaRust,
        construct: "`?` after `*`",
        cause: "the first place that fits is taken, and no other one is tried",
        reason: "String Wildcard: `*` is of any length",
        concerns: |item, value, _| {
            let open = item.has_any(&["contains", "endswith"]);
            value.is_some() && item.texts().any(|text| text.contains('?') && (open || text.contains('*')))
        },
    },
    Fault {
        oracle: Oracle::SigmaRust,
        construct: "`fieldref`",
        cause: "is case-sensitive; a number or truth value has no start, no end and no contents",
        reason: "General: values are strings, and case is ignored",
        concerns: |item, value, _| value.is_some() && item.has("fieldref"),
    },
    Fault {
        oracle: Oracle::SigmaRust,
        construct: "`windash` with `all`",
        cause: "all permutations of a value have to be found",
        reason: "Generic Modifiers: `all` is for the values of the list; a permutation stands for its value",
        concerns: |item, value, _| value.is_some() && item.has("windash") && item.has("all"),
    },
    Fault {
        oracle: Oracle::SigmaRust,
        construct: "`windash` with several dashes",
        cause: "are not replaced each on its own",
        reason: "String Modifiers: all permutations are wanted",
        concerns: |item, value, _| {
            value.is_some()
                && item.has("windash")
                && item.texts().any(|text| text.matches(['-', '–']).count() > 1)
        },
    },
    Fault {
        oracle: Oracle::SigmaRust,
        construct: "`base64` and `base64offset`",
        cause: "have no padding, and the last character is cut off",
        reason: "Encoding: the value is encoded with Base64, whole",
        concerns: |item, value, _| value.is_some() && item.has_any(&["base64", "base64offset"]),
    },
];

/// All that are known to make rules refused.
pub const REFUSALS: &[Refusal] = &[
    Refusal {
        oracle: Oracle::SigmaRust,
        construct: "a number after `contains`, `startswith` and `endswith`",
        reason: "Generic Modifiers: they can be applied on all types of fields",
        concerns: |rule| {
            let is_placed = |item: &Item| item.has_any(&["contains", "startswith", "endswith"]);
            rule.items.iter().any(|item| is_placed(item) && item.values.iter().any(Value::is_number))
        },
    },
    Refusal {
        oracle: Oracle::SigmaRust,
        construct: "`neq`",
        reason: "Generic Modifiers",
        concerns: |rule| rule.items.iter().any(|item| item.has("neq")),
    },
    Refusal {
        oracle: Oracle::SigmaRust,
        construct: "`i`, `m` and `s` after `re`",
        reason: "Regular Expression",
        concerns: |rule| rule.items.iter().any(|item| item.has_any(&["i", "m", "s"])),
    },
    Refusal {
        oracle: Oracle::SigmaRust,
        construct: "`windash` and a dash of several bytes, on which it panics",
        reason: "String Modifiers",
        concerns: |rule| {
            let is_long = |text: &str| text.starts_with(['–', '—', '―']);
            rule.items.iter().any(|item| item.has("windash") && item.texts().any(is_long))
        },
    },
];

/// The texts of a value.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let members = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    members.iter().filter_map(Value::as_str)
}

/// Whether a text of a rule may have a wildcard.
fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether a text has a dash inside a word, or one before another dash.
fn has_other_dash(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    let inside = |three: &[char]| matches!(three, [one, '-', other] if one.is_alphanumeric() && other.is_alphanumeric());
    text.contains("--") || characters.windows(3).any(inside)
}

/// Whether it makes a difference if the last characters of Base64, which are not of these bytes alone, are searched for.
fn ends_matter(bytes: &[u8], value: &Value) -> bool {
    // JSON has all that Base64 may be found in, truth values and numbers, too.
    let seen = value.to_string().to_lowercase();
    let found = |part: &str| !part.is_empty() && seen.contains(&part.to_lowercase());
    (0..3).any(|shift: usize| {
        let shifted = [vec![0; shift], bytes.to_vec()].concat();
        let encoded = STANDARD_NO_PAD.encode(&shifted);
        let start = (shift * 8).div_ceil(6);
        let stable = encoded.get(start..shifted.len() * 8 / 6).unwrap_or("");
        found(stable) != found(encoded.get(start..).unwrap_or(""))
    })
}
