"""Transports and encodings: SMB dialects, encryption, HTTP, NDR64, fragments, IPv6, tunnels, compounds."""

from .. import settings
from ..scenario import Scenario, ScriptedServer
from . import dcom
from .authentication import LSA, SAMR
from .commands import DC, DC_ACCOUNT, impacket, own, rpcclient

LSA_SEEN = ("lsarpc.LsarLookupNames replied", "lsarpc.LsarLookupSids replied")
DIALECTS = ("NT1", "SMB2_02", "SMB2_10", "SMB3_00", "SMB3_02", "SMB3_11")
PROXY = ScriptedServer("http_proxy", (DC, settings.ADMIN, settings.ADMIN_PASSWORD), (80, 593), on_dc=True)
NDR64_PORT = 49800
NDR64 = ScriptedServer("ndr64", ("lab1", str(NDR64_PORT), settings.ADMIN, settings.ADMIN_PASSWORD), (NDR64_PORT,))


def _dialects() -> list[Scenario]:
    found = []
    for dialect in DIALECTS:
        options = [f"--option=client {kind}{end} protocol={dialect}" for kind in ("", "ipc ") for end in ("min", "max")]
        version = "smb1" if dialect == "NT1" else "smb2"
        found.append(
            Scenario(
                f"rpcc-np-lsa-{dialect.lower()}",
                f"lsarpc over pipes of SMB dialect {dialect}: names and SIDs looked up",
                rpcclient(f"ncacn_np:{DC}", LSA, *options),
                (*LSA_SEEN, f"transport ncacn_np/{version}"),
                # What differs between the dialects after 2.02 is not seen in RPC.
                kept=dialect in ("NT1", "SMB2_02", "SMB3_11"),
            )
        )
    return found


def _fragments() -> list[Scenario]:
    variants = {
        "frag-plain-tcp-16": (5, 16, "tcp", "samr.SamrLookupNamesInDomain replied"),
        "frag-privacy-tcp-100": (6, 100, "tcp", "samr.SamrLookupNamesInDomain replied"),
        "frag-privacy-np-128": (6, 128, "np", "lsarpc.LsarLookupNames replied"),
    }
    kinds = {5: "signed", 6: "sealed"}
    return [
        Scenario(
            name,
            f"requests cut into {kinds[level]} fragments of {size} bytes, over {transport}",
            own("fragments", DC, level, size, transport),
            (seen,),
        )
        for name, (level, size, transport, seen) in variants.items()
    ]


def _http() -> list[Scenario]:
    accounts = ("-auth-rpc", DC_ACCOUNT, "-auth-transport", DC_ACCOUNT)
    return [
        Scenario(
            "http-v2-rpcmap-epm",
            "RPC over HTTP version 2, IN and OUT channel, sealed",
            impacket("rpcmap.py", *accounts, "-auth-level", "6", f"ncacn_http:{DC}[135,RpcProxy={DC}:80]"),
            ("mgmt.rpc__mgmt_inq_if_ids replied", "transport ncacn_http"),
            PROXY,
        ),
        Scenario(
            "http-v1-rpcdump-593",
            "RPC over HTTP version 1: a greeting on port 593, then plain RPC",
            impacket("rpcdump.py", "-port", "593", DC),
            ("epm.ept_lookup replied", "transport ncacn_http"),
            PROXY,
        ),
    ]


def _addresses() -> list[Scenario]:
    """The same calls over IPv6, a VLAN and VXLAN."""
    found = [
        Scenario(
            "ipv6-tcp-samr",
            "samr over TCP and IPv6",
            rpcclient(f"ncacn_ip_tcp:{settings.DC_ADDRESS_V6}[ntlm,sign]", SAMR),
            ("samr.SamrQueryInformationUser replied", "transport ncacn_ip_tcp"),
            frames="ip6 and tcp",
        ),
        Scenario(
            "ipv6-np-lsa",
            "lsarpc over pipes and IPv6",
            rpcclient(f"ncacn_np:{settings.DC_ADDRESS_V6}", LSA),
            (*LSA_SEEN, "transport ncacn_np/smb2"),
            frames="ip6 and tcp",
        ),
        Scenario(
            "ipv6-dcom-wmiexec",
            "WMI over IPv6: a process created",
            dcom.wmiexec(dcom.target(settings.WIN_ADDRESS_V6)),
            dcom.PROCESS_CREATED,
            dcom.server("--hint", 5, address=settings.WIN_ADDRESS_V6),
            frames="ip6 and tcp",
        ),
    ]
    for tunnel, frames in (("vlan", "vlan and tcp"), ("vxlan", "udp port 4789")):
        address = f"{settings.TUNNELS[tunnel][0]}.1"
        found.append(
            Scenario(
                f"{tunnel}-dcom-wmiexec",
                f"WMI inside {tunnel.upper()}: a process created",
                dcom.wmiexec(dcom.target(address)),
                dcom.PROCESS_CREATED,
                dcom.server("--hint", 5, address=address),
                frames=frames,
                tunnel=tunnel,
            )
        )
    return found


def _ndr64() -> list[Scenario]:
    common = ("scapy_samr", settings.WIN_ADDRESS, "--ndr64", "--port", NDR64_PORT)
    seen = ("samr.SamrConnect replied", "transfer syntax NDR64")
    return [
        Scenario("scapy-ndr64-srv", "NDR64 offered and accepted", own(*common), seen, NDR64),
        Scenario(
            "scapy-ndr64-srv-priv",
            "NDR64 offered and accepted, sealed",
            own(*common, "--level", "PKT_PRIVACY"),
            (*seen, "NTLMSSP pkt_privacy"),
            NDR64,
        ),
    ]


SCENARIOS = (
    *_dialects(),
    *_fragments(),
    *_http(),
    *_addresses(),
    *_ndr64(),
    Scenario(
        "rpcc-np-smb3-encrypted",
        "SMB3 encryption: the session is seen, its calls are not",
        rpcclient(f"ncacn_np:{DC}", SAMR, "--client-protection=encrypt"),
        ("SMB3 encryption",),
    ),
    Scenario(
        "smb2-compound-async",
        "SMB2 compounds, and a change notification that is answered later, beside calls over a pipe",
        own("smb2_forms", DC),
        ("lsarpc.LsarOpenPolicy2 replied", "lsarpc.LsarClose replied"),
    ),
)
