"""Binds that a server refuses or that say more than they need: `binds METHOD HOST`."""

import sys

from impacket.dcerpc.v5 import lsad, lsat, mgmt, rpcrt, samr
from impacket.uuid import uuidtup_to_bin

from .connect import attempt, mapped_port, pipe, tcp

UNKNOWN = uuidtup_to_bin(("deadbeef-1234-1234-1234-0123456789ab", "9.0"))
UNKNOWN_AUTH_TYPE = 0x1E


def rejected(host: str):
    """An interface that nobody has, over TCP; and what nobody sees, since the pipes are encrypted."""
    attempt(pipe(host, "lsarpc", encrypted=True).bind, UNKNOWN)
    attempt(tcp(host, mapped_port(host, samr.MSRPC_UUID_SAMR)).bind, UNKNOWN)
    attempt(pipe(host, "samr", encrypted=True).bind, samr.MSRPC_UUID_SAMR)


def altered(host: str):
    """Contexts that mean nothing, and a second interface by alter_context, over pipes."""
    # impacket would make up a new interface for each context, and no two recordings would show the same.
    rpcrt.generate = lambda: UNKNOWN[:16]
    padded = pipe(host, "lsarpc")
    padded.bind(lsat.MSRPC_UUID_LSAT, bogus_binds=5)
    attempt(lsad.hLsarOpenPolicy2, padded)
    two = pipe(host, "samr")
    two.bind(samr.MSRPC_UUID_SAMR)
    attempt(samr.hSamrConnect, two)
    attempt(lsad.hLsarOpenPolicy2, two.alter_ctx(lsat.MSRPC_UUID_LSAT))


def nak(host: str):
    """A type of authentication that the server does not know."""
    rpc = tcp(host, 135, level=rpcrt.RPC_C_AUTHN_LEVEL_PKT_PRIVACY)
    negotiate = rpc.get_rpc_transport()
    send = negotiate.send

    def send_as_unknown(data, *arguments, **options):
        # The sec_trailer stands before the token, whose length is at offset 10 of the header.
        trailer = len(data) - int.from_bytes(data[10:12], "little") - 8
        send(data[:trailer] + bytes([UNKNOWN_AUTH_TYPE]) + data[trailer + 1 :], *arguments, **options)

    negotiate.send = send_as_unknown
    attempt(rpc.bind, mgmt.MSRPC_UUID_MGMT)


def management(host: str):
    """What every server tells of itself."""
    rpc = tcp(host, 135)
    rpc.bind(mgmt.MSRPC_UUID_MGMT)
    for question in (mgmt.hinq_if_ids, mgmt.hinq_princ_name, mgmt.hinq_stats, mgmt.his_server_listening):
        attempt(question, rpc)


METHODS = {function.__name__: function for function in (rejected, altered, nak, management)}


def main():
    METHODS[sys.argv[1]](sys.argv[2])


if __name__ == "__main__":
    main()
