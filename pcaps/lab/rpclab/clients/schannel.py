"""Calls Netlogon over its own secure channel: `schannel HOST LEVEL ACCOUNT PASSWORD aes|rc4`."""

import sys

from impacket.dcerpc.v5 import nrpc, rpcrt
from impacket.dcerpc.v5.dtypes import NULL
from impacket.ntlm import compute_nthash

from .connect import attempt, mapped_port, tcp

CLIENT_CHALLENGE = b"12345678"
AES_FLAGS, RC4_FLAGS = 0x612FFFFF, 0x600FFFFF & ~0x1000000


def main():
    host, level, account, password, cipher = sys.argv[1:]
    aes, computer = cipher == "aes", account.rstrip("$") + "\0"
    port = mapped_port(host, nrpc.MSRPC_UUID_NRPC)
    plain = tcp(host, port)
    plain.bind(nrpc.MSRPC_UUID_NRPC)
    challenge = nrpc.hNetrServerReqChallenge(plain, NULL, computer, CLIENT_CHALLENGE)["ServerChallenge"]
    make_key = nrpc.ComputeSessionKeyAES if aes else nrpc.ComputeSessionKeyStrongKey
    key = make_key(None, CLIENT_CHALLENGE, challenge, compute_nthash(password))
    credential = (nrpc.ComputeNetlogonCredentialAES if aes else nrpc.ComputeNetlogonCredential)(CLIENT_CHALLENGE, key)
    channel = nrpc.NETLOGON_SECURE_CHANNEL_TYPE.WorkstationSecureChannel
    flags = AES_FLAGS if aes else RC4_FLAGS
    nrpc.hNetrServerAuthenticate3(plain, NULL, account + "\0", channel, computer, credential, flags)

    sealed = tcp(host, port, level=int(level), auth_type=rpcrt.RPC_C_AUTHN_NETLOGON, user=account, password=password)
    sealed.set_session_key(key)
    sealed.bind(nrpc.MSRPC_UUID_NRPC)
    attempt(nrpc.hDsrGetDcNameEx, sealed, NULL, NULL, NULL, NULL, 0)


if __name__ == "__main__":
    main()
