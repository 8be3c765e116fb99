"""The machines of the lab: network namespaces with wires between them, and nothing else of the host.

Three machines: `dc` (the domain controller), `win` (scripted servers) and `client`. One wire joins the client and
the domain controller, another the client and the scripted servers; the second can carry a VLAN or a VXLAN.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from . import processes, settings

NETNS_CONFIGURATION = Path("/etc/netns")
VXLAN_PORT = 4789
# A tunnelled frame still has to fit into one of the wire.
TUNNEL_MTU = 1400

HOSTS = f"""127.0.0.1 localhost
{settings.DC_ADDRESS} {settings.DC_NAME} dc1 {settings.DNS_DOMAIN}
{settings.CLIENT_ADDRESS} client.{settings.DNS_DOMAIN} client
{settings.WIN_ADDRESS} {settings.WIN_NAME} win-srv
"""

RESOLVER = f"search {settings.DNS_DOMAIN}\nnameserver {settings.DC_ADDRESS}\n"

KERBEROS = f"""[libdefaults]
 default_realm = {settings.REALM}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 rdns = false
 udp_preference_limit = 1
[realms]
 {settings.REALM} = {{
  kdc = {settings.DC_ADDRESS}
  admin_server = {settings.DC_ADDRESS}
 }}
[domain_realm]
 .{settings.DNS_DOMAIN} = {settings.REALM}
 {settings.DNS_DOMAIN} = {settings.REALM}
"""


class Machine:
    """One network namespace."""

    def __init__(self, name: str):
        self.name = name
        self.namespace = f"{settings.NAMESPACE_PREFIX}-{os.getpid()}-{name}"

    def inside(self, *argv) -> list[str]:
        """The command line that runs a program on this machine."""
        return ["ip", "netns", "exec", self.namespace, *map(str, argv)]

    def start(self):
        processes.must(["ip", "netns", "add", self.namespace])
        self.configure("link", "set", "lo", "up")
        configuration = NETNS_CONFIGURATION / self.namespace
        configuration.mkdir(parents=True)
        for file, text in (("hosts", HOSTS), ("resolv.conf", RESOLVER), ("krb5.conf", KERBEROS)):
            (configuration / file).write_text(text)

    def configure(self, *argv):
        """Runs `ip` for this machine."""
        processes.must(["ip", "-n", self.namespace, *map(str, argv)])

    def stop(self):
        """Ends what still runs here, then removes the machine."""
        end_namespace(self.namespace)

    def wait_for_device(self, device: str, *, seconds: float, maker: processes.Background):
        """Waits until a program has made a network device."""
        deadline = time.monotonic() + seconds
        while processes.run(["ip", "-n", self.namespace, "link", "show", device]).status != 0:
            maker.require_alive()
            if time.monotonic() > deadline:
                raise RuntimeError(f"no device {device} on {self.name} after {seconds} s")
            time.sleep(0.05)

    def wait_for_ports(self, ports, *, seconds: float, server: processes.Background):
        """Waits until a server listens on all of these TCP ports."""
        missing, deadline = set(ports), time.monotonic() + seconds
        while time.monotonic() < deadline:
            listening = processes.must(self.inside("ss", "-Htln"))
            missing = {port for port in ports if f":{port} " not in listening}
            if not missing:
                return
            server.require_alive()
            time.sleep(0.1)
        raise RuntimeError(f"nothing listens on {sorted(missing)} of {self.name} after {seconds} s")


class Network:
    """All machines, for as long as a `with` block lasts."""

    def __init__(self):
        self.dc, self.win, self.client = Machine("dc"), Machine("win"), Machine("client")

    def __enter__(self) -> Network:
        remove_leftovers()
        # `ip netns exec` lays a machine's own files only over files that exist.
        Path("/etc/krb5.conf").touch()
        try:
            for machine in self._machines():
                machine.start()
            self._connect(self.dc, "lab0", "10.99.0", "fd99::")
            self._connect(self.win, "lab1", "10.99.1", "fd99:1::")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for machine in self._machines():
            machine.stop()

    def _machines(self):
        return self.dc, self.win, self.client

    def _connect(self, server: Machine, wire: str, network: str, network_v6: str):
        """Joins a server (address 1) and the client (address 2)."""
        ends = ["name", wire, "netns", server.namespace, "type", "veth", "peer", "name", wire, "netns"]
        processes.must(["ip", "link", "add", *ends, self.client.namespace])
        for machine, host in ((server, 1), (self.client, 2)):
            machine.configure("addr", "add", f"{network}.{host}/24", "dev", wire)
            machine.configure("addr", "add", f"{network_v6}{host}/64", "dev", wire, "nodad")
            machine.configure("link", "set", wire, "up")
            # Without offloading, frames have the sizes and checksums that they would have on a wire.
            offloads = ["tso", "gso", "gro", "tx", "rx", "rxvlan", "txvlan"]
            switches = [word for offload in offloads for word in (offload, "off")]
            processes.must(machine.inside("ethtool", "-K", wire, *switches))

    @contextlib.contextmanager
    def tunnel(self, kind: str, log: Path) -> Iterator[None]:
        """Lays a tunnel over the wire between `win` and the client, `vlan` or `vxlan`, while a `with` block lasts."""
        network, number = settings.TUNNELS[kind]
        ends = (self.win, 1, 2), (self.client, 2, 1)
        with contextlib.ExitStack() as stack:
            for machine, host, peer in ends:
                if kind == "vlan":
                    argv = machine.inside(sys.executable, "-m", "rpclab.tagger", "lab1", kind, number)
                    environment = {"PYTHONPATH": str(settings.LAB_FOLDER), "PYTHONDONTWRITEBYTECODE": "1"}
                    maker = stack.enter_context(processes.Background(argv, log, environment=environment))
                    machine.wait_for_device(kind, seconds=20, maker=maker)
                else:
                    remote = ("remote", f"10.99.1.{peer}", "dstport", VXLAN_PORT, "dev", "lab1")
                    machine.configure("link", "add", "name", kind, "type", "vxlan", "id", number, *remote)
                    stack.callback(machine.configure, "link", "del", kind)
                machine.configure("addr", "add", f"{network}.{host}/24", "dev", kind)
                machine.configure("link", "set", kind, "mtu", TUNNEL_MTU, "up")
            yield


def end_namespace(namespace: str):
    """Ends every process of a namespace by its id, and removes the namespace."""
    for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
        ids = processes.run(["ip", "netns", "pids", namespace]).output.split()
        if not ids or not all(one.isdigit() for one in ids):
            break
        for one in ids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(one), number)
        time.sleep(0.5)
    processes.run(["ip", "netns", "del", namespace])
    shutil.rmtree(NETNS_CONFIGURATION / namespace, ignore_errors=True)


def remove_leftovers():
    """Removes machines of runs that were killed before they could clean up."""
    for line in processes.must(["ip", "netns", "list"]).splitlines():
        namespace = line.split()[0]
        prefix, _, rest = namespace.partition("-")
        owner = rest.partition("-")[0]
        if prefix == settings.NAMESPACE_PREFIX and owner.isdigit() and not Path(f"/proc/{owner}").exists():
            end_namespace(namespace)
