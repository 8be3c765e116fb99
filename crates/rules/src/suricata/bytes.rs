//! `byte_test`, `byte_jump`, `byte_extract`, `isdataat` and the sizes, as rule text writes them.

use super::line::{Critic, Part};
use super::payload::{
    Align, ByteOrder, Coding, Extract, Jump, MAX_DIGITS, MAX_VARIABLES, NumberTest, Operator, Origin,
    Reading, Step, Value,
};
use crate::matcher::Comparison;

/// The names that earlier options gave to numbers.
pub(super) type Variables = Vec<String>;

/// What the flags after the first values of an option say.
#[derive(Default)]
struct Flags {
    relative: bool,
    order: Option<ByteOrder>,
    of_pdu: bool,
    is_string: bool,
    base: Option<u32>,
    mask: Option<u64>,
    multiplier: Option<i64>,
    align: Option<Align>,
    origin: Option<Origin>,
    post_offset: Option<Value>,
}

/// The option that flags belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Test,
    Jump,
    Extract,
}

/// Reads the value of `byte_test`: `bytes, [!]operator, value, offset[, flags]`.
pub(super) fn byte_test(value: Part<'_>, variables: &Variables, critic: &mut Critic<'_>) -> Option<Step> {
    let parts = value.split(',');
    let [bytes, sign, wanted, offset, flags @ ..] = parts.as_slice() else {
        critic
            .error(value, "`byte_test` takes at least four values")
            .hint("`byte_test:bytes, operator, value, offset`");
        return None;
    };
    let flags = self::flags(flags, Purpose::Test, variables, critic)?;
    let reading = reading(*bytes, *offset, &flags, variables, critic)?;
    let (negated, plain) = sign.negation();
    let operator = match plain.text {
        // `!` alone is `!=`.
        "" | "=" | "==" if negated || !plain.text.is_empty() => Operator::Compare(Comparison::Equal),
        "<" => Operator::Compare(Comparison::Less),
        ">" => Operator::Compare(Comparison::Greater),
        "<=" => Operator::Compare(Comparison::LessOrEqual),
        ">=" => Operator::Compare(Comparison::GreaterOrEqual),
        "&" => Operator::And,
        "^" => Operator::Xor,
        _ => {
            critic
                .error(*sign, format!("unknown operator `{}`", sign.text))
                .hint("known: `<`, `>`, `=`, `<=`, `>=`, `&`, `^`, each with `!` before it");
            return None;
        }
    };
    let wanted = unsigned_or_variable(*wanted, variables, critic)?;
    Some(Step::Test(NumberTest { reading, operator, negated, wanted }))
}

/// Reads the value of `byte_jump`: `bytes, offset[, flags]`.
pub(super) fn byte_jump(value: Part<'_>, variables: &Variables, critic: &mut Critic<'_>) -> Option<Step> {
    let parts = value.split(',');
    let [bytes, offset, flags @ ..] = parts.as_slice() else {
        critic.error(value, "`byte_jump` takes at least two values").hint("`byte_jump:bytes, offset`");
        return None;
    };
    let flags = self::flags(flags, Purpose::Jump, variables, critic)?;
    let reading = reading(*bytes, *offset, &flags, variables, critic)?;
    Some(Step::Jump(Jump {
        reading,
        multiplier: flags.multiplier.unwrap_or(1),
        align: flags.align,
        origin: flags.origin.unwrap_or(Origin::Number),
        post_offset: flags.post_offset.unwrap_or(Value::Number(0)),
    }))
}

/// Reads the value of `byte_extract`: `bytes, offset, name[, flags]`.
pub(super) fn byte_extract(
    value: Part<'_>,
    variables: &mut Variables,
    critic: &mut Critic<'_>,
) -> Option<Step> {
    let parts = value.split(',');
    let [bytes, offset, name, flags @ ..] = parts.as_slice() else {
        critic
            .error(value, "`byte_extract` takes at least three values")
            .hint("`byte_extract:bytes, offset, name`");
        return None;
    };
    let flags = self::flags(flags, Purpose::Extract, variables, critic)?;
    let reading = reading(*bytes, *offset, &flags, variables, critic)?;
    if !name.text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        critic.error(*name, format!("`{}` is no name of a variable", name.text));
        return None;
    }
    let variable = match variables.iter().position(|known| known == name.text) {
        Some(known) => known,
        None if variables.len() < MAX_VARIABLES => {
            variables.push(name.text.to_owned());
            variables.len() - 1
        }
        None => {
            critic.error(*name, format!("more than {MAX_VARIABLES} variables in one buffer"));
            return None;
        }
    };
    Some(Step::Extract(Extract {
        reading,
        multiplier: flags.multiplier.unwrap_or(1),
        align: flags.align,
        variable,
    }))
}

/// Reads the value of `isdataat`: `[!]offset[, relative][, rawbytes]`.
pub(super) fn is_data_at(value: Part<'_>, variables: &Variables, critic: &mut Critic<'_>) -> Option<Step> {
    let (negated, value) = value.negation();
    let parts = value.split(',');
    let (offset, flags) = parts.split_first()?;
    let offset = self::value(*offset, variables, critic)?;
    let mut relative = false;
    for flag in flags {
        match flag.text {
            "relative" => relative = true,
            "rawbytes" => {}
            unknown => {
                critic
                    .error(*flag, format!("unknown flag `{unknown}`"))
                    .nearest(unknown, ["relative", "rawbytes"]);
                return None;
            }
        }
    }
    Some(Step::IsDataAt { offset, relative, negated })
}

/// Reads a size: a number, a comparison, or a range without its ends, `100<>200`.
pub(super) fn size(value: Part<'_>, critic: &mut Critic<'_>) -> Option<Step> {
    let what = "number of bytes";
    if let Some(at) = value.text.find("<>") {
        let (low, high) = value.split_at(at);
        let low: usize = critic.number(low.trim(), what)?;
        let high: usize = critic.number(high.split_at(2).1.trim(), what)?;
        if high.saturating_sub(low) < 2 {
            critic.error(value, format!("no number of bytes is within `{}`", value.text));
            return None;
        }
        return Some(Step::Size(vec![vec![(Comparison::Greater, low), (Comparison::Less, high)]]));
    }
    let (comparison, number) = super::rpc::compared(value);
    Some(Step::Size(vec![vec![(comparison, critic.number(number, what)?)]]))
}

/// Reads a number that may have a sign, or the name of a variable.
pub(super) fn value(part: Part<'_>, variables: &Variables, critic: &mut Critic<'_>) -> Option<Value> {
    if let Some(known) = variables.iter().position(|known| known == part.text) {
        return Some(Value::Variable(known));
    }
    let number = part.text.parse().ok().filter(|number: &i64| number.unsigned_abs() <= MAX_OFFSET);
    if number.is_none() {
        let names = variables.iter().map(String::as_str);
        critic
            .error(part, format!("`{}` is neither a number up to {MAX_OFFSET} nor a variable", part.text))
            .nearest(part.text, names);
    }
    number.map(Value::Number)
}

fn unsigned_or_variable(part: Part<'_>, variables: &Variables, critic: &mut Critic<'_>) -> Option<Value> {
    if let Some(known) = variables.iter().position(|known| known == part.text) {
        return Some(Value::Variable(known));
    }
    let number = unsigned(part.text);
    if number.is_none() {
        critic.error(part, format!("`{}` is neither a number nor a variable", part.text));
    }
    number.map(|number| Value::Number(number.cast_signed()))
}

/// A number: decimal, or hexadecimal after `0x`.
fn unsigned(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) if digits.starts_with('+') => None,
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None if text.starts_with('+') => None,
        None => text.parse().ok(),
    }
}

fn reading(
    bytes: Part<'_>,
    offset: Part<'_>,
    flags: &Flags,
    variables: &Variables,
    critic: &mut Critic<'_>,
) -> Option<Reading> {
    let most = if flags.is_string { MAX_DIGITS } else { 8 };
    let count: usize = critic.number(bytes, "number of bytes")?;
    if count == 0 || count > most {
        critic.error(bytes, format!("a number has 1 to {most} bytes here"));
        return None;
    }
    let coding = match (flags.is_string, flags.of_pdu, flags.order) {
        (true, ..) => Coding::Digits(flags.base.unwrap_or(10)),
        (false, true, _) => Coding::OfPdu,
        (false, false, order) => Coding::Binary(order.unwrap_or(ByteOrder::Big)),
    };
    let offset = value(offset, variables, critic)?;
    Some(Reading { bytes: count, offset, relative: flags.relative, coding, mask: flags.mask })
}

fn flags(
    parts: &[Part<'_>],
    purpose: Purpose,
    variables: &Variables,
    critic: &mut Critic<'_>,
) -> Option<Flags> {
    let mut flags = Flags::default();
    let mut dce = None;
    for part in parts {
        let words = part.words();
        match (words.as_slice(), purpose) {
            ([word], _) => match (word.text, purpose) {
                ("relative", _) => flags.relative = true,
                ("little", _) => flags.order = Some(ByteOrder::Little),
                ("big", _) => flags.order = Some(ByteOrder::Big),
                ("dce", _) => {
                    flags.of_pdu = true;
                    dce = Some(*word);
                }
                ("string", _) => flags.is_string = true,
                ("dec", _) => flags.base = Some(10),
                ("hex", _) => flags.base = Some(16),
                ("oct", _) => flags.base = Some(8),
                ("align", Purpose::Jump) => flags.align = Some(4),
                ("from_beginning", Purpose::Jump) => flags.origin = Some(Origin::Beginning),
                ("from_end", Purpose::Jump) => flags.origin = Some(Origin::End),
                (unknown, _) => {
                    critic.error(*word, format!("unknown flag `{unknown}`")).nearest(unknown, FLAGS);
                    return None;
                }
            },
            ([key, number], _) if key.text == "bitmask" => match unsigned(number.text) {
                Some(mask) if mask != 0 => flags.mask = Some(mask),
                _ => {
                    critic.error(*number, format!("`{}` is no mask", number.text));
                    return None;
                }
            },
            ([key, number], Purpose::Jump | Purpose::Extract) if key.text == "multiplier" => {
                flags.multiplier =
                    Some(critic.number::<u16>(*number, "multiplier: a number from 0 to 65535")?.into());
            }
            ([key, number], Purpose::Extract) if key.text == "align" && matches!(number.text, "2" | "4") => {
                flags.align = Some(if number.text == "2" { 2 } else { 4 });
            }
            ([key, number], Purpose::Jump) if key.text == "post_offset" => {
                flags.post_offset = Some(value(*number, variables, critic)?);
            }
            _ => {
                critic.error(*part, format!("unknown flag `{}`", part.text)).nearest(part.text, FLAGS);
                return None;
            }
        }
    }
    if let Some(dce) = dce
        && (flags.order.is_some() || flags.is_string || flags.base.is_some())
    {
        critic.error(
            dce,
            "`dce` takes the byte order of the PDU: neither `little` nor `big` nor `string` goes with it",
        );
        return None;
    }
    if flags.base.is_some() && !flags.is_string {
        let at = parts.first().copied()?;
        critic.error(at, "`dec`, `hex` and `oct` go with `string`");
        return None;
    }
    Some(flags)
}

const FLAGS: [&str; 14] = [
    "relative",
    "little",
    "big",
    "dce",
    "string",
    "dec",
    "hex",
    "oct",
    "bitmask",
    "multiplier",
    "align",
    "from_beginning",
    "from_end",
    "post_offset",
];
/// Offsets and distances of rules.
const MAX_OFFSET: u64 = 65_535;
