//! The bodies of the fuzz targets, run on the committed corpus.

use rpcscope_session::Protocol;
use rpcscope_suite::corpus::workspace;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Name of a target, and its body.
type Target = (&'static str, fn(&[u8]));

/// All targets, as in `tests/fuzz/fuzz_targets`.
const TARGETS: [Target; 16] = [
    ("association", rpcscope_session::fuzz::fuzz_association),
    ("auth", rpcscope_wire::auth::fuzz_auth),
    ("capture", rpcscope_capture::fuzz::fuzz_capture),
    ("dcom", rpcscope_wire::dcom::fuzz_dcom),
    ("decode", rpcscope_flow::fuzz_decode),
    ("engine", rpcscope_engine::fuzz_engine),
    ("http_connection", |bytes| rpcscope_session::fuzz::fuzz_connection(Protocol::Http, bytes)),
    ("pdu", rpcscope_wire::dcerpc::fuzz_pdu),
    ("reassembly", rpcscope_flow::fuzz_reassemble),
    ("rpc_connection", |bytes| rpcscope_session::fuzz::fuzz_connection(Protocol::Rpc, bytes)),
    ("rule_text", rpcscope_rules::fuzz_rule_text),
    ("smb1", rpcscope_wire::smb1::fuzz_smb1),
    ("smb2", rpcscope_wire::smb2::fuzz_smb2),
    ("smb_connection", |bytes| rpcscope_session::fuzz::fuzz_connection(Protocol::Smb, bytes)),
    ("stub", rpcscope_wire::stub::fuzz_stub),
    ("wmi", rpcscope_wire::wmi::fuzz_wmi),
];

/// No input of the corpus takes nearly as long, also on a slow machine that does other things.
const LONGEST: Duration = Duration::from_secs(5);

#[test]
fn every_body_reads_its_corpus() {
    for (target, body) in TARGETS {
        let folder = fuzz_folder().join("corpus").join(target);
        let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut count = 0;
        for file in files {
            let path = file.expect("a file").path();
            let bytes = fs::read(&path).expect("a readable file");
            println!("{}", path.display());
            let begin = Instant::now();
            body(&bytes);
            assert!(begin.elapsed() < LONGEST, "{} takes {:?}", path.display(), begin.elapsed());
            count += 1;
        }
        assert!(count > 0, "{} is empty", folder.display());
    }
}

#[test]
fn every_target_and_every_corpus_has_its_body_here() {
    let here: BTreeSet<String> = TARGETS.iter().map(|(target, _)| (*target).to_owned()).collect();
    assert_eq!(names("fuzz_targets"), here);
    assert_eq!(names("corpus"), here);
}

/// The names in a folder, without their endings.
fn names(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(fuzz_folder().join(folder)).expect("a folder");
    let stem = |path: PathBuf| path.file_stem().expect("a name").to_string_lossy().into_owned();
    entries.map(|entry| stem(entry.expect("an entry").path())).collect()
}

fn fuzz_folder() -> PathBuf {
    workspace().join("tests/fuzz")
}
