//! Operations that an interface does not have.

use super::Report;
use super::conjunction::{Literal, Wanted, each_conjunction};
use crate::expression::Expression;
use crate::field::{EventType, Field, FieldId};
use crate::matcher::{Comparison, Matcher, Number};
use crate::rule_set::Rule;
use rpcscope_catalog::{Interface, interface};

pub(super) fn look(rule: &Rule, report: &mut Report<'_>) {
    if rule.source.events != [EventType::Call] {
        return;
    }
    each_conjunction(&rule.expression, &mut |literals, from, _| {
        let met = |ids: &'static [FieldId]| {
            literals.iter().enumerate().filter(move |(_, literal)| {
                let of = |id: &FieldId| literal.test.field == Some(Field::Known(*id));
                literal.wanted == Wanted::Met && ids.iter().any(of)
            })
        };
        for (interface_at, named) in met(&[FieldId::Interface]) {
            let Some(interfaces) = interfaces(named) else { continue };
            for (at, operation) in met(&[FieldId::Opnum, FieldId::Procedure]) {
                // A pair that is wholly outside the branch was looked at before.
                if at >= from || interface_at >= from {
                    look_at(rule, &interfaces, named, operation, report);
                }
            }
        }
    });
}

/// The interfaces that a test wants; `None` unless the catalogue knows the operations of all.
fn interfaces(literal: &Literal<'_>) -> Option<Vec<&'static Interface>> {
    let known = |matcher: &Matcher| match matcher {
        Matcher::Uuid(uuid) => interface(uuid).filter(|known| known.procedures().len() > 0),
        _ => None,
    };
    literal.test.wanted.iter().map(|(_, matcher)| known(matcher)).collect()
}

fn look_at(
    rule: &Rule,
    interfaces: &[&'static Interface],
    named: &Literal<'_>,
    operation: &Literal<'_>,
    report: &mut Report<'_>,
) {
    let names: Vec<String> = interfaces.iter().map(|interface| name(interface)).collect();
    let names = names.join(", ");
    let mut said = false;
    for (text, matcher) in &operation.test.wanted {
        let Matcher::Number(Comparison::Equal, Number::Whole(number)) = matcher else { continue };
        let last = interfaces.iter().filter_map(|interface| last(interface)).max();
        if let Some(last) = last.filter(|last| *number > i128::from(*last)) {
            said = true;
            let cause = format!("{names} has no operation {text}: it never matches");
            report.add(&rule.file, operation.test.place, cause).hint(format!("the last one is {last}"));
        }
    }
    let both = [named, operation].map(|literal| Expression::Test(literal.test.clone()));
    if !said && Expression::All(both.to_vec()).demand().is_some_and(|keys| keys.is_empty()) {
        let wanted: Vec<&str> = operation.test.wanted.iter().map(|(text, _)| &**text).take(3).collect();
        let cause = format!("{names} has no operation {}: no call meets both", wanted.join(", "));
        let finding = report.add(&rule.file, operation.test.place, cause);
        let known = interfaces.iter().flat_map(|interface| interface.procedures()).map(|(_, name)| name);
        match operation.test.wanted.as_slice() {
            [(text, _)] => finding.nearest(text, known),
            _ => finding,
        };
    }
}

/// The highest number that an operation of the interface is known to have, in any of its tables.
fn last(interface: &Interface) -> Option<u16> {
    let named = interface.procedures().map(|(opnum, _)| opnum);
    let others = interface.other_names().map(|other| other.opnum);
    let variants =
        interface.variants().filter_map(|variant| variant.procedures().map(|(opnum, _)| opnum).max());
    let slots = interface.dispatch_table_len().and_then(|length| length.checked_sub(1));
    named.chain(others).chain(variants).chain(slots).max()
}

fn name(interface: &Interface) -> String {
    interface.name.map_or_else(|| interface.uuid.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::tests::found;

    fn said(detection: &str) -> Vec<String> {
        found("impossible-operation", detection)
    }

    #[test]
    fn a_number_above_the_last_is_told() {
        assert_eq!(
            said("s: {interface: svcctl, opnum: [12, 999]}, condition: s"),
            [
                "a.yml:3:36: warning: svcctl has no operation 999: it never matches\n  hint: the last one is 66"
            ]
        );
        assert_eq!(said("s: {interface: svcctl, opnum: 12}, condition: s"), [""; 0]);
        assert_eq!(said("s: {interface: [svcctl, IWbemServices], opnum: 30}, condition: s"), [""; 0]);
    }

    #[test]
    fn an_operation_of_another_selections_interface_is_told() {
        let said = said("i: {interface: svcctl}, o: {procedure: IDL_DRSGetNCChanges}, condition: i and o");
        assert!(
            said.len() == 1 && said[0].contains("svcctl has no operation IDL_DRSGetNCChanges"),
            "{said:?}"
        );
    }

    #[test]
    fn what_the_catalogue_does_not_know_is_left_alone() {
        let unknown = "s: {interface: 12345678-0000-0000-0000-000000000000, opnum: 99}, condition: s";
        assert_eq!(said(unknown), [""; 0]);
        assert_eq!(said("i: {interface: svcctl}, o: {opnum: 999}, condition: i or o"), [""; 0]);
        assert_eq!(said("i: {interface: svcctl}, o: {opnum: 999}, condition: i and not o"), [""; 0]);
    }
}
