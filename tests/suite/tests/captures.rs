//! Some of the project's own captures in detail: endpoints and protection of each call, and how they were put together.
//! What the list of captures claims of each of them is tested in `manifest.rs`.
//!
//! What they show was read from Wireshark's dissector (4.0.17, `-Y dcerpc`), and levels that stand only in binds from the
//! command that recorded them; nothing here was taken from our own output. Interfaces are written with the start of
//! their UUID, since Wireshark has other names for some.

use rpcscope_model::{BindResult, EventBody, Outcome};
use rpcscope_suite::manifest::own_captures;
use rpcscope_suite::reading::{Reading, read_file};
use std::collections::BTreeMap;

/// The calls of one capture: count, protocol sequence, endpoint, start of the interface's UUID, operation with its
/// number, protection, outcome.
type Shown = (u64, &'static str, &'static str, &'static str, &'static str, u16, &'static str, Outcome);

use Outcome::Replied;

const CAPTURES: &[(&str, &[Shown])] = &[
    ("bind-rejects-alter.pcap", &[(1, "ncacn_ip_tcp", "135", "e1af8308", "ept_map", 3, "-", Replied)]),
    // Frames 14 to 21 are inside SMB3 encryption.
    ("coerce-petitpotam-lsarpc.pcap", &[]),
    (
        "win-petitpotam-lsarpc.pcap",
        &[
            (1, "ncacn_np", "\\pipe\\lsarpc", "c681d488", "EfsRpcOpenFileRaw", 0, "-", Replied),
            (1, "ncacn_np", "\\pipe\\lsarpc", "c681d488", "EfsRpcEncryptFileSrv", 4, "-", Replied),
        ],
    ),
    ("scapy-ndr64-srv.pcap", &[(1, "ncacn_ip_tcp", "49800", "12345778", "SamrConnect", 0, "-", Replied)]),
    (
        "dcom-wmiexec-full-smb.pcap",
        &[
            (1, "ncacn_ip_tcp", "135", "000001a0", "RemoteCreateInstance", 4, "pkt_privacy", Replied),
            (1, "ncacn_ip_tcp", "49667", "f309ad18", "NTLMLogin", 6, "pkt_privacy", Replied),
            (1, "ncacn_ip_tcp", "49667", "00000131", "RemRelease", 5, "pkt_privacy", Replied),
            (1, "ncacn_ip_tcp", "49667", "9556dc99", "GetObject", 6, "pkt_privacy", Replied),
            (2, "ncacn_ip_tcp", "49667", "9556dc99", "ExecMethod", 24, "pkt_privacy", Replied),
        ],
    ),
    (
        "dcom-wmiexec-privacy.pcap",
        &[
            (1, "ncacn_ip_tcp", "135", "000001a0", "RemoteCreateInstance", 4, "pkt_privacy", Replied),
            (1, "ncacn_ip_tcp", "49667", "f309ad18", "NTLMLogin", 6, "pkt_privacy", Replied),
            (1, "ncacn_ip_tcp", "49667", "00000131", "RemRelease", 5, "pkt_privacy", Replied),
            (1, "ncacn_ip_tcp", "49667", "9556dc99", "GetObject", 6, "pkt_privacy", Replied),
            (1, "ncacn_ip_tcp", "49667", "9556dc99", "ExecMethod", 24, "pkt_privacy", Replied),
        ],
    ),
    (
        "frag-plain-tcp-16.pcap",
        &[
            (1, "ncacn_ip_tcp", "135", "e1af8308", "ept_map", 3, "-", Replied),
            (1, "ncacn_ip_tcp", "49154", "12345778", "SamrConnect", 0, "pkt_integrity", Replied),
            (
                1,
                "ncacn_ip_tcp",
                "49154",
                "12345778",
                "SamrLookupDomainInSamServer",
                5,
                "pkt_integrity",
                Replied,
            ),
            (1, "ncacn_ip_tcp", "49154", "12345778", "SamrOpenDomain", 7, "pkt_integrity", Replied),
            (1, "ncacn_ip_tcp", "49154", "12345778", "SamrLookupNamesInDomain", 17, "pkt_integrity", Replied),
        ],
    ),
    ("http-v1-rpcdump-593.pcap", &[(2, "ncacn_http", "593", "e1af8308", "ept_lookup", 2, "-", Replied)]),
    // Wireshark sees it with its HTTP dissector switched off.
    (
        "http-v2-rpcmap-epm.pcap",
        &[(1, "ncacn_http", "80", "afa8bd80", "rpc__mgmt_inq_if_ids", 0, "pkt_privacy", Replied)],
    ),
    (
        "imp-dcsync-ntlm-ok.pcap",
        &[
            (1, "ncacn_ip_tcp", "135", "e1af8308", "ept_map", 3, "-", Replied),
            (1, "ncacn_ip_tcp", "49153", "e3514235", "IDL_DRSBind", 0, "pkt_privacy", Replied),
            (
                1,
                "ncacn_ip_tcp",
                "49153",
                "e3514235",
                "IDL_DRSDomainControllerInfo",
                16,
                "pkt_privacy",
                Replied,
            ),
            (1, "ncacn_ip_tcp", "49153", "e3514235", "IDL_DRSCrackNames", 12, "pkt_privacy", Replied),
            (1, "ncacn_ip_tcp", "49153", "e3514235", "IDL_DRSGetNCChanges", 3, "pkt_privacy", Replied),
        ],
    ),
    ("py-samr-ndr64-rejected.pcap", &[(1, "ncacn_ip_tcp", "135", "e1af8308", "ept_map", 3, "-", Replied)]),
    ("rpcc-np-lsa-nt1.pcap", LSA),
    ("rpcc-np-lsa-smb3_11.pcap", LSA),
    (
        "rpcc-np-samr-seal.pcap",
        &[
            (4, "ncacn_np", "\\pipe\\samr", "12345778", "SamrConnect5", 64, "pkt_privacy", Replied),
            (
                1,
                "ncacn_np",
                "\\pipe\\samr",
                "12345778",
                "SamrEnumerateDomainsInSamServer",
                6,
                "pkt_privacy",
                Replied,
            ),
            (
                2,
                "ncacn_np",
                "\\pipe\\samr",
                "12345778",
                "SamrLookupDomainInSamServer",
                5,
                "pkt_privacy",
                Replied,
            ),
            (4, "ncacn_np", "\\pipe\\samr", "12345778", "SamrOpenDomain", 7, "pkt_privacy", Replied),
            (
                1,
                "ncacn_np",
                "\\pipe\\samr",
                "12345778",
                "SamrQueryInformationDomain",
                8,
                "pkt_privacy",
                Replied,
            ),
            (9, "ncacn_np", "\\pipe\\samr", "12345778", "SamrCloseHandle", 1, "pkt_privacy", Replied),
            (
                1,
                "ncacn_np",
                "\\pipe\\samr",
                "12345778",
                "SamrEnumerateUsersInDomain",
                13,
                "pkt_privacy",
                Replied,
            ),
            (1, "ncacn_np", "\\pipe\\samr", "12345778", "SamrOpenUser", 34, "pkt_privacy", Replied),
            (
                1,
                "ncacn_np",
                "\\pipe\\samr",
                "12345778",
                "SamrQueryInformationUser",
                36,
                "pkt_privacy",
                Replied,
            ),
        ],
    ),
    ("rpcc-np-smb3-encrypted.pcap", &[]),
    (
        "rpcc-tcp-samr-ntlm-connect.pcap",
        &[
            (4, "ncacn_ip_tcp", "135", "e1af8308", "ept_map", 3, "-", Replied),
            (4, "ncacn_ip_tcp", "49154", "12345778", "SamrConnect5", 64, "connect", Replied),
            (
                1,
                "ncacn_ip_tcp",
                "49154",
                "12345778",
                "SamrEnumerateDomainsInSamServer",
                6,
                "connect",
                Replied,
            ),
            (2, "ncacn_ip_tcp", "49154", "12345778", "SamrLookupDomainInSamServer", 5, "connect", Replied),
            (4, "ncacn_ip_tcp", "49154", "12345778", "SamrOpenDomain", 7, "connect", Replied),
            (1, "ncacn_ip_tcp", "49154", "12345778", "SamrQueryInformationDomain", 8, "connect", Replied),
            (9, "ncacn_ip_tcp", "49154", "12345778", "SamrCloseHandle", 1, "connect", Replied),
            (1, "ncacn_ip_tcp", "49154", "12345778", "SamrEnumerateUsersInDomain", 13, "connect", Replied),
            (1, "ncacn_ip_tcp", "49154", "12345778", "SamrOpenUser", 34, "connect", Replied),
            (1, "ncacn_ip_tcp", "49154", "12345778", "SamrQueryInformationUser", 36, "connect", Replied),
        ],
    ),
    ("scapy-tcp-64.pcap", SCAPY),
    ("scapy-tcp-big.pcap", SCAPY),
    (
        // Wireshark calls it PROFINET IO and its operations Connect, Release, Read, Write and Read Implicit; it is no
        // interface of Windows, and the catalogue has no names for it.
        "udp-v4-pnio-epm-read.pcap",
        &[
            (1, "ncadg_ip_udp", "34964", "e1af8308", "ept_lookup", 2, "-", Replied),
            (1, "ncadg_ip_udp", "34964", "dea00001", "Connect", 0, "-", Replied),
            (1, "ncadg_ip_udp", "34964", "dea00001", "Release", 1, "-", Replied),
            (4, "ncadg_ip_udp", "34964", "dea00001", "Read", 2, "-", Replied),
            (1, "ncadg_ip_udp", "34964", "dea00001", "Write", 3, "-", Replied),
            (1, "ncadg_ip_udp", "34964", "dea00001", "ReadImplicit", 5, "-", Replied),
        ],
    ),
    (
        "win-services-create.pcap",
        &[
            (1, "ncacn_np", "\\pipe\\svcctl", "367abb81", "ROpenSCManagerW", 15, "-", Replied),
            (1, "ncacn_np", "\\pipe\\svcctl", "367abb81", "RCreateServiceW", 12, "-", Replied),
            (1, "ncacn_np", "\\pipe\\svcctl", "367abb81", "RCloseServiceHandle", 0, "-", Replied),
        ],
    ),
];

const LSA: &[Shown] = &[
    (3, "ncacn_np", "\\pipe\\lsarpc", "12345778", "LsarOpenPolicy", 6, "-", Replied),
    (1, "ncacn_np", "\\pipe\\lsarpc", "12345778", "LsarQueryInformationPolicy", 7, "-", Replied),
    (3, "ncacn_np", "\\pipe\\lsarpc", "12345778", "LsarClose", 0, "-", Replied),
    (1, "ncacn_np", "\\pipe\\lsarpc", "12345778", "LsarLookupNames", 14, "-", Replied),
    (1, "ncacn_np", "\\pipe\\lsarpc", "12345778", "LsarLookupSids", 15, "-", Replied),
];

const SCAPY: &[Shown] = &[
    (1, "ncacn_ip_tcp", "135", "e1af8308", "ept_map", 3, "-", Replied),
    (1, "ncacn_ip_tcp", "49154", "12345778", "SamrConnect", 0, "-", Replied),
];

fn read(name: &str) -> Reading {
    read_file(&own_captures().join(name)).expect("a capture of our own")
}

#[test]
fn each_capture_shows_the_calls_that_wireshark_shows() {
    for (name, shown) in CAPTURES {
        let mut found: BTreeMap<_, u64> = BTreeMap::new();
        for (header, call) in read(name).calls() {
            let uuid = call.interface.map(|interface| interface.syntax.uuid.to_string()).unwrap_or_default();
            let level = call.security.and_then(|security| security.level.name()).unwrap_or("-");
            let key = (
                header.transport.name(),
                call.endpoint.to_string(),
                uuid.get(..8).unwrap_or_default().to_owned(),
                call.procedure.unwrap_or_default(),
                call.opnum.map(|opnum| opnum.0).unwrap_or(u16::MAX),
                level,
                call.outcome,
            );
            assert_eq!(call.sealed, level == "pkt_privacy", "{name}");
            *found.entry(key).or_default() += 1;
        }
        let expected: BTreeMap<_, u64> = shown
            .iter()
            .map(|(count, transport, endpoint, uuid, procedure, opnum, level, outcome)| {
                let (endpoint, uuid) = ((*endpoint).to_owned(), (*uuid).to_owned());
                ((*transport, endpoint, uuid, *procedure, *opnum, *level, *outcome), *count)
            })
            .collect();
        assert_eq!(found, expected, "{name}");
    }
}

/// Start of the interface's UUID, result and reason of each context that a bind was refused.
fn rejected(name: &str) -> Vec<(String, u16, u16)> {
    let mut all = Vec::new();
    for event in read(name).events {
        let EventBody::Bind(bind) = event.body else { continue };
        assert!(matches!(bind.result, BindResult::Acknowledged { .. }), "{name}");
        for context in bind.contexts {
            if let Some((result @ 1..=2, reason)) = context.answer {
                all.push((context.interface.syntax.uuid.to_string()[..8].to_owned(), result, reason));
            }
        }
    }
    all
}

#[test]
fn rejected_contexts_are_told_with_result_and_reason() {
    // Provider rejection, abstract syntax not supported.
    assert_eq!(rejected("bind-rejects-alter.pcap"), [("deadbeef".to_owned(), 2, 1)]);
    // Provider rejection, proposed transfer syntaxes not supported.
    assert_eq!(rejected("py-samr-ndr64-rejected.pcap"), [("12345778".to_owned(), 2, 2)]);
    assert_eq!(rejected("scapy-tcp-64.pcap"), [("12345778".to_owned(), 2, 2)]);
    assert_eq!(rejected("scapy-tcp-big.pcap"), []);
}

#[test]
fn calls_over_an_association_whose_ndr64_was_rejected_are_in_ndr() {
    for name in ["scapy-tcp-64.pcap", "scapy-tcp-big.pcap"] {
        let reading = read(name);
        assert!(reading.calls().all(|(_, call)| call.transfer_syntax == Some(rpcscope_model::NDR)), "{name}");
    }
}

#[test]
fn encrypted_smb_is_counted_message_by_message() {
    // Counted with tshark -Y 'smb2.server_component_smb2_transform == 0x534d42fd' or the like: messages, not frames.
    for (name, messages) in [("coerce-petitpotam-lsarpc.pcap", 8), ("win-services-create.pcap", 0)] {
        assert_eq!(read(name).stats.smb_encrypted, messages, "{name}");
    }
}

#[test]
fn fragments_are_joined_into_calls() {
    let reading = read("frag-plain-tcp-16.pcap");
    let fragments: u32 =
        reading.calls().filter_map(|(_, call)| call.request).map(|part| part.fragments).sum();
    // Wireshark shows 465 request PDUs.
    assert_eq!(fragments, 465);
    assert!(reading.calls().all(|(_, call)| call.request.is_some_and(|part| part.complete)));
    assert!(reading.calls().all(|(_, call)| call.reply.is_some_and(|(_, part)| part.complete)));
}
