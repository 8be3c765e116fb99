"""RPC in the rarer forms of SMB2: compounds, and a request that is answered later: `smb2_forms HOST`."""

from __future__ import annotations

import struct
import sys

from impacket.dcerpc.v5 import lsad, lsat, rpcrt
from impacket.dcerpc.v5.dtypes import MAXIMUM_ALLOWED, NULL
from impacket.smb3structs import (
    FILE_NON_DIRECTORY_FILE,
    FILE_OPEN,
    FILE_READ_DATA,
    FILE_SHARE_READ,
    FILE_SHARE_WRITE,
    FILE_WRITE_DATA,
    SMB2_CHANGE_NOTIFY,
    SMB2_CLOSE,
    SMB2_CREATE,
    SMB2_DIALECT_21,
    SMB2_FLAGS_RELATED_OPERATIONS,
    SMB2_FLAGS_SIGNED,
    SMB2_IOCTL,
    SMB2Close,
    SMB2Create,
)
from impacket.smbconnection import SMBConnection

from .. import settings

STATUS_PENDING = 0x103
HEADER_BYTES, ALIGNMENT = 64, 8
# A FileId of all ones means: that of the command before in the compound.
FILE_BEFORE = b"\xff" * 16
MAX_READ_BYTES = 4280
FSCTL_PIPE_TRANSCEIVE, IS_FSCTL = 0x0011C017, 1
FILE_AND_FOLDER_NAMES = 0x3


class Compounds:
    """Sends commands of one tree in one message, and collects the answers however they come."""

    def __init__(self, connection: SMBConnection, share: str):
        self._smb = connection.getSMBServer()
        self._tree = connection.connectTree(share)

    def send(self, *commands) -> list[int]:
        """Sends commands, each (number, body), in one message; all but the first are related to the one before."""
        message, numbers = b"", []
        for index, (command, body) in enumerate(commands):
            last = index == len(commands) - 1
            data = body if isinstance(body, bytes) else body.getData()
            data += b"" if last else bytes(-(HEADER_BYTES + len(data)) % ALIGNMENT)
            packet = self._smb.SMB_PACKET()
            packet["Command"], packet["TreeID"], packet["Data"] = command, self._tree, data
            packet["SessionID"] = self._smb._Session["SessionID"]
            packet["MessageID"] = self._smb._Connection["SequenceWindow"]
            packet["CreditCharge"], packet["CreditRequestResponse"] = 1, 127
            packet["NextCommand"] = 0 if last else HEADER_BYTES + len(data)
            packet["Flags"] = SMB2_FLAGS_SIGNED | (SMB2_FLAGS_RELATED_OPERATIONS if index else 0)
            self._smb._Connection["SequenceWindow"] += 1
            self._smb.signSMB(packet)
            message += packet.getData()
            numbers.append(packet["MessageID"])
        self._smb._NetBIOSSession.send_packet(message)
        return numbers

    def receive(self, numbers: list[int]) -> dict[int, bytes]:
        """The final answers to some messages, headers included; interim answers are passed over."""
        answers = {}
        while set(answers) != set(numbers):
            message = self._smb._NetBIOSSession.recv_packet(10).get_trailer()
            while message:
                following = int.from_bytes(message[20:24], "little")
                if int.from_bytes(message[8:12], "little") != STATUS_PENDING:
                    answers[int.from_bytes(message[24:32], "little")] = message
                message = message[following:] if following else b""
        return answers


def create(name: str, access: int, options: int) -> SMB2Create:
    request = SMB2Create()
    wide = name.encode("utf-16le")
    request["DesiredAccess"], request["CreateDisposition"], request["CreateOptions"] = access, FILE_OPEN, options
    request["ShareAccess"], request["ImpersonationLevel"] = FILE_SHARE_READ | FILE_SHARE_WRITE, 2
    request["SecurityFlags"] = request["RequestedOplockLevel"] = request["FileAttributes"] = 0
    request["NameLength"], request["Buffer"] = len(wide), wide or b"\0"
    return request


def transceive(file: bytes, data: bytes) -> bytes:
    """An IOCTL that writes to a pipe and reads what it answers ([MS-SMB2] 2.2.31)."""
    head = struct.pack("<HHL", 57, 0, FSCTL_PIPE_TRANSCEIVE) + file
    sizes = struct.pack("<LLLLLLLL", HEADER_BYTES + 56, len(data), 0, 0, 0, MAX_READ_BYTES, IS_FSCTL, 0)
    return head + sizes + data


def notify(file: bytes) -> bytes:
    """A CHANGE_NOTIFY for the names in a folder, which is answered when one changes ([MS-SMB2] 2.2.35)."""
    return struct.pack("<HHL", 32, 0, 1024) + file + struct.pack("<LL", FILE_AND_FOLDER_NAMES, 0)


def close(file: bytes) -> SMB2Close:
    request = SMB2Close()
    request["FileID"] = file
    return request


def file_of(answer: bytes) -> bytes:
    """The FileId of a CREATE response."""
    return answer[HEADER_BYTES + 64 : HEADER_BYTES + 80]


def payload(answer: bytes) -> bytes:
    """The output of an IOCTL response."""
    offset, length = struct.unpack_from("<LL", answer, HEADER_BYTES + 32)
    return answer[offset : offset + length]


def bind(interface: bytes) -> bytes:
    offer, item = rpcrt.MSRPCBind(), rpcrt.CtxItem()
    item["AbstractSyntax"], item["TransferSyntax"] = interface, rpcrt.DCERPC.NDRSyntax
    item["ContextID"], item["TransItems"] = 0, 1
    offer.addCtxItem(item)
    packet = rpcrt.MSRPCHeader()
    packet["type"], packet["call_id"], packet["pduData"] = rpcrt.MSRPC_BIND, 1, offer.getData()
    return packet.get_packet()


def request(call_id: int, call) -> bytes:
    packet = rpcrt.MSRPCRequestHeader()
    packet["call_id"], packet["op_num"], packet["pduData"] = call_id, call.opnum, call.getData()
    packet["alloc_hint"] = len(packet["pduData"])
    return packet.get_packet()


def open_policy() -> lsad.LsarOpenPolicy2:
    call = lsad.LsarOpenPolicy2()
    call["SystemName"], call["DesiredAccess"] = NULL, MAXIMUM_ALLOWED
    call["ObjectAttributes"]["RootDirectory"] = call["ObjectAttributes"]["ObjectName"] = NULL
    call["ObjectAttributes"]["SecurityDescriptor"] = call["ObjectAttributes"]["SecurityQualityOfService"] = NULL
    return call


def calls_in_compounds(pipes: Compounds):
    """Opens a pipe and binds in one message, calls twice, and closes it together with another that is only opened."""
    access = FILE_READ_DATA | FILE_WRITE_DATA
    opening = SMB2_CREATE, create("lsarpc", access, FILE_NON_DIRECTORY_FILE)
    numbers = pipes.send(opening, (SMB2_IOCTL, transceive(FILE_BEFORE, bind(lsat.MSRPC_UUID_LSAT))))
    pipe = file_of(pipes.receive(numbers)[numbers[0]])

    numbers = pipes.send((SMB2_IOCTL, transceive(pipe, request(2, open_policy()))))
    response = payload(pipes.receive(numbers)[numbers[0]])
    closing = lsad.LsarClose()
    closing["ObjectHandle"] = response[24:44]
    pipes.receive(pipes.send((SMB2_IOCTL, transceive(pipe, request(3, closing)))))
    pipes.receive(pipes.send((SMB2_CLOSE, close(pipe))))
    pipes.receive(pipes.send(opening, (SMB2_CLOSE, close(FILE_BEFORE))))


def main():
    host = sys.argv[1]
    connection = SMBConnection(host, host, preferredDialect=SMB2_DIALECT_21)
    connection.login(settings.ADMIN, settings.ADMIN_PASSWORD, settings.DOMAIN)
    files = Compounds(connection, "files")
    folder = files.send((SMB2_CREATE, create("", FILE_READ_DATA, 0)))
    handle = file_of(files.receive(folder)[folder[0]])
    waiting = files.send((SMB2_CHANGE_NOTIFY, notify(handle)))
    calls_in_compounds(Compounds(connection, "IPC$"))
    connection.createDirectory("files", "new")
    files.receive(waiting)
    files.receive(files.send((SMB2_CLOSE, close(handle))))
    connection.deleteDirectory("files", "new")


if __name__ == "__main__":
    main()
