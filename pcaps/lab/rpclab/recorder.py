"""Recording scenarios into a scratch folder."""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from . import manifest, processes, settings, wireshark
from .domain import DomainController
from .manifest import Entry
from .network import Network
from .scenario import Scenario
from .sniffer import Sniffer

CLIENT_CONFIGURATION = """[global]
	workgroup = {domain}
	realm = {realm}
	security = {security}
	netbios name = {name}
	client min protocol = NT1
	client max protocol = SMB3
	client use kerberos = {kerberos}
	lock directory = {folder}
	private dir = {folder}
	state directory = {folder}
	cache directory = {folder}
	pid directory = {folder}
	log file = {folder}/log
"""


@dataclass(frozen=True)
class Recording:
    """What came of one scenario: an entry, or what went wrong."""

    scenario: Scenario
    seconds: float
    entry: Entry | None = None
    failure: str = ""


class Recorder:
    """The lab with its machines, for as long as a `with` block lasts. The domain starts when a scenario needs it."""

    def __init__(self, folder: Path, tools: Path):
        self._folder, self._tools = folder, tools
        self._deadline = time.monotonic() + settings.RUN_SECONDS
        self._versions = _versions(tools)
        self._domain: DomainController | None = None

    def __enter__(self) -> Recorder:
        self._stack = contextlib.ExitStack()
        self._network = self._stack.enter_context(Network())
        return self

    def __exit__(self, *failure):
        self._stack.__exit__(*failure)

    def record(self, scenario: Scenario) -> Recording:
        """Records one scenario and reads what it shows; a failure is told, and ends nothing else."""
        started = time.monotonic()
        if started > self._deadline:
            return Recording(scenario, 0, failure=f"the run took longer than {settings.RUN_SECONDS} s")
        try:
            entry = self._record(scenario)
            missing = sorted(set(scenario.expect) - entry.claims.titles())
            failure = f"not seen: {'; '.join(missing)}" if missing else ""
        except (RuntimeError, OSError, KeyError) as error:
            entry, failure = None, f"{type(error).__name__}: {error}"
        return Recording(scenario, time.monotonic() - started, entry, failure)

    def _record(self, scenario: Scenario) -> Entry:
        if scenario.uses_domain():
            self._start_domain()
        scratch = self._folder / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        self._configure_samba_clients(scratch)
        capture = self._folder / scenario.file
        sniffer = Sniffer(self._network.client, scenario.wire_to_watch(), scenario.frames, capture)
        if scenario.before:
            self._run_client(scenario.before, scratch)
        with self._tunnel(scenario), self._server(scenario, scratch), sniffer:
            finished = self._run_client(scenario.command, scratch, scenario.stdin)
        (self._folder / f"{scenario.name}.log").write_text(finished.output)
        return Entry(
            file=scenario.file,
            shows=scenario.shows,
            command=self._shown_command(scenario),
            versions=self._versions,
            secrets=scenario.secrets(),
            sha256=manifest.digest(capture),
            claims=wireshark.read_claims(capture),
        )

    def _start_domain(self):
        if self._domain is None:
            print("starting the domain controller", flush=True)
            domain = DomainController(self._network.dc, self._network.client, self._folder)
            try:
                self._domain = self._stack.enter_context(domain)
            except RuntimeError as error:
                # Most scenarios need it; trying again for each would only take long.
                raise SystemExit(f"the domain controller did not start: {error}") from error

    def _tunnel(self, scenario: Scenario):
        log = self._folder / f"{scenario.name}.tunnel.log"
        return self._network.tunnel(scenario.tunnel, log) if scenario.tunnel else contextlib.nullcontext()

    @contextlib.contextmanager
    def _server(self, scenario: Scenario, scratch: Path):
        """The scripted server of a scenario, if it has one."""
        if scenario.server is None:
            yield
            return
        server = scenario.server
        machine = self._network.dc if server.on_dc else self._network.win
        python = self._tools / "python"
        arguments = [one.format(**self._places(scratch)) for one in server.arguments]
        argv = machine.inside(python, "-u", "-m", f"rpclab.servers.{server.module}", *arguments)
        log = self._folder / f"{scenario.name}.server.log"
        with processes.Background(argv, log, environment=self._environment()) as background:
            machine.wait_for_ports(server.ports, seconds=20, server=background)
            yield
            background.require_alive()

    def _run_client(self, command: tuple[str, ...], scratch: Path, stdin: str = "") -> processes.Finished:
        argv = [one.format(**self._places(scratch)) for one in command]
        return processes.run(
            self._network.client.inside(*argv),
            stdin=stdin,
            seconds=settings.SCENARIO_SECONDS,
            environment=self._environment(),
            # Some tools leave files where they run.
            folder=scratch,
        )

    def _places(self, scratch: Path) -> dict[str, str]:
        return {
            "tools": str(self._tools),
            "python": str(self._tools / "python"),
            "dcerpc": str(dcerpc_client(self._tools)),
            "client": "rpclab.clients",
            "scratch": str(scratch),
            "state": str(self._folder / "state"),
            "tickets": str(self._folder / "administrator.ccache"),
            "keytab": str(self._folder / "lab.keytab"),
        }

    def _environment(self) -> dict[str, str]:
        return {
            "PYTHONPATH": str(settings.LAB_FOLDER),
            "PYTHONDONTWRITEBYTECODE": "1",
            "KRB5CCNAME": str(self._folder / "administrator.ccache"),
        }

    def _configure_samba_clients(self, scratch: Path):
        """Writes smb.conf for a client of this scenario, and member.conf for one that joins the domain and stays."""
        state = self._folder / "state"
        state.mkdir(exist_ok=True)
        for file, folder, security, name, kerberos in (
            ("smb.conf", scratch, "user", "CLIENT", "off"),
            ("member.conf", state, "ads", "MEMBER", "desired"),
        ):
            (folder / file).write_text(
                CLIENT_CONFIGURATION.format(
                    domain=settings.DOMAIN,
                    realm=settings.REALM,
                    security=security,
                    name=name,
                    kerberos=kerberos,
                    folder=folder,
                )
            )

    def _shown_command(self, scenario: Scenario) -> str:
        """The command as a person would type it: without the folders of this run."""
        shown = {"python": "python", "dcerpc": "dcerpc-client", "tickets": "ADMIN.ccache", "state": "STATE"}
        places = {**self._places(Path("SCRATCH")), **shown}
        return shlex.join(one.replace("{tools}/", "").format(**places) for one in scenario.command)


def dcerpc_client(tools: Path) -> Path:
    """The client in Rust, which is there only when cargo was."""
    return tools.parent / "dcerpc-client" / "release" / "dcerpc-client"


def _versions(tools: Path) -> dict[str, str]:
    """The versions of all that takes part."""
    questions = {
        "samba": ("samba", "--version"),
        "impacket": (tools / "pip", "show", "impacket"),
        "scapy": (tools / "pip", "show", "scapy"),
        "tshark": ("tshark", "--version"),
        "tcpdump": ("tcpdump", "--version"),
    }
    versions = {}
    for name, argv in questions.items():
        # tshark greets root with a warning, pip starts with the name of the package.
        answer = processes.run([*map(str, argv)], environment={"PIP_DISABLE_PIP_VERSION_CHECK": "1"}).output
        found = re.search(r"(\d+\.\d+(\.\d+)*)", answer)
        versions[name] = found.group(1) if found else "unknown"
    return versions
