"""Remote execution over services and tasks, and coercions, against the domain controller and a scripted Windows."""

from .. import settings
from ..scenario import Scenario, ScriptedServer
from . import dcom
from .commands import DC, DC_TARGET, impacket, impacket_smb2, own

WINDOWS = ScriptedServer("windows", (settings.WIN_ADDRESS, *dcom.ACCOUNT, "{scratch}/share"), (445,))
TARGET = dcom.target()
CREATE_SERVICE = ("create", "-name", "labsvc", "-display", "labsvc", "-path", "C:\\lab.exe")
SERVICE_CREATED = ("svcctl.ROpenSCManagerW replied", "svcctl.RCreateServiceW replied")


def _dcerpc_crate() -> list[Scenario]:
    """The same attacks by the Rust crate `dcerpc`: its NTLM does without key exchange, and it binds in its own way."""
    account = (settings.WIN_DOMAIN, *dcom.ACCOUNT)
    against_windows = {
        "svcctl": ("a command run as a service", ("svcctl.RCreateServiceW replied", "svcctl.RStartServiceW replied")),
        "tsch": ("a command run as a scheduled task, sealed", ("ITaskSchedulerService.SchRpcRegisterTask replied",)),
        "efsr": ("a coercion over the lsarpc pipe, sealed", ("efsrpc.EfsRpcOpenFileRaw replied",)),
    }
    found = [
        Scenario(
            f"win-rust-{method}",
            f"{shows}, by the crate dcerpc",
            ("{dcerpc}", method, settings.WIN_ADDRESS, *account),
            expect,
            WINDOWS,
        )
        for method, (shows, expect) in against_windows.items()
    ]
    return [
        *found,
        Scenario(
            "rust-wmi",
            "a process created over WMI, by the crate dcerpc",
            ("{dcerpc}", "wmi", settings.WIN_ADDRESS, *account),
            dcom.PROCESS_CREATED,
            dcom.server("--hint", 6),
        ),
        Scenario(
            "rust-dcsync",
            "directory replication requested by the crate dcerpc (DCSync)",
            ("{dcerpc}", "dcsync", DC, settings.DOMAIN, settings.ADMIN, settings.ADMIN_PASSWORD),
            ("drsuapi.IDL_DRSGetNCChanges replied",),
        ),
    ]


def _coercions() -> list[Scenario]:
    """Against Samba, which has some of the interfaces, and against the scripted Windows, which has the others."""
    against_dc = {
        "coerce-printerbug": (
            "printerbug",
            "spoolss",
            "a printer notification wanted at another machine (PrinterBug)",
            ("winspool.RpcRemoteFindFirstPrinterChangeNotificationEx replied",),
        ),
        "coerce-dfscoerce": (
            "dfscoerce",
            "netdfs",
            "a DFS root removed from another machine (DFSCoerce); not implemented here",
            ("netdfs.NetrDfsRemoveStdRoot faulted",),
        ),
        "coerce-evencoerce": (
            "evencoerce",
            "eventlog",
            "a backup of an event log opened on another machine (CheeseOunce)",
            ("eventlog.ElfrOpenBELW faulted",),
        ),
    }
    against_windows = {
        "win-petitpotam-lsarpc": (
            "petitpotam",
            "lsarpc",
            "",
            "EfsRpcOpenFileRaw and EfsRpcEncryptFileSrv over the lsarpc pipe, in clear (PetitPotam)",
            ("efsrpc.EfsRpcOpenFileRaw replied",),
        ),
        "win-petitpotam-efsrpc": (
            "petitpotam",
            "efsrpc",
            "6",
            "the same over the efsrpc pipe, sealed",
            ("efsrpc.EfsRpcOpenFileRaw replied", "NTLMSSP pkt_privacy"),
        ),
        "win-dfscoerce": (
            "dfscoerce",
            "netdfs",
            "",
            "NetrDfsRemoveStdRoot with another machine's name, answered (DFSCoerce)",
            ("netdfs.NetrDfsRemoveStdRoot replied",),
        ),
        "win-shadowcoerce": (
            "shadowcoerce",
            "FssagentRpc",
            "6",
            "IsPathSupported with another machine's share, sealed (ShadowCoerce)",
            ("FileServerVssAgent.IsPathSupported replied",),
        ),
    }
    found = [
        Scenario(name, shows, own("coerce", method, DC, pipe), expect)
        for name, (method, pipe, shows, expect) in against_dc.items()
    ]
    for name, (method, pipe, level, shows, expect) in against_windows.items():
        command = own("coerce", method, settings.WIN_ADDRESS, pipe, *filter(None, [level]))
        found.append(Scenario(name, shows, command, expect, WINDOWS))
    return found


SCENARIOS = (
    *_coercions(),
    *_dcerpc_crate(),
    Scenario(
        "coerce-petitpotam-lsarpc",
        "EfsRpcOpenFileRaw over the lsarpc pipe (PetitPotam), hidden by SMB3 encryption",
        own("coerce", "petitpotam", DC, "lsarpc", "encrypted"),
        ("SMB3 encryption",),
    ),
    Scenario(
        "win-services-create",
        "a service created over svcctl",
        impacket("services.py", TARGET, *CREATE_SERVICE),
        SERVICE_CREATED,
        WINDOWS,
    ),
    Scenario(
        "win-smbexec",
        "a command run as a service, its output read back over SMB (smbexec)",
        impacket("smbexec.py", TARGET),
        (*SERVICE_CREATED, "svcctl.RStartServiceW replied", "svcctl.RDeleteService replied"),
        WINDOWS,
        stdin="whoami\nexit\n",
    ),
    Scenario(
        "win-atexec",
        "a command run as a scheduled task, sealed inside the pipe (atexec)",
        impacket("atexec.py", TARGET, "whoami"),
        (
            "ITaskSchedulerService.SchRpcRegisterTask replied",
            "ITaskSchedulerService.SchRpcRun replied",
            "ITaskSchedulerService.SchRpcDelete replied",
        ),
        WINDOWS,
    ),
    Scenario(
        "imp-services-create",
        "a service that Samba refuses to create: a fault",
        impacket_smb2("services.py", DC_TARGET, *CREATE_SERVICE),
        ("svcctl.RCreateServiceW faulted",),
    ),
    Scenario(
        "imp-services-list",
        "all services listed",
        impacket_smb2("services.py", DC_TARGET, "list"),
        ("svcctl.REnumServicesStatusW replied",),
    ),
)
