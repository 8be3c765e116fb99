//! The whole output of `rpcscope replay`, for some of the project's own captures.

mod support;

use support::{own_capture, run, run_with_input, workspace};

/// The whole output of a replay of captures in `pcaps`.
fn replay(arguments: &[&str]) -> String {
    run(&workspace(), &[&["replay"], arguments].concat()).page()
}

/// The same without how long it took.
fn replay_timeless(arguments: &[&str]) -> String {
    let page = replay(arguments);
    let timeless = page.lines().map(|line| match line.split_once(" in ") {
        Some((read, _)) if read.starts_with("Read ") => format!("{read} in [time]"),
        _ => line.to_owned(),
    });
    timeless.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_service_created_over_a_pipe_as_json_lines() {
    insta::assert_snapshot!(replay(&["--format", "eve", "pcaps/win-services-create.pcap"]));
}

#[test]
fn a_service_created_over_a_pipe_as_a_table() {
    insta::assert_snapshot!(replay_timeless(&["--format", "table", "pcaps/win-services-create.pcap"]));
}

#[test]
fn sealed_wmi_as_json_lines() {
    insta::assert_snapshot!(replay(&["--format", "eve", "pcaps/dcom-wmiexec-privacy.pcap"]));
}

#[test]
fn sealed_wmi_as_a_table() {
    insta::assert_snapshot!(replay_timeless(&["--format", "table", "pcaps/dcom-wmiexec-privacy.pcap"]));
}

#[test]
fn rejected_binds_as_a_table_with_all_binds() {
    insta::assert_snapshot!(replay_timeless(&["-f", "table", "--verbose", "pcaps/bind-rejects-alter.pcap"]));
}

#[test]
fn the_connectionless_protocol_as_json_lines() {
    insta::assert_snapshot!(replay(&["--format", "eve", "pcaps/udp-v4-pnio-epm-read.pcap"]));
}

#[test]
fn several_captures_have_one_summary() {
    let captures =
        ["pcaps/scapy-tcp-big.pcap", "pcaps/scapy-tcp-64.pcap", "pcaps/rpcc-np-smb3-encrypted.pcap"];
    insta::assert_snapshot!(replay_timeless(&[&["-f", "table"], captures.as_slice()].concat()));
}

#[test]
fn json_lines_are_what_comes_out_of_a_pipe() {
    let capture = "pcaps/scapy-tcp-64.pcap";
    assert_eq!(replay(&[capture]), replay(&["--format", "eve", capture]));
}

#[test]
fn hashes_are_printed_only_when_asked_for() {
    let capture = "pcaps/win-services-create.pcap";
    assert!(!replay(&["--format", "eve", capture]).contains("\"hash\""));
    for threads in ["1", "3"] {
        let page = replay(&["--format", "eve", "--threads", threads, "--with-hashes", capture]);
        assert_eq!(page.matches("\"hash\":\"administrator::WIN-SRV:").count(), 1, "{threads} threads");
    }
    assert!(!replay(&["--format", "table", "--with-hashes", capture]).contains("::WIN-SRV:"));
}

#[test]
fn each_line_is_one_json_object() {
    let text = run(&workspace(), &["replay", "--community-id", "pcaps"]).text();
    assert!(text.lines().count() > 100);
    for line in text.lines() {
        let event: serde_json::Value = serde_json::from_str(line).expect("a JSON object");
        assert!(event["event_type"].is_string() && event["timestamp"].is_string(), "{line}");
        if event["event_type"] != "stats" {
            assert!(event["community_id"].is_string() && event["pcap_cnt"].is_u64(), "{line}");
        }
    }
}

#[test]
fn relative_times_count_from_the_first_frame() {
    let table = replay(&["-f", "table", "--no-summary", "--relative-time", "pcaps/scapy-tcp-64.pcap"]);
    insta::assert_snapshot!(table);
}

#[test]
fn colours_are_added_only_when_asked_for() {
    let plain = replay(&["-f", "table", "--no-summary", "pcaps/scapy-tcp-64.pcap"]);
    let coloured = replay(&["-f", "table", "--no-summary", "--color", "always", "pcaps/scapy-tcp-64.pcap"]);
    assert!(!plain.contains('\x1b') && coloured.contains('\x1b'));
    let mut without = String::new();
    for piece in coloured.split('\x1b') {
        without.push_str(if without.is_empty() { piece } else { piece.split_once('m').expect("a colour").1 });
    }
    assert_eq!(without, plain);
}

#[test]
fn standard_input_and_compressed_files_give_the_same_events() {
    let capture = own_capture("dcom-wmiexec-full-smb.pcap");
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("plain.pcap"), &capture).expect("a file");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &capture).expect("memory");
    let gzip = gzip.finish().expect("memory");
    let zstd = zstd::encode_all(capture.as_slice(), 1).expect("memory");
    std::fs::write(at("small.pcap.gz"), &gzip).expect("a file");
    std::fs::write(at("small.pcap.zst"), &zstd).expect("a file");
    // A compressed file is known by its content, whatever its name.
    std::fs::write(at("named-badly"), &gzip).expect("a file");

    let plain = run(folder.path(), &["replay", "plain.pcap"]);
    assert_eq!((plain.status, plain.stderr.as_str()), (0, ""));
    for name in ["small.pcap.gz", "small.pcap.zst", "named-badly"] {
        let packed = run(folder.path(), &["replay", name]);
        assert_eq!(packed.text().replace(name, "plain.pcap"), plain.text(), "{name}");
        assert_eq!((packed.status, packed.stderr.as_str()), (0, ""));
    }
    for input in [&capture, &gzip, &zstd] {
        let streamed = run_with_input(folder.path(), &["replay", "-"], input);
        assert_eq!(streamed.text().replace("standard input", "plain.pcap"), plain.text());
        assert_eq!((streamed.status, streamed.stderr.as_str()), (0, ""));
    }
}

#[test]
fn two_halves_of_a_capture_joined_give_the_calls_of_the_whole() {
    /// Of a pcap file and of each record in it.
    const HEADER_BYTES: (usize, usize) = (24, 16);
    let whole = own_capture("dcom-wmiexec-full-smb.pcap");
    let mut ends = vec![HEADER_BYTES.0];
    while let Some(record) = whole.get(ends[ends.len() - 1]..).filter(|rest| !rest.is_empty()) {
        let captured = u32::from_le_bytes(record[8..12].try_into().expect("four bytes"));
        ends.push(ends[ends.len() - 1] + HEADER_BYTES.1 + usize::try_from(captured).expect("a small frame"));
    }
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("whole.pcap"), &whole).expect("a file");
    let events = |arguments: &[&str]| {
        let run = run(folder.path(), &[&["replay", "--format", "eve"], arguments].concat());
        assert_eq!((run.status, run.stderr.as_str()), (0, ""));
        run.text()
    };
    let of_whole = events(&["whole.pcap"]);
    let calls = |text: &str| text.lines().filter(|line| line.contains("\"REQUEST\"")).count();
    assert!(calls(&of_whole) >= 6);
    for half in [1, ends.len() / 4, ends.len() / 2, ends.len() * 3 / 4] {
        let middle = ends[half];
        std::fs::write(folder.path().join("a.pcap"), &whole[..middle]).expect("a file");
        let second = [&whole[..HEADER_BYTES.0], &whole[middle..]].concat();
        std::fs::write(folder.path().join("b.pcap"), second).expect("a file");
        let joined = events(&["--join", "a.pcap", "b.pcap"]);
        assert_eq!(
            joined,
            of_whole.replace("\"pcap_filename\":\"whole.pcap\",", ""),
            "cut after frame {half}"
        );
    }
    let counters = |text: &str| text.lines().filter(|line| line.contains("\"event_type\":\"stats\"")).count();
    let apart = events(&["a.pcap", "b.pcap"]);
    assert_eq!((counters(&apart), counters(&of_whole)), (2, 1), "each capture has its own counters");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    for threads in ["1", "2"] {
        let mut child = support::rpcscope(&workspace())
            .args(["replay", "--threads", threads, "pcaps", "pcaps", "pcaps"])
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("the binary runs");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("the binary ends");
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
    }
}

#[test]
fn results_go_to_a_file_when_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("calls.json");
    let capture = "pcaps/scapy-tcp-64.pcap";
    let written = run(&workspace(), &["replay", "-o", file.to_str().expect("a name"), capture]);
    assert_eq!((written.status, written.text().as_str(), written.stderr.as_str()), (0, "", ""));
    let content = std::fs::read_to_string(&file).expect("the file");
    assert_eq!(content, run(&workspace(), &["replay", "-f", "eve", capture]).text());
}

#[test]
fn only_events_of_which_a_filter_holds_are_printed_and_summed_up() {
    let filter = "interface == svcctl and procedure in [RCreateServiceW, RStartServiceW]";
    insta::assert_snapshot!(replay_timeless(&[
        "-f",
        "table",
        "--where",
        filter,
        "pcaps/win-services-create.pcap"
    ]));
}

#[test]
fn the_pseudocode_of_an_analytic_runs_as_it_was_published() {
    let on_port = |port: u16| {
        format!("- host: {{server: '10.0.0.9:{port}'}}\n- bind: IRemUnknown2\n- call: RemRelease\n")
    };
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.yml"), on_port(135) + &on_port(49152)).expect("a file");
    assert_eq!(run(folder.path(), &["forge", "a.yml"]).status, 0);
    // CAR-2014-11-007.
    let filter = "(dest_port == 135 and proto_info.rpc_interface == \"IRemUnknown2\")";
    let calls = |arguments: &[&str]| {
        let text = run(folder.path(), &[&["replay", "a.pcap"], arguments].concat()).text();
        let events = text.lines().filter(|line| line.contains("RemRelease"));
        events.map(|line| line.contains("\"dest_port\":135,")).collect::<Vec<_>>()
    };
    assert_eq!(calls(&["--where", filter]), [true]);
    assert_eq!(calls(&[]), [true, false]);
}

#[test]
fn a_filter_that_cannot_be_read_is_explained() {
    let pages = ["interface == IRemUnknwn2 and dest_prt == 135", "user = alice", "(user == alice"]
        .map(|filter| replay(&["--where", filter, "pcaps/scapy-tcp-64.pcap"]));
    insta::assert_snapshot!(pages.join("\n"));
}
