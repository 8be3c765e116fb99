"""scapy's RPC client: `scapy_samr HOST [--np] [--big] [--ndr64] [--level LEVEL] [--spnego] [--port PORT]`."""

import argparse

from scapy.layers.dcerpc import RPC_C_AUTHN_LEVEL as LEVEL
from scapy.layers.dcerpc import DCERPC_Transport, find_dcerpc_interface
from scapy.layers.msrpce.raw.ms_samr import SamrConnect_Request
from scapy.layers.msrpce.raw.ms_wkst import NetrWkstaGetInfo_Request
from scapy.layers.msrpce.rpcclient import DCERPC_Client
from scapy.layers.ntlm import NTLMSSP
from scapy.layers.spnego import SPNEGOSSP

from .. import settings

MAXIMUM_ALLOWED = 0x02000000


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("--np", action="store_true")
    parser.add_argument("--big", action="store_true")
    parser.add_argument("--ndr64", action="store_true")
    parser.add_argument("--spnego", action="store_true")
    parser.add_argument("--level", default="NONE")
    parser.add_argument("--port", type=int)
    parser.add_argument("--interface", default="samr")
    arguments = parser.parse_args()

    ntlm = NTLMSSP(UPN=settings.ADMIN, PASSWORD=settings.ADMIN_PASSWORD)
    options = {"auth_level": LEVEL[arguments.level], "ndr64": arguments.ndr64}
    if arguments.big:
        options["ndrendian"] = "big"
    # SMB needs a logon even where RPC has none.
    if arguments.spnego or arguments.np and arguments.level == "NONE":
        options["ssp"] = SPNEGOSSP([ntlm])
    elif arguments.level != "NONE":
        options["ssp"] = ntlm
    interface = find_dcerpc_interface(arguments.interface)
    if arguments.np:
        client = DCERPC_Client(DCERPC_Transport.NCACN_NP, **options)
        client.connect(arguments.host)
        client.open_smbpipe(arguments.interface)
        client.bind(interface)
    else:
        client = DCERPC_Client(DCERPC_Transport.NCACN_IP_TCP, **options)
        if arguments.port:
            client.connect(arguments.host, port=arguments.port)
            client.bind(interface)
        else:
            client.connect_and_bind(arguments.host, interface)
    encoding = {"ndr64": client.ndr64, "ndrendian": client.ndrendian}
    if arguments.interface == "samr":
        request = SamrConnect_Request(ServerName=None, DesiredAccess=MAXIMUM_ALLOWED, **encoding)
    else:
        request = NetrWkstaGetInfo_Request(ServerName=None, Level=100, **encoding)
    client.sr1_req(request).show()
    client.close()


if __name__ == "__main__":
    main()
