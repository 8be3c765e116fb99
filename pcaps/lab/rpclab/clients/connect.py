"""Connecting to a server with impacket."""

from __future__ import annotations

from impacket.dcerpc.v5 import epm, rpcrt, transport
from impacket.smb3structs import SMB2_DIALECT_21

from .. import settings


def pipe(host: str, name: str, *, level: int = 0, encrypted: bool = False):
    """A pipe over SMB; with a level, RPC authenticates in it, too."""
    chosen = transport.DCERPCTransportFactory(f"ncacn_np:{host}[\\pipe\\{name}]")
    # impacket encrypts SMB whenever the dialect is 3.0 or later and the server can.
    if not encrypted:
        chosen.preferred_dialect(SMB2_DIALECT_21)
    return _connected(chosen, settings.ADMIN, settings.ADMIN_PASSWORD, level, rpcrt.RPC_C_AUTHN_WINNT)


def tcp(
    host: str,
    port: int,
    *,
    level: int = 0,
    auth_type: int = rpcrt.RPC_C_AUTHN_WINNT,
    user: str = settings.ADMIN,
    password: str = settings.ADMIN_PASSWORD,
):
    """A TCP connection."""
    chosen = transport.DCERPCTransportFactory(f"ncacn_ip_tcp:{host}[{port}]")
    return _connected(chosen, user, password, level, auth_type)


def mapped_port(host: str, interface: bytes) -> int:
    """Asks the endpoint mapper for the TCP port of an interface."""
    binding = epm.hept_map(host, interface, protocol="ncacn_ip_tcp")
    return int(binding[binding.index("[") + 1 : -1])


def attempt(function, *arguments):
    """Calls a function that may well fail, and says what came of it."""
    try:
        result = function(*arguments)
    except Exception as error:  # noqa: BLE001 - impacket raises what it likes
        print(f"failed: {type(error).__name__}")
        return None
    print("succeeded")
    return result


def _connected(chosen, user: str, password: str, level: int, auth_type: int):
    chosen.set_credentials(user, password, settings.DOMAIN)
    rpc = chosen.get_dce_rpc()
    if level:
        rpc.set_auth_level(level)
        rpc.set_auth_type(auth_type)
    rpc.connect()
    return rpc
