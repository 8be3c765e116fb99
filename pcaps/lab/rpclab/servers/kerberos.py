"""The server's side of Kerberos inside SPNEGO, by scapy's security providers, with an account's key from a keytab."""

from __future__ import annotations

from pathlib import Path

from impacket.krb5.keytab import Keytab
from scapy.layers import kerberos
from scapy.layers.gssapi import GSS_S_CONTINUE_NEEDED, GSSAPI_BLOB, GSSAPI_BLOB_SIGNATURE, SSP
from scapy.layers.spnego import SPNEGOSSP
from scapy.libs.rfc3961 import EncryptionType, Key

SPNEGO = 9
PRIVACY = 6
# Size of a token that only signs ([RFC 4121] 4.2.6.1), with the checksum of AES keys.
MIC_BYTES = 28
# The KDC seals tickets with this when an account does not say which types of key it has.
RC4 = 23
# A NegTokenResp that says accept-completed and nothing else.
ACCEPT_COMPLETED = bytes.fromhex("a1073005a0030a0100")


class NumberedReply(kerberos.EncAPRepPart):
    """The sealed part of an AP-REP with a sequence number: Windows always sends one, and impacket wants one."""

    # scapy wants to see these in every class.
    ASN1_codec, ASN1_root = kerberos.EncAPRepPart.ASN1_codec, kerberos.EncAPRepPart.ASN1_root

    def __init__(self, *content, **fields):
        super().__init__(*content, **fields if content else {**fields, "seqNumber": 0})


kerberos.EncAPRepPart = NumberedReply


class KerberosContext:
    """One security context, with the methods of `ntlm.NtlmContext`."""

    auth_type = SPNEGO

    def __init__(self, keytab: Path, principal: str, service: str, level: int):
        self.level, self.ready = level, False
        found = Keytab.loadFile(str(keytab)).getKey(principal, RC4)
        key = Key(EncryptionType(found["keytype"]), key=found["keyvalue"]["data"])
        self._provider = SPNEGOSSP([kerberos.KerberosSSP(SPN=service, KEY=key)])
        self._context = None

    @property
    def token_bytes(self) -> int:
        """Size of the token of a response."""
        return self._provider.MaximumSignatureLength(self._context) if self.level == PRIVACY else MIC_BYTES

    def answer(self, token: bytes) -> bytes:
        """The answer to the first leg of the exchange, then to the third."""
        if self._context is not None:
            # The client only confirms; scapy does not read the form that impacket gives to it.
            self.ready = True
            return ACCEPT_COMPLETED
        self._context, answer, status = self._provider.GSS_Accept_sec_context(None, GSSAPI_BLOB(token))
        if status != GSS_S_CONTINUE_NEEDED:
            raise ValueError(f"wrong ticket, status {status:#x}")
        return bytes(answer)

    def unprotect(self, _before: bytes, body: bytes, _trailer: bytes, token: bytes) -> bytes:
        """The body of a request in clear. Raises when its signature is wrong."""
        if self.level == PRIVACY:
            sealed = SSP.WRAP_MSG(conf_req_flag=True, sign=True, data=body)
            return self._provider.GSS_UnwrapEx(self._context, [sealed], GSSAPI_BLOB_SIGNATURE(token))[0].data
        self._provider.GSS_VerifyMICEx(self._context, [SSP.MIC_MSG(sign=True, data=body)], GSSAPI_BLOB_SIGNATURE(token))
        return body

    def protect(self, _before: bytes, body: bytes, _trailer: bytes) -> tuple[bytes, bytes]:
        """The body of a response as it goes over the wire, and its token. Headers are not signed."""
        if self.level == PRIVACY:
            clear = SSP.WRAP_MSG(conf_req_flag=True, sign=True, data=body)
            messages, token = self._provider.GSS_WrapEx(self._context, [clear])
            return messages[0].data, bytes(token)
        return body, bytes(self._provider.GSS_GetMICEx(self._context, [SSP.MIC_MSG(sign=True, data=body)]))
