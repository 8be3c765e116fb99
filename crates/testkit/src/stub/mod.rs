//! Stubs of the operations that scenarios call most, in NDR and NDR64.
//!
//! Each operation is a row of a table: what it is called, which arguments it has and what they usually are, how they are
//! written. Arguments that say nothing about what a caller wants are not offered and have their usual values.

mod accounts;
mod coercion;
mod dcom;
mod directory;
mod epm;
mod eventlog;
mod ndr;
mod netlogon;
mod objref;
mod operation;
mod serialized;
mod svcctl;
mod tasks;
mod winreg;
mod wmi;
mod wmio;

pub use dcom::{orpcthat, orpcthis};
pub(crate) use ndr::handle_bytes;
pub use ndr::{Ndr, Syntax, identifier};
pub use operation::{Argument, Arguments, Kind, Operation, Typed};

use uuid::Uuid;

/// The operation with this number, if its arguments can be encoded.
pub fn operation(interface: &Uuid, opnum: u16) -> Option<&'static Operation> {
    operations().find(|known| known.interface == *interface && known.opnum == opnum)
}

/// All operations whose arguments can be encoded.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    TABLES.iter().flat_map(|table| table.iter())
}

/// The object that a UUID or a word stands for.
pub fn object(word: &str) -> Uuid {
    Uuid::parse_str(word).unwrap_or_else(|_| identifier(word))
}

/// The class with this name or UUID.
pub fn class(name: &str) -> Option<Uuid> {
    let named = CLASSES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, uuid)| *uuid);
    named.or_else(|| Uuid::parse_str(name).ok())
}

/// Classes of objects that are activated from afar most.
pub const CLASSES: &[(&str, Uuid)] = &[
    ("WbemLevel1Login", Uuid::from_u128(0x8bc3f05e_d86b_11d0_a075_00c04fb68820)),
    ("MMC20.Application", Uuid::from_u128(0x49b2791a_b1ae_4c90_9b8e_e860ba07f889)),
    ("ShellWindows", Uuid::from_u128(0x9ba05972_f6a8_11cf_a442_00a0c90a8f39)),
    ("ShellBrowserWindow", Uuid::from_u128(0xc08afd90_f2a1_11d1_8455_00a0c91f3880)),
];

/// One table for each family.
const TABLES: &[&[Operation]] = &[
    svcctl::OPERATIONS,
    tasks::OPERATIONS,
    winreg::OPERATIONS,
    coercion::OPERATIONS,
    eventlog::OPERATIONS,
    directory::OPERATIONS,
    accounts::OPERATIONS,
    netlogon::OPERATIONS,
    epm::OPERATIONS,
    dcom::OPERATIONS,
    wmi::OPERATIONS,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ByteOrder;
    use std::collections::BTreeSet;

    #[test]
    fn names_and_numbers_are_those_of_the_catalogue() {
        for known in operations() {
            let interface = rpcscope_catalog::interface(&known.interface)
                .unwrap_or_else(|| panic!("{}: no such interface", known.name));
            assert_eq!(interface.procedure(known.opnum), Some(known.name), "{:?}", interface.name);
        }
    }

    #[test]
    fn every_operation_stands_in_the_tables_once() {
        let all: Vec<_> = operations().map(|known| (known.interface, known.opnum)).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }

    #[test]
    fn every_operation_can_be_written_in_every_format() {
        for known in operations() {
            for order in [ByteOrder::Little, ByteOrder::Big] {
                for syntax in [Syntax::Ndr, Syntax::Ndr64] {
                    let mut request = Ndr::new(order, syntax);
                    known.write_request(&Arguments::usual(known.arguments), false, &mut request);
                    let mut response = Ndr::new(order, syntax);
                    known.write_response(&Arguments::usual(known.results), false, &mut response);
                    assert!(response.len() >= 4, "{}", known.name);
                    assert!(request.len() >= 4 || known.arguments.is_empty(), "{}", known.name);
                }
            }
        }
    }

    #[test]
    fn every_argument_changes_what_is_written() {
        for known in operations() {
            let written = |arguments: &Arguments| {
                let mut ndr = Ndr::new(ByteOrder::Little, Syntax::Ndr);
                known.write_request(arguments, false, &mut ndr);
                ndr.finish()
            };
            let usual = written(&Arguments::usual(known.arguments));
            for argument in known.arguments {
                let mut changed = Arguments::usual(known.arguments);
                changed.set(
                    argument.name,
                    match argument.kind {
                        Kind::Text | Kind::OptionalText | Kind::Handle => Typed::Text("0.0.0.7".to_owned()),
                        Kind::Texts => Typed::Texts(vec!["7".to_owned(), "8".to_owned()]),
                        Kind::Number => Typed::Number(77),
                        Kind::Bytes => Typed::Bytes(vec![7; 9]),
                        Kind::Uuid | Kind::Class => Typed::Uuid(Uuid::from_u128(7)),
                        Kind::Interfaces => Typed::Uuids(vec![Uuid::from_u128(7)]),
                    },
                );
                assert_ne!(written(&changed), usual, "{} {}", known.name, argument.name);
            }
        }
    }
}
