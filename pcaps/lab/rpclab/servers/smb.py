"""impacket's SMB server with shares that lead to one folder, and pipes that lead to our RPC servers."""

from __future__ import annotations

from pathlib import Path

from impacket import smbserver
from impacket.ntlm import compute_lmhash, compute_nthash


def serve_files(address: str, user: str, password: str, folder: Path, *, pipes: dict[str, int]):
    """Serves SMB for ever; `pipes` maps a pipe to the local port of its RPC server."""
    server = smbserver.SimpleSMBServer(listenAddress=address, listenPort=445)
    server.setSMB2Support(True)
    server.addCredential(user, 0, compute_lmhash(password), compute_nthash(password))
    folder.mkdir(exist_ok=True)
    for share in ("ADMIN$", "C$"):
        server.addShare(share, str(folder), "")
    for pipe, port in pipes.items():
        server.registerNamedPipe(pipe, ("127.0.0.1", port))
    server.start()
