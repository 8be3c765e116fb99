//! The published rules for RPC Firewall and for Zeek, as they are. Skipped where they are absent: the environment
//! variable `RPCSCOPE_SIGMA` names the folder that holds them.

use crate::support::{call, file, load, logon, matches, pipe, pipe_in, shown};
use rpcscope_model::{AuthResult, Event, FileAction};
use rpcscope_rules::Rule;
use std::path::PathBuf;

/// Rules of a log source by the start of their file names: name and text.
fn published(prefix: &str) -> Vec<(String, String)> {
    let Some(folder) = std::env::var_os("RPCSCOPE_SIGMA").map(PathBuf::from) else {
        eprintln!("skipped: RPCSCOPE_SIGMA does not name a folder of published rules");
        return Vec::new();
    };
    let mut rules = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("RPCSCOPE_SIGMA names a folder") {
        let path = entry.expect("a file").path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with(prefix) && name.ends_with(".yml") {
            rules.push((name, std::fs::read_to_string(&path).expect("text")));
        }
    }
    rules.sort();
    assert!(!rules.is_empty(), "no file {prefix}* in {}", folder.display());
    rules
}

/// A call that a rule demands, and one of the same interface, or of another one, that it is not about.
fn events(rule: &Rule) -> (Event, Event) {
    let keys = rule.expression.demand().expect("these rules name interfaces or operations");
    let candidates = || {
        keys.iter().flat_map(|key| {
            let interface =
                key.interface.map_or_else(|| crate::support::SVCCTL.to_owned(), |uuid| uuid.to_string());
            let opnums = key.opnum.map_or(0..200, |opnum| opnum..opnum + 1);
            opnums.map(move |opnum| call(&interface, opnum))
        })
    };
    let firing =
        candidates().find(|event| rule.expression.holds(event)).expect("a call that the rule is about");
    let elsewhere = call("11111111-2222-3333-4444-555555555555", 7);
    let beside = keys
        .iter()
        .filter_map(|key| key.interface)
        .flat_map(|uuid| (0..300).map(move |opnum| call(&uuid.to_string(), opnum)));
    let silent = beside
        .chain([elsewhere])
        .find(|event| !rule.expression.holds(event))
        .expect("a call that it is not about");
    (firing, silent)
}

#[test]
fn every_rule_for_rpc_firewall_loads_fires_and_is_silent() {
    let rules = published("rpc_firewall_");
    for (name, text) in &rules {
        let (set, findings) = load(text);
        assert!(findings.is_empty() && set.rules().len() == 1, "{name}: {}", shown(&findings));
        let (firing, silent) = events(&set.rules()[0]);
        assert_eq!(matches(&set, &firing), [0], "{name}");
        assert_eq!(matches(&set, &silent), [], "{name}");
    }
    assert!(rules.is_empty() || rules.len() >= 17, "{}", rules.len());
}

#[test]
fn every_rule_for_the_dce_rpc_log_of_zeek_loads_and_dead_names_are_found() {
    for (name, text) in
        published("zeek_dce_rpc_").into_iter().filter(|(_, text)| text.contains("service: dce_rpc"))
    {
        let (set, findings) = load(&text);
        let shown = shown(&findings);
        assert_eq!(set.rules().len(), 1, "{name}: {shown}");
        if name.contains("bzar_execution") {
            assert!(shown.contains("are interface and operation swapped?"), "{shown}");
        } else if name.contains("domain_user_enumeration") {
            assert!(shown.contains("obsolete") && set.correlations().len() == 1, "{shown}");
        } else if !name.contains("petit_potam") {
            assert!(findings.is_empty(), "{name}: {shown}");
        }
        let event = match name.as_str() {
            name if name.contains("bzar_execution") => call("367abb81-9844-35f1-ad32-98f038001003", 12),
            name if name.contains("bzar_persistence") => call("12345678-1234-abcd-ef00-0123456789ab", 14),
            name if name.contains("printnightmare") => call("12345678-1234-abcd-ef00-0123456789ab", 89),
            name if name.contains("petit_potam") => call("df1941c5-fe89-4e79-bf10-463657acf44d", 0),
            _ => call("12345778-1234-abcd-ef00-0123456789ac", 17),
        };
        assert_eq!(matches(&set, &event), [0], "{name}");
        assert_eq!(matches(&set, &call("11111111-2222-3333-4444-555555555555", 7)), [], "{name}");
    }
}

#[test]
fn every_rule_for_the_smb_files_log_of_zeek_loads_fires_and_is_silent() {
    let open = |share: &str, name: &str| file(FileAction::Open, share, name);
    let mut seen = 0;
    for (name, text) in published("zeek_").into_iter().filter(|(_, text)| text.contains("service: smb_files"))
    {
        let (set, findings) = load(&text);
        assert!(findings.is_empty() && set.rules().len() == 1, "{name}: {}", shown(&findings));
        let (firing, silent) = match name.as_str() {
            name if name.contains("spoolss") => (pipe("spoolss"), pipe("svcctl")),
            // The star of these two is escaped: as published, they mean a share of that very name.
            name if name.contains("atsvc") => (pipe_in(r"\*\IPC$", "atsvc"), pipe("atsvc")),
            name if name.contains("secretdump") => {
                (open("ADMIN$", r"SYSTEM32\abc.tmp"), open("C$", r"SYSTEM32\abc.tmp"))
            }
            name if name.contains("lm_namedpipe") => {
                (pipe_in(r"\\*\IPC$", "evil"), pipe_in(r"\\*\IPC$", "samr"))
            }
            name if name.contains("psexec") => (pipe("x-stdin"), pipe("PSEXESVC-WS1-4-stdin")),
            name if name.contains("sensitive_fext") => (open("C$", "mail.pst"), open("C$", "mail.txt")),
            name if name.contains("credential_data") => (open("C$", r"\ntds.dit"), open("C$", "notes.txt")),
            other => panic!("{other}: say here what it finds"),
        };
        assert_eq!(matches(&set, &firing), [0], "{name}");
        assert_eq!(matches(&set, &silent), [], "{name}");
        seen += 1;
    }
    assert!(seen == 0 || seen >= 7, "{seen}");
}

#[test]
fn the_rule_for_the_kerberos_log_of_zeek_loads_and_asks_for_what_only_a_key_centre_sees() {
    for (name, text) in published("zeek_susp_kerberos") {
        let (set, findings) = load(&text);
        assert!(findings.is_empty() && set.rules().len() == 1, "{name}: {}", shown(&findings));
        assert_eq!(matches(&set, &logon(true, AuthResult::Accepted)), [], "{name}");
    }
}
