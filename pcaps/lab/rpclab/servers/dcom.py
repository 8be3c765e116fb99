"""A scripted DCOM and WMI server: activation and OXID resolution on port 135, objects on a port of their own."""

from __future__ import annotations

import argparse
import threading
from pathlib import Path

from . import activation, automation, rpc, wmi
from .ntlm import NtlmContext
from .objects import Objects
from .smb import serve_files

HOST = "WIN-SRV"
NTLM, SPNEGO = 10, 9


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("user")
    parser.add_argument("password")
    parser.add_argument("--object-port", type=int, default=49667)
    parser.add_argument("--hint", type=int, default=6, help="authentication level that the server asks for")
    parser.add_argument("--max-fragment", type=int, default=5840)
    parser.add_argument("--deny", action="store_true", help="deny every activation")
    parser.add_argument("--share", type=Path, help="serve this folder as ADMIN$, and write outputs into it")
    parser.add_argument("--keytab", type=Path, help="accept Kerberos, too, with the keys in this file")
    parser.add_argument("--principal", help="the account whose key is used")
    parser.add_argument("--service", help="the service that tickets are for")
    arguments = parser.parse_args()

    def new_context(auth_type: int, level: int):
        if auth_type == NTLM:
            return NtlmContext(HOST, arguments.user, arguments.password, level)
        if auth_type == SPNEGO and arguments.keytab:
            # scapy takes a second to import, and most scenarios do without.
            from .kerberos import KerberosContext

            return KerberosContext(arguments.keytab, arguments.principal, arguments.service, level)
        return None

    objects = Objects(HOST, arguments.address, arguments.object_port, arguments.hint)
    exported = (*automation.interfaces(objects), *wmi.interfaces(objects, arguments.share))
    for port, offered in (
        (135, activation.interfaces(objects, deny=arguments.deny)),
        (arguments.object_port, exported),
    ):
        server = rpc.Server(offered, new_context, max_fragment=arguments.max_fragment)
        server.serve_aside(arguments.address, port)
    if arguments.share:
        serve_files(arguments.address, arguments.user, arguments.password, arguments.share, pipes={})
    threading.Event().wait()


if __name__ == "__main__":
    main()
