"""What is the same for every recording: names, addresses, accounts, places."""

from pathlib import Path

LAB_FOLDER = Path(__file__).resolve().parent.parent
CAPTURES = LAB_FOLDER.parent
MANIFEST = CAPTURES / "MANIFEST.yaml"
CATALOGUE = CAPTURES.parent / "crates" / "catalog" / "data" / "interfaces"

# Namespaces are called rpclab-<process id>-<machine>, so that two runs never meet.
NAMESPACE_PREFIX = "rpclab"

DOMAIN, REALM, DNS_DOMAIN = "LAB", "LAB.TEST", "lab.test"
DC_ADDRESS, DC_ADDRESS_V6, DC_NAME = "10.99.0.1", "fd99::1", "dc1.lab.test"
CLIENT_ADDRESS = "10.99.0.2"
# The machine with scripted servers; its client is at .2 of the same networks.
WIN_ADDRESS, WIN_ADDRESS_V6, WIN_NAME = "10.99.1.1", "fd99:1::1", "win-srv.lab.test"
# Tunnels over the second wire: network and number.
TUNNELS = {"vlan": ("10.99.42", 42), "vxlan": ("10.99.77", 77)}

ADMIN, ADMIN_PASSWORD = "Administrator", "Lab-Passw0rd!"
WIN_DOMAIN, WIN_ADMIN = "WIN-SRV", "administrator"
# Passwords of accounts of the lab, which exist nowhere else.
USERS = {"alice": "Alice-Passw0rd1", "bob": "Bob-Passw0rd1"}
MACHINE_ACCOUNT, MACHINE_PASSWORD = "LABPC1$", "Lab-Pc1-Passw0rd!"
DC_MACHINE_PASSWORD = "Lab-Machine-Dc1!"
SERVICE_ACCOUNT, SERVICE_PASSWORD = "WIN-SRV$", "Lab-WinSrv-Passw0rd!"

# Longest time for one scenario and for a whole run.
SCENARIO_SECONDS = 60
RUN_SECONDS = 900
