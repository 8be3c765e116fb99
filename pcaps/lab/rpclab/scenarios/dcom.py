"""DCOM activation and WMI, at each level, against the scripted server."""

from .. import settings
from ..scenario import Scenario, ScriptedServer
from .commands import impacket, own

ACCOUNT = (settings.WIN_ADMIN, settings.ADMIN_PASSWORD)
QUIET = "cmd.exe /c whoami > C:\\lab.txt"
LEVELS = {"connect": 2, "integrity": 5, "privacy": 6}
LEVEL_NAMES = {2: "connect", 4: "pkt", 5: "pkt_integrity", 6: "pkt_privacy"}


def target(address: str = settings.WIN_ADDRESS, password: str = settings.ADMIN_PASSWORD) -> str:
    return f"{settings.WIN_DOMAIN}/{settings.WIN_ADMIN}:{password}@{address}"


def server(*options, address: str = settings.WIN_ADDRESS, ports=(135, 49667)) -> ScriptedServer:
    return ScriptedServer("dcom", (address, *ACCOUNT, *map(str, options)), ports)


def wmiexec(to: str) -> tuple[str, ...]:
    return impacket("wmiexec.py", "-nooutput", "-silentcommand", to, QUIET)


def at_level(level: int, tool: str, *arguments: str) -> tuple[str, ...]:
    """A tool that uses one level on every connection."""
    return own("interop", "--level", level, tool, *arguments)


def call(method: str, *arguments) -> tuple[str, ...]:
    """A call that impacket's tools do not make."""
    return own("dcom", method, settings.WIN_ADDRESS, *arguments)


ACTIVATED = ("IRemoteSCMActivator.RemoteCreateInstance replied",)
PROCESS_CREATED = (*ACTIVATED, "IWbemLevel1Login.NTLMLogin replied", "IWbemServices.ExecMethod replied")
QUERIED = (*ACTIVATED, "IWbemServices.ExecQuery replied", "IEnumWbemClassObject.Next replied")
INVOKED = (*ACTIVATED, "IDispatch.GetIDsOfNames replied", "IDispatch.Invoke replied")
REFUSED = ("IRemoteSCMActivator.RemoteCreateInstance faulted", "fault 0x00000005")


def _by_level() -> list[Scenario]:
    """The same at level connect, integrity and privacy on every connection."""
    found = []
    for name, level in LEVELS.items():
        auth = f"NTLMSSP {LEVEL_NAMES[level]}"
        tools = (
            (
                "wmiexec",
                "a process created over WMI",
                PROCESS_CREATED,
                ("-nooutput", "-silentcommand", target(), QUIET),
            ),
            (
                "dcomexec",
                "a command run over MMC20.Application",
                INVOKED,
                ("-object", "MMC20", "-nooutput", "-silentcommand", target(), QUIET),
            ),
        )
        for tool, shows, expect, arguments in tools:
            label = "wmiexec" if tool == "wmiexec" else "mmc20"
            found.append(
                Scenario(
                    f"dcom-{label}-all-{name}",
                    f"{shows}, at level {name} on every connection",
                    at_level(level, f"{tool}.py", *arguments),
                    (*expect, auth),
                    server("--hint", level),
                )
            )
    return found


def _objects() -> list[Scenario]:
    """What other objects than MMC20 look like, and what impacket makes of a server's hint."""
    return [
        Scenario(
            f"dcom-{name.lower()}-integrity",
            f"a command run over {name}: activation sealed, the object's calls signed",
            impacket("dcomexec.py", "-nooutput", "-object", name, "-silentcommand", target(), QUIET),
            (*INVOKED, "NTLMSSP pkt_privacy", "NTLMSSP pkt_integrity"),
            server("--hint", 5),
        )
        for name in ("ShellWindows", "ShellBrowserWindow")
    ]


KERBEROS = (
    *("--keytab", "{keytab}", "--principal", f"{settings.SERVICE_ACCOUNT}@{settings.REALM}"),
    *("--service", f"host/{settings.WIN_NAME}"),
)
BY_TICKET = ("-k", "-no-pass", "-dc-ip", settings.DC_ADDRESS)
TICKET_TARGET = f"{settings.REALM}/{settings.ADMIN}@{settings.WIN_NAME}"


def _by_ticket() -> list[Scenario]:
    """Activation and WMI with Kerberos inside SPNEGO."""
    return [
        Scenario(
            f"dcom-wmiexec-krb-{name}",
            f"a process created over WMI with Kerberos tickets, level {name} on every connection",
            at_level(level, "wmiexec.py", "-nooutput", "-silentcommand", *BY_TICKET, TICKET_TARGET, QUIET),
            (*PROCESS_CREATED, f"SPNEGO {LEVEL_NAMES[level]}"),
            server("--hint", level, *KERBEROS),
            needs_domain=True,
            accounts={settings.SERVICE_ACCOUNT: settings.SERVICE_PASSWORD},
        )
        for name, level in LEVELS.items()
    ]


SCENARIOS = (
    *_by_level(),
    *_by_ticket(),
    *_objects(),
    Scenario(
        "dcom-wmiexec-privacy",
        "WMI: activation, then a process created, all stubs sealed",
        wmiexec(target()),
        (*PROCESS_CREATED, "NTLMSSP pkt_privacy"),
        server("--hint", 6),
    ),
    Scenario(
        "dcom-wmiexec-integrity",
        "WMI: activation sealed, the calls after it signed and in clear",
        wmiexec(target()),
        (*PROCESS_CREATED, "NTLMSSP pkt_privacy", "NTLMSSP pkt_integrity"),
        server("--hint", 5),
    ),
    Scenario(
        "dcom-wmiexec-full-smb",
        "WMI: two processes created, with the output read back over SMB",
        impacket("wmiexec.py", target(), "whoami"),
        PROCESS_CREATED,
        server("--hint", 6, "--share", "{scratch}/admin", ports=(135, 49667, 445)),
    ),
    Scenario(
        "dcom-wmiexec-privacy-frag512",
        "WMI in fragments of 512 bytes, all sealed",
        wmiexec(target()),
        PROCESS_CREATED,
        server("--hint", 6, "--max-fragment", 512),
    ),
    Scenario(
        "dcom-wmiexec-all-packet",
        "activation at level packet without verifiers: access denied",
        at_level(4, "wmiexec.py", "-nooutput", "-silentcommand", target(), QUIET),
        (*REFUSED, "NTLMSSP pkt"),
        server("--hint", 4),
    ),
    Scenario(
        "dcom-wmiexec-badpw",
        "activation with a wrong password: a fault, access denied",
        wmiexec(target(password="wrong")),
        REFUSED,
        server(),
    ),
    Scenario(
        "dcom-wmiexec-denied",
        "activation denied by the server: the call is answered, its result is E_ACCESSDENIED",
        wmiexec(target()),
        ACTIVATED,
        server("--deny"),
    ),
    Scenario(
        "dcom-activation-denied",
        "the same over IActivation, in clear",
        call("remote_activation", 2),
        ("IActivation.RemoteActivation replied", "NTLMSSP connect"),
        server("--deny"),
    ),
    Scenario(
        "dcom-wmiquery-privacy",
        "a WQL query and its result, sealed",
        impacket("wmiquery.py", "-file", "/dev/stdin", target()),
        (*QUERIED, "NTLMSSP pkt_privacy"),
        server("--hint", 6),
        stdin="select * from Win32_Process\nexit\n",
    ),
    Scenario(
        "dcom-wmiquery-integrity",
        "a WQL query and its result, signed and in clear",
        impacket("wmiquery.py", "-file", "/dev/stdin", target()),
        (*QUERIED, "NTLMSSP pkt_integrity"),
        server("--hint", 5),
        stdin="select * from Win32_Process\nexit\n",
    ),
    Scenario(
        "dcom-wmi-smart-enumerator",
        "a WQL query whose result is fetched over a smart enumerator, as Windows does",
        call("smart_enumerator", 5),
        (*ACTIVATED, "IWbemFetchSmartEnum.GetSmartEnum replied", "IWbemWCOSmartEnum.Next replied"),
        server("--hint", 5),
    ),
    Scenario(
        "dcom-remote-activation-connect",
        "activation over IActivation::RemoteActivation, in clear",
        call("remote_activation", 2),
        ("IActivation.RemoteActivation replied", "NTLMSSP connect"),
        server(),
    ),
    Scenario(
        "dcom-remote-activation-privacy",
        "activation over IActivation::RemoteActivation, sealed",
        call("remote_activation", 6),
        ("IActivation.RemoteActivation replied", "NTLMSSP pkt_privacy"),
        server(),
    ),
    Scenario(
        "dcom-class-object-connect",
        "a class factory activated with RemoteGetClassObject, in clear",
        call("class_object", 2),
        ("IRemoteSCMActivator.RemoteGetClassObject replied", "NTLMSSP connect"),
        server(),
    ),
    Scenario(
        "dcom-oxid-serveralive2",
        "the object exporter asked for its addresses, without authentication",
        call("resolver"),
        ("IObjectExporter.ServerAlive2 replied", "IObjectExporter.ResolveOxid2 replied"),
        server(),
    ),
)
