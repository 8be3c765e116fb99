//! What is said when something is wrong, and the exit status: 2 for wrong use, 3 for an input or output that fails.

mod support;

use std::path::Path;
use support::{own_capture, run, run_with_input, workspace};

/// A folder with a good capture and everything that can be wrong.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let good = own_capture("scapy-tcp-64.pcap");
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("a file");
    write("good.pcap", &good);
    write("cut.pcap", &good[..good.len() - 7]);
    write("empty.pcap", b"");
    write("text.pcap", b"this is not a capture\n");
    write("archive.zip", b"PK\x03\x04 and so on");
    // The captured length of the second record is impossible.
    let mut damaged = good.clone();
    let first = u32::from_le_bytes(good[32..36].try_into().expect("four bytes"));
    let second = 24 + 16 + usize::try_from(first).expect("a small frame");
    damaged[second + 8..second + 12].copy_from_slice(&[0xff; 4]);
    write("damaged.pcap", &damaged);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &good).expect("memory");
    let gzip = gzip.finish().expect("memory");
    write("cut.pcap.gz", &gzip[..gzip.len() / 2]);
    std::fs::create_dir(folder.path().join("notes")).expect("a folder");
    write("notes/readme.txt", b"nothing here");
    folder
}

/// Status and messages of a replay; standard output has to be empty.
fn failure(folder: &Path, arguments: &[&str]) -> String {
    let run = run(folder, &[&["replay"], arguments].concat());
    assert_eq!(run.text(), "", "{arguments:?}");
    format!("$ rpcscope replay {}\n{}[exit status {}]\n", arguments.join(" "), run.stderr, run.status)
}

#[test]
fn inputs_that_cannot_be_read_are_named_with_a_hint() {
    let folder = folder();
    let cases: [&[&str]; 7] = [
        &["missing.pcap"],
        &["empty.pcap"],
        &["text.pcap"],
        &["archive.zip"],
        &["notes"],
        &["*.nothing"],
        &["[.pcap"],
    ];
    insta::assert_snapshot!(cases.map(|arguments| failure(folder.path(), arguments)).join("\n"));
}

#[test]
fn wrong_use_is_explained() {
    let folder = folder();
    let cases: [&[&str]; 8] = [
        &[],
        &["--format", "xml", "good.pcap"],
        &["--format"],
        &["--threads", "0", "good.pcap"],
        &["--threads", "many", "good.pcap"],
        &["--treads", "2", "good.pcap"],
        &["--output", "missing/calls.json", "good.pcap"],
        &["--color", "red", "good.pcap"],
    ];
    for arguments in cases {
        assert_eq!(run(folder.path(), &[&["replay"], arguments].concat()).status, 2, "{arguments:?}");
    }
    insta::assert_snapshot!(cases.map(|arguments| failure(folder.path(), arguments)).join("\n"));
}

#[test]
fn a_cut_capture_is_read_to_the_cut_and_is_no_failure() {
    let folder = folder();
    let table = |name: &str| run(folder.path(), &["replay", "-f", "table", "--no-summary", name]);
    let (whole, cut, cut_gzip) = (table("good.pcap"), table("cut.pcap"), table("cut.pcap.gz"));
    assert_eq!(
        cut.stderr,
        "warning: cut.pcap: the last record is cut off at byte 2902: need 82 bytes, have 75\n"
    );
    // The frame that is cut ends a connection.
    assert_eq!((cut.status, cut.text()), (0, whole.text()));
    let warning = "warning: cut.pcap.gz: the compressed data end too early, after ";
    assert!(cut_gzip.stderr.starts_with(warning), "{}", cut_gzip.stderr);
    assert_eq!((cut_gzip.status, cut_gzip.stderr.lines().count()), (0, 1));
    assert!(cut_gzip.text().contains("epm.ept_map"), "{}", cut_gzip.text());
}

#[test]
fn a_damaged_capture_is_read_to_the_damage_and_is_a_failure() {
    let folder = folder();
    let damaged = run(folder.path(), &["replay", "-f", "table", "--no-summary", "damaged.pcap"]);
    insta::assert_snapshot!(damaged.page());
}

#[test]
fn one_bad_capture_does_not_hide_the_good_ones() {
    let folder = folder();
    let good = run(folder.path(), &["replay", "good.pcap"]);
    for threads in ["1", "3"] {
        let arguments =
            ["replay", "--threads", threads, "text.pcap", "good.pcap", "missing.pcap", "empty.pcap"];
        let mixed = run(folder.path(), &arguments);
        assert_eq!(mixed.status, 3);
        assert_eq!(mixed.text(), good.text(), "nothing is printed of what could not be read");
        assert_eq!(mixed.stderr.matches("error: ").count(), 3, "{}", mixed.stderr);
    }
    let joined = run(folder.path(), &["replay", "--join", "text.pcap", "good.pcap"]);
    assert_eq!(joined.status, 3);
    let named = good.text();
    assert_eq!(joined.text(), named.replace("\"pcap_filename\":\"good.pcap\",", ""));
}

#[test]
fn standard_input_that_is_no_capture_is_named_so() {
    let folder = folder();
    let pages = [&b""[..], b"hello, world"].map(|input| {
        let run = run_with_input(folder.path(), &["replay", "-"], input);
        format!("{:?}\n{}", String::from_utf8_lossy(input), run.page())
    });
    insta::assert_snapshot!(pages.join("\n"));
}

#[test]
#[cfg(target_os = "linux")]
fn an_output_that_is_full_is_a_failure() {
    let folder = folder();
    let to_file = run(folder.path(), &["replay", "--output", "/dev/full", "good.pcap"]);
    let full = std::fs::File::options().write(true).open("/dev/full").expect("a device");
    let to_stdout = support::rpcscope(folder.path()).args(["replay", "good.pcap"]).stdout(full).output();
    let to_stdout = to_stdout.expect("the binary runs");
    assert_eq!((to_file.status, to_stdout.status.code()), (3, Some(3)));
    insta::assert_snapshot!(format!("{}{}", to_file.stderr, String::from_utf8_lossy(&to_stdout.stderr)));
}

#[test]
fn help_tells_all_that_can_be_typed() {
    let folder = folder();
    let pages = [&["--help"][..], &["replay", "--help"], &["replay", "-h"]].map(|arguments| {
        let run = run(folder.path(), arguments);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""));
        format!("$ rpcscope {}\n{}", arguments.join(" "), run.text())
    });
    insta::assert_snapshot!(pages.join("\n"));
}

#[test]
fn nothing_typed_shows_the_help_and_is_wrong_use() {
    let shown = run(&workspace(), &[]);
    assert_eq!((shown.status, shown.text().as_str()), (2, ""));
    assert!(shown.stderr.contains("Usage: rpcscope <COMMAND>"), "{}", shown.stderr);
    let unknown = run(&workspace(), &["reply"]);
    assert_eq!(unknown.status, 2);
    assert!(unknown.stderr.contains("replay"), "suggests the verb: {}", unknown.stderr);
}

#[test]
fn the_version_is_told() {
    let shown = run(&workspace(), &["--version"]);
    assert_eq!((shown.status, shown.text()), (0, format!("rpcscope {}\n", env!("CARGO_PKG_VERSION"))));
}
