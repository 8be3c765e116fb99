//! All interfaces that are decoded.

use super::Interface;
use uuid::Uuid;

/// By rising UUID.
const INTERFACES: &[&Interface] = &[
    &super::iclassfactory::INTERFACE,         // 00000001
    &super::iremunknown::INTERFACE,           // 00000131
    &super::iremunknown::INTERFACE_2,         // 00000143
    &super::iremotescmactivator::INTERFACE,   // 000001a0
    &super::idispatch::INTERFACE,             // 00020400
    &super::ienumwbemclassobject::INTERFACE,  // 027947e1
    &super::winspool::INTERFACE,              // 12345678
    &super::netlogon::INTERFACE,              // 12345678
    &super::lsarpc::INTERFACE,                // 12345778
    &super::samr::INTERFACE,                  // 12345778
    &super::atsvc::INTERFACE,                 // 1ff70682
    &super::winreg::INTERFACE,                // 338cd001
    &super::svcctl::INTERFACE,                // 367abb81
    &super::sasec::INTERFACE,                 // 378e52b0
    &super::backupkey::INTERFACE,             // 3dde7c30
    &super::iwbemwcosmartenum::INTERFACE,     // 423ec01e
    &super::srvsvc::INTERFACE,                // 4b324fc8
    &super::iactivation::INTERFACE,           // 4d9f4ab8
    &super::netdfs::INTERFACE,                // 4fc742e0
    &super::dnsserver::INTERFACE,             // 50abc2a4
    &super::icertrequestd::INTERFACE_2,       // 5422fd3a
    &super::wkssvc::INTERFACE,                // 6bffd098
    &super::iremotewinspool::INTERFACE,       // 76f03f96
    &super::iwbemobjectsink::INTERFACE,       // 7c857801
    &super::eventlog::INTERFACE,              // 82273fdc
    &super::itaskschedulerservice::INTERFACE, // 86d35949
    &super::initshutdown::INTERFACE,          // 894de0c0
    &super::icertpassage::INTERFACE,          // 91ae6020
    &super::iwbemservices::INTERFACE,         // 9556dc99
    &super::iobjectexporter::INTERFACE,       // 99fcfec4
    &super::fileservervssagent::INTERFACE,    // a8e0653c
    &super::mgmt::INTERFACE,                  // afa8bd80
    &super::efsrpc::INTERFACE,                // c681d488
    &super::iwbemloginclientid::INTERFACE,    // d4781cd6
    &super::windowsshutdown::INTERFACE,       // d95afe70
    &super::icertrequestd::INTERFACE,         // d99e6e70
    &super::efsrpc::INTERFACE_ON_EFSRPC,      // df1941c5
    &super::epm::INTERFACE,                   // e1af8308
    &super::drsuapi::INTERFACE,               // e3514235
    &super::iwbemlevel1login::INTERFACE,      // f309ad18
    &super::ieventservice::INTERFACE,         // f6beaff7
];

/// The interface with this UUID, when some of its operations are decoded.
///
/// Every call asks: whoever follows an association may ask once per presentation context and keep the answer.
pub fn interface(uuid: Uuid) -> Option<&'static Interface> {
    if !may_be_known(uuid) {
        return None;
    }
    let at = INTERFACES.binary_search_by_key(&uuid.as_u128(), |interface| interface.uuid.as_u128()).ok()?;
    INTERFACES.get(at).copied()
}

/// All interfaces, operations and arguments that are decoded, by rising UUID.
pub fn interfaces() -> &'static [&'static Interface] {
    INTERFACES
}

/// One bit for each value of twelve bits of a UUID: set, when an interface has them. Most interfaces of which nothing is
/// decoded are told by one look.
static FILTER: [u64; 64] = {
    let mut filter = [0; 64];
    let mut at = 0;
    while at < INTERFACES.len() {
        let (word, bit) = place(INTERFACES[at].uuid);
        filter[word] |= bit;
        at += 1;
    }
    filter
};

fn may_be_known(uuid: Uuid) -> bool {
    let (word, bit) = place(uuid);
    FILTER.get(word).is_some_and(|bits| bits & bit != 0)
}

/// The bits of [`FILTER`] come from the first field of the UUID, which differs between interfaces of one family.
const fn place(uuid: Uuid) -> (usize, u64) {
    let [a, b, c, d, ..] = *uuid.as_bytes();
    let first = u32::from_be_bytes([a, b, c, d]);
    let bits = (first ^ first >> 12 ^ first >> 24) & 0xfff;
    ((bits >> 6) as usize, 1 << (bits & 63))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rpcscope_model::Opnum;

    #[test]
    fn every_operation_is_found_in_its_table() {
        assert!(INTERFACES.is_sorted_by(|a, b| a.uuid < b.uuid), "sort the registry by UUID");
        for known in interfaces() {
            let found = interface(known.uuid).expect("the interface");
            for operation in known.operations {
                let again = found.operation(Opnum(operation.opnum)).expect("sort the table by opnum");
                assert_eq!(again.name, operation.name, "two rows of {} with one opnum", known.name);
            }
        }
        assert!(interface(Uuid::nil()).is_none());
    }

    #[test]
    fn names_of_arguments_are_words_in_lower_case() {
        for interface in interfaces() {
            for operation in interface.operations {
                for (at, field) in operation.fields.iter().enumerate() {
                    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
                    assert!(field.chars().all(is_word), "{}: {field}", operation.name);
                    assert!(!operation.fields.iter().take(at).any(|earlier| earlier == field));
                }
            }
        }
    }
}
