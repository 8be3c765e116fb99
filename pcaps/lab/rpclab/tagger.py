"""A VLAN in user space, for kernels without one: a TAP device whose frames go over a wire with an 802.1Q tag."""

from __future__ import annotations

import fcntl
import os
import select
import socket
import struct
import sys

TUN_SET_INTERFACE = 0x400454CA
TAP_WITHOUT_HEADER = 0x0002 | 0x1000
# Of <linux/if_packet.h>; Python has no names for them.
SOL_PACKET, PACKET_AUXDATA = 263, 8
TAG_TYPE, ALL_FRAMES = 0x8100, 0x0003
ADDRESSES_BYTES, MAX_FRAME_BYTES = 12, 65535


def main():
    wire, device, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
    tap = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tap, TUN_SET_INTERFACE, struct.pack("16sH", device.encode(), TAP_WITHOUT_HEADER))
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_FRAMES))
    raw.bind((wire, ALL_FRAMES))
    # The kernel takes tags off and tells them beside the frame.
    raw.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    tag = struct.pack("!HH", TAG_TYPE, number)
    while True:
        for ready in select.select([tap, raw], [], [])[0]:
            if ready is tap:
                frame = os.read(tap, MAX_FRAME_BYTES)
                raw.send(frame[:ADDRESSES_BYTES] + tag + frame[ADDRESSES_BYTES:])
            elif frame := _tagged(raw, tag):
                os.write(tap, frame)


def _tagged(raw: socket.socket, tag: bytes) -> bytes | None:
    """A received frame without its tag, when it has ours."""
    frame, beside, _, source = raw.recvmsg(MAX_FRAME_BYTES, socket.CMSG_SPACE(20))
    if source[2] == socket.PACKET_OUTGOING:
        return None
    if frame[ADDRESSES_BYTES : ADDRESSES_BYTES + 4] == tag:
        return frame[:ADDRESSES_BYTES] + frame[ADDRESSES_BYTES + 4 :]
    kind, number = struct.unpack("!HH", tag)
    for level, name, data in beside:
        # tpacket_auxdata ends with the tag's number and its type.
        if (level, name) == (SOL_PACKET, PACKET_AUXDATA) and struct.unpack_from("=HH", data, 16) == (number, kind):
            return frame
    return None


if __name__ == "__main__":
    main()
