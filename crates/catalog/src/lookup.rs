//! Finding interfaces: by UUID, by name, by pipe.

use crate::hash::{bucket, mix, slot};
use crate::interface::Interface;
use crate::tables::{DISPLACEMENTS, INTERFACES, IndexRow, NAMES, PIPES, SLOT_INTERFACES};
use std::cmp::Ordering;
use uuid::Uuid;

/// The interface of this UUID. Cheap enough for every call: two table reads and one comparison.
pub fn interface(uuid: &Uuid) -> Option<&'static Interface> {
    let mixed = mix(uuid.as_u128());
    let displacement = DISPLACEMENTS.get(bucket(mixed))?;
    let position = SLOT_INTERFACES.get(slot(mixed, *displacement))?;
    // The mark of an empty slot is beyond the table.
    INTERFACES.get(usize::from(*position)).filter(|interface| interface.uuid == *uuid)
}

/// The interfaces with this name or alias, in any case. A few names are in use for several interfaces.
pub fn interfaces_named(name: &str) -> impl Iterator<Item = &'static Interface> {
    find(&NAMES, name)
}

/// The interfaces that this named pipe serves. The name may be written as `svcctl`, `\svcctl` or `\pipe\svcctl`, in any case.
pub fn interfaces_on_pipe(pipe: &str) -> impl Iterator<Item = &'static Interface> {
    find(&PIPES, normalize_pipe(pipe))
}

/// The interface of a pipe that serves this one only, as far as the catalogue knows; `None` when there would be a choice.
pub fn sole_interface_on_pipe(pipe: &str) -> Option<&'static Interface> {
    let mut interfaces = interfaces_on_pipe(pipe);
    interfaces.next().filter(|_| interfaces.next().is_none())
}

/// All interfaces, sorted by UUID.
pub fn interfaces() -> &'static [Interface] {
    &INTERFACES
}

/// The name of a pipe without leading backslashes and without `pipe\`.
pub fn normalize_pipe(pipe: &str) -> &str {
    let bare = pipe.trim_start_matches('\\');
    match bare.split_at_checked(5) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("pipe\\") => rest.trim_start_matches('\\'),
        _ => bare,
    }
}

fn find(index: &'static [IndexRow], text: &str) -> impl Iterator<Item = &'static Interface> + use<> {
    let start = index.partition_point(|row| compare(row, text) == Ordering::Less);
    let (_, rest) = index.split_at(start);
    let end = rest.partition_point(|row| compare(row, text) == Ordering::Equal);
    let (rows, _) = rest.split_at(end);
    rows.iter().filter_map(|row| INTERFACES.get(usize::from(row.1)))
}

/// Compares a row, which is lower-case, with a text of any case.
fn compare(row: &IndexRow, text: &str) -> Ordering {
    row.0.as_str().bytes().cmp(text.bytes().map(|byte| byte.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SVCCTL: Uuid = Uuid::from_u128(0x367abb81_9844_35f1_ad32_98f038001003);

    fn names(interfaces: impl Iterator<Item = &'static Interface>) -> Vec<Option<&'static str>> {
        interfaces.map(|interface| interface.name).collect()
    }

    #[test]
    fn the_whole_catalogue_is_there() {
        assert!(interfaces().len() >= 1575, "{}", interfaces().len());
        let operations: usize = interfaces().iter().map(|interface| interface.procedures().len()).sum();
        assert!(operations >= 19_254, "{operations}");
    }

    #[test]
    fn interfaces_are_sorted_by_uuid() {
        assert!(interfaces().is_sorted_by(|a, b| a.uuid < b.uuid));
    }

    #[test]
    fn every_interface_is_found_by_its_uuid() {
        for known in interfaces() {
            let found = interface(&known.uuid).expect("it is in the table");
            assert!(std::ptr::eq(found, known), "{}", known.uuid);
        }
    }

    #[test]
    fn an_unknown_uuid_is_not_found() {
        assert!(interface(&Uuid::from_u128(SVCCTL.as_u128() ^ 1)).is_none());
        assert!(interface(&Uuid::max()).is_none());
        // One bit away from each known one, so that every slot is met with a UUID that is not its own.
        for known in interfaces() {
            for bit in 0..128 {
                let uuid = Uuid::from_u128(known.uuid.as_u128() ^ 1 << bit);
                let listed = interfaces().binary_search_by_key(&uuid, |known| known.uuid).is_ok();
                assert_eq!(interface(&uuid).is_some(), listed, "{uuid}");
            }
        }
    }

    #[test]
    fn every_interface_is_found_by_each_of_its_names_in_any_case() {
        for known in interfaces() {
            for name in known.name.iter().chain(known.aliases) {
                let found = |name: &str| interfaces_named(name).any(|found| std::ptr::eq(found, known));
                assert!(found(name) && found(&name.to_uppercase()) && found(&name.to_lowercase()), "{name}");
            }
        }
    }

    #[test]
    fn a_name_can_belong_to_several_interfaces() {
        assert_eq!(names(interfaces_named("efsrpc")), [Some("efsrpc"); 2]);
        let eventlog = names(interfaces_named("eventlog"));
        assert!(eventlog.contains(&Some("eventlog")) && eventlog.len() == 2, "{eventlog:?}");
    }

    #[test]
    fn a_part_of_a_name_is_not_enough() {
        assert_eq!(names(interfaces_named("svcct")), []);
        assert_eq!(names(interfaces_named("svcctl2")), []);
        assert_eq!(names(interfaces_named("")), []);
    }

    #[test]
    fn pipes_are_found_in_all_their_spellings() {
        for pipe in ["svcctl", "SVCCTL", "\\svcctl", "\\pipe\\svcctl", "\\PIPE\\svcctl", "PIPE\\SvcCtl"] {
            assert_eq!(names(interfaces_on_pipe(pipe)), [Some("svcctl")], "{pipe}");
            assert_eq!(sole_interface_on_pipe(pipe).map(|interface| interface.uuid), Some(SVCCTL));
        }
        for pipe in ["", "\\", "pipe", "\\pipe\\", "pipé\\x", "nosuchpipe"] {
            assert_eq!(names(interfaces_on_pipe(pipe)), [], "{pipe}");
        }
    }

    #[test]
    fn every_interface_is_found_on_each_of_its_pipes() {
        for known in interfaces() {
            for pipe in known.pipes {
                assert!(interfaces_on_pipe(pipe).any(|found| std::ptr::eq(found, known)), "{pipe}");
            }
        }
    }

    #[test]
    fn a_pipe_with_a_choice_names_none() {
        assert!(names(interfaces_on_pipe("lsarpc")).contains(&Some("lsarpc")));
        assert!(sole_interface_on_pipe("lsarpc").is_none());
        assert!(sole_interface_on_pipe("nosuchpipe").is_none());
    }
}
