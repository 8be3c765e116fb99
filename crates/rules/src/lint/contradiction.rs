//! Conditions that no event meets at once.

use super::Report;
use super::conjunction::{Literal, Scope, Wanted, each_conjunction};
use super::repeated_value::shape;
use crate::expression::{Expression, Quantifier};
use crate::field::{EventType, Field, FieldId, Kind};
use crate::matcher::{Comparison, Matcher, Number};
use crate::rule_set::Rule;
use std::collections::HashSet;

pub(super) fn look(rule: &Rule, report: &mut Report<'_>) {
    if matches!(&rule.expression, Expression::Any(parts) if parts.is_empty()) {
        report.add(&rule.file, rule.meta.place, "no selection is left: the rule never holds");
    }
    each_conjunction(&rule.expression, &mut |literals, from, scope| {
        let (around, new) = literals.split_at(from);
        for (at, one) in new.iter().enumerate() {
            let before = new.get(..at).unwrap_or(&[]);
            let Some(other) = around.iter().chain(before).find(|other| contradict(rule, one, other)) else {
                continue;
            };
            let (mut one, mut other) = (one, other);
            if (one.test.place) < other.test.place {
                (one, other) = (other, one);
            }
            let never = match scope {
                Scope::Rule => "the rule never holds",
                Scope::Branch => "this branch never holds",
            };
            let cause = format!("{} and {} contradict each other: {never}", said(one), said(other));
            let line = other.test.place.line;
            let finding = report.add(&rule.file, one.test.place, cause);
            if line != one.test.place.line {
                finding.hint(format!("the other one is in line {line}"));
            }
            // One is enough: the rest is said when this is mended.
            return;
        }
    });
}

fn said(literal: &Literal<'_>) -> String {
    let values: Vec<&str> = literal.test.wanted.iter().map(|(text, _)| &**text).take(3).collect();
    let more = if literal.test.wanted.len() > 3 { ", …" } else { "" };
    let not = match literal.wanted {
        Wanted::Met => "",
        Wanted::NotMet => "not ",
    };
    format!("{not}`{}: {}{more}`", literal.test.label, values.join(", "))
}

fn contradict(rule: &Rule, one: &Literal<'_>, other: &Literal<'_>) -> bool {
    let (Some(field), Some(second)) = (&one.test.field, &other.test.field) else { return false };
    if field != second {
        return false;
    }
    match (one.wanted, other.wanted) {
        (Wanted::Met, Wanted::Met) => {
            absent_and_present(one, other)
                || absent_and_present(other, one)
                || has_one_value(field, rule) && exclude(one, other)
        }
        (Wanted::Met, Wanted::NotMet) => within(one, other),
        (Wanted::NotMet, Wanted::Met) => within(other, one),
        (Wanted::NotMet, Wanted::NotMet) => false,
    }
}

/// Whether one wants the field not to be there, and the other wants something of it.
fn absent_and_present(absent: &Literal<'_>, present: &Literal<'_>) -> bool {
    let is_absence = |matcher: &Matcher| matches!(matcher, Matcher::Null | Matcher::Exists(false));
    let all = |literal: &Literal<'_>, wanted: bool| {
        literal.test.wanted.iter().all(|(_, matcher)| is_absence(matcher) == wanted)
    };
    all(absent, true) && all(present, false)
}

/// Whether whatever meets the first test also meets the second, which must not be met.
fn within(met: &Literal<'_>, unmet: &Literal<'_>) -> bool {
    let (met, unmet) = (met.test, unmet.test);
    let too_many = met.wanted.len().max(unmet.wanted.len()) > MAX_VALUES;
    if too_many || unmet.quantifier == Quantifier::All && unmet.wanted.len() > 1 {
        return false;
    }
    let shapes: HashSet<String> = unmet.wanted.iter().map(|(_, matcher)| shape(matcher)).collect();
    let covered = |matcher: &Matcher| match matcher {
        Matcher::Cidr(inner) => unmet
            .wanted
            .iter()
            .any(|(_, outer)| matches!(outer, Matcher::Cidr(outer) if outer.covers(*inner))),
        // Flags are no part of its shape.
        Matcher::Regex(_) => false,
        other => shapes.contains(&shape(other)),
    };
    match met.quantifier {
        Quantifier::Any => met.wanted.iter().all(|(_, matcher)| covered(matcher)),
        Quantifier::All => met.wanted.iter().any(|(_, matcher)| covered(matcher)),
    }
}

/// Whether an event has one value of a field at most, however many names that has.
fn has_one_value(field: &Field, rule: &Rule) -> bool {
    let Field::Known(id) = field else { return false };
    let of_contexts = matches!(
        id,
        FieldId::Interface | FieldId::ContextId | FieldId::TransferSyntax | FieldId::ContextResult
    );
    let of_lists = matches!(id, FieldId::Iid | FieldId::Ipid | FieldId::MappedPort);
    let has_lists =
        [EventType::Bind, EventType::EndpointMap].iter().any(|kind| rule.source.events.contains(kind));
    !(of_lists || of_contexts && has_lists)
        && matches!(
            id.kind(),
            Kind::Word
                | Kind::Number
                | Kind::Flag
                | Kind::Uuid
                | Kind::Interface
                | Kind::Class
                | Kind::Status
                | Kind::Address
        )
}

/// Whether no value meets both tests.
fn exclude(one: &Literal<'_>, other: &Literal<'_>) -> bool {
    let (one, other) = (one.test, other.test);
    let any = |quantifier, length: usize| quantifier == Quantifier::Any || length == 1;
    if !any(one.quantifier, one.wanted.len()) || !any(other.quantifier, other.wanted.len()) {
        return false;
    }
    if one.wanted.len().saturating_mul(other.wanted.len()) > MAX_VALUES {
        return false;
    }
    let pairs = || one.wanted.iter().flat_map(|(_, a)| other.wanted.iter().map(move |(_, b)| (a, b)));
    pairs().next().is_some() && pairs().all(|(a, b)| disjoint(a, b))
}

fn disjoint(one: &Matcher, other: &Matcher) -> bool {
    match (one, other) {
        (Matcher::Uuid(a), Matcher::Uuid(b)) => a != b,
        (Matcher::Flag(a), Matcher::Flag(b)) => a != b,
        (Matcher::Cidr(a), Matcher::Cidr(b)) => !a.covers(*b) && !b.covers(*a),
        (Matcher::Glob(a), Matcher::Glob(b)) => match (a.literal(), b.literal()) {
            (Some(a), Some(b)) => a != b,
            _ => false,
        },
        _ => match (span(one), span(other)) {
            (Some((low, high)), Some((other_low, other_high))) => high < other_low || other_high < low,
            _ => false,
        },
    }
}

/// The whole numbers that a condition holds for, from the first to the last.
pub(super) fn span(matcher: &Matcher) -> Option<(i128, i128)> {
    Some(match matcher {
        Matcher::Between(low, high) => (*low, *high),
        Matcher::Number(comparison, Number::Whole(number)) => match comparison {
            Comparison::Equal => (*number, *number),
            Comparison::Less => (i128::MIN, number.saturating_sub(1)),
            Comparison::LessOrEqual => (i128::MIN, *number),
            Comparison::Greater => (number.saturating_add(1), i128::MAX),
            Comparison::GreaterOrEqual => (*number, i128::MAX),
            Comparison::NotEqual => return None,
        },
        _ => return None,
    })
}

/// Values that are held against each other.
const MAX_VALUES: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::super::tests::found;

    fn contradicts(detection: &str) -> bool {
        !found("contradiction", detection).is_empty()
    }

    #[test]
    fn values_that_exclude_each_other_are_told() {
        assert_eq!(
            found(
                "contradiction",
                "a: {outcome: replied}, b: {outcome: [faulted, lost]}, condition: a and b"
            ),
            [
                "a.yml:3:40: warning: `outcome: faulted, lost` and `outcome: replied` contradict each other: the rule never holds"
            ]
        );
        for never in [
            "a: {server_port: 135}, b: {server_port|gt: 1024}, condition: a and b",
            "a: {server_port|gt: 5, server_port|lt: 6}, condition: a",
            "a: {interface: svcctl}, b: {interface: winreg}, condition: a and b",
            "a: {client_ip: 10.0.0.5}, b: {client_ip|cidr: 192.168.0.0/16}, condition: a and b",
            "a: {sealed: true}, b: {sealed: false}, condition: a and b",
            "a: {user: null}, b: {user|startswith: adm}, condition: a and b",
            "a: {user|exists: false}, b: {user: a}, condition: a and b",
        ] {
            assert!(contradicts(never), "{never}");
        }
        for possible in [
            "a: {server_port|gt: 5, server_port|lt: 7}, condition: a",
            "a: {server_port|gte: 5, server_port|lte: 5}, condition: a",
            "a: {interface: svcctl}, b: {interface: [winreg, svcctl]}, condition: a and b",
            "a: {client_ip|cidr: 10.0.0.0/8}, b: {client_ip|cidr: 10.1.0.0/16}, condition: a and b",
            "a: {outcome: replied}, b: {outcome: faulted}, condition: a or b",
            "a: {user: [null, x]}, b: {user: x}, condition: a and b",
            "a: {user|contains: a}, b: {user|contains: b}, condition: a and b",
        ] {
            assert!(!contradicts(possible), "{possible}");
        }
    }

    #[test]
    fn what_is_wanted_and_excluded_at_once_is_told() {
        assert!(contradicts("a: {user: alice}, f: {user: [ALICE, bob]}, condition: a and not f"));
        assert!(contradicts(
            "a: {client_ip: 10.0.0.5}, f: {client_ip|cidr: 10.0.0.0/8}, condition: a and not f"
        ));
        assert!(contradicts("a: {args.x|all: [u, v]}, f: {args.x: v}, condition: a and not f"));
        assert!(contradicts("a: {user: alice}, f: {user|neq: alice}, condition: a and f"));
        for possible in [
            "a: {user: [alice, bob]}, f: {user: alice}, condition: a and not f",
            "a: {user: alice}, f: {user: alice, domain: X}, condition: a and not f",
            "a: {user: alice}, f: {user|cased: ALICE}, condition: a and not f",
            "a: {user: alice}, f: {user|all: [alice, bob]}, condition: a and not f",
        ] {
            assert!(!contradicts(possible), "{possible}");
        }
    }

    #[test]
    fn a_branch_that_never_holds_is_told_as_such() {
        let said = found(
            "contradiction",
            "a: {outcome: replied}, b: [{outcome: faulted}, {user: x}], condition: a and b",
        );
        assert!(said.len() == 1 && said[0].contains("this branch never holds"), "{said:?}");
        let alone = "a: {outcome: replied}, b: {outcome: lost}, c: {user: x}, condition: c or a and b";
        assert!(found("contradiction", alone)[0].contains("this branch never holds"));
    }
}
