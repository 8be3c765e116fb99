"""A scripted Windows behind impacket's SMB server: services, tasks and the interfaces that coercions call."""

from __future__ import annotations

import argparse
import os
import re
import struct
from pathlib import Path

from . import rpc
from .dcom import HOST
from .ntlm import NtlmContext
from .smb import serve_files

FIRST_PIPE_PORT = 47000
SUCCESS, BAD_NETWORK_PATH, SERVICE_DOES_NOT_EXIST, SERVICE_TIMEOUT = 0, 0x35, 1060, 1053
PATH_NOT_SUPPORTED = 0x80042308
NO_HANDLE = bytes(20)
STOPPED = struct.pack("<7L", 0x10, 1, 0, 0, 0, 0, 0)
PROMPT, OUTPUT = "C:\\Windows\\system32>", "nt authority\\system\r\n"


def numbers(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}L", *values)


def new_handle() -> bytes:
    return os.urandom(20)


def text_of(stub: bytes) -> str:
    """The UTF-16 strings of a stub, wherever they are aligned."""
    return stub.decode("utf-16le", "replace") + stub[2:].decode("utf-16le", "replace")


class Folder:
    """The folder behind ADMIN$ and C$, into which commands that never run write their output."""

    def __init__(self, root: Path):
        self._root = root

    def write(self, name: str, content: str):
        file = self._root.joinpath(*re.split(r"[\\/]", name))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)


def service_control(folder: Folder) -> rpc.Interface:
    """[MS-SCMR]: one service at a time, whose command line is remembered."""
    svcctl, command = rpc.Interface("367abb81-9844-35f1-ad32-98f038001003"), []

    @svcctl.operation(15, 27)
    def open_manager(_):
        return new_handle() + numbers(SUCCESS)

    @svcctl.operation(12)
    def create_service(call):
        command.append(text_of(call.stub))
        return numbers(0) + new_handle() + numbers(SUCCESS)

    @svcctl.operation(16)
    def open_service(_):
        return new_handle() + numbers(SUCCESS) if command else NO_HANDLE + numbers(SERVICE_DOES_NOT_EXIST)

    @svcctl.operation(19)
    def start_service(_):
        # A command that is no service does its work, but never reports that it has started.
        if file := re.search(r"C\$\\(__output[\w.]*|[\w.]+)", command[-1]):
            folder.write(file.group(1), PROMPT if "echo cd" in command[-1] else OUTPUT)
            return numbers(SERVICE_TIMEOUT)
        return numbers(SUCCESS)

    @svcctl.operation(1, 6)
    def status(_):
        return STOPPED + numbers(SUCCESS)

    @svcctl.operation(2)
    def delete_service(_):
        return numbers(SUCCESS)

    @svcctl.operation(0)
    def close_handle(_):
        return NO_HANDLE + numbers(SUCCESS)

    return svcctl


def task_scheduler(folder: Folder) -> rpc.Interface:
    """[MS-TSCH]: a task that is registered has run."""
    tasks = rpc.Interface("86d35949-83c9-4044-b424-db363231fd0c")

    @tasks.operation(1)
    def register(call):
        text = text_of(call.stub)
        if file := re.search(r"Temp\\(\w+\.tmp)", text):
            folder.write("Temp/" + file.group(1), OUTPUT)
        path = re.search(r"\\\w{4,}", text)
        name = (path.group(0) if path else "\\task") + "\0"
        wide = name.encode("utf-16le")
        pointer = numbers(0x20000, len(name), 0, len(name)) + wide + bytes(-len(wide) % 4)
        return pointer + numbers(0, SUCCESS)

    @tasks.operation(12)
    def run(_):
        return os.urandom(16) + numbers(SUCCESS)

    @tasks.operation(13, 14)
    def delete_or_rename(_):
        return numbers(SUCCESS)

    @tasks.operation(16)
    def last_run(_):
        return struct.pack("<8H", 2026, 11, 5, 20, 17, 0, 0, 0) + numbers(0, SUCCESS)

    return tasks


def encrypting_files(identifier: str) -> rpc.Interface:
    """[MS-EFSR]: answers what a machine answers that was made to log on elsewhere and could not."""
    efsrpc = rpc.Interface(identifier)

    @efsrpc.operation(0)
    def open_file_raw(_):
        return NO_HANDLE + numbers(BAD_NETWORK_PATH)

    @efsrpc.operation(4)
    def encrypt_file(_):
        return numbers(BAD_NETWORK_PATH)

    return efsrpc


def distributed_files() -> rpc.Interface:
    """[MS-DFSNM]."""
    netdfs = rpc.Interface("4fc742e0-4a10-11cf-8273-00aa004ae673")

    @netdfs.operation(13)
    def remove_root(_):
        return numbers(BAD_NETWORK_PATH)

    return netdfs


def shadow_copies() -> rpc.Interface:
    """[MS-FSRVP]."""
    fsrvp = rpc.Interface("a8e0653c-2744-4389-a61d-7373df8b2292")

    @fsrvp.operation(8)
    def is_path_supported(_):
        return numbers(0, 0, PATH_NOT_SUPPORTED)

    return fsrvp


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("user")
    parser.add_argument("password")
    parser.add_argument("share", type=Path)
    arguments = parser.parse_args()
    folder = Folder(arguments.share)
    services = {
        "svcctl": service_control(folder),
        "atsvc": task_scheduler(folder),
        "lsarpc": encrypting_files("c681d488-d850-11d0-8c52-00c04fd90f7e"),
        "efsrpc": encrypting_files("df1941c5-fe89-4e79-bf10-463657acf44d"),
        "netdfs": distributed_files(),
        "FssagentRpc": shadow_copies(),
    }
    pipes = {}
    for port, (pipe, interface) in enumerate(services.items(), FIRST_PIPE_PORT):
        server = rpc.Server((interface,), lambda _, level: NtlmContext(HOST, arguments.user, arguments.password, level))
        server.serve_aside("127.0.0.1", port)
        pipes[pipe] = port
    serve_files(arguments.address, arguments.user, arguments.password, arguments.share, pipes=pipes)


if __name__ == "__main__":
    main()
