//! Which words of the command that was run appear in which argument of which operation, in our own captures.

use crate::lines::{lines, procedure, says};
use rpcscope_suite::manifest::{manifest, own_captures};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Where a word comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Source {
    /// The command that the manifest names.
    Command,
    /// What the program of that command does by itself: its constants, or its input.
    Program,
}
use Source::{Command, Program};

/// A capture, an operation, the argument that must have a word in it, the word, and where the word comes from.
type Row = (&'static str, &'static str, &'static str, &'static str, Source);

const ROWS: &[Row] = &[
    // Services.
    ("imp-services-create", "RCreateServiceW", "service", "labsvc", Command),
    ("imp-services-create", "RCreateServiceW", "display_name", "labsvc", Command),
    ("imp-services-create", "RCreateServiceW", "binary_path", "C:\\lab.exe", Command),
    ("win-services-create", "RCreateServiceW", "service", "labsvc", Command),
    ("win-services-create", "RCreateServiceW", "binary_path", "C:\\lab.exe", Command),
    ("win-smbexec", "RCreateServiceW", "binary_path", "%COMSPEC% /Q /c echo whoami", Program),
    ("win-smbexec", "RStartServiceW", "service", "TndAcxRk", Program),
    ("win-smbexec", "RDeleteService", "service", "TndAcxRk", Program),
    ("win-rust-svcctl", "RCreateServiceW", "binary_path", "cmd.exe /c whoami", Program),
    ("win-rust-svcctl", "RCreateServiceW", "start_type", "demand", Program),
    ("imp-services-list", "REnumServicesStatusW", "service_state", "all", Program),
    // Registry.
    ("imp-reg-query", "ROpenServiceW", "service", "RemoteRegistry", Program),
    (
        "imp-reg-query",
        "BaseRegOpenKey",
        "key",
        "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion",
        Command,
    ),
    ("imp-reg-query", "BaseRegEnumValue", "value", "SystemRoot", Program),
    (
        "net-rpc-registry",
        "BaseRegOpenKey",
        "key",
        "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion",
        Command,
    ),
    ("net-rpc-registry", "BaseRegEnumKey", "key", "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", Command),
    (
        "imp-secretsdump-remote",
        "BaseRegOpenKey",
        "key",
        "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Lsa\\JD",
        Program,
    ),
    // Accounts and names.
    ("imp-addcomputer-samr", "SamrCreateUser2InDomain", "account", "LABPC2$", Command),
    ("imp-addcomputer-samr", "SamrSetInformationUser2", "account", "LABPC2$", Command),
    ("imp-addcomputer-samr", "SamrLookupDomainInSamServer", "domain", "LAB", Command),
    ("imp-changepasswd-reset", "SamrLookupNamesInDomain", "names", "alice", Command),
    ("imp-changepasswd-samr", "SamrUnicodeChangePasswordUser2", "account", "alice", Command),
    ("imp-lookupsid", "LsarLookupSids", "sids", "S-1-5-21-1158133822-337159031-3147065266-1", Program),
    ("imp-samrdump", "SamrEnumerateUsersInDomain", "accounts", "krbtgt", Program),
    ("ipv6-np-lsa", "LsarLookupNames", "names", "Administrator", Command),
    ("ipv6-np-lsa", "LsarLookupSids", "sids", "S-1-5-32-544", Command),
    ("rpcc-np-lsa-nt1", "LsarLookupSids", "sids", "S-1-5-32-544", Command),
    ("rpcc-np-lsa-smb2_02", "LsarLookupNames", "names", "Administrator", Command),
    ("rpcc-np-lsa-smb3_11", "LsarLookupNames", "names", "Administrator", Command),
    ("rpcc-np-samr-sign", "SamrOpenUser", "rid", "500", Command),
    ("rpcc-np-samr-sign", "SamrLookupDomainInSamServer", "domain", "LAB", Command),
    ("ipv6-tcp-samr", "SamrLookupDomainInSamServer", "domain", "LAB", Command),
    ("rpcc-np-netlogon", "NetrGetDCName", "domain", "LAB", Command),
    ("rpcc-np-netlogon", "DsrGetDcName", "controller", "\\\\dc1.lab.test", Program),
    ("rpcc-tcp-samr-ntlm-connect", "SamrOpenUser", "rid", "500", Command),
    ("rpcc-tcp-samr-ntlm-sign", "SamrLookupDomainInSamServer", "domain", "LAB", Command),
    ("rpcc-tcp-samr-krb5-sign", "SamrLookupDomainInSamServer", "domain", "LAB", Command),
    ("rpcc-tcp-samr-spnego-sign", "SamrLookupDomainInSamServer", "domain", "LAB", Command),
    ("frag-plain-tcp-16", "SamrLookupNamesInDomain", "names", "user0000", Program),
    // Secure channels and Zerologon.
    ("benign-domain-join", "NetrServerAuthenticate3", "account", "MEMBER$", Program),
    ("benign-secure-channel", "NetrServerAuthenticate3", "machine", "dc1.lab.test", Command),
    ("schannel-aes-integrity", "NetrServerAuthenticate3", "account", "LABPC1$", Command),
    ("schannel-rc4-privacy", "NetrServerAuthenticate3", "account", "LABPC1$", Command),
    ("zerologon-50", "NetrServerAuthenticate2", "account", "DC1$", Program),
    ("zerologon-50", "NetrServerAuthenticate2", "credential_is_zero", "true", Program),
    ("zerologon-50", "NetrServerReqChallenge", "challenge_is_zero", "true", Program),
    // Shares, sessions and printers.
    ("benign-administration", "NetrSessionEnum", "sessions", "LAB\\Administrator", Program),
    ("benign-administration", "NetrShareEnumSticky", "shares", "sysvol", Program),
    ("benign-file-share", "NetrShareEnum", "machine", "10.99.0.1", Command),
    ("benign-file-share", "NetrShareEnum", "shares", "files", Command),
    ("benign-print", "RpcEnumPrinterDrivers", "environment", "Windows x64", Program),
    // Coercion: the host that the server is made to call.
    ("coerce-dfscoerce", "NetrDfsRemoveStdRoot", "coerced_to", "10.99.0.2", Program),
    ("coerce-evencoerce", "ElfrOpenBELW", "coerced_to", "10.99.0.2", Program),
    ("coerce-evencoerce", "ElfrOpenBELW", "file", "\\??\\UNC\\10.99.0.2\\share", Program),
    ("coerce-printerbug", "RpcOpenPrinter", "printer", "10.99.0.1", Command),
    (
        "coerce-printerbug",
        "RpcRemoteFindFirstPrinterChangeNotificationEx",
        "coerced_to",
        "10.99.0.2",
        Program,
    ),
    ("win-dfscoerce", "NetrDfsRemoveStdRoot", "coerced_to", "10.99.0.2", Program),
    ("win-petitpotam-lsarpc", "EfsRpcOpenFileRaw", "coerced_to", "10.99.0.2", Program),
    ("win-petitpotam-lsarpc", "EfsRpcEncryptFileSrv", "file", "\\\\10.99.0.2\\share\\x.txt", Program),
    // Endpoint maps and management.
    ("imp-rpcdump", "ept_lookup", "entries", "dnsserver", Program),
    ("http-v1-rpcdump-593", "ept_lookup", "entries", "\\pipe\\dnsserver", Program),
    ("rpcc-tcp-epmapper", "ept_map", "interface", "12345778-1234-abcd-ef00-0123456789ab", Program),
    ("mgmt-tcp135", "rpc__mgmt_inq_if_ids", "interfaces", "e1af8308-5d1f-11c9-91a4-08002b14a0fa", Program),
    // DCOM: classes, members and their arguments.
    ("dcom-activation-denied", "RemoteActivation", "clsid", WBEM_LEVEL1_LOGIN, Program),
    ("dcom-remote-activation-connect", "RemoteActivation", "clsid", WBEM_LEVEL1_LOGIN, Program),
    ("dcom-class-object-connect", "RemoteGetClassObject", "clsid", WBEM_LEVEL1_LOGIN, Program),
    ("dcom-mmc20-all-connect", "RemoteCreateInstance", "clsid", MMC20, Program),
    ("dcom-mmc20-all-connect", "GetIDsOfNames", "member", "ExecuteShellCommand", Program),
    ("dcom-mmc20-all-connect", "Invoke", "arguments", "cmd.exe", Command),
    ("dcom-mmc20-all-connect", "Invoke", "arguments", "/c whoami > C:\\lab.txt", Command),
    ("dcom-mmc20-all-integrity", "RemoteCreateInstance", "clsid", MMC20, Program),
    ("dcom-mmc20-all-integrity", "Invoke", "arguments", "/c whoami > C:\\lab.txt", Command),
    ("dcom-shellbrowserwindow-integrity", "GetIDsOfNames", "member", "ShellExecute", Program),
    ("dcom-shellbrowserwindow-integrity", "Invoke", "arguments", "/c whoami > C:\\lab.txt", Command),
    ("dcom-shellwindows-integrity", "Invoke", "arguments", "/c whoami > C:\\lab.txt", Command),
    ("dcom-oxid-serveralive2", "ServerAlive2", "bindings", "10.99.1.1", Command),
    // WMI.
    ("dcom-wmi-smart-enumerator", "ExecQuery", "query", "select Name from Win32_Process", Program),
    ("dcom-wmi-smart-enumerator", "Next", "classes", "Win32_Process", Program),
    ("dcom-wmiquery-integrity", "ExecQuery", "query", "select * from Win32_Process", Program),
    ("dcom-wmiquery-integrity", "NTLMLogin", "namespace", "//./root/cimv2", Program),
    ("dcom-wmiexec-all-connect", "RemoteCreateInstance", "clsid", WBEM_LEVEL1_LOGIN, Program),
    ("dcom-wmiexec-all-connect", "ExecMethod", "command_line", WMI_COMMAND, Command),
    ("dcom-wmiexec-all-integrity", "ExecMethod", "command_line", WMI_COMMAND, Command),
    ("dcom-wmiexec-all-packet", "RemoteCreateInstance", "clsid", WBEM_LEVEL1_LOGIN, Program),
    ("dcom-wmiexec-integrity", "ExecMethod", "command_line", WMI_COMMAND, Command),
    ("dcom-wmiexec-krb-connect", "ExecMethod", "command_line", WMI_COMMAND, Command),
    ("dcom-wmiexec-krb-integrity", "ExecMethod", "command_line", WMI_COMMAND, Command),
    ("ipv6-dcom-wmiexec", "ExecMethod", "command_line", WMI_COMMAND, Command),
    ("vlan-dcom-wmiexec", "ExecMethod", "command_line", WMI_COMMAND, Command),
    ("vxlan-dcom-wmiexec", "ExecMethod", "command_line", WMI_COMMAND, Command),
    ("vxlan-dcom-wmiexec", "ExecMethod", "method", "Create", Program),
    ("vxlan-dcom-wmiexec", "ExecMethod", "object_path", "Win32_Process", Program),
];

const WMI_COMMAND: &str = "cmd.exe /c whoami > C:\\lab.txt";
const WBEM_LEVEL1_LOGIN: &str = "8bc3f05e-d86b-11d0-a075-00c04fb68820";
const MMC20: &str = "49b2791a-b1ae-4c90-9b8e-e860ba07f889";

/// Captures in clear of which no word is asked: their calls have no argument that a command or a program names.
const WITHOUT_WORDS: &[&str] = &[
    "bind-alter-np",
    "rpcc-np-anon",
    "rpcc-tcp-badpw",
    "scapy-ndr64-srv",
    "scapy-np-big-wks",
    "scapy-tcp-64",
    "scapy-tcp-big",
    "scapy-tcp-big-integ",
    "scapy-tcp-pkt",
    "smb2-compound-async",
    "udp-v4-pnio-epm-read",
];

/// Captures in which only the way to the server is in clear: the question to the endpoint mapper.
const ONLY_ENDPOINTS: &[&str] = &[
    "bind-rejects-alter",
    "frag-privacy-tcp-100",
    "imp-dcsync-krb",
    "imp-dcsync-ntlm-ok",
    "py-samr-bigendian-seal",
    "py-samr-ndr64-rejected",
    "rpcc-tcp-lsa-ntlm-seal",
    "rpcc-tcp-samr-krb5-seal",
    "rpcc-tcp-samr-ntlm-seal",
    "rpcc-tcp-samr-spnego-krb5-seal",
    "rpcc-tcp-samr-spnego-seal",
    "rust-dcsync",
    "scapy-tcp-priv-spnego",
    "st-drs-bind",
];

/// Captures in which nothing is in clear that is decoded: all is sealed or encrypted, no call was made, or its operation
/// has no decoder.
const NOTHING_IN_CLEAR: &[&str] = &[
    "benign-logon-group-policy",
    "benign-wmi-monitoring",
    "bind-nak",
    "coerce-petitpotam-lsarpc",
    "dcom-mmc20-all-privacy",
    "dcom-remote-activation-privacy",
    "dcom-wmiexec-all-privacy",
    "dcom-wmiexec-badpw",
    "dcom-wmiexec-denied",
    "dcom-wmiexec-full-smb",
    "dcom-wmiexec-krb-privacy",
    "dcom-wmiexec-privacy",
    "dcom-wmiexec-privacy-frag512",
    "dcom-wmiquery-privacy",
    "frag-privacy-np-128",
    "http-v2-rpcmap-epm",
    "imp-machine-role",
    "imp-rpcmap-brute-opnums",
    "rpcc-np-samr-krb5-seal",
    "rpcc-np-samr-seal",
    "rpcc-np-smb3-encrypted",
    "rust-wmi",
    "scapy-ndr64-srv-priv",
    "win-atexec",
    "win-petitpotam-efsrpc",
    "win-rust-efsr",
    "win-rust-tsch",
    "win-shadowcoerce",
];

/// Calls of each capture, by its name without ending.
fn captures() -> BTreeMap<String, (String, Vec<Value>)> {
    let entries = manifest().captures.into_iter();
    entries
        .map(|entry| {
            let calls = lines(&own_captures().join(&entry.file)).into_iter();
            let calls = calls.filter(|line| procedure(line).is_some()).collect();
            (entry.file.trim_end_matches(".pcap").to_owned(), (entry.command, calls))
        })
        .collect()
}

#[test]
fn the_words_of_commands_appear_in_arguments() {
    let captures = captures();
    let mut missing = String::new();
    for (capture, operation, argument, word, source) in ROWS {
        let (command, calls) = captures.get(*capture).unwrap_or_else(|| panic!("no capture {capture}"));
        if *source == Command {
            assert!(command.contains(word), "{capture}: {word}");
        }
        let found = calls.iter().any(|call| {
            procedure(call) == Some(operation) && says(&call["rpcscope"]["args"][argument], word)
        });
        if !found {
            missing += &format!("{capture}: {operation} has no {argument} with {word}\n");
        }
    }
    assert!(missing.is_empty(), "{missing}");
}

#[test]
fn it_is_known_of_each_capture_whether_it_is_in_clear() {
    let (mut clear, mut endpoints, mut nothing) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (capture, (_, calls)) in captures() {
        let mut decoded = calls.iter().filter(|call| call["rpcscope"]["args"].is_object()).peekable();
        let list = if decoded.peek().is_none() {
            &mut nothing
        } else if decoded.all(|call| procedure(call) == Some("ept_map")) {
            &mut endpoints
        } else {
            &mut clear
        };
        list.insert(capture);
    }
    let words = ROWS.iter().map(|(capture, ..)| *capture).chain(WITHOUT_WORDS.iter().copied());
    assert_same("in clear", &clear, words);
    assert_same("endpoints only", &endpoints, ONLY_ENDPOINTS.iter().copied());
    assert_same("nothing in clear", &nothing, NOTHING_IN_CLEAR.iter().copied());
}

fn assert_same(what: &str, found: &BTreeSet<String>, listed: impl Iterator<Item = &'static str>) {
    let listed: BTreeSet<String> = listed.map(str::to_owned).collect();
    let unlisted: Vec<&String> = found.difference(&listed).collect();
    let absent: Vec<&String> = listed.difference(found).collect();
    assert!(unlisted.is_empty() && absent.is_empty(), "{what}: not listed {unlisted:?}, not so {absent:?}");
}

#[test]
fn sealed_calls_have_no_arguments() {
    let mut sealed = 0;
    for (capture, (_, calls)) in captures() {
        for call in calls.iter().filter(|call| call["rpcscope"]["sealed"] == true) {
            assert!(call["rpcscope"]["args"].is_null(), "{capture}: {call}");
            sealed += 1;
        }
    }
    assert!(sealed > 100, "{sealed} sealed calls");
}
