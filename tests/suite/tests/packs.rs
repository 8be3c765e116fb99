//! The rule packs: that they are written as they should be, that intrusions are told by the right rules, and that a
//! quiet day is quiet.

use rpcscope_catalog::{Category, classes};
use rpcscope_model::Calls;
use rpcscope_suite::corpus::{corpus, workspace};
use rpcscope_suite::packs::{Packs, folder, ids};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use uuid::{Uuid, Variant};

/// Captures of real intrusions, below the captures of the corpus, and the rules that tell of each: all that alert at
/// level `low` or above.
const INTRUSIONS: &[(&str, &[&str])] = &[
    (
        "lateral/Wmiexec-Regout-Whoami.pcap",
        &[
            "lateral-movement/wmi-process-created",
            "lateral-movement/wmi-registry-written",
            "wmi/wmi-activated",
            "wmi/wmi-login",
            "wmi/wmi-method-called",
        ],
    ),
    (
        "lateral/atexec_.pcap",
        &[
            "lateral-movement/administrative-share-opened",
            "lateral-movement/remote-task-came-and-went",
            "lateral-movement/remote-task-registered",
            "lateral-movement/remote-task-run",
            "lateral-movement/remote-task-runs-a-shell",
        ],
    ),
    (
        "lateral/dcsync_secretsdump.pcap",
        &[
            "credential-access/directory-replicated",
            "credential-access/directory-replicated-after-lookup",
            "credential-access/directory-replicated-by-a-user",
            "discovery/accounts-listed",
        ],
    ),
    (
        "lateral/ipconf1.pcap",
        &[
            "lateral-movement/wmi-process-created",
            "wmi/wmi-activated",
            "wmi/wmi-login",
            "wmi/wmi-method-called",
        ],
    ),
    (
        "lateral/mmcexec.pcap",
        &[
            "lateral-movement/administrative-share-opened",
            "lateral-movement/dcom-automation-bound",
            "lateral-movement/dcom-member-runs-a-program",
            "lateral-movement/output-fetched-after-execution",
        ],
    ),
    ("lateral/net_group_DAs.pcap", &["discovery/group-members-read", "discovery/privileged-group-read"]),
    (
        "lateral/netshareenum.pcap",
        &["discovery/shares-read-repeatedly", "lateral-movement/administrative-share-opened"],
    ),
    (
        "lateral/psexec_calc.pcap",
        &[
            "discovery/service-manager-opened-for-everything",
            "lateral-movement/administrative-share-opened",
            "lateral-movement/execution-pipe-opened",
            "lateral-movement/program-dropped-for-a-service",
            "lateral-movement/program-written-to-administrative-share",
            "lateral-movement/remote-service-created",
            "lateral-movement/remote-service-started",
        ],
    ),
    (
        "lateral/psexec_cmd.pcap",
        &[
            "lateral-movement/administrative-share-opened",
            "lateral-movement/execution-pipe-opened",
            "lateral-movement/file-written-to-administrative-share",
            "lateral-movement/output-fetched-after-execution",
            "lateral-movement/program-dropped-for-a-service",
            "lateral-movement/program-written-to-administrative-share",
            "lateral-movement/remote-service-came-and-went",
            "lateral-movement/remote-service-created",
            "lateral-movement/remote-service-started",
        ],
    ),
    ("lateral/samrdump.pcap", &["discovery/accounts-listed", "discovery/accounts-read-one-by-one"]),
    ("lateral/schtasks.pcap", &["lateral-movement/remote-task-registered"]),
    (
        "lateral/sharp-no-psexec.pcap",
        &[
            "discovery/service-configurations-read",
            "lateral-movement/remote-service-borrowed",
            "lateral-movement/remote-service-reconfigured",
            "lateral-movement/remote-service-started",
        ],
    ),
    (
        "lateral/smbexec.pcap",
        &[
            "lateral-movement/administrative-share-opened",
            "lateral-movement/output-fetched-after-execution",
            "lateral-movement/remote-service-came-and-went",
            "lateral-movement/remote-service-created",
            "lateral-movement/remote-service-runs-a-shell",
            "lateral-movement/remote-service-started",
        ],
    ),
    ("lateral/wmi_commands_calc.pcap", &["wmi/wmi-activated", "wmi/wmi-login", "wmi/wmi-method-called"]),
    (
        "lateral/wmi_exec1.pcap",
        &[
            "lateral-movement/administrative-share-opened",
            "lateral-movement/output-fetched-after-execution",
            "lateral-movement/wmi-process-created",
            "wmi/wmi-activated",
            "wmi/wmi-login",
            "wmi/wmi-method-called",
        ],
    ),
    (
        "lateral/wmi_query.pcap",
        &[
            "lateral-movement/wmi-process-created",
            "wmi/activation-refused",
            "wmi/wmi-activated",
            "wmi/wmi-activation-refused",
            "wmi/wmi-login",
            "wmi/wmi-method-called",
        ],
    ),
    (
        "lateral/wmiexec.pcap",
        &[
            "lateral-movement/administrative-share-opened",
            "lateral-movement/output-fetched-after-execution",
            "lateral-movement/wmi-process-created",
            "wmi/wmi-activated",
            "wmi/wmi-login",
            "wmi/wmi-method-called",
        ],
    ),
    (
        "otrf/covenant_copy_smb_CreateRequest_2020-09-22145302.cap",
        &[
            "lateral-movement/administrative-share-opened",
            "lateral-movement/file-written-to-administrative-share",
            "lateral-movement/program-written-to-administrative-share",
        ],
    ),
    (
        "otrf/covenant_dcom_registerxll_2020-09-18145959.cap",
        &[
            "lateral-movement/dcom-automation-bound",
            "lateral-movement/dcom-member-runs-a-program",
            "lateral-movement/office-activated",
        ],
    ),
    (
        "otrf/covenant_dcsync_dcerpc_drsuapi_DsGetNCChanges_2020-08-05020926.cap",
        &["credential-access/directory-replicated", "credential-access/directory-replicated-after-lookup"],
    ),
    (
        "otrf/covenant_sharpsc_create_dcerpc_smb_svcctl_2020-08-06022635.cap",
        &["lateral-movement/remote-service-created"],
    ),
    (
        "otrf/covenant_sharpwmi_create_dcerpc_wmi_2020-08-06035621.cap",
        &["wmi/wmi-activated", "wmi/wmi-login", "wmi/wmi-method-called"],
    ),
    (
        "otrf/covenant_wmi_remote_event_subscription_ActiveScriptEventConsumers_WORKSTATION5_2020-09-01103012.cap",
        &[
            "persistence/wmi-object-written",
            "persistence/wmi-subscription-written",
            "wmi/wmi-activated",
            "wmi/wmi-login",
        ],
    ),
    (
        "otrf/covenant_wmi_remote_event_subscription_ActiveScriptEventConsumers_WORKSTATION6_2020-09-01103012.cap",
        &[
            "persistence/wmi-object-written",
            "persistence/wmi-subscription-written",
            "wmi/wmi-activated",
            "wmi/wmi-login",
        ],
    ),
    (
        "otrf/empire_find_localadmin_smb_svcctl_OpenSCManager_2020-09-22021559.cap",
        &["discovery/service-manager-opened-for-everything"],
    ),
    (
        "otrf/empire_psexec_dcerpc_tcp_svcctl_WORKSTATION5_2020-09-20121608.cap",
        &[
            "lateral-movement/remote-service-came-and-went",
            "lateral-movement/remote-service-created",
            "lateral-movement/remote-service-started",
        ],
    ),
    (
        "otrf/empire_psexec_dcerpc_tcp_svcctl_WORKSTATION6_2020-09-20121608.cap",
        &[
            "lateral-movement/remote-service-came-and-went",
            "lateral-movement/remote-service-created",
            "lateral-movement/remote-service-started",
        ],
    ),
    (
        "otrf/empire_shell_rpc_samr_smb_group_domain_admins_standard_user_2020-09-21040850.cap",
        &["discovery/group-members-read", "discovery/privileged-group-read"],
    ),
    ("otrf/schtask_create_2020-12-1907003032.pcapng", &["lateral-movement/remote-task-registered"]),
    (
        "pcap-attack/CA_LM_SpoolSample_SMB_BiAuth.pcapng",
        &["coercion/print-notification-requested", "coercion/print-notification-sent-elsewhere"],
    ),
    ("pcap-attack/CA_masterkey_rpc_protectedstorage.pcapng", &["credential-access/backup-key-used"]),
    (
        "pcap-attack/CVE-2020-1472_Zerologon_RPC_NetLogon_NullChallenge_SecChan_6_from_nonDC_to_DC.pcapng",
        &[
            "credential-access/machine-password-set-in-clear",
            "credential-access/secure-channel-attempts-repeated",
            "credential-access/secure-channel-credential-of-zeros",
        ],
    ),
    (
        "pcap-attack/DCSync_krbtgt_dcerpc_smb.pcapng",
        &["credential-access/directory-replicated-on-an-unknown-interface"],
    ),
    (
        "pcap-attack/Discovery_privgroups_domain_admins_samr_lookupnames_req.pcapng",
        &["discovery/group-members-read", "discovery/privileged-group-read"],
    ),
    (
        "pcap-attack/LM_WMI_ProcessCallCreate.pcapng",
        &["wmi/wmi-activated", "wmi/wmi-login", "wmi/wmi-method-called"],
    ),
    (
        "pcap-attack/LM_smbexec_smb_dcerpc_svcctl_epm.pcapng",
        &[
            "lateral-movement/administrative-share-opened",
            "lateral-movement/output-fetched-after-execution",
            "lateral-movement/remote-service-came-and-went",
            "lateral-movement/remote-service-created",
            "lateral-movement/remote-service-started",
        ],
    ),
    (
        "pcap-attack/discovery_scan_dcerpc_endpoint_mapper.pcapng",
        &["discovery/endpoint-map-dumped", "discovery/endpoint-map-listed"],
    ),
    (
        "suricata-verify/bug-5133_input.pcap",
        &[
            "lateral-movement/administrative-share-opened",
            "lateral-movement/output-fetched-after-execution",
            "lateral-movement/remote-service-came-and-went",
            "lateral-movement/remote-service-created",
            "lateral-movement/remote-service-started",
        ],
    ),
    (
        "suricata-verify/smb-dce_iface_input.pcap",
        &["persistence/printer-driver-added", "persistence/printer-driver-from-a-share"],
    ),
    (
        "suricata-verify/smb2-05_20171220_smb_mimikatz_copy_to_host.pcap",
        &["lateral-movement/administrative-share-opened"],
    ),
    ("suricata-verify/smb2-06_20171220_smb_net_user.pcap", &["discovery/password-policy-read"]),
    ("zeek/doc_traces_20171220_smb_at_schedule.pcap", &["lateral-movement/at-job-added"]),
];

/// Captures of ordinary traffic, below the captures of the corpus.
const ORDINARY: &[&str] = &[
    "lateral/chip_host_signin.pcap",
    "lateral/normal_share_traversal.pcap",
    "lateral/windows_miscellany.pcap",
    "ndpi/default_dcerpc.pcap",
    "ndpi/default_kerberos.pcap",
    "ndpi/default_netbios.pcap",
    "ndpi/default_smb_deletefile.pcap",
    "otrf/covenant_psremoting_command_2020-08-06115603.cap",
    "zeek/dce-rpc_20-fids.pcap",
    "zeek/dce-rpc_mapi.pcap",
    "zeek/erspan.pcap",
    "zeek/smb_smb3_multichannel.pcap",
    "zeek/smb_smb_many_open_files_500.pcap",
];

const LOW_AND_ABOVE: &[&str] = &["low", "medium", "high", "critical"];
const ABOVE_LOW: &[&str] = &["medium", "high", "critical"];

#[test]
fn the_packs_load_without_a_finding() {
    let packs = Packs::load();
    let shown: Vec<String> = packs
        .findings
        .iter()
        .map(|finding| format!("{}:{}: {}", finding.file, finding.place.line, finding.cause))
        .collect();
    assert!(shown.is_empty(), "{shown:#?}");
    assert!(packs.texts.len() >= 100, "{} files", packs.texts.len());
}

#[test]
fn each_rule_says_what_it_finds_and_what_else_it_may_be() {
    let packs = Packs::load();
    let rules = packs.rules.rules().iter().enumerate().map(|(at, rule)| (at, &rule.meta));
    let first = packs.rules.rules().len();
    let correlations = packs.rules.correlations().iter().enumerate();
    let correlations = correlations.map(|(at, correlation)| (first + at, &correlation.meta));
    for (_, meta) in rules.chain(correlations).filter(|(at, _)| packs.rules.alerts(*at)) {
        let title = &meta.title;
        assert!(meta.description.as_ref().is_some_and(|text| text.len() > 60), "{title}: no description");
        assert!(!meta.false_positives.is_empty(), "{title}: no falsepositives");
        assert!(meta.status.is_some() && meta.level.is_some(), "{title}: no status or level");
        let technique = |tag: &String| {
            tag.strip_prefix("attack.t").is_some_and(|id| id.starts_with(|c: char| c.is_ascii_digit()))
        };
        assert!(meta.tags.iter().any(technique), "{title}: no technique");
    }
}

#[test]
fn ids_are_random_and_taken_once() {
    let packs = Packs::load();
    let mut seen = BTreeSet::new();
    for (name, text) in &packs.texts {
        for id in ids(text) {
            let uuid = Uuid::parse_str(id).unwrap_or_else(|error| panic!("{name}: {id}: {error}"));
            assert_eq!((uuid.get_version_num(), uuid.get_variant()), (4, Variant::RFC4122), "{name}: {id}");
            assert!(seen.insert(uuid), "{name}: {id} is taken");
        }
    }
}

#[test]
fn tests_stand_beside_every_rule() {
    let packs = Packs::load();
    for name in packs.texts.keys() {
        let tests = folder().join(format!("{name}.test.yml"));
        let text =
            std::fs::read_to_string(&tests).unwrap_or_else(|error| panic!("{}: {error}", tests.display()));
        assert!(text.contains("match_count: 0"), "{name}: no silent test");
    }
}

#[test]
fn the_list_of_packs_names_every_rule() {
    let list = std::fs::read_to_string(folder().join("README.md")).expect("the list of packs");
    for name in Packs::load().texts.keys() {
        let stem = name.split('/').next_back().unwrap_or(name);
        assert!(list.contains(&format!("`{stem}`")), "rules/README.md does not name {name}");
    }
}

#[test]
fn every_class_that_runs_code_is_in_a_rule() {
    let packs = Packs::load();
    for class in classes().iter().filter(|class| class.category == Category::LateralMovement) {
        let clsid = class.uuid.to_string();
        let rules: Vec<&String> =
            packs.texts.iter().filter(|(_, text)| text.contains(&clsid)).map(|(name, _)| name).collect();
        assert!(!rules.is_empty(), "{clsid} {}", class.name);
    }
}

/// Else every call of every connection would be told twice, once for its request.
#[test]
fn requests_are_told_for_some_operations_only() {
    assert!(matches!(Packs::load().rules.wanted().requests, Calls::Keyed(_)));
}

/// The lists of the settings: who may, and of whom nobody else may.
#[test]
fn lists_that_are_filled_in_work() {
    let pcaps = workspace().join("pcaps");
    let told = |settings: &str, capture: &str| {
        Packs::load_with(settings).rules_that_alert(&pcaps.join(capture), ABOVE_LOW)
    };
    let controllers = "networks: {domain_controllers: [10.99.0.1], legitimate_sources: []}\nlists: {replication_accounts: []}";
    let replicated = told(controllers, "imp-dcsync-ntlm-ok.pcap");
    assert!(
        replicated.contains("credential-access/directory-replicated-by-another-machine"),
        "{replicated:?}"
    );
    let notified = told(controllers, "coerce-printerbug.pcap");
    assert!(notified.contains("coercion/print-notification-of-a-domain-controller"), "{notified:?}");
    let both = "networks: {domain_controllers: [10.99.0.1, 10.99.0.2], legitimate_sources: []}\nlists: {replication_accounts: []}";
    assert_eq!(told(both, "imp-dcsync-ntlm-ok.pcap"), BTreeSet::new());
    let expected = "networks: {domain_controllers: [], legitimate_sources: [10.99.1.0/24]}\nlists: {replication_accounts: []}";
    assert_eq!(told(expected, "win-smbexec.pcap"), BTreeSet::new());
    assert_eq!(told(expected, "dcom-wmiexec-integrity.pcap"), BTreeSet::new());
    let account =
        "networks: {domain_controllers: [], legitimate_sources: []}\nlists: {replication_accounts: [admin*]}";
    let by_account = told(account, "imp-dcsync-ntlm-ok.pcap");
    assert!(!by_account.contains("credential-access/directory-replicated-by-a-user"), "{by_account:?}");
}

#[test]
fn a_quiet_day_is_quiet() {
    let packs = Packs::load();
    let mut captures: Vec<_> = std::fs::read_dir(workspace().join("pcaps"))
        .expect("the captures")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("benign-")))
        .collect();
    captures.sort();
    assert!(captures.len() >= 7);
    quiet(&packs, captures.iter().map(AsRef::as_ref));
}

#[test]
fn ordinary_traffic_of_others_is_quiet() {
    let Some(corpus) = corpus("ordinary traffic") else { return };
    let captures: Vec<_> = ORDINARY.iter().map(|name| corpus.join("captures").join(name)).collect();
    quiet(&Packs::load(), captures.iter().map(AsRef::as_ref));
}

fn quiet<'a>(packs: &Packs, captures: impl Iterator<Item = &'a Path>) {
    let loud: BTreeMap<&Path, _> = captures
        .map(|capture| (capture, packs.rules_that_alert(capture, ABOVE_LOW)))
        .filter(|(_, rules)| !rules.is_empty())
        .collect();
    assert!(loud.is_empty(), "{loud:#?}");
}

#[test]
fn intrusions_are_told_by_the_right_rules() {
    let Some(corpus) = corpus("intrusions") else { return };
    let packs = Packs::load();
    for (name, expected) in INTRUSIONS {
        let told = packs.rules_that_alert(&corpus.join("captures").join(name), LOW_AND_ABOVE);
        let expected: BTreeSet<String> = expected.iter().map(ToString::to_string).collect();
        assert_eq!(told, expected, "{name}");
    }
}
