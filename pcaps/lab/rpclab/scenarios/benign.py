"""A quiet day: what members of a domain and an administrator do, which no rule may take for an attack."""

import shlex

from .. import settings
from ..scenario import Scenario
from . import dcom
from .commands import DC, SAMBA_ACCOUNT, impacket, net, rpcclient

ALICE = settings.USERS["alice"]
MEMBER = ("net", "-s", "{state}/member.conf")
HOST = settings.DC_NAME
JOIN = (*MEMBER, "ads", "join", "-S", HOST, "--no-dns-updates", *SAMBA_ACCOUNT)
AS_ALICE = ("-U", f"{settings.DOMAIN}/alice%{ALICE}")
TICKETS = ("--use-kerberos=required", "--use-krb5-ccache={scratch}/alice.ccache")


def smbclient(*arguments: str, account=AS_ALICE) -> tuple[str, ...]:
    return ("smbclient", "-s", "{scratch}/smb.conf", *account, *arguments)


def one_after_another(*commands: tuple[str, ...]) -> tuple[str, ...]:
    """One command line for several, each of which has to succeed."""
    return ("sh", "-c", " && ".join(shlex.join(command) for command in commands))


SCENARIOS = (
    Scenario(
        "benign-domain-join",
        "a machine joins the domain: accounts, policies and a secure channel",
        JOIN,
        ("lsarpc.LsarQueryInformationPolicy2 replied", "logon.NetrServerAuthenticate3 replied"),
    ),
    Scenario(
        "benign-secure-channel",
        "a member of the domain tests its secure channel, as it does every day",
        (*MEMBER, "rpc", "testjoin", "-S", HOST),
        ("logon.NetrServerAuthenticate3 replied", "Netlogon pkt_privacy"),
        before=JOIN,
    ),
    Scenario(
        "benign-logon-group-policy",
        "a user logs on and reads group policies from SYSVOL",
        one_after_another(
            ("kinit", "-c", "{scratch}/alice.ccache", f"alice@{settings.REALM}"),
            smbclient(f"//{HOST}/sysvol", "-c", f"cd {settings.DNS_DOMAIN}/Policies; recurse ON; ls", account=TICKETS),
        ),
        stdin=ALICE + "\n",
        accounts={"alice": ALICE},
    ),
    Scenario(
        "benign-file-share",
        "a user lists shares, and writes, reads and deletes a file",
        one_after_another(
            smbclient("-L", DC),
            smbclient(f"//{DC}/files", "-c", "put {scratch}/smb.conf a.txt; ls; get a.txt {scratch}/a.txt; del a.txt"),
        ),
        ("srvsvc.NetrShareEnum replied",),
        accounts={"alice": ALICE},
    ),
    Scenario(
        "benign-print",
        "a user looks at printers and prints",
        one_after_another(
            rpcclient(f"ncacn_np:{DC}", "enumprinters; enumdrivers", account=AS_ALICE),
            smbclient(f"//{DC}/office", "-c", "print {scratch}/smb.conf"),
        ),
        ("winspool.RpcEnumPrinters replied",),
        accounts={"alice": ALICE},
    ),
    Scenario(
        "benign-administration",
        "an administrator looks at services, users, sessions and shares",
        one_after_another(
            net("rpc", "service", "list"),
            net("rpc", "user"),
            rpcclient(f"ncacn_np:{DC}", "srvinfo; netshareenum; netsessenum; wkssvc_wkstagetinfo"),
        ),
        ("svcctl.REnumServicesStatusW replied", "srvsvc.NetrServerGetInfo replied", "wkssvc.NetrWkstaGetInfo replied"),
    ),
    Scenario(
        "benign-wmi-monitoring",
        "a monitoring host asks for processes over WMI, three times",
        impacket("wmiquery.py", "-file", "/dev/stdin", dcom.target()),
        dcom.QUERIED,
        dcom.server("--hint", 6),
        stdin="select Name from Win32_Process\n" * 3 + "exit\n",
    ),
)
