"""Object references of a scripted DCOM server ([MS-DCOM] 2.2.18), and the objects behind them."""

from __future__ import annotations

import os
import struct
import uuid

from impacket.dcerpc.v5.dtypes import NULL

STANDARD, CUSTOM = 1, 4
NCACN_IP_TCP, NTLM_SERVICE, SPNEGO_SERVICE = 7, 10, 9
NO_PRINCIPAL = 0xFFFF
PUBLIC_REFERENCES = 5


def identifier(text: str) -> bytes:
    """A UUID as it is on the wire."""
    return uuid.UUID(text).bytes_le


class Objects:
    """One object exporter: its address, its OXID, and its objects by IPID."""

    def __init__(self, host: str, address: str, port: int, authentication_hint: int):
        self.host, self.address, self.port = host, address, port
        self.authentication_hint = authentication_hint
        self.oxid = int.from_bytes(os.urandom(8), "little")
        self.remote_unknown = os.urandom(16)
        self._states: dict[bytes, dict] = {}

    def reference(self, interface: bytes, state: dict | None = None) -> bytes:
        """An OBJREF_STANDARD to a new object."""
        object_id = int.from_bytes(os.urandom(8), "little")
        reference, _ = self._reference(interface, object_id, state)
        return reference

    def interface_of(self, ipid: bytes, interface: bytes) -> tuple[bytes, int]:
        """The IPID and OID of another interface of an object."""
        object_id = int.from_bytes(os.urandom(8), "little")
        _, new = self._reference(interface, object_id, self._states.get(ipid))
        return new, object_id

    def state(self, ipid: bytes) -> dict:
        """What belongs to an object."""
        return self._states.setdefault(ipid, {})

    def _reference(self, interface: bytes, object_id: int, state: dict | None) -> tuple[bytes, bytes]:
        ipid = os.urandom(16)
        self._states[ipid] = state if state is not None else {}
        strings, security = self._bindings(None)
        words = len(strings + security) // 2, len(strings) // 2
        head = b"MEOW" + struct.pack("<L", STANDARD) + interface
        body = struct.pack("<LLQQ", 0, PUBLIC_REFERENCES, self.oxid, object_id) + ipid
        return head + body + struct.pack("<HH", *words) + strings + security, ipid

    def fill_bindings(self, field, port: int | None):
        """Writes the server's addresses into a DUALSTRINGARRAY."""
        strings, security = self._bindings(port)
        words = len(strings + security) // 2
        field["wNumEntries"], field["wSecurityOffset"] = words, len(strings) // 2
        field["aStringArray"] = list(struct.unpack(f"<{words}H", strings + security))

    def _bindings(self, port: int | None) -> tuple[bytes, bytes]:
        where = f"[{port}]" if port else ""
        strings = b"".join(
            struct.pack("<H", NCACN_IP_TCP) + f"{address}{where}\0".encode("utf-16le")
            for address in (self.host, self.address)
        )
        security = b"".join(struct.pack("<HHH", service, NO_PRINCIPAL, 0) for service in (NTLM_SERVICE, SPNEGO_SERVICE))
        return strings + bytes(2), security + bytes(2)


def custom_reference(interface: bytes, unmarshaler: bytes, data: bytes) -> bytes:
    """An OBJREF_CUSTOM, whose data says all of the object."""
    return b"MEOW" + struct.pack("<L", CUSTOM) + interface + unmarshaler + struct.pack("<LL", 0, len(data)) + data


def set_pointer(field, reference: bytes):
    """Writes a reference into an MInterfacePointer."""
    field["ulCntData"], field["abData"] = len(reference), list(reference)


def answer(response):
    """A response with an empty ORPCTHAT."""
    response["ORPCthat"]["flags"], response["ORPCthat"]["extensions"] = 0, NULL
    return response
