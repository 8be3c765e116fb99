//! Compiled conditions as text.

use crate::expression::{Expression, Quantifier, Test};
use crate::matcher::Matcher;
use rpcscope_catalog::interface;
use std::fmt;
use uuid::Uuid;

/// One line for each condition, indented below what it belongs to; names of the catalogue with what they stand for.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        outline(self, 0, f)
    }
}

fn outline(part: &Expression, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let Expression::All(parts) | Expression::Any(parts) = part
        && let [only] = parts.as_slice()
    {
        return outline(only, depth, f);
    }
    let indent = depth.min(MAX_INDENT) * 2;
    write!(f, "{:indent$}", "")?;
    let mut list = |word: &str, parts: &[Expression]| {
        writeln!(f, "{word}")?;
        parts.iter().try_for_each(|part| outline(part, depth + 1, f))
    };
    match part {
        Expression::All(parts) if parts.is_empty() => list("everything", parts),
        Expression::Any(parts) if parts.is_empty() => list("nothing", parts),
        Expression::All(parts) => list("all of", parts),
        Expression::Any(parts) => list("one of", parts),
        Expression::Not(part) => list("not", std::slice::from_ref(part)),
        Expression::Named(name, part) => list(name, std::slice::from_ref(part)),
        Expression::Test(test) => {
            writeln!(f, "{}", shown(test))
        }
    }
}

fn shown(test: &Test) -> String {
    let between = match test.quantifier {
        Quantifier::All => " and ",
        Quantifier::Any => " or ",
    };
    let mut values: Vec<String> = Vec::new();
    for (text, matcher) in &test.wanted {
        let value = match meaning(text, matcher) {
            Some(meaning) => format!("{text} ({meaning})"),
            None => text.to_string(),
        };
        // A value that stands for several, such as its three forms in base64, is one here.
        if values.last() != Some(&value) {
            values.push(value);
        }
    }
    let more = values.len().saturating_sub(SHOWN);
    values.truncate(SHOWN);
    if more > 0 {
        values.push(format!("{more} more"));
    }
    let negated = if test.negated { "not " } else { "" };
    format!("{}: {negated}{}", test.label, values.join(between))
}

/// What a value stands for, when that is not what was written.
fn meaning(text: &str, matcher: &Matcher) -> Option<String> {
    match matcher {
        Matcher::Uuid(uuid) if Uuid::try_parse(text).is_ok() => {
            interface(uuid).and_then(|known| known.name).map(str::to_owned)
        }
        Matcher::Uuid(uuid) => Some(uuid.to_string()),
        Matcher::Operations(operations) => {
            let shown = |(uuid, opnum): &(Uuid, u16)| match interface(uuid).and_then(|known| known.name) {
                Some(name) => format!("{name} {opnum}"),
                None => format!("{uuid} {opnum}"),
            };
            let more = if operations.len() > FEW { ", …" } else { "" };
            let list: Vec<String> = operations.iter().take(FEW).map(shown).collect();
            Some(format!("{}{more}", list.join(", ")))
        }
        _ => None,
    }
}

/// Values that are shown of a list.
const SHOWN: usize = 20;
/// Operations that are shown of those that have one name.
const FEW: usize = 4;
/// Steps to the right that are shown: deeper ones stay there.
const MAX_INDENT: usize = 40;

#[cfg(test)]
mod tests {
    use crate::{Loader, Placeholders};

    #[test]
    fn conditions_are_shown_with_what_names_stand_for() {
        let mut loader = Loader::new(Placeholders::new());
        let selections = "s: {interface: svcctl, opnum: [RCreateServiceW, 24], user|contains|all: [a, b]}, f: [{user|neq: x}, {domain: null}]";
        loader.add(
            "a.yml",
            &format!("title: T\nlogsource: {{product: rpcscope, service: call}}\ndetection: {{{selections}, condition: s and not f}}\n"),
        );
        let (set, findings) = loader.finish();
        assert!(findings.is_empty(), "{findings:?}");
        let expected = "\
all of
  s
    all of
      interface: svcctl (367abb81-9844-35f1-ad32-98f038001003)
      opnum: RCreateServiceW (svcctl 12) or 24
      user|contains|all: a and b
  not
    f
      one of
        user|neq: not x
        domain: null
";
        assert_eq!(set.rules()[0].expression.to_string(), expected);
    }
}
