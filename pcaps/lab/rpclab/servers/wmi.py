"""WMI of a scripted DCOM server ([MS-WMI] 3.1.4): one class, one method, one instance."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from impacket.dcerpc.v5 import dcomrt
from impacket.dcerpc.v5.dcom import wmi
from impacket.dcerpc.v5.dtypes import NULL

from . import rpc
from .objects import Objects, answer, custom_reference, identifier, set_pointer
from .wmio import Method, Property, object_array, wmi_class, wmi_instance

NAMESPACE = "root\\cimv2"
WBEM_OBJECT = identifier("dc12a681-737f-11cf-884d-00aa004b2e24")
WBEM_UNMARSHALER = identifier("4590f812-1d3a-11d0-891f-00aa004b2e24")
SERVICES = "9556dc99-828c-11cf-a37e-00aa003240c7"
ENUMERATOR = "027947e1-d731-11ce-a357-000000000001"
SMART_ENUMERATOR = "423ec01e-2e35-11d2-b604-00104b703efd"
NO_MORE, REFERENT = 1, 0x20000
EMPTY_ORPCTHAT = bytes(8)

PROCESS = (
    Property("CommandLine", "string"),
    Property("Handle", "string", key=True),
    Property("Name", "string"),
    Property("ProcessId", "uint32"),
)
CREATE_INPUTS = (
    Property("CommandLine", "string", position=0, direction="In"),
    Property("CurrentDirectory", "string", position=1, direction="In"),
    Property("ProcessStartupInformation", "object", position=2, direction="In"),
)
CREATE_OUTPUTS = (
    Property("ProcessId", "uint32", position=3, direction="Out"),
    Property("ReturnValue", "uint32", direction="out"),
)
LSASS = {"Name": "lsass.exe", "Handle": "656", "ProcessId": 656, "CommandLine": "C:\\Windows\\system32\\lsass.exe"}
CREATED = {"ProcessId": 4242, "ReturnValue": 0}


def interfaces(objects: Objects, output_folder: Path | None) -> tuple[rpc.Interface, ...]:
    """The interfaces of WMI. What a command line would print goes to a file in `output_folder`."""
    return (*_logons(objects), _services(objects, output_folder), *_enumerators(objects))


def _logons(objects: Objects) -> tuple[rpc.Interface, ...]:
    login = rpc.Interface("f309ad18-d86a-11d0-a075-00c04fb68820")
    client_id = rpc.Interface("d4781cd6-e5d3-44df-ad94-930efe48a887")

    @login.operation(3)
    def establish_position(_):
        return answer(wmi.IWbemLevel1Login_EstablishPositionResponse()).getData()

    @login.operation(6)
    def ntlm_login(_):
        response = answer(wmi.IWbemLevel1Login_NTLMLoginResponse())
        set_pointer(response["ppNamespace"], objects.reference(identifier(SERVICES)))
        response["ErrorCode"] = 0
        return response.getData()

    @client_id.operation(3)
    def set_client_info(_):
        return answer(wmi.IWbemLoginClientID_SetClientInfoResponse()).getData()

    return login, client_id


def _services(objects: Objects, output_folder: Path | None) -> rpc.Interface:
    services = rpc.Interface(SERVICES)
    home = {"host": objects.host, "namespace": NAMESPACE}

    @services.operation(6)
    def get_object(_):
        create = Method("Create", CREATE_INPUTS, CREATE_OUTPUTS)
        response = answer(wmi.IWbemServices_GetObjectResponse())
        set_pointer(response["ppObject"], _by_value(wmi_class("Win32_Process", PROCESS, [create], **home)))
        response["ppCallResult"], response["ErrorCode"] = NULL, 0
        return response.getData()

    @services.operation(20)
    def exec_query(_):
        response = answer(wmi.IWbemServices_ExecQueryResponse())
        set_pointer(response["ppEnum"], objects.reference(identifier(ENUMERATOR), {"left": 1}))
        response["ErrorCode"] = 0
        return response.getData()

    @services.operation(24)
    def exec_method(call):
        if output_folder:
            _write_output(call.stub, output_folder)
        response = answer(wmi.IWbemServices_ExecMethodResponse())
        result = wmi_instance("__PARAMETERS", CREATE_OUTPUTS, CREATED, **home)
        set_pointer(response["ppOutParams"], _by_value(result))
        response["ppCallResult"], response["ErrorCode"] = NULL, 0
        return response.getData()

    return services


def _enumerators(objects: Objects) -> tuple[rpc.Interface, ...]:
    enumerator, fetch = rpc.Interface(ENUMERATOR), rpc.Interface("1c1c45ee-4395-11d2-b60b-00104b703efd")
    smart = rpc.Interface(SMART_ENUMERATOR)
    instance = wmi_instance("Win32_Process", PROCESS, LSASS, host=objects.host, namespace=NAMESPACE)

    def take(ipid: bytes) -> bool:
        """Whether an enumerator has an object left, which then is gone."""
        state = objects.state(ipid)
        had = state.get("left", 0)
        state["left"] = max(had - 1, 0)
        return had > 0

    @enumerator.operation(3)
    def reset(call):
        objects.state(call.object)["left"] = 1
        return answer(wmi.IEnumWbemClassObject_ResetResponse()).getData()

    @enumerator.operation(4)
    def next_objects(call):
        response = answer(wmi.IEnumWbemClassObject_NextResponse())
        response["puReturned"], response["ErrorCode"] = 0, NO_MORE
        if take(call.object):
            pointer = dcomrt.PMInterfacePointer()
            set_pointer(pointer, _by_value(instance))
            response["apObjects"].append(pointer)
            response["puReturned"], response["ErrorCode"] = 1, 0
        return response.getData()

    @fetch.operation(3)
    def get_smart_enum(call):
        response = answer(wmi.IWbemFetchSmartEnum_GetSmartEnumResponse())
        set_pointer(
            response["ppSmartEnum"], objects.reference(identifier(SMART_ENUMERATOR), objects.state(call.object))
        )
        response["ErrorCode"] = 0
        return response.getData()

    @smart.operation(3)
    def next_smart(call):
        if not take(call.object):
            return EMPTY_ORPCTHAT + struct.pack("<LLLL", 0, 0, 0, NO_MORE)
        # By hand: impacket's structure lacks the pointer to the buffer.
        array = object_array([instance])
        buffer = struct.pack("<LLLL", 1, len(array), REFERENT, len(array)) + array + bytes(-len(array) % 4)
        return EMPTY_ORPCTHAT + buffer + struct.pack("<L", 0)

    return enumerator, fetch, smart


def _by_value(unit: bytes) -> bytes:
    return custom_reference(WBEM_OBJECT, WBEM_UNMARSHALER, unit)


def _write_output(stub: bytes, folder: Path):
    """Does what wmiexec's redirection into a file of ADMIN$ would do."""
    text = stub.decode("utf-16le", "replace") + stub[1:].decode("utf-16le", "replace") + stub.decode("latin-1")
    if file := re.search(r"ADMIN\$\\(__[0-9.]+)", text):
        says = "C:\\\r\n" if "cd " in text else "lab\\administrator\r\n"
        (folder / file.group(1)).write_text(says)
