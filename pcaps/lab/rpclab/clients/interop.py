"""Runs one of impacket's tools with mends that it needs against Samba, or with a protection of our choice.

`interop [--level LEVEL] [--smb2] TOOL ARGUMENT…`
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from impacket.dcerpc.v5 import dcomrt, drsuapi, rpcrt
from impacket.smb3structs import SMB2_DIALECT_21
from impacket.smbconnection import SMBConnection
from impacket.structure import Structure


def mend_alter_context():
    """MSRPCBind.getData appends the presentation contexts again each time, so that a second call doubles them."""

    def get_data(bind):
        items = bind.getCtxItems()
        bind["ctx_num"] = len(items)
        bind["ctx_items"] = b"".join(item.getData() for item in items)
        return Structure.getData(bind)

    rpcrt.MSRPCBind.getData = get_data


def mend_prefix_table():
    """Samba wants an entry for the schema (0xff…) at the end of the prefix table of DRSGetNCChanges."""
    request = rpcrt.DCERPC.request

    def mended(self, call, uuid=None, checkError=True):  # noqa: N803 - impacket's name
        if isinstance(call, drsuapi.DRSGetNCChanges):
            table = call["pmsgIn"]["V8"]["PrefixTableDest"]
            schema, entry = b"\xff" + bytes(20), drsuapi.PrefixTableEntry()
            entry["ndx"] = 0
            entry["prefix"]["length"], entry["prefix"]["elements"] = len(schema), list(schema)
            table["pPrefixEntry"].append(entry)
            table["PrefixCount"] = len(table["pPrefixEntry"])
        return request(self, call, uuid, checkError)

    rpcrt.DCERPC.request = mended


def force_level(level: int):
    """Makes every authenticated connection use one level; impacket raises what a server asks for."""
    set_level = rpcrt.DCERPC_v5.set_auth_level
    dcomrt.CLASS_INSTANCE.get_auth_level = lambda _: level
    rpcrt.DCERPC_v5.set_auth_level = lambda self, asked: set_level(self, level if asked > 1 else asked)


def force_smb2():
    """impacket encrypts SMB whenever the dialect is 3.0 or later and the server can; then no call is seen."""
    negotiate = SMBConnection.negotiateSession
    SMBConnection.negotiateSession = lambda self, _=None, **options: negotiate(self, SMB2_DIALECT_21, **options)


def main():
    arguments = sys.argv[1:]
    if arguments[0] == "--level":
        force_level(int(arguments[1]))
        arguments = arguments[2:]
    if arguments[0] == "--smb2":
        force_smb2()
        arguments = arguments[1:]
    mend_alter_context()
    mend_prefix_table()
    sys.argv = arguments
    runpy.run_path(str(Path(sys.executable).parent / arguments[0]), run_name="__main__")


if __name__ == "__main__":
    main()
