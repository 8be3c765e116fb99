"""The domain controller: Samba's, provisioned afresh in a folder of its own."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from . import processes, settings
from .network import Machine

# Listed in smb.conf, too, because smbd and samba-dcerpcd read it again.
OPTIONS = """
	server services = s3fs, rpc, ldap, cldap, kdc, winbindd, dns
	dns update command = /bin/true
	load printers = no
	printing = bsd
	printcap name = /dev/null
	print command = /bin/rm %s
	lpq command = /bin/true
	disable spoolss = no
	server min protocol = NT1
	client min protocol = NT1
	ntlm auth = ntlmv2-only
	reject md5 clients = no
	allow nt4 crypto = yes
	rpc server dynamic port range = 49152-49200
	restrict anonymous = 0
	ldap server require strong auth = no
	log level = 1
	allow dcerpc auth level connect = yes
	allow dcerpc auth level connect:samr = yes
	allow dcerpc auth level connect:lsarpc = yes
	allow dcerpc auth level connect:netlogon = yes
"""

# A share with a printer, for the benign day.
SHARES = """
[files]
	path = {folder}/files
	read only = no
[office]
	path = {folder}/spool
	printable = yes
	printer name = office
"""

PORTS = (135, 445, 389, 88)


class DomainController:
    """A running domain controller, for as long as a `with` block lasts."""

    def __init__(self, machine: Machine, client: Machine, folder: Path):
        self._machine, self._client = machine, client
        self._folder = folder / "dc"
        self._configuration = self._folder / "etc" / "lab.conf"
        self.keytab = folder / "lab.keytab"
        self.tickets = folder / "administrator.ccache"
        self._server: processes.Background | None = None

    def __enter__(self) -> DomainController:
        self._provision()
        self._configure()
        self._server = processes.Background(self._machine.inside(*self._command()), self._folder / "samba.log")
        self._server.__enter__()
        try:
            self._machine.wait_for_ports(PORTS, seconds=30, server=self._server)
            self._wait_for_logons()
            self._create_accounts()
            self._fetch_tickets()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._server.__exit__()

    def export_keys(self):
        """Writes the keys of every account to the keytab, with which all tickets can be decrypted."""
        self.keytab.unlink(missing_ok=True)
        self._samba_tool("domain", "exportkeytab", self.keytab)

    def _provision(self):
        # Without a configuration file of its own, the distribution's shares and log folders would leak in.
        empty = self._folder.with_suffix(".conf")
        empty.touch()
        processes.must(
            self._machine.inside(
                *("samba-tool", "domain", "provision", f"--configfile={empty}", f"--targetdir={self._folder}"),
                *(f"--realm={settings.REALM}", f"--domain={settings.DOMAIN}", "--host-name=dc1"),
                *(f"--host-ip={settings.DC_ADDRESS}", "--server-role=dc", "--dns-backend=SAMBA_INTERNAL"),
                *(
                    "--function-level=2008_R2",
                    f"--adminpass={settings.ADMIN_PASSWORD}",
                    f"--machinepass={settings.DC_MACHINE_PASSWORD}",
                ),
                *("--option=interfaces=lo lab0", "--option=bind interfaces only=yes"),
            )
        )

    def _configure(self):
        for name in ("run", "ncalrpc", "log", "files", "spool"):
            (self._folder / name).mkdir(exist_ok=True)
        # Users of the domain are strangers to the host's file system.
        for name in ("files", "spool"):
            (self._folder / name).chmod(0o1777)
        places = {"pid directory": "run", "ncalrpc dir": "ncalrpc", "log file": "log/log.%m"}
        own = "".join(f"\t{option} = {self._folder / place}\n" for option, place in places.items())
        text = (self._folder / "etc" / "smb.conf").read_text()
        head, shares = re.split(r"(?=^\[sysvol\])", text, maxsplit=1, flags=re.MULTILINE)
        self._configuration.write_text(head + own + OPTIONS + shares + SHARES.format(folder=self._folder))
        os.chmod(self._folder, 0o755)
        os.chmod(self._folder.parent, 0o755)

    def _command(self):
        # winbindd's clients inside smbd only know /run/samba/winbindd. `ip netns exec` gives the server a mount
        # namespace of its own, so it can have a /run/samba of its own, too.
        script = (
            'mkdir -p /run/samba && mount -t tmpfs tmpfs /run/samba && mkdir -m 755 /run/samba/winbindd && exec "$@"'
        )
        samba = ("samba", "-s", self._configuration, "-F", "-M", "single", "--no-process-group")
        return ("sh", "-c", script, "sh", *samba)

    def _wait_for_logons(self):
        # The ports answer before winbindd does.
        account = f"{settings.DOMAIN}/{settings.ADMIN}%{settings.ADMIN_PASSWORD}"
        attempt = self._client.inside("smbclient", "-s", "/dev/null", "-L", settings.DC_ADDRESS, "-U", account)
        for _ in range(60):
            if processes.run(attempt).status == 0:
                return
            self._server.require_alive()
            time.sleep(0.5)
        raise RuntimeError("the domain controller accepts no logon")

    def _create_accounts(self):
        self._samba_tool("domain", "passwordsettings", "set", "--min-pwd-age=0", "--history-length=0")
        for user, password in settings.USERS.items():
            self._samba_tool("user", "create", user, password)
        for account, password in (
            (settings.MACHINE_ACCOUNT, settings.MACHINE_PASSWORD),
            (settings.SERVICE_ACCOUNT, settings.SERVICE_PASSWORD),
        ):
            self._samba_tool("computer", "create", account.rstrip("$"))
            self._samba_tool("user", "setpassword", account, f"--newpassword={password}")
        for service in ("host", "cifs", "RPCSS"):
            self._samba_tool("spn", "add", f"{service}/{settings.WIN_NAME}", settings.SERVICE_ACCOUNT)
        self.export_keys()

    def _fetch_tickets(self):
        # Samba's KDC refuses the checksum in impacket's own requests, so that tickets come from MIT's tools.
        environment = {"KRB5CCNAME": str(self.tickets)}
        principal = f"{settings.ADMIN}@{settings.REALM}"
        kinit = self._client.inside("kinit", principal)
        processes.must(kinit, stdin=settings.ADMIN_PASSWORD + "\n", environment=environment)
        hosts = (settings.DC_NAME, settings.WIN_NAME)
        services = [f"{service}/{host}" for host in hosts for service in ("cifs", "host")]
        processes.must(self._client.inside("kvno", *services), environment=environment)

    def _samba_tool(self, *argv):
        processes.must(self._machine.inside("samba-tool", *argv, f"--configfile={self._configuration}"))
