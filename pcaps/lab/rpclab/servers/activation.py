"""Activation and object resolution of a scripted DCOM server: what listens on port 135 ([MS-DCOM] 3.1.2.5)."""

from __future__ import annotations

from impacket.dcerpc.v5 import dcomrt
from impacket.dcerpc.v5.dtypes import NULL

from . import rpc
from .objects import Objects, answer, custom_reference, identifier, set_pointer

ACTIVATION_PROPERTIES_OUT = identifier("000001a3-0000-0000-c000-000000000046")
PROPERTIES_OUT_CLASS, SCM_REPLY_CLASS = (
    identifier("00000339-0000-0000-c000-000000000046"),
    identifier("000001b6-0000-0000-c000-000000000046"),
)
CLASSES = {
    identifier("8bc3f05e-d86b-11d0-a075-00c04fb68820"): "WbemLevel1Login",
    identifier("49b2791a-b1ae-4c90-9b8e-e860ba07f889"): "MMC20.Application",
    identifier("9ba05972-f6a8-11cf-a442-00a0c90a8f39"): "ShellWindows",
    identifier("c08afd90-f2a1-11d1-8455-00a0c91f3880"): "ShellBrowserWindow",
}
CLASS_NOT_REGISTERED, ACCESS_DENIED = 0x80040154, 0x80070005
DIFFERENT_MACHINE = 2
COM_VERSION = 5, 7


def interfaces(objects: Objects, *, deny: bool) -> tuple[rpc.Interface, ...]:
    """The interfaces of port 135. With `deny`, whoever wants an object is told that access is denied."""
    return _object_exporter(objects), _activator(objects, deny=deny), _old_activation(objects, deny=deny)


def _object_exporter(objects: Objects) -> rpc.Interface:
    exporter = rpc.Interface("99fcfec4-5260-101b-bbcb-00aa0021347a")

    def resolve(response):
        objects.fill_bindings(response["ppdsaOxidBindings"], objects.port)
        response["pipidRemUnknown"], response["pAuthnHint"] = objects.remote_unknown, objects.authentication_hint
        return response.getData()

    @exporter.operation(0)
    def resolve_oxid(_):
        return resolve(dcomrt.ResolveOxidResponse())

    @exporter.operation(1)
    def simple_ping(_):
        return dcomrt.SimplePingResponse().getData()

    @exporter.operation(2)
    def complex_ping(_):
        response = dcomrt.ComplexPingResponse()
        response["pSetId"] = objects.oxid
        return response.getData()

    @exporter.operation(3)
    def server_alive(_):
        return dcomrt.ServerAliveResponse().getData()

    @exporter.operation(4)
    def resolve_oxid2(_):
        return resolve(dcomrt.ResolveOxid2Response())

    @exporter.operation(5)
    def server_alive2(_):
        response = dcomrt.ServerAlive2Response()
        objects.fill_bindings(response["ppdsaOrBindings"], None)
        response["pReserved"] = NULL
        return response.getData()

    return exporter


def _activator(objects: Objects, *, deny: bool) -> rpc.Interface:
    activator = rpc.Interface("000001a0-0000-0000-c000-000000000046")

    def activate(request, response):
        clsid, iid = _requested(b"".join(request["pActProperties"]["abData"]))
        response = answer(response)
        response["ErrorCode"] = _refusal(clsid, deny)
        if response["ErrorCode"]:
            response["ppActProperties"] = NULL
        else:
            set_pointer(response["ppActProperties"], _activation_properties(objects, iid, CLASSES[clsid]))
        return response.getData()

    @activator.operation(3)
    def remote_get_class_object(call):
        return activate(dcomrt.RemoteGetClassObject(call.stub), dcomrt.RemoteGetClassObjectResponse())

    @activator.operation(4)
    def remote_create_instance(call):
        return activate(dcomrt.RemoteCreateInstance(call.stub), dcomrt.RemoteCreateInstanceResponse())

    return activator


def _old_activation(objects: Objects, *, deny: bool) -> rpc.Interface:
    activation = rpc.Interface("4d9f4ab8-7d1c-11cf-861e-0020af6e7c57")

    @activation.operation(0)
    def remote_activation(call):
        request = dcomrt.RemoteActivation(call.stub)
        clsid, iid = request["Clsid"], request["pIIDs"][0]["Data"]
        response = answer(dcomrt.RemoteActivationResponse())
        refusal = _refusal(clsid, deny)
        response["pOxid"], response["pipidRemUnknown"] = objects.oxid, objects.remote_unknown
        response["pAuthnHint"] = objects.authentication_hint
        _set_version(response["pServerVersion"])
        objects.fill_bindings(response["ppdsaOxidBindings"], objects.port)
        response["phr"] = response["ErrorCode"] = refusal
        result = dcomrt.HRESULT()
        result["Data"] = refusal
        response["pResults"].append(result)
        pointer = dcomrt.PMInterfacePointer()
        if not refusal:
            set_pointer(pointer, objects.reference(iid, {"class": CLASSES[clsid]}))
        response["ppInterfaceData"].append(pointer if not refusal else NULL)
        return response.getData()

    return activation


def _refusal(clsid: bytes, deny: bool) -> int:
    if deny:
        return ACCESS_DENIED
    return 0 if clsid in CLASSES else CLASS_NOT_REGISTERED


def _requested(reference: bytes) -> tuple[bytes, bytes]:
    """CLSID and first IID of activation properties; InstantiationInfoData is the first property of every client."""
    blob = dcomrt.ACTIVATION_BLOB(dcomrt.OBJREF_CUSTOM(reference)["pObjectData"])
    info = dcomrt.InstantiationInfoData()
    size = info.fromString(blob["Property"])
    info.fromStringReferents(blob["Property"][size:])
    return info["classId"], info["pIID"][0]["Data"]


def _activation_properties(objects: Objects, iid: bytes, name: str) -> bytes:
    """The OBJREF with the new object and where to call it ([MS-DCOM] 2.2.22)."""
    found = dcomrt.PropsOutInfo()
    found["cIfs"] = 1
    interface, result, pointer = dcomrt.IID(), dcomrt.HRESULT(), dcomrt.PMInterfacePointer()
    interface["Data"], result["Data"] = iid, 0
    set_pointer(pointer, objects.reference(iid, {"class": name}))
    found["piid"].append(interface)
    found["phresults"].append(result)
    found["ppIntfData"].append(pointer)

    reply = dcomrt.ScmReplyInfoData()
    reply["pdwReserved"] = 0
    remote = reply["remoteReply"]
    remote["Oxid"], remote["ipidRemUnknown"] = objects.oxid, objects.remote_unknown
    remote["authnHint"] = objects.authentication_hint
    objects.fill_bindings(remote["pdsaOxidBindings"], objects.port)
    _set_version(remote["serverVersion"])

    blob = dcomrt.ACTIVATION_BLOB()
    header, properties = blob["CustomHeader"], b""
    header["destCtx"], header["pdwReserved"] = DIFFERENT_MACHINE, NULL
    for clsid, content in ((PROPERTIES_OUT_CLASS, found), (SCM_REPLY_CLASS, reply)):
        marshaled = content.getData() + content.getDataReferents()
        marshaled += b"\xfa" * (-len(marshaled) % 8)
        entry, size = dcomrt.CLSID(), dcomrt.DWORD()
        entry["Data"], size["Data"] = clsid, len(marshaled)
        header["pclsid"].append(entry)
        header["pSizes"].append(size)
        properties += marshaled
    blob["Property"] = properties
    return custom_reference(ACTIVATION_PROPERTIES_OUT, PROPERTIES_OUT_CLASS, blob.getData())


def _set_version(field):
    field["MajorVersion"], field["MinorVersion"] = COM_VERSION
