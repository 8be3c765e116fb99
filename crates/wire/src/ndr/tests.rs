//! How stubs are read: alignment, counts, deferred referents, and what stops it.

use super::*;
use rpcscope_model::{StopReason, Text};

const LITTLE: ByteOrder = ByteOrder::Little;

fn ndr(bytes: &[u8]) -> Ndr<'_> {
    Ndr::new(Stub { bytes, order: LITTLE, syntax: Syntax::Ndr, complete: true })
}

fn ndr64(bytes: &[u8]) -> Ndr<'_> {
    Ndr::new(Stub { bytes, order: LITTLE, syntax: Syntax::Ndr64, complete: true })
}

fn cut(bytes: &[u8]) -> Ndr<'_> {
    Ndr::new(Stub { bytes, order: LITTLE, syntax: Syntax::Ndr, complete: false })
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[test]
fn numbers_align_from_the_start_of_the_stub() {
    let mut reader = ndr(&[1, 0xff, 2, 0, 3, 0, 0xff, 0xff, 4, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!((reader.u8("a"), reader.u16("b"), reader.u16("c")), (Ok(1), Ok(2), Ok(3)));
    assert_eq!((reader.u64("d"), reader.left()), (Ok(4), 0));
}

#[test]
fn pointers_and_counts_are_twice_as_wide_in_ndr64() {
    let bytes = words(&[1, 0xbfbf_bfbf, 7, 0, 3, 0]);
    let mut reader = ndr64(&bytes);
    assert_eq!(reader.u32("a"), Ok(1));
    assert!(reader.pointer("b").is_ok_and(|pointer| !pointer.is_null()));
    assert_eq!(reader.count("c"), Ok(3));
    let mut reader = ndr(&bytes);
    assert!(reader.pointer("a").is_ok() && reader.pointer("b").is_ok());
    assert_eq!(reader.count("c"), Ok(7));
}

#[test]
fn an_arm_of_a_union_is_aligned_to_the_largest_one_in_ndr64_only() {
    let bytes = words(&[5, 9, 10]);
    let mut reader = ndr(&bytes);
    assert_eq!(reader.union_tag("tag", Tag::Long, Alignment::Pointer), Ok(5));
    assert_eq!(reader.u32("arm"), Ok(9));
    let mut reader = ndr64(&bytes);
    assert_eq!(reader.union_tag("tag", Tag::Long, Alignment::Pointer), Ok(5));
    assert_eq!(reader.u32("arm"), Ok(10));
}

#[test]
fn enumerations_have_16_bits_in_ndr_and_32_in_ndr64() {
    let bytes = words(&[0x0002_0001]);
    assert_eq!(ndr(&bytes).enumeration("kind"), Ok(1));
    assert_eq!(ndr64(&bytes).enumeration("kind"), Ok(0x0002_0001));
}

#[test]
fn a_structure_is_padded_at_its_end_in_ndr64() {
    let bytes = words(&[1, 0, 2, 3, 4]);
    let read = |mut reader: Ndr<'_>| {
        reader.structure(Alignment::Pointer, |ndr| {
            let _ = ndr.pointer("name")?;
            ndr.u32("number")
        })?;
        reader.u32("next")
    };
    assert_eq!((read(ndr(&bytes)), read(ndr64(&bytes))), (Ok(2), Ok(4)));
}

#[test]
fn referents_come_after_the_structure_in_the_order_of_their_pointers() {
    // Two names, of which the second is null, a number, then the first name.
    let mut bytes = words(&[0x20000, 0, 42, 3, 0, 3]);
    bytes.extend(b"a\0b\0\0\0");
    let mut reader = ndr(&bytes);
    let first = reader.pointer("first").expect("a pointer");
    let second = reader.pointer("second").expect("a pointer");
    assert_eq!(reader.u32("number"), Ok(42));
    assert_eq!(reader.referent(first, |ndr| ndr.wide_string("first")), Ok(Some(Text::whole("ab"))));
    assert_eq!(reader.referent(second, |ndr| ndr.wide_string("second")), Ok(None));
}

#[test]
fn a_repeated_full_pointer_has_no_referent_of_its_own() {
    let bytes = words(&[8, 8, 0, 9]);
    let mut reader = ndr(&bytes);
    let nulls = [(); 4].map(|()| reader.full_pointer("p").expect("a pointer").is_null());
    assert_eq!(nulls, [false, true, true, false]);
}

#[test]
fn a_count_beyond_the_stub_is_an_error_that_says_where() {
    let bytes = words(&[0xffff_ffff, 1, 2]);
    let stopped = ndr(&bytes).conformant_bytes("lpData").expect_err("too few bytes");
    assert_eq!(stopped.to_string(), "lpData at byte 4: short");
    let mut reader = ndr(&bytes);
    let count = reader.count("entries").expect("a count");
    assert!(reader.elements("entries", count, |ndr| ndr.u32("entry")).is_err());
}

#[test]
fn more_elements_than_their_maximum_are_malformed() {
    let bytes = words(&[1, 0, 2, 0x0061_0061]);
    let stopped = ndr(&bytes).wide_string("name").expect_err("two of at most one");
    assert_eq!(stopped.reason, StopReason::Malformed);
    let bytes = words(&[2, 1, 1, 0x61]);
    assert!(ndr(&bytes).wide_string("name").is_err(), "an offset is not used by any IDL");
}

#[test]
fn a_string_whose_end_was_not_captured_is_given_and_marked() {
    let mut bytes = words(&[99, 0, 99]);
    bytes.extend(b"c\0m\0d\0.");
    let mut reader = cut(&bytes);
    assert_eq!(reader.wide_string("path"), Ok(Text { string: "cmd".into(), cut: true }));
    assert_eq!(reader.cut().map(|stopped| stopped.to_string()).as_deref(), Some("path at byte 12: cut"));
    assert_eq!(reader.u32("next").map_err(|stopped| stopped.reason), Err(StopReason::Cut));
}

#[test]
fn a_number_past_the_end_of_a_complete_stub_is_short() {
    let mut reader = ndr(&[1, 2]);
    let stopped = reader.u32("dwAccess").expect_err("two bytes");
    assert_eq!((stopped.reason, stopped.offset), (StopReason::Short, 0));
}

#[test]
fn only_the_first_elements_are_kept_and_all_are_read() {
    let bytes = words(&[7; 5001]);
    let mut reader = ndr(&bytes);
    let elements = reader.elements("entries", 5000, |ndr| ndr.u32("entry")).expect("all are there");
    assert_eq!((elements.items.len(), elements.omitted), (Elements::MAX, 5000 - Elements::MAX));
    assert_eq!(reader.left(), 4);
}

#[test]
fn an_element_that_reads_nothing_does_not_loop() {
    let bytes = [0; 8];
    assert!(ndr(&bytes).elements("entries", 8, |_| Ok(())).is_err());
    assert!(cut(&bytes).elements("entries", usize::MAX, |_| Ok(())).is_err());
}

#[test]
fn a_counted_string_has_its_characters_elsewhere() {
    let mut bytes = words(&[0x0006_0004, 0x20000, 1, 3, 0, 2]);
    bytes.extend(b"a\0b\0");
    let mut reader = ndr(&bytes);
    let name = reader.counted_string("Name").expect("a string");
    assert_eq!((name.length, name.maximum, reader.u32("next")), (4, 6, Ok(1)));
    assert_eq!(reader.unicode_text("Name", name), Ok(Some(Text::whole("ab"))));
}

#[test]
fn sids_are_written_as_windows_writes_them() {
    let mut bytes = words(&[2]);
    bytes.extend([1, 2, 0, 0, 0, 0, 0, 5]);
    bytes.extend(words(&[32, 544]));
    assert_eq!(ndr(&bytes).sid("Sid").map(|sid| sid.to_string()).as_deref(), Ok("S-1-5-32-544"));
    bytes[6] = 1;
    assert_eq!(ndr(&bytes).sid("Sid").map(|sid| sid.to_string()).as_deref(), Ok("S-1-0x010000000005-32-544"));
    bytes[0] = 99;
    assert_eq!(ndr(&bytes).sid("Sid").map_err(|stopped| stopped.reason), Err(StopReason::Malformed));
}

#[test]
fn a_filetime_is_told_from_1601() {
    // 2026-01-02 03:04:05 UTC.
    let units: u64 = (1_767_323_045 + 11_644_473_600) * 10_000_000;
    let mut reader = units.to_le_bytes().to_vec();
    assert_eq!(
        ndr(&reader).filetime("ftLastWriteTime").expect("a time").timestamp().map(|time| time.seconds()),
        Some(1_767_323_045)
    );
    reader.fill(0xff);
    assert_eq!(ndr(&reader).filetime("never").expect("a time").timestamp(), None);
}

#[test]
fn the_status_at_the_end_is_read_only_from_a_complete_stub() {
    let bytes = words(&[1, 2, 5]);
    assert_eq!(ndr(&bytes).last_u32("status"), Ok(5));
    assert!(cut(&bytes).last_u32("status").is_err());
    assert!(ndr(&bytes[..3]).last_u32("status").is_err());
}

#[test]
fn what_is_passed_over_ends_where_it_would_end() {
    let mut bytes = words(&[3, 0, 3]);
    bytes.extend(b"a\0b\0\0\0\xbf\xbf");
    bytes.extend(words(&[1]));
    bytes.extend([1, 1, 0, 0, 0, 0, 0, 5]);
    bytes.extend(words(&[18, 9]));
    let (mut read, mut passed) = (ndr(&bytes), ndr(&bytes));
    assert_eq!(read.wide_string("name"), Ok(Text::whole("ab")));
    assert_eq!(passed.pass(|ndr| ndr.wide_string("name")), Ok(Text::default()));
    assert!(read.sid("sid").is_ok_and(|sid| sid.to_string() == "S-1-5-18"));
    assert!(passed.pass(|ndr| ndr.sid("sid")).is_ok() && !passed.passes());
    assert_eq!((read.u32("next"), passed.u32("next")), (Ok(9), Ok(9)));
}

#[test]
fn what_is_malformed_is_found_while_it_is_passed_over() {
    let bytes = words(&[1, 1, 1, 0x61]);
    let stopped = ndr(&bytes).pass(|ndr| ndr.wide_string("name")).expect_err("an offset");
    assert_eq!(stopped.reason, StopReason::Malformed);
}
