"""A scenario is data: what to run against what, and what has to be seen then."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import settings


@dataclass(frozen=True)
class ScriptedServer:
    """A server of `rpclab.servers`, started for one scenario."""

    module: str
    arguments: tuple[str, ...]
    ports: tuple[int, ...]
    on_dc: bool = False


@dataclass(frozen=True)
class Scenario:
    """One capture.

    In `command`, `{tools}` is the folder of impacket's tools, `{python}` the Python that they run with, `{client}` the
    module path of our own clients, `{dcerpc}` the client in Rust, `{scratch}` a folder that is empty at first,
    `{state}` one that stays, `{keytab}` the keys of the domain, and `{tickets}` the administrator's Kerberos tickets.
    """

    name: str
    shows: str
    command: tuple[str, ...]
    # Claims that have to be among those that Wireshark finds, as `Claims.titles` writes them.
    expect: tuple[str, ...] = ()
    # Without a scripted server, the client talks to the domain controller.
    server: ScriptedServer | None = None
    needs_domain: bool = False
    # What has to be done before the recording starts.
    before: tuple[str, ...] = ()
    stdin: str = ""
    frames: str = "ip and not port 53"
    # `vlan` or `vxlan`: what lies over the wire to the scripted servers.
    tunnel: str = ""
    accounts: dict[str, str] = field(default_factory=dict)
    # Captures that would be near-duplicates in the folder are still recorded to show that the recipe works.
    kept: bool = True

    @property
    def file(self) -> str:
        return f"{self.name}.pcap"

    def uses_dcerpc_client(self) -> bool:
        return self.command[0] == "{dcerpc}"

    def uses_domain(self) -> bool:
        return self.needs_domain or self.server is None or self.server.on_dc

    def wire_to_watch(self) -> str:
        return "lab0" if self.server is None or self.server.on_dc else "lab1"

    def secrets(self) -> dict:
        """What decrypts the capture."""
        if self.server is None or self.server.on_dc:
            main = {"domain": settings.DOMAIN, "realm": settings.REALM, "user": settings.ADMIN}
        else:
            main = {"domain": settings.WIN_DOMAIN, "user": settings.WIN_ADMIN}
        secrets = {**main, "password": settings.ADMIN_PASSWORD}
        return {**secrets, "accounts": self.accounts} if self.accounts else secrets
