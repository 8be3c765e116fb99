//! Filters that are typed: `interface == "IRemUnknown2" and dest_port == 135`.
//!
//! They name the fields of our own log source, and values mean what they mean in rules: names of the catalogue stand for
//! UUIDs and numbers, texts are compared without regard to case, there are no wildcards.

mod parser;
mod token;

use crate::expression::Expression;
use crate::field::log_sources;
use crate::finding::{Finding, Findings, Severity};
use crate::sigma::{Item, Lowering, OperationNames, Placeholders};
use uuid::Uuid;

/// A filter as it was typed.
#[derive(Debug)]
enum Filter {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Item(Item),
}

/// Reads a filter. A name that the catalogue does not know is an error here: nobody types it to find nothing.
///
/// ```
/// let filter = rpcscope_rules::parse_filter(r#"dest_port == 135 and proto_info.rpc_interface == "IRemUnknown2""#);
/// assert!(filter.is_ok());
/// ```
pub fn parse_filter(text: &str) -> Result<Expression, Vec<Finding>> {
    let mut findings = Findings::new(NAME.into());
    let filter = parser::parse(text, &mut findings);
    let placeholders = Placeholders::new();
    // The first log source is that of all events.
    let lowered = filter.zip(log_sources().first()).and_then(|(filter, source)| {
        let mut lowering = Lowering {
            source,
            placeholders: &placeholders,
            names: OperationNames::shared(),
            findings: &mut findings,
        };
        lower(&filter, &[], &mut lowering)
    });
    match lowered {
        Some(expression) if findings.is_empty() => Ok(expression),
        _ => {
            let mut list = findings.into_list();
            list.sort_by_key(|finding| finding.place);
            list.iter_mut().for_each(|finding| finding.severity = Severity::Error);
            Err(list)
        }
    }
}

/// `interfaces` are those that are named beside it: names of operations are looked for among theirs.
fn lower(filter: &Filter, interfaces: &[Uuid], lowering: &mut Lowering<'_>) -> Option<Expression> {
    match filter {
        Filter::And(parts) => {
            let named: Vec<Uuid> = parts
                .iter()
                .flat_map(|part| match part {
                    Filter::Item(item) => lowering.interfaces_of(item),
                    _ => Vec::new(),
                })
                .collect();
            let interfaces = if named.is_empty() { interfaces } else { named.as_slice() };
            list(parts, interfaces, lowering).map(Expression::All)
        }
        Filter::Or(parts) => list(parts, interfaces, lowering).map(Expression::Any),
        Filter::Not(part) => Some(Expression::Not(Box::new(lower(part, interfaces, lowering)?))),
        Filter::Item(item) => lowering.item(item, interfaces),
    }
}

fn list(parts: &[Filter], interfaces: &[Uuid], lowering: &mut Lowering<'_>) -> Option<Vec<Expression>> {
    // All of them, so that all findings are told.
    let lowered: Vec<_> = parts.iter().map(|part| lower(part, interfaces, lowering)).collect();
    lowered.into_iter().collect()
}

/// What findings call the text.
const NAME: &str = "filter";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{FieldValue, FieldValues, Fields};
    use crate::{Field, FieldId};
    use rpcscope_model::Address;
    use uuid::uuid;

    /// A call of IRemUnknown2::RemRelease on port 135, by alice.
    struct Call;

    impl Fields for Call {
        fn values(&self, field: &Field) -> FieldValues<'_> {
            let iid = uuid!("00000143-0000-0000-c000-000000000046");
            let values: Vec<FieldValue<'_>> = match field {
                Field::Known(FieldId::Interface) => {
                    vec![FieldValue::Uuid(iid), FieldValue::text("IRemUnknown2")]
                }
                Field::Known(FieldId::Opnum | FieldId::Procedure) => {
                    vec![FieldValue::Number(5), FieldValue::Operation(iid, 5)]
                }
                Field::Known(FieldId::ServerPort) => vec![FieldValue::Number(135)],
                Field::Known(FieldId::ClientIp) => vec![FieldValue::Address(Address::v4([10, 0, 0, 5]))],
                Field::Known(FieldId::User) => vec![FieldValue::text("Alice")],
                Field::Known(FieldId::Sealed) => vec![FieldValue::Flag(true)],
                Field::Argument(name) if &**name == "path" => vec![FieldValue::text(r"C:\x*.exe")],
                _ => Vec::new(),
            };
            values.into()
        }

        fn any(&self, _: &mut dyn FnMut(&FieldValue<'_>) -> bool) -> bool {
            false
        }
    }

    fn holds(text: &str) -> bool {
        parse_filter(text).unwrap_or_else(|findings| panic!("{text}: {findings:?}")).holds(&Call)
    }

    fn said(text: &str) -> Vec<String> {
        let findings = parse_filter(text).expect_err(text);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_published_pseudocode_runs_as_written() {
        assert!(holds(r#"(dest_port == 135 and proto_info.rpc_interface == "IRemUnknown2")"#));
        assert!(!holds(r#"(dest_port == 445 and proto_info.rpc_interface == "IRemUnknown2")"#));
    }

    #[test]
    fn every_operator_compares() {
        for right in [
            "interface == IRemUnknown2",
            "interface == 00000143-0000-0000-c000-000000000046",
            "interface != svcctl",
            "interface == IRemUnknown2 and procedure == RemRelease",
            "opnum in [4, RemRelease]",
            "server_port >= 135 and server_port <= 135 and server_port > 134 and server_port < 136",
            "client_ip == 10.0.0.5",
            "client_ip in 10.0.0.0/8",
            "client_ip in [192.168.0.0/16, 10.0.0.5]",
            "client_ip not in [192.168.0.0/16]",
            "user == 'ALICE'",
            "user contains lic and user startswith al and user endswith \"CE\"",
            "user matches '^[A-Z]'",
            "user in [bob, alice]",
            "domain == null",
            "user",
            "not domain",
            "sealed",
            "sealed == true",
            "!(user == bob) && (user == alice || user == bob)",
            r"args.path == 'C:\x*.exe'",
            r#"args.path endswith "*.exe""#,
        ] {
            assert!(holds(right), "{right}");
        }
        for wrong in [
            "user == ali*",
            "user == 'al?ce'",
            "args.path == 'C:\\xy.exe'",
            "user != alice",
            "not user",
            "user matches '^a'",
            "domain",
            "sealed == false",
            "client_ip in 10.1.0.0/16",
            "opnum == RemAddRef",
            "user == bob or user == carol and server_port == 135",
        ] {
            assert!(!holds(wrong), "{wrong}");
        }
    }

    #[test]
    fn not_binds_closer_than_and_and_that_closer_than_or() {
        assert!(holds("not user == bob and user == alice"));
        assert!(holds("user == alice or user == bob and server_port == 1"));
        assert!(!holds("(user == alice or user == bob) and server_port == 1"));
    }

    #[test]
    fn mistakes_are_told_with_their_places() {
        assert_eq!(said("usr == alice"), ["filter:1:1: unknown field `usr`\n  hint: did you mean `user`?"]);
        assert_eq!(
            said("interface == IRemUnknwn2"),
            [
                "filter:1:14: unknown interface `IRemUnknwn2`\n  hint: did you mean `IRemUnknown2`, `IRemUnknown`?"
            ]
        );
        for (text, place, cause) in [
            ("", "1:1", "nothing where a condition should be"),
            ("user ==", "1:8", "nothing where a value should be"),
            ("user = alice", "1:6", "unknown operator `=`"),
            ("user is alice", "1:6", "unknown operator `is`"),
            ("(user == a", "1:1", "`(` without `)`"),
            ("user == a)", "1:10", "`)` without `(`"),
            ("user == a user", "1:11", "`user` where `and` or `or` should be"),
            ("user == 'a", "1:9", "a text without its closing `'`"),
            ("user in [a, b", "1:9", "`[` without `]`"),
            ("user in []", "1:9", "an empty list"),
            ("server_port > many", "1:15", "`many` is no number"),
            ("user matches '('", "1:14", "not a regular expression"),
            ("and user", "1:1", "`and` where a condition should be"),
            ("user ==\n  or", "2:3", "`or` where a value should be"),
        ] {
            let said = said(text);
            assert!(said[0].starts_with(&format!("filter:{place}: {cause}")), "{text}: {said:?}");
        }
    }

    #[test]
    fn a_filter_without_end_is_refused() {
        assert!(said(&"(".repeat(100_000))[0].contains("inside of each other"));
        assert!(said(&"not ".repeat(200_000))[0].contains("more than"));
        assert!(said(&"user == a or ".repeat(50_000))[0].contains("more than"));
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_typed_is_read_or_explained(
            parts in proptest::collection::vec(
                proptest::sample::select(vec![
                    "user", "opnum", "client_ip", "==", "!=", "in", "not", "and", "or", "(", ")", "[", "]", ",", "'a",
                    "\"b\\\"", "12", "10.0.0.0/8", "matches", "null", "true", "svcctl", "\n", "%x%", "é",
                ]),
                0..12,
            ),
            noise in ".{0,20}",
        ) {
            for text in [parts.join(" "), parts.concat(), noise] {
                if let Err(findings) = parse_filter(&text) {
                    assert!(!findings.is_empty(), "{text}");
                    let last = text.lines().count().max(1) as u64;
                    assert!(findings.iter().all(|finding| (1..=last + 1).contains(&finding.place.line)), "{text}");
                }
            }
        }
    }
}
