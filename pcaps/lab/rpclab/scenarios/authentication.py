"""Every authentication type at every level, over TCP and over pipes, and logons that fail."""

from .. import settings
from ..scenario import Scenario
from .commands import DC, DC_KEY, SAMBA_TICKETS, own, rpcclient

SAMR = "querydominfo; enumdomusers; queryuser 500; lookupdomain LAB"
SAMR_SEEN = ("samr.SamrConnect5 replied", "samr.SamrQueryInformationUser replied")
LSA = "lsaquery; lookupnames Administrator; lookupsids S-1-5-32-544"
LEVELS = {"connect": "connect", "sign": "pkt_integrity", "seal": "pkt_privacy"}


def _by_password() -> list[Scenario]:
    found = []
    for option, kind in (("ntlm", "NTLMSSP"), ("spnego", "SPNEGO")):
        for word, level in LEVELS.items():
            if (option, word) == ("spnego", "connect"):
                continue
            found.append(
                Scenario(
                    f"rpcc-tcp-samr-{option}-{word}",
                    f"samr over TCP, authenticated with {kind}, level {level}",
                    rpcclient(f"ncacn_ip_tcp:{DC}[{option},{word}]", SAMR),
                    (*SAMR_SEEN, f"{kind} {level}", "transport ncacn_ip_tcp"),
                )
            )
    for word in ("sign", "seal"):
        found.append(
            Scenario(
                f"rpcc-np-samr-{word}",
                f"samr over a pipe, NTLM inside it at level {LEVELS[word]}",
                rpcclient(f"ncacn_np:{DC}[{word}]", SAMR),
                (*SAMR_SEEN, f"NTLMSSP {LEVELS[word]}", "transport ncacn_np/smb2"),
            )
        )
    return found


def _by_ticket() -> list[Scenario]:
    bindings = {
        "rpcc-tcp-samr-krb5-sign": ("ncacn_ip_tcp", "krb5,sign", "Kerberos pkt_integrity"),
        "rpcc-tcp-samr-krb5-seal": ("ncacn_ip_tcp", "krb5,seal", "Kerberos pkt_privacy"),
        "rpcc-tcp-samr-spnego-krb5-seal": ("ncacn_ip_tcp", "spnego,seal", "SPNEGO pkt_privacy"),
        "rpcc-np-samr-krb5-seal": ("ncacn_np", "krb5,seal", "Kerberos pkt_privacy"),
    }
    return [
        Scenario(
            name,
            f"samr over {sequence}, authenticated with tickets: {auth}",
            rpcclient(f"{sequence}:{settings.DC_NAME}[{options}]", SAMR, account=SAMBA_TICKETS),
            (*SAMR_SEEN, auth),
            accounts=DC_KEY,
        )
        for name, (sequence, options, auth) in bindings.items()
    ]


def _scapy() -> list[Scenario]:
    """scapy's client: it binds with features, and can do every level."""
    variants = {
        "scapy-tcp-big": ("big-endian PDUs over TCP", ("--big",), ()),
        "scapy-tcp-big-integ": (
            "big-endian PDUs over TCP, signed",
            ("--big", "--level", "PKT_INTEGRITY"),
            ("NTLMSSP pkt_integrity",),
        ),
        "scapy-tcp-pkt": ("samr at level packet", ("--level", "PKT"), ("NTLMSSP pkt",)),
        "scapy-tcp-priv-spnego": (
            "samr sealed with NTLM inside SPNEGO",
            ("--level", "PKT_PRIVACY", "--spnego"),
            ("SPNEGO pkt_privacy",),
        ),
        "scapy-tcp-64": (
            "NDR64 offered beside NDR and rejected; the call goes over NDR",
            ("--ndr64",),
            ("samr rejected 2/2",),
        ),
    }
    found = [
        Scenario(name, shows, own("scapy_samr", DC, *options), ("samr.SamrConnect replied", *expect))
        for name, (shows, options, expect) in variants.items()
    ]
    big = own("scapy_samr", DC, "--np", "--big", "--interface", "wkssvc")
    shows = "big-endian PDUs over a pipe"
    return [*found, Scenario("scapy-np-big-wks", shows, big, ("wkssvc.NetrWkstaGetInfo replied",))]


SCENARIOS = (
    *_by_password(),
    *_by_ticket(),
    *_scapy(),
    Scenario(
        "rpcc-tcp-lsa-ntlm-seal",
        "lsarpc over TCP refused by the server: faults, access denied",
        rpcclient(f"ncacn_ip_tcp:{DC}[ntlm,seal]", LSA),
        ("lsarpc.LsarOpenPolicy faulted", "fault 0x00000005"),
    ),
    Scenario(
        "rpcc-tcp-badpw",
        "a wrong password over TCP: the first call is answered with a fault",
        rpcclient(f"ncacn_ip_tcp:{DC}[ntlm,sign]", "lsaquery", account=("-U", "LAB/Administrator%wrong")),
        ("lsarpc.LsarOpenPolicy faulted",),
    ),
    Scenario(
        "rpcc-np-anon",
        "lsarpc and samr over pipes of an anonymous SMB session",
        rpcclient(f"ncacn_np:{DC}", "lsaquery; querydominfo", account=("-U", "%", "-N")),
        ("lsarpc.LsarQueryInformationPolicy replied", "samr.SamrOpenDomain replied"),
    ),
    Scenario(
        "py-samr-bigendian-seal",
        "big-endian PDUs, sealed; the server answers in little-endian",
        ("/usr/bin/python3", "-m", "{client}.samba_samr", f"ncacn_ip_tcp:{DC}[bigendian,seal]", "{scratch}/smb.conf"),
        ("samr.SamrEnumerateDomainsInSamServer replied", "SPNEGO pkt_privacy"),
    ),
    Scenario(
        "py-samr-ndr64-rejected",
        "NDR64 offered alone and rejected",
        ("/usr/bin/python3", "-m", "{client}.samba_samr", f"ncacn_ip_tcp:{DC}[ndr64,sign]", "{scratch}/smb.conf"),
        ("samr rejected 2/2",),
    ),
)
