"""The server's side of NTLM ([MS-NLMP]): one security context, verified and keyed for real."""

from __future__ import annotations

import os
import struct
import time

from Cryptodome.Cipher import ARC4
from impacket import ntlm

SIGNATURE = b"NTLMSSP\0"
NEGOTIATE, CHALLENGE = 1, 2
PRIVACY = 6

# What the server grants of what a client asks for, and what it always sets: key exchange, sealing, signing, 56 and
# 128 bits; extended session security, target information, Unicode, version and target type.
GRANTED_FLAGS, SET_FLAGS, LAN_MANAGER_KEY = 0xE0088235, 0x02890005 | 0x00020000, 0x80
KEY_EXCHANGE = 0x40000000
VERSION = bytes.fromhex("0a00f4650000000f")
# Attributes of the target: NetBIOS and DNS names of computer and domain, time.
NETBIOS_DOMAIN, NETBIOS_COMPUTER, DNS_DOMAIN, DNS_COMPUTER, TIMESTAMP = 2, 1, 4, 3, 7
SECONDS_FROM_1601_TO_1970 = 11_644_473_600


class NtlmContext:
    """One security context. `level` is the protection that the client asked for."""

    auth_type = 10
    token_bytes = 16

    def __init__(self, host: str, user: str, password: str, level: int):
        self._host, self._user, self._password = host, user, password
        self.level, self.ready = level, False
        self._sent = 0

    def answer(self, token: bytes) -> bytes:
        """The challenge to a negotiate message."""
        asked = struct.unpack_from("<L", token, 12)[0]
        self._flags = (asked & GRANTED_FLAGS | SET_FLAGS) & ~LAN_MANAGER_KEY
        self._challenge = os.urandom(8)
        name = self._host.encode("utf-16le")
        now = int((time.time() + SECONDS_FROM_1601_TO_1970) * 10_000_000)
        attributes = [(kind, name) for kind in (NETBIOS_DOMAIN, NETBIOS_COMPUTER, DNS_DOMAIN, DNS_COMPUTER)]
        attributes.append((TIMESTAMP, struct.pack("<Q", now)))
        target = b"".join(struct.pack("<HH", kind, len(value)) + value for kind, value in attributes) + bytes(4)
        fields = struct.pack("<LHHLL", CHALLENGE, len(name), len(name), 56, self._flags) + self._challenge + bytes(8)
        where = struct.pack("<HHL", len(target), len(target), 56 + len(name))
        return SIGNATURE + fields + where + VERSION + name + target

    def complete(self, token: bytes) -> bool:
        """Takes the authenticate message; false when user or password are wrong."""
        response, domain, user, exported = (_field(token, offset) for offset in (20, 28, 36, 52))
        domain, user = domain.decode("utf-16le"), user.decode("utf-16le")
        self._flags = struct.unpack_from("<L", token, 60)[0]
        if user.lower() != self._user.lower() or len(response) < 24:
            return False
        response_key = ntlm.NTOWFv2(user, self._password, domain)
        proof = ntlm.hmac_md5(response_key, self._challenge + response[16:])
        if proof != response[:16]:
            return False
        key = ntlm.hmac_md5(response_key, proof)
        if self._flags & KEY_EXCHANGE:
            key = ARC4.new(key).decrypt(exported)
        self._client_sign, self._server_sign = (ntlm.SIGNKEY(self._flags, key, side) for side in ("Client", "Server"))
        self._client_seal, self._server_seal = (
            ARC4.new(ntlm.SEALKEY(self._flags, key, side)).encrypt for side in ("Client", "Server")
        )
        self.ready = True
        return True

    def unprotect(self, before: bytes, body: bytes, trailer: bytes, token: bytes) -> bytes:
        """The body of a request in clear. Raises when its signature is wrong."""
        if self.level == PRIVACY:
            body = self._client_seal(body)
        number = struct.unpack_from("<L", token, 12)[0]
        signed = before + body + trailer
        if ntlm.MAC(self._flags, self._client_seal, self._client_sign, number, signed).getData() != token:
            raise ValueError(f"wrong signature on message {number}")
        return body

    def protect(self, before: bytes, body: bytes, trailer: bytes) -> tuple[bytes, bytes]:
        """The body of a response as it goes over the wire, and its token."""
        wire = self._server_seal(body) if self.level == PRIVACY else body
        signed = before + body + trailer
        token = ntlm.MAC(self._flags, self._server_seal, self._server_sign, self._sent, signed).getData()
        self._sent += 1
        return wire, token


def _field(message: bytes, offset: int) -> bytes:
    length, _, start = struct.unpack_from("<HHL", message, offset)
    return message[start : start + length]
