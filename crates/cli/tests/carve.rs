//! Sessions that rules want kept, carved to files.

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use support::{run, workspace};
use tempfile::TempDir;

/// The packs, with each rule wanting its session.
fn packs_that_carve() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let packs = workspace().join("rules");
    fs::copy(packs.join("rpcscope.yaml"), folder.path().join("rpcscope.yaml")).expect("settings");
    for pack in entries(&packs).iter().filter(|path| path.is_dir()) {
        let to = folder.path().join(pack.file_name().expect("a name"));
        fs::create_dir(&to).expect("a folder");
        for rule in entries(pack) {
            let name = rule.file_name().and_then(|name| name.to_str()).expect("a name");
            let text = fs::read_to_string(&rule).expect("a rule");
            let text = match name.split_once('.') {
                Some((_, "test.yml")) => continue,
                Some((_, "yml")) => {
                    text.replace("\nlogsource:", "\nrpcscope: {capture: session}\nlogsource:")
                }
                Some((_, "rules")) => {
                    text.replace(" tag:session,exclusive;", "").replace(" sid:", " tag:session; sid:")
                }
                _ => text,
            };
            fs::write(to.join(name), text).expect("written");
        }
    }
    folder
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}

/// A file for one rule.
fn rule(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    fs::write(&path, text).expect("written");
    self::text(&path).to_owned()
}

/// The alerts about events, by the file that they name or were found in: what, when and between whom.
fn alerts(lines: &str, by: &str) -> BTreeMap<String, Vec<String>> {
    let mut alerts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines.lines() {
        let event: Value = serde_json::from_str(line).expect("JSON");
        let (alert, own) = (&event["alert"], &event["rpcscope"]);
        if alert.is_null() || !own["correlation"].is_null() {
            continue;
        }
        let file = event.pointer(by).and_then(Value::as_str).unwrap_or_else(|| panic!("no file: {line}"));
        let name = Path::new(file).file_name().and_then(|name| name.to_str()).expect("a name");
        let keys =
            ["timestamp", "src_ip", "src_port", "dest_ip", "dest_port"].map(|key| event[key].to_string());
        let what = [alert["signature_id"].to_string(), own["outcome"].to_string(), keys.join(" ")];
        alerts.entry(name.to_owned()).or_default().push(what.join(" "));
    }
    alerts.values_mut().for_each(|alerts| alerts.sort());
    alerts
}

#[test]
fn a_carved_file_alerts_as_the_capture_that_it_was_carved_from() {
    let rules = packs_that_carve();
    let rules = text(rules.path());
    let captures: Vec<PathBuf> = entries(&workspace().join("pcaps"))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "pcap"))
        .collect();
    let mut found = 0;
    for capture in &captures {
        let folder = TempDir::new().expect("a folder");
        let (capture, carved) = (text(capture), text(folder.path()));
        let replay = ["replay", "--rules", rules, "--alerts", "-f", "eve", "--threads", "1"];
        let first = run(&workspace(), &[&replay[..], &["--carve", carved, capture]].concat());
        assert_eq!((first.status, first.stderr.as_str()), (0, ""), "{capture}");
        if entries(folder.path()).is_empty() {
            continue;
        }
        let expected = alerts(&first.text(), "/rpcscope/capture");
        let again = run(&workspace(), &[&replay[..], &[carved]].concat());
        assert_eq!((again.status, again.stderr.as_str()), (0, ""), "{capture}");
        let mut seen = alerts(&again.text(), "/pcap_filename");
        // Sessions on which only parts of correlations held are carved, too.
        seen.retain(|file, _| expected.contains_key(file));
        assert_eq!(seen, expected, "{capture}");
        found += expected.len();
    }
    assert!(found > 80, "{found} files of {} captures", captures.len());
}

#[test]
fn files_are_the_same_for_any_number_of_threads() {
    let rules = packs_that_carve();
    let carve = |threads: &str| {
        let folder = TempDir::new().expect("a folder");
        let arguments = ["replay", "--rules", text(rules.path()), "-f", "eve", "--threads", threads];
        let run = run(
            &workspace(),
            &[&arguments[..], &["--carve", text(folder.path()), "--join", "pcaps"]].concat(),
        );
        assert_eq!((run.status, run.stderr.as_str()), (0, ""));
        let files: Vec<(PathBuf, Vec<u8>)> = entries(folder.path())
            .into_iter()
            .map(|path| {
                let bytes = fs::read(&path).expect("a file");
                (path.file_name().expect("a name").into(), bytes)
            })
            .collect();
        (run.stdout, files)
    };
    let one = carve("1");
    assert!(one.1.len() > 50, "{} files", one.1.len());
    for threads in ["2", "5"] {
        let more = carve(threads);
        assert!(more.0 == one.0, "{threads} threads print other lines");
        let names =
            |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&more.1), names(&one.1), "{threads} threads");
        assert!(more.1 == one.1, "{threads} threads write other files");
    }
}

#[test]
fn files_are_the_same_when_the_budget_is_too_small() {
    let rules = packs_that_carve();
    let carve = |threads: &str| {
        let folder = TempDir::new().expect("a folder");
        let arguments = ["replay", "--rules", text(rules.path()), "--alerts", "--threads", threads];
        let budget = ["--carve", text(folder.path()), "--carve-budget", "1MB", "--join", "pcaps"];
        let run = run(&workspace(), &[&arguments[..], &budget].concat());
        let bytes: u64 =
            entries(folder.path()).iter().map(|path| fs::metadata(path).expect("a file").len()).sum();
        assert!(bytes <= 1_000_000, "{bytes} bytes");
        (
            run.stderr,
            entries(folder.path())
                .iter()
                .map(|path| path.file_name().map(Into::into))
                .collect::<Vec<Option<PathBuf>>>(),
        )
    };
    let one = carve("1");
    assert!(one.0.contains("carved files were removed to keep within the budget"), "{}", one.0);
    assert_eq!(carve("4"), one);
}

#[test]
fn rule_text_says_how_many_packets_are_kept() {
    let folder = TempDir::new().expect("a folder");
    let count = |tag: &str| {
        let options = format!(
            "msg:\"login\"; flow:to_server,established; dce_iface:F309AD18-D86A-11d0-A075-00C04FB68820; {tag} sid:7;"
        );
        let rule = rule(&folder, "one.rules", &format!("alert tcp any any -> any any ({options})\n"));
        let to = TempDir::new().expect("a folder");
        let arguments =
            ["replay", "-r", &rule, "--carve", text(to.path()), "pcaps/dcom-wmiexec-all-connect.pcap"];
        assert_eq!(run(&workspace(), &arguments).status, 0);
        let [file] = entries(to.path()).try_into().expect("one file");
        let stats = run(&workspace(), &["replay", "-f", "eve", text(&file)]).text();
        let stats: Value = serde_json::from_str(stats.lines().last().expect("a line")).expect("JSON");
        stats["rpcscope"]["frames"].as_u64().expect("a number")
    };
    let all = count("tag:session,exclusive;");
    let (none, five, ten) =
        (count("tag:session,1,packets;"), count("tag:session,5,packets;"), count("tag:session,10,packets;"));
    assert_eq!((five - none, ten - five), (4, 5));
    assert!(ten < all);
}

#[test]
fn a_folder_that_is_missing_is_said_before_anything_is_read() {
    let folder = TempDir::new().expect("a folder");
    let rule = rule(
        &folder,
        "one.yml",
        "title: T\nlogsource: {product: rpcscope}\nrpcscope: {capture: session}\ndetection: {s: {user: a}, condition: s}\n",
    );
    let run =
        run(&workspace(), &["replay", "-r", &rule, "--carve", "no/such/folder", "pcaps/imp-rpcdump.pcap"]);
    assert_eq!(run.status, 2);
    assert_eq!(run.stdout, b"");
    assert!(run.stderr.contains("no/such/folder: cannot carve: "), "{}", run.stderr);
    assert!(run.stderr.contains("hint: the folder has to exist"), "{}", run.stderr);
}

#[test]
fn rules_that_want_nothing_kept_are_told() {
    let folder = TempDir::new().expect("a folder");
    let rule = rule(
        &folder,
        "one.yml",
        "title: T\nlogsource: {product: rpcscope}\ndetection: {s: {user: a}, condition: s}\n",
    );
    let carve = ["replay", "-r", &rule, "--carve", text(folder.path()), "pcaps/imp-rpcdump.pcap"];
    let run = run(&workspace(), &carve);
    assert_eq!((run.status, run.stderr.as_str()), (0, "warning: no rule wants a session to be carved\n"));
}

#[test]
fn sizes_have_units() {
    for (size, status) in
        [("500MB", 0), ("2GiB", 0), ("3000000", 0), ("1KB", 2), ("much", 2), ("99999999999GB", 2)]
    {
        let folder = TempDir::new().expect("a folder");
        let arguments = [
            "replay",
            "-r",
            "rules/kpn",
            "--carve",
            text(folder.path()),
            "--carve-budget",
            size,
            "pcaps/imp-rpcdump.pcap",
        ];
        assert_eq!(run(&workspace(), &arguments).status, status, "{size}");
    }
}
