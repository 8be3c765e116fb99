"""A connection-oriented DCE/RPC server ([C706] 12, [MS-RPCE] 2.2.2) that answers from tables of operations."""

from __future__ import annotations

import socket
import struct
import threading
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass

REQUEST, RESPONSE, FAULT, BIND, BIND_ACK, BIND_NAK, ALTER, ALTER_ANSWER, AUTH3 = 0, 2, 3, 11, 12, 13, 14, 15, 16
FIRST, LAST, HEADER_SIGNING, DID_NOT_EXECUTE, OBJECT = 0x01, 0x02, 0x04, 0x20, 0x80
LITTLE_ENDIAN = 0x10
HEADER, HEADER_BYTES, TRAILER, TRAILER_BYTES = "<BBBBLHHL", 16, "<BBBBL", 8

NDR = uuid.UUID("8a885d04-1ceb-11c9-9fe8-08002b104860").bytes_le + struct.pack("<L", 2)
# A transfer syntax that starts so asks for features ([MS-RPCE] 2.2.2.14).
FEATURES = bytes.fromhex("2c1cb76c12984045")
ACCEPTANCE, PROVIDER_REJECTION, NEGOTIATE_ACK = 0, 2, 3
ABSTRACT_SYNTAX_NOT_SUPPORTED, TRANSFER_SYNTAXES_NOT_SUPPORTED = 1, 2
AUTHENTICATION_TYPE_NOT_RECOGNIZED = 8
ACCESS_DENIED, OPERATION_OUT_OF_RANGE, UNKNOWN_INTERFACE = 5, 0x1C010002, 0x1C00001A
CONNECT = 2
ASSOCIATION_GROUP = 0x53F0


class Fault(Exception):
    """Ends an operation with a fault PDU."""

    def __init__(self, status: int):
        super().__init__(f"{status:#010x}")
        self.status = status


@dataclass(frozen=True)
class Call:
    """What an operation is called with."""

    stub: bytes
    object: bytes | None


class Interface:
    """The operations of one interface."""

    def __init__(self, identifier: str):
        self.key = uuid.UUID(identifier).bytes_le
        self.operations: dict[int, Callable[[Call], bytes]] = {}

    def operation(self, *opnums: int):
        """Registers a function for operations: it takes a `Call` and returns the stub of the response."""

        def register(function):
            self.operations.update(dict.fromkeys(opnums, function))
            return function

        return register


class Server:
    """Listens on one port and offers some interfaces."""

    def __init__(self, interfaces, new_context: Callable, *, max_fragment: int = 5840):
        self.interfaces = {interface.key: interface for interface in interfaces}
        # Makes a security context from authentication type and level; None when the type is not known.
        self.new_context = new_context
        self.max_fragment = max_fragment

    def serve(self, address: str, port: int):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.create_server((address, port), family=family) as listener:
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=_Connection(self, connection, port).run, daemon=True).start()

    def serve_aside(self, address: str, port: int):
        """Serves in a thread of its own."""
        threading.Thread(target=self.serve, args=(address, port), daemon=True).start()


@dataclass(frozen=True)
class _Verifier:
    """The sec_trailer of a PDU, where it starts, and its token."""

    offset: int
    auth_type: int
    level: int
    padding: int
    context: int
    token: bytes


class _Connection:
    def __init__(self, server: Server, connection: socket.socket, port: int):
        self._server, self._socket, self._port = server, connection, port
        self._contexts: dict[int, Interface] = {}
        self._security: dict = {}
        self._fragments: dict[int, bytes] = {}
        self._max_fragment = server.max_fragment

    def run(self):
        with self._socket:
            try:
                while True:
                    header = self._read(HEADER_BYTES)
                    length = struct.unpack_from("<H", header, 8)[0]
                    self._take(header + self._read(length - HEADER_BYTES))
            except (EOFError, ConnectionError):
                pass
            except Exception:
                # A log for people who change a server: the client sees only that the connection ends.
                traceback.print_exc()

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = self._socket.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def _take(self, pdu: bytes):
        _, _, kind, flags, _, _, auth_length, call_id = struct.unpack_from(HEADER, pdu)
        verifier = None
        if auth_length:
            offset = len(pdu) - auth_length - TRAILER_BYTES
            auth_type, level, padding, _, context = struct.unpack_from(TRAILER, pdu, offset)
            verifier = _Verifier(offset, auth_type, level, padding, context, pdu[offset + TRAILER_BYTES :])
        if kind in (BIND, ALTER):
            self._bind(kind, flags, pdu, call_id, verifier)
        elif kind == AUTH3 and not self._security[verifier.context].complete(verifier.token):
            print("wrong user or password", flush=True)
        elif kind == REQUEST:
            self._request(flags, pdu, call_id, verifier)

    def _bind(self, kind: int, flags: int, pdu: bytes, call_id: int, verifier: _Verifier | None):
        _, max_receive, group, count = struct.unpack_from("<HHLB", pdu, HEADER_BYTES)
        self._max_fragment = min(self._server.max_fragment, max_receive)
        offset, results = 28, b""
        for _ in range(count):
            context, syntax_count = struct.unpack_from("<HB", pdu, offset)
            interface = self._server.interfaces.get(pdu[offset + 4 : offset + 20])
            start = offset + 24
            syntaxes = [pdu[start + 20 * index : start + 20 * index + 20] for index in range(syntax_count)]
            offset = start + 20 * syntax_count
            results += self._negotiate(context, interface, syntaxes)
        port = f"{self._port}\0".encode() if kind == BIND else b""
        body = (
            struct.pack("<HHLH", self._max_fragment, self._max_fragment, group or ASSOCIATION_GROUP, len(port)) + port
        )
        body += bytes(-len(body) % 4) + struct.pack("<BBH", count, 0, 0) + results
        auth = b""
        if verifier:
            security = self._security.get(verifier.context)
            if security is None:
                security = self._server.new_context(verifier.auth_type, verifier.level)
            if security is None:
                nak = struct.pack("<HBBB", AUTHENTICATION_TYPE_NOT_RECOGNIZED, 1, 5, 0)
                self._send(BIND_NAK, call_id, nak)
                return
            self._security[verifier.context] = security
            token = security.answer(verifier.token)
            padding = -len(body) % 4
            body += bytes(padding)
            auth = struct.pack(TRAILER, verifier.auth_type, verifier.level, padding, 0, verifier.context) + token
        answer = BIND_ACK if kind == BIND else ALTER_ANSWER
        self._send(answer, call_id, body, auth, FIRST | LAST | flags & HEADER_SIGNING)

    def _negotiate(self, context: int, interface: Interface | None, syntaxes: list[bytes]) -> bytes:
        if syntaxes[0].startswith(FEATURES):
            return struct.pack("<HH20x", NEGOTIATE_ACK, 3)
        if interface is None:
            return struct.pack("<HH20x", PROVIDER_REJECTION, ABSTRACT_SYNTAX_NOT_SUPPORTED)
        if NDR not in syntaxes:
            return struct.pack("<HH20x", PROVIDER_REJECTION, TRANSFER_SYNTAXES_NOT_SUPPORTED)
        self._contexts[context] = interface
        return struct.pack("<HH", ACCEPTANCE, 0) + NDR

    def _request(self, flags: int, pdu: bytes, call_id: int, verifier: _Verifier | None):
        context, opnum = struct.unpack_from("<HH", pdu, 20)
        start = 40 if flags & OBJECT else 24
        called = pdu[24:40] if flags & OBJECT else None
        if verifier:
            security = self._security.get(verifier.context)
            if security is None or not security.ready:
                self._fault(call_id, context, ACCESS_DENIED)
                return
            trailer = pdu[verifier.offset : verifier.offset + TRAILER_BYTES]
            body = security.unprotect(pdu[:start], pdu[start : verifier.offset], trailer, verifier.token)
            stub = body[: len(body) - verifier.padding]
        else:
            # Level connect protects no request, but somebody has to have logged on.
            security, stub = None, pdu[start:]
            if self._security and not any(one.ready and one.level == CONNECT for one in self._security.values()):
                self._fault(call_id, context, ACCESS_DENIED)
                return
        stub = (b"" if flags & FIRST else self._fragments.pop(call_id, b"")) + stub
        if not flags & LAST:
            self._fragments[call_id] = stub
            return
        interface = self._contexts.get(context)
        operation = interface.operations.get(opnum) if interface else None
        if operation is None:
            self._fault(call_id, context, OPERATION_OUT_OF_RANGE if interface else UNKNOWN_INTERFACE)
            return
        try:
            answer = operation(Call(stub, called))
        except Fault as fault:
            self._fault(call_id, context, fault.status)
            return
        self._respond(call_id, context, answer, security, verifier)

    def _respond(self, call_id: int, context: int, stub: bytes, security, verifier: _Verifier | None):
        overhead = 24 + (TRAILER_BYTES + 16 + security.token_bytes if security else 0)
        room = (self._max_fragment - overhead) & ~15
        for offset in range(0, max(len(stub), 1), room):
            part = stub[offset : offset + room]
            flags = (FIRST if offset == 0 else 0) | (LAST if offset + room >= len(stub) else 0)
            head = struct.pack("<LHBB", len(stub) - offset, context, 0, 0)
            if not security:
                self._send(RESPONSE, call_id, head + part, flags=flags)
                continue
            padding = -len(part) % 16
            body = part + bytes(padding)
            trailer = struct.pack(TRAILER, verifier.auth_type, verifier.level, padding, 0, verifier.context)
            length = HEADER_BYTES + len(head) + len(body) + TRAILER_BYTES + security.token_bytes
            before = self._header(RESPONSE, flags, length, security.token_bytes, call_id) + head
            wire, token = security.protect(before, body, trailer)
            self._socket.sendall(before + wire + trailer + token)

    def _fault(self, call_id: int, context: int, status: int):
        body = struct.pack("<LHBBLL", 32, context, 0, 0, status, 0)
        self._send(FAULT, call_id, body, flags=FIRST | LAST | DID_NOT_EXECUTE)

    def _send(self, kind: int, call_id: int, body: bytes, auth: bytes = b"", flags: int = FIRST | LAST):
        auth_length = len(auth) - TRAILER_BYTES if auth else 0
        header = self._header(kind, flags, HEADER_BYTES + len(body) + len(auth), auth_length, call_id)
        self._socket.sendall(header + body + auth)

    @staticmethod
    def _header(kind: int, flags: int, length: int, auth_length: int, call_id: int) -> bytes:
        return struct.pack(HEADER, 5, 0, kind, flags, LITTLE_ENDIAN, length, auth_length, call_id)
