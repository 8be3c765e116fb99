"""Questions to a domain controller, and what attackers ask of it: accounts, names, replication, Netlogon."""

from .. import settings
from ..scenario import Scenario
from .commands import (
    DC,
    DC_ACCOUNT,
    DC_KEY,
    DC_TARGET,
    DC_TARGET_BY_NAME,
    IMPACKET_TICKETS,
    impacket,
    impacket_smb2,
    net,
    own,
    rpcclient,
    samba_tool,
)

DCSYNC = ("secretsdump.py", "-just-dc-user", "LAB/krbtgt")
MACHINE = {settings.MACHINE_ACCOUNT: settings.MACHINE_PASSWORD}
ALICE = settings.USERS["alice"]


def _schannel() -> list[Scenario]:
    account = (settings.MACHINE_ACCOUNT, settings.MACHINE_PASSWORD)
    return [
        Scenario(
            f"schannel-{cipher}-{name}",
            f"Netlogon over its own secure channel: {cipher.upper()}, level {name}",
            own("schannel", DC, level, *account, cipher),
            ("logon.NetrServerAuthenticate3 replied", f"Netlogon pkt_{name}"),
            accounts=MACHINE,
        )
        for cipher, name, level in (("rc4", "privacy", 6), ("aes", "integrity", 5))
    ]


SCENARIOS = (
    *_schannel(),
    Scenario("imp-rpcdump", "the endpoint mapper's whole map", impacket("rpcdump.py", DC), ("epm.ept_lookup replied",)),
    Scenario(
        "rpcc-tcp-epmapper",
        "the endpoint mapper asked for one interface, and for its whole map",
        rpcclient(f"ncacn_ip_tcp:{DC}", "epmmap; epmlookup"),
        ("epm.ept_map replied", "epm.ept_lookup replied"),
    ),
    Scenario(
        "imp-rpcmap-brute-opnums",
        "every operation of every interface of a port tried, most answered with faults",
        impacket(
            "rpcmap.py", "-brute-opnums", "-opnum-max", "16", "-auth-rpc", DC_ACCOUNT, f"ncacn_ip_tcp:{DC}[49152]"
        ),
        ("fault 0x1c010002",),
    ),
    Scenario(
        "imp-samrdump",
        "all users and what is known of them",
        impacket_smb2("samrdump.py", DC_TARGET),
        ("samr.SamrQueryInformationUser2 replied",),
    ),
    Scenario(
        "imp-lookupsid",
        "names looked up for one SID after another, up to 600",
        impacket_smb2("lookupsid.py", DC_TARGET, "600"),
        ("lsarpc.LsarLookupSids replied",),
    ),
    Scenario(
        "imp-machine-role",
        "the role of a machine",
        impacket_smb2("machine_role.py", DC_TARGET),
        ("dssetup.DsRolerGetPrimaryDomainInformation replied",),
    ),
    Scenario(
        "imp-addcomputer-samr",
        "a machine account created over samr",
        impacket_smb2(
            *("addcomputer.py", "-method", "SAMR", "-computer-name", "LABPC2$", "-computer-pass", "Lab-Pc2-Passw0rd!"),
            *("-dc-ip", DC, "-dc-host", settings.DC_NAME, DC_ACCOUNT),
        ),
        ("samr.SamrCreateUser2InDomain replied",),
        accounts={"LABPC2$": "Lab-Pc2-Passw0rd!"},
    ),
    Scenario(
        "imp-changepasswd-samr",
        "a user changes a password over a pipe",
        impacket_smb2(
            "changepasswd.py", f"LAB/alice:{ALICE}@{DC}", "-newpass", "Alice-Passw0rd2", "-protocol", "smb-samr"
        ),
        ("samr.SamrUnicodeChangePasswordUser2 replied",),
        accounts={"alice": ALICE},
    ),
    Scenario(
        "imp-changepasswd-reset",
        "an administrator resets a user's password",
        impacket_smb2(
            *("changepasswd.py", f"LAB/alice@{DC}", "-newpass", ALICE, "-protocol", "smb-samr", "-reset"),
            *("-altuser", f"LAB/{settings.ADMIN}", "-altpass", settings.ADMIN_PASSWORD),
        ),
        ("samr.SamrSetInformationUser replied",),
    ),
    Scenario(
        "imp-dcsync-ntlm-ok",
        "directory replication requested by a client that is no domain controller (DCSync)",
        own("interop", *DCSYNC, DC_TARGET),
        ("drsuapi.IDL_DRSBind replied", "drsuapi.IDL_DRSGetNCChanges replied", "NTLMSSP pkt_privacy"),
    ),
    Scenario(
        "imp-dcsync-krb",
        "the same with tickets: impacket's alter_context says its list of contexts twice, and the server refuses it",
        impacket(*DCSYNC, *IMPACKET_TICKETS, DC_TARGET_BY_NAME),
        ("fault 0x1c01000b", "SPNEGO pkt_privacy"),
        accounts=DC_KEY,
    ),
    Scenario(
        "imp-secretsdump-remote",
        "secrets read over the remote registry and by replication",
        impacket_smb2("secretsdump.py", DC_TARGET),
        ("winreg.OpenLocalMachine replied", "drsuapi.IDL_DRSGetNCChanges replied"),
    ),
    Scenario(
        "st-drs-bind",
        "an administrator's tool binds to the replication service",
        samba_tool("drs", "bind", settings.DC_NAME),
        ("drsuapi.IDL_DRSBind replied", "SPNEGO pkt_privacy"),
    ),
    Scenario(
        "zerologon-50",
        "fifty attempts at an empty credential (Zerologon), all refused",
        own("zerologon", DC, 50),
        ("logon.NetrServerReqChallenge replied", "logon.NetrServerAuthenticate2 replied"),
    ),
    Scenario(
        "mgmt-tcp135",
        "what every server tells of itself",
        own("binds", "management", DC),
        ("mgmt.rpc__mgmt_inq_if_ids replied",),
    ),
    Scenario(
        "bind-rejects-alter",
        "a bind to an unknown interface, rejected; and pipes inside SMB3 encryption",
        own("binds", "rejected", DC),
        ("deadbeef-1234-1234-1234-0123456789ab rejected 2/1",),
    ),
    Scenario(
        "bind-alter-np",
        "six contexts in one bind, five of them unknown; and a second interface by alter_context, over pipes",
        own("binds", "altered", DC),
        ("lsarpc.LsarOpenPolicy2 replied", "samr.SamrConnect replied"),
    ),
    Scenario(
        "bind-nak",
        "a type of authentication that the server does not know: bind_nak",
        own("binds", "nak", DC),
        ("bind_nak 8",),
    ),
    Scenario(
        "rpcc-np-netlogon",
        "domain controllers and trusts asked for over netlogon",
        rpcclient(f"ncacn_np:{DC}", "getdcname LAB; dsr_getdcname LAB; dsenumdomtrusts"),
        ("logon.DsrGetDcName replied", "logon.DsrEnumerateDomainTrusts replied"),
    ),
    Scenario(
        "net-rpc-registry",
        "a registry key enumerated",
        net("rpc", "registry", "enumerate", "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"),
        ("winreg.OpenLocalMachine replied", "winreg.BaseRegEnumKey replied"),
    ),
    Scenario(
        "imp-reg-query",
        "the remote registry started and a key read, by impacket",
        impacket_smb2(
            "reg.py", DC_TARGET, "query", "-keyName", "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"
        ),
        ("svcctl.ROpenSCManagerW replied", "winreg.BaseRegOpenKey replied", "winreg.BaseRegEnumValue replied"),
    ),
)
