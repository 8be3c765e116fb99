"""RPC over HTTP in front of a real server ([MS-RPCH]): version 2 on port 80, version 1 on port 593.

Only HTTP and the RTS PDUs are ours; every other PDU is the real client's or the real server's.
"""

from __future__ import annotations

import base64
import re
import socket
import struct
import sys
import threading

from .ntlm import NEGOTIATE, NtlmContext

HOST = "RPCPROXY"
RTS, HEADER_BYTES, RTS_HEADER_BYTES = 20, 16, 20
# RTS commands and their sizes ([MS-RPCH] 2.2.3.5), as the answers of a connection's beginning need them.
RECEIVE_WINDOW, CONNECTION_TIMEOUT, VERSION = 0, 2, 6
WINDOW_BYTES, TIMEOUT_MS = 65536, 120000
BODY_BYTES = 1 << 30
CONNECT_LEVEL, JOIN_SECONDS = 2, 20
UNAUTHORIZED = b"HTTP/1.1 401 Unauthorized\r\nServer: Microsoft-IIS/10.0\r\n"


class Proxy:
    """Joins the IN and OUT channels of virtual connections."""

    def __init__(self, server: str, user: str, password: str):
        self._server, self._user, self._password = server, user, password
        self._changed = threading.Condition()
        self._servers: dict[bytes, socket.socket] = {}

    def version_2(self, client: socket.socket):
        """Serves one channel."""
        stream = client.makefile("rb")
        request = self._authenticate(client, stream)
        client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        direction, port = re.match(r"RPC_(IN|OUT)_DATA \S*\?[^:]+:(\d+)", request).groups()
        # CONN/A1 and CONN/B1 start with a version command of 8 bytes and the cookie of the virtual connection.
        cookie = _pdu(stream)[RTS_HEADER_BYTES + 12 : RTS_HEADER_BYTES + 28]
        if direction == "OUT":
            self._out_channel(client, cookie)
        else:
            self._in_channel(stream, cookie, int(port))

    def version_1(self, client: socket.socket):
        """Serves one connection: a greeting, then plain RPC."""
        with socket.create_connection((self._server, 135)) as server:
            client.sendall(b"ncacn_http/1.0")
            threading.Thread(target=_copy, args=(client, server), daemon=True).start()
            _copy(server, client)

    def _out_channel(self, client: socket.socket, cookie: bytes):
        head = f"HTTP/1.1 200 Success\r\nContent-Type: application/rpc\r\nContent-Length: {BODY_BYTES}\r\n\r\n"
        client.sendall(head.encode() + _rts((CONNECTION_TIMEOUT, TIMEOUT_MS)))
        with self._changed:
            self._changed.wait_for(lambda: cookie in self._servers, JOIN_SECONDS)
        window, timeout = (RECEIVE_WINDOW, WINDOW_BYTES), (CONNECTION_TIMEOUT, TIMEOUT_MS)
        client.sendall(_rts((VERSION, 1), window, timeout))
        _copy(self._servers[cookie], client)

    def _in_channel(self, stream, cookie: bytes, port: int):
        with socket.create_connection((self._server, port)) as server:
            with self._changed:
                self._servers[cookie] = server
                self._changed.notify_all()
            while True:
                pdu = _pdu(stream)
                # Acknowledgements and pings end here.
                if pdu[2] != RTS:
                    server.sendall(pdu)

    def _authenticate(self, client: socket.socket, stream) -> str:
        """Asks for NTLM until it is right; returns the line of the request whose body follows."""
        context = NtlmContext(HOST, self._user, self._password, CONNECT_LEVEL)
        while True:
            line, scheme, token = _request(stream)
            message = base64.b64decode(token) if scheme == "NTLM" else b""
            if message[8:9] == bytes([NEGOTIATE]):
                challenge = base64.b64encode(context.answer(message))
                client.sendall(UNAUTHORIZED + b"WWW-Authenticate: NTLM " + challenge + b"\r\nContent-Length: 0\r\n\r\n")
            elif message and context.complete(message):
                return line
            else:
                client.sendall(UNAUTHORIZED + b"WWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n")


def _request(stream) -> tuple[str, str, str]:
    """The first line of an HTTP request, and scheme and token of its authorization."""
    line, scheme, token = _line(stream), "", ""
    while header := _line(stream):
        if header.lower().startswith("authorization:"):
            scheme, _, token = header.partition(":")[2].strip().partition(" ")
    return line, scheme, token


def _line(stream) -> str:
    line = stream.readline()
    if not line:
        raise EOFError
    return line.decode().strip()


def _pdu(stream) -> bytes:
    header = stream.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES:
        raise EOFError
    return header + stream.read(struct.unpack_from("<H", header, 8)[0] - HEADER_BYTES)


def _rts(*commands: tuple[int, int]) -> bytes:
    body = b"".join(struct.pack("<LL", *command) for command in commands)
    header = struct.pack("<BBBBLHHL", 5, 0, RTS, 3, 0x10, RTS_HEADER_BYTES + len(body), 0, 0)
    return header + struct.pack("<HH", 0, len(commands)) + body


def _copy(source: socket.socket, sink: socket.socket):
    while data := source.recv(65536):
        sink.sendall(data)


def _serve(address: str, port: int, handle):
    def guarded(client: socket.socket):
        with client:
            try:
                handle(client)
            except (EOFError, OSError) as error:
                print(f"port {port}: {error!r}", flush=True)

    with socket.create_server((address, port)) as listener:
        while True:
            client, _ = listener.accept()
            threading.Thread(target=guarded, args=(client,), daemon=True).start()


def main():
    address, user, password = sys.argv[1:]
    proxy = Proxy(address, user, password)
    threading.Thread(target=_serve, args=(address, 593, proxy.version_1), daemon=True).start()
    _serve(address, 80, proxy.version_2)


if __name__ == "__main__":
    main()
