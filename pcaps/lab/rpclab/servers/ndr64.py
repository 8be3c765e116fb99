"""scapy's RPC server, which accepts NDR64: SamrConnect on one port."""

import os
import sys

from scapy.layers.dcerpc import DCERPC_Transport, NDRContextHandle
from scapy.layers.msrpce.raw.ms_samr import SamrConnect_Request, SamrConnect_Response
from scapy.layers.msrpce.rpcserver import DCERPC_Server
from scapy.layers.ntlm import NTLMSSP, MD4le


class SamServer(DCERPC_Server):
    """Gives everybody a handle."""

    @DCERPC_Server.answer(SamrConnect_Request)
    def connect(self, _):
        handle = NDRContextHandle(attributes=0, uuid=os.urandom(16))
        return SamrConnect_Response(ServerHandle=handle, status=0, ndr64=self.ndr64)


def main():
    interface, port, user, password = sys.argv[1:]
    ssp = NTLMSSP(IDENTITIES={user: MD4le(password)}, COMPUTER_NB_NAME="SCAPYSRV", DOMAIN_NB_NAME="SCAPY")
    SamServer.spawn(DCERPC_Transport.NCACN_IP_TCP, iface=interface, port=int(port), ndr64=True, ssp=ssp)


if __name__ == "__main__":
    main()
