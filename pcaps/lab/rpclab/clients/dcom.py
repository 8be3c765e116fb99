"""DCOM calls that impacket's tools do not make: `dcom METHOD HOST [LEVEL]`."""

from __future__ import annotations

import sys

from impacket.dcerpc.v5 import dcomrt, transport
from impacket.dcerpc.v5.dcom import wmi
from impacket.dcerpc.v5.dtypes import LPBYTE, NULL
from impacket.uuid import string_to_bin

from .. import settings
from .connect import attempt

ANY_OXID, TCP = 0x1122334455667788, 7
CLASS_FACTORY = string_to_bin("00000001-0000-0000-C000-000000000046")

# impacket's structure lacks the pointer to the buffer.
wmi.IWbemWCOSmartEnum_NextResponse.structure = tuple(
    (name, LPBYTE if name == "pBuffer" else kind) for name, kind in wmi.IWbemWCOSmartEnum_NextResponse.structure
)


def resolver(host: str, _level: int):
    """The object exporter of a machine, asked without authentication."""
    exporter = dcomrt.IObjectExporter(_port_135(host, 1, connect=False))
    attempt(exporter.ServerAlive2)
    attempt(dcomrt.IObjectExporter(_port_135(host, 1, connect=False)).ResolveOxid2, ANY_OXID, [TCP])


def remote_activation(host: str, level: int):
    """The oldest way to activate, IActivation::RemoteActivation."""
    activation = dcomrt.IActivation(_port_135(host, level))
    attempt(activation.RemoteActivation, wmi.CLSID_WbemLevel1Login, wmi.IID_IWbemLevel1Login)


def class_object(host: str, level: int):
    """A class factory instead of an object, IRemoteSCMActivator::RemoteGetClassObject."""
    activator = dcomrt.IRemoteSCMActivator(_port_135(host, level))
    attempt(activator.RemoteGetClassObject, wmi.CLSID_WbemLevel1Login, CLASS_FACTORY)


def smart_enumerator(host: str, level: int):
    """A WQL query whose result is fetched the way Windows does it: over a smart enumerator."""
    connection = dcomrt.DCOMConnection(
        host, settings.WIN_ADMIN, settings.ADMIN_PASSWORD, settings.WIN_DOMAIN, authLevel=level
    )
    try:
        login = wmi.IWbemLevel1Login(connection.CoCreateInstanceEx(wmi.CLSID_WbemLevel1Login, wmi.IID_IWbemLevel1Login))
        services = login.NTLMLogin("//./root/cimv2", NULL, NULL)
        login.RemRelease()
        enumerator = services.ExecQuery("select Name from Win32_Process")
        fetch = wmi.IWbemFetchSmartEnum(enumerator.RemQueryInterface(1, (wmi.IID_IWbemFetchSmartEnum,)))
        answer = fetch.request(
            wmi.IWbemFetchSmartEnum_GetSmartEnum(), iid=wmi.IID_IWbemFetchSmartEnum, uuid=fetch.get_iPid()
        )
        reference = b"".join(answer["ppSmartEnum"]["abData"])
        smart = wmi.IWbemWCOSmartEnum(
            dcomrt.INTERFACE(fetch.get_cinstance(), reference, fetch.get_ipidRemUnknown(), target=fetch.get_target())
        )
        for _ in range(2):
            attempt(smart.Next, wmi.IID_IWbemWCOSmartEnum[:16], -1, 1)
        services.RemRelease()
    finally:
        connection.disconnect()


def _port_135(host: str, level: int, *, connect: bool = True):
    chosen = transport.DCERPCTransportFactory(f"ncacn_ip_tcp:{host}[135]")
    chosen.set_credentials(settings.WIN_ADMIN, settings.ADMIN_PASSWORD, settings.WIN_DOMAIN)
    rpc = chosen.get_dce_rpc()
    rpc.set_auth_level(level)
    if connect:
        rpc.connect()
    return rpc


METHODS = {function.__name__: function for function in (resolver, remote_activation, class_object, smart_enumerator)}


def main():
    method, host, *level = sys.argv[1:]
    METHODS[method](host, int(level[0]) if level else 1)


if __name__ == "__main__":
    main()
