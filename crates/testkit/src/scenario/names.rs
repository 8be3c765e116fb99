//! Names of interfaces, operations and status values, from the catalogue.

use super::error::{ScenarioError, quoted};
use super::fields::{Parsed, parse_number, text};
use rpcscope_catalog as catalog;
use rpcscope_catalog::nearest;
use rpcscope_model::SyntaxId;
use rpcscope_text::Node;
use uuid::Uuid;

/// An interface as a scenario names it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named {
    pub(crate) syntax: SyntaxId,
    /// What is known of it.
    pub(crate) known: Option<&'static catalog::Interface>,
}

/// An interface: a name of the catalogue or a UUID, and a version if the usual one is not meant: `svcctl v2.0`.
pub(crate) fn interface(node: &Node) -> Parsed<Named> {
    let typed = text(node)?;
    let (name, version) = match typed.split_once(" v") {
        Some((name, version)) => (name.trim(), Some(version)),
        None => (typed, None),
    };
    let wrong = |cause: String| ScenarioError::new(node.place, cause);
    let known = match Uuid::parse_str(name) {
        Ok(uuid) => Err(uuid),
        Err(_) => Ok(by_name(name).map_err(|error| ScenarioError { place: node.place, ..error })?),
    };
    let (uuid, known) = match known {
        Ok(interface) => (interface.uuid, Some(interface)),
        Err(uuid) => (uuid, catalog::interface(&uuid)),
    };
    let usual = known.and_then(|interface| interface.versions.first().copied()).unwrap_or("1.0");
    let usual =
        known.filter(|interface| interface.kind == catalog::Kind::OrpcObject).map_or(usual, |_| "0.0");
    let version = version.unwrap_or(usual);
    let (major, minor) = version
        .split_once('.')
        .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)))
        .ok_or_else(|| wrong(format!("`{version}` is no version")).hint("write `name v1.0`"))?;
    Ok(Named { syntax: SyntaxId { uuid, major, minor }, known })
}

fn by_name(name: &str) -> Parsed<&'static catalog::Interface> {
    let wrong = |cause| ScenarioError::new(Default::default(), cause);
    let found: Vec<_> = catalog::interfaces_named(name).collect();
    // A name that one interface bears and others have as an alias means the one.
    let own: Vec<_> = found
        .iter()
        .copied()
        .filter(|interface| interface.name.is_some_and(|own| own.eq_ignore_ascii_case(name)))
        .collect();
    match (found.as_slice(), own.as_slice()) {
        ([only], _) | (_, [only]) => Ok(*only),
        ([], _) => {
            let all = || catalog::interfaces().iter();
            let names: Vec<&str> =
                all().flat_map(|known| known.name.into_iter().chain(known.aliases.iter().copied())).collect();
            let error = wrong(format!("unknown interface `{name}`"));
            Err(match nearest(name, &names).as_slice() {
                [] => error.hint("write its UUID, or a name that the catalogue knows"),
                near => error.hint(format!("did you mean {}?", quoted(near))),
            })
        }
        (several, own) => {
            // EFSR has two UUIDs under one name: one for each of its pipes.
            let candidates = if own.is_empty() { several } else { own };
            let uuids: Vec<String> = candidates.iter().map(|one| one.uuid.to_string()).collect();
            let uuids: Vec<&str> = uuids.iter().map(String::as_str).collect();
            let cause = format!("`{name}` is the name of {} interfaces", candidates.len());
            Err(wrong(cause).hint(format!("write the UUID: {}", quoted(&uuids))))
        }
    }
}

/// The operation with this name, in any case, in an interface.
pub(crate) fn opnum_of(interface: &catalog::Interface, name: &str) -> Option<u16> {
    let same = |own: &str| own.eq_ignore_ascii_case(name);
    let named = interface.opnum_of(name);
    let named = named.or_else(|| interface.procedures().find(|(_, own)| same(own)).map(|(opnum, _)| opnum));
    named.or_else(|| interface.other_names().find(|other| same(other.name)).map(|other| other.opnum))
}

/// A status of a fault: a name or a number.
pub(crate) fn status(node: &Node) -> Parsed<u32> {
    let typed = text(node)?;
    if let Some(number) = parse_number(typed) {
        return u32::try_from(number)
            .map_err(|_| ScenarioError::new(node.place, format!("`{typed}` does not fit 32 bits")));
    }
    let found = STATUS.iter().find(|(name, _)| name.eq_ignore_ascii_case(typed));
    found.map(|(_, status)| *status).ok_or_else(|| {
        let names: Vec<&str> = STATUS.iter().map(|(name, _)| *name).collect();
        ScenarioError::new(node.place, format!("unknown status `{typed}`")).nearest(typed, &names)
    })
}

/// Status values that scenarios name; any other is written as a number.
pub(crate) const STATUS: &[(&str, u32)] = &[
    ("access_denied", 0x0000_0005),
    ("bad_stub_data", 0x0000_06f7),
    ("sec_pkg_error", 0x0000_0721),
    ("op_rng_error", 0x1c01_0002),
    ("unk_if", 0x1c01_0003),
    ("proto_error", 0x1c01_000b),
    ("server_too_busy", 0x1c01_0014),
    ("unspec_reject", 0x1c00_0009),
    ("cancel", 0x1c00_000d),
    ("context_mismatch", 0x1c00_001a),
    ("invalid_pres_context_id", 0x1c00_001c),
    ("unsupported_authn_level", 0x1c00_001d),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Parsed<Named> {
        interface(&crate::scenario::document::parse(&format!("'{text}'")).expect("YAML"))
    }

    #[test]
    fn interfaces_are_names_or_uuids_with_or_without_a_version() {
        let svcctl = named("svcctl").expect("known").syntax;
        assert_eq!((svcctl.major, svcctl.minor), (2, 0));
        assert_eq!(named("SVCCTL v3.1").expect("known").syntax.to_string(), format!("{} v3.1", svcctl.uuid));
        assert_eq!(named(&svcctl.uuid.to_string()).expect("a UUID").syntax, svcctl);
        let services = named("IWbemServices").expect("known").syntax;
        assert_eq!((services.major, services.minor), (0, 0));
        let unknown = named("5e570000-1111-2222-3333-444455556666").expect("a UUID");
        assert!(unknown.known.is_none() && unknown.syntax.major == 1);
    }

    #[test]
    fn wrong_names_lead_to_right_ones() {
        assert_eq!(
            named("svcctrl").expect_err("no such name").hint.as_deref(),
            Some("did you mean `svcctl`?")
        );
        assert!(named("efsrpc").expect_err("two").hint.expect("a hint").contains("c681d488-d850-11d0-8c52"));
        assert!(named("svcctl vtwo").expect_err("no version").cause.contains("`two`"));
    }

    #[test]
    fn status_names_are_those_of_the_catalogue() {
        for (name, status) in STATUS {
            let known = catalog::status_name(*status).unwrap_or_else(|| panic!("{name}: {status:#x}"));
            assert!(known.to_ascii_lowercase().ends_with(name), "{name} {known}");
        }
    }
}
