"""IUnknown and IDispatch of a scripted DCOM server: whatever is asked for by name exists ([MS-DCOM], [MS-OAUT])."""

from __future__ import annotations

import re
import struct

from impacket.dcerpc.v5 import dcomrt
from impacket.dcerpc.v5.dcom import oaut

from . import rpc
from .objects import PUBLIC_REFERENCES, Objects, answer, identifier, set_pointer

DISPATCH = "00020400-0000-0000-c000-000000000046"
FIRST_MEMBER = 0x60020000
EMPTY, OBJECT = 0, 9
# Methods that return nothing; any other member is an object again.
PROCEDURES = {"ExecuteShellCommand", "ShellExecute", "Quit"}


def interfaces(objects: Objects) -> tuple[rpc.Interface, ...]:
    """IRemUnknown, IRemUnknown2 and IDispatch."""
    unknowns = [rpc.Interface(f"{number}-0000-0000-c000-000000000046") for number in ("00000131", "00000143")]
    for unknown in unknowns:
        _add_references(objects, unknown)
    return (*unknowns, _dispatch(objects))


def _add_references(objects: Objects, unknown: rpc.Interface):
    @unknown.operation(3)
    def rem_query_interface(call):
        # The request ends with the one IID that our clients ask for; the IPID follows ORPCTHIS without extensions.
        ipid, object_id = objects.interface_of(call.stub[32:48], call.stub[-16:])
        response = answer(dcomrt.RemQueryInterfaceResponse())
        response["ppQIResults"]["hResult"] = 0
        reference = response["ppQIResults"]["std"]
        reference["flags"], reference["cPublicRefs"] = 0, PUBLIC_REFERENCES
        reference["oxid"], reference["oid"], reference["ipid"] = objects.oxid, object_id, ipid
        return response.getData()

    @unknown.operation(4)
    def rem_add_ref(_):
        response, result = answer(dcomrt.RemAddRefResponse()), dcomrt.DWORD()
        result["Data"] = 0
        response["pResults"].append(result)
        return response.getData()

    @unknown.operation(5)
    def rem_release(_):
        return answer(dcomrt.RemReleaseResponse()).getData()


def _dispatch(objects: Objects) -> rpc.Interface:
    dispatch, members = rpc.Interface(DISPATCH), {}

    @dispatch.operation(5)
    def get_ids_of_names(call):
        name = re.search(r"[A-Za-z]{4,}", call.stub[48:].decode("utf-16le", "ignore"))
        member = members.setdefault(name.group(0) if name else "", FIRST_MEMBER + len(members))
        response = answer(oaut.IDispatch_GetIDsOfNamesResponse())
        response["rgDispId"] = [member]
        return response.getData()

    @dispatch.operation(6)
    def invoke(call):
        member = struct.unpack_from("<L", call.stub, 32)[0]
        name = next((name for name, known in members.items() if known == member), "")
        response = answer(oaut.IDispatch_InvokeResponse())
        result = response["pVarResult"]
        result["rpcReserved"] = 0
        result["vt"] = result["_varUnion"]["tag"] = EMPTY if name in PROCEDURES else OBJECT
        # Size in units of 8 bytes, with the object's reference when there is one.
        result["clSize"] = 5
        if name not in PROCEDURES:
            pointer = result["_varUnion"]["pdispVal"]
            set_pointer(pointer, objects.reference(identifier(DISPATCH)))
            result["clSize"] = (24 + pointer["ulCntData"] + 15) // 8
        response["pArgErr"], response["ErrorCode"] = 0, 0
        stub = response.getData()
        # impacket's structure lacks the empty array rgVarRef before the return value.
        return stub[:-4] + bytes(4) + stub[-4:]

    return dispatch
