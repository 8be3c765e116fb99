"""Reads what a capture shows with Wireshark's dissectors, which share no code with rpcscope."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from .claims import Call, Claims, Rejection


class PduType(IntEnum):
    """Types of PDUs; some mean other things in the connectionless protocol."""

    REQUEST = 0
    RESPONSE = 2
    FAULT = 3
    CONNECTIONLESS_REJECT = 6
    BIND = 11
    BIND_ACK = 12
    BIND_NAK = 13
    ALTER_CONTEXT = 14
    ALTER_CONTEXT_RESPONSE = 15


AUTH_TYPES = {9: "SPNEGO", 10: "NTLMSSP", 16: "Kerberos", 30: "NegoExtender", 68: "Netlogon"}
AUTH_LEVELS = {1: "none", 2: "connect", 4: "pkt", 5: "pkt_integrity", 6: "pkt_privacy"}
TRANSFER_SYNTAXES = {
    "8a885d04-1ceb-11c9-9fe8-08002b104860": "NDR",
    "71710533-beba-4937-8319-b5dbef9ccc36": "NDR64",
}
ACCEPTANCE, NEGOTIATE_ACK = 0, 3
HTTP_PORTS = {80, 593}
# In a compound: the file of the command before.
FILE_BEFORE = "ffffffff-ffff-ffff-ffff-ffffffffffff"


@dataclass
class Pdu:
    """One PDU and where it was found."""

    fields: dict[str, list[str]]
    transport: str
    connection: object
    pipe: str | None

    def number(self, name: str) -> int | None:
        """The first value of a field that is a number."""
        values = self.fields.get(f"dcerpc.{name}")
        return int(values[0], 0) if values else None

    def numbers(self, name: str) -> list[int]:
        return [int(value, 0) for value in self.fields.get(f"dcerpc.{name}", [])]

    def texts(self, name: str) -> list[str]:
        return self.fields.get(f"dcerpc.{name}", [])


def read_claims(capture: Path) -> Claims:
    """What Wireshark finds in a capture."""
    reader = _Reader()
    for pdu in _pdus(capture, reader.claims):
        reader.take(pdu)
    return reader.finish()


def _pdus(capture: Path, claims: Claims) -> Iterator[Pdu]:
    """All PDUs in order; counts encrypted SMB messages by the way."""
    # Its HTTP dissector would keep the bodies of RPC over HTTP to itself.
    argv = ["tshark", "-n", "-r", str(capture), "--disable-protocol", "http", "-T", "pdml"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        for _, packet in ElementTree.iterparse(process.stdout):
            if packet.tag != "packet":
                continue
            transport, connection, pipe = "ncacn_ip_tcp", None, None
            for protocol in packet.iter("proto"):
                match protocol.get("name"):
                    case "tcp":
                        fields = _fields(protocol)
                        connection, pipe, transport = fields["tcp.stream"][0], None, "ncacn_ip_tcp"
                        if HTTP_PORTS & {int(port) for port in fields["tcp.port"]}:
                            # Requests and replies of version 2 go over two connections.
                            transport, connection = "ncacn_http", "http"
                    case "udp":
                        transport = "ncadg_ip_udp"
                    case "smb":
                        transport, pipe = "ncacn_np/smb1", _first(protocol, "smb.fid")
                    case "smb2":
                        transport, pipe = "ncacn_np/smb2", _first(protocol, "smb2.fid")
                        claims.smb_encrypted += _first(protocol, "smb2.header.transform.enc_data") is not None
                    case "dcerpc":
                        yield Pdu(_fields(protocol), transport, connection, pipe)
            packet.clear()


def _fields(protocol: ElementTree.Element) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for field in protocol.iter("field"):
        fields.setdefault(field.get("name"), []).append(field.get("show"))
    return fields


def _first(protocol: ElementTree.Element, name: str) -> str | None:
    return next((field.get("show") for field in protocol.iter("field") if field.get("name") == name), None)


class _Reader:
    """Pairs binds with their answers and requests with theirs."""

    def __init__(self):
        self.claims = Claims()
        self._contexts: dict = {}
        self._binds: dict = {}
        self._calls: dict = {}

    def take(self, pdu: Pdu):
        if (level := pdu.number("auth_level")) is not None:
            self.claims.auth.add(f"{AUTH_TYPES[pdu.number('auth_type')]} {AUTH_LEVELS[level]}")
        if pdu.transport == "ncadg_ip_udp":
            self._take_connectionless(pdu)
            return
        key = pdu.connection, pdu.number("cn_call_id")
        match pdu.number("pkt_type"):
            case PduType.BIND | PduType.ALTER_CONTEXT:
                self._binds[key] = pdu
            case PduType.BIND_ACK | PduType.ALTER_CONTEXT_RESPONSE:
                self._take_bind_ack(pdu, self._binds.pop(key))
            case PduType.BIND_NAK:
                self._binds.pop(key)
                self.claims.bind_naks.add(pdu.number("cn_reject_reason"))
            case PduType.REQUEST if pdu.number("cn_flags.first_frag"):
                self._end(key, "unanswered")
                self._calls[key] = pdu.transport, self._interface(pdu), pdu.number("opnum")
            case PduType.RESPONSE:
                self._end(key, "replied")
            case PduType.FAULT:
                self.claims.faults.add(pdu.number("cn_status"))
                self._binds.pop(key, None)
                self._end(key, "faulted")

    def _interface(self, request: Pdu) -> str:
        context = request.number("cn_ctx_id")
        # A bind in the compound that opens the pipe cannot name the pipe yet.
        known = (self._contexts.get((request.connection, pipe, context)) for pipe in (request.pipe, FILE_BEFORE))
        return next(filter(None, known))

    def finish(self) -> Claims:
        for key in list(self._calls):
            self._end(key, "unanswered")
        return self.claims

    def _take_bind_ack(self, answer: Pdu, bind: Pdu):
        # A result without a reason is an acceptance, or an acknowledgement of features.
        reasons = iter(answer.numbers("cn_ack_reason"))
        syntaxes = iter(answer.texts("cn_ack_trans_id"))
        offers = zip(
            bind.numbers("cn_ctx_id"), bind.texts("cn_bind_to_uuid"), answer.numbers("cn_ack_result"), strict=True
        )
        for context, uuid, result in offers:
            syntax = next(syntaxes, None) if result != NEGOTIATE_ACK else None
            if result == ACCEPTANCE:
                self._contexts[bind.connection, bind.pipe, context] = uuid
                self.claims.transfer_syntaxes.add(TRANSFER_SYNTAXES[syntax])
            elif result != NEGOTIATE_ACK:
                self.claims.rejected.add(Rejection(uuid, result, next(reasons)))

    def _take_connectionless(self, pdu: Pdu):
        key = pdu.texts("dg_act_id")[0], pdu.number("dg_seqnum")
        match pdu.number("pkt_type"):
            case PduType.REQUEST:
                self._calls.setdefault(key, (pdu.transport, pdu.texts("dg_if_id")[0], pdu.number("opnum")))
            case PduType.RESPONSE:
                self._end(key, "replied")
            case PduType.FAULT:
                self._end(key, "faulted")
            case PduType.CONNECTIONLESS_REJECT:
                self._end(key, "rejected")

    def _end(self, key, outcome: str):
        if call := self._calls.pop(key, None):
            self.claims.calls[Call(*call, outcome)] += 1
