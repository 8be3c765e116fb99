"""Writing down what passes over a wire."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

from .network import Machine

# The last frames reach tcpdump a moment after the program that sent them has ended.
SETTLE_SECONDS = 0.4


class Sniffer:
    """tcpdump at the client's end of a wire, for as long as a `with` block lasts."""

    def __init__(self, machine: Machine, wire: str, frames: str, file: Path):
        # Without immediate mode the last frames are missing, whatever -U says.
        options = ["-s", "0", "-U", "--immediate-mode", "-B", "8192", "-n", "-Z", "root"]
        self._argv = machine.inside("tcpdump", "-i", wire, *options, "-w", file, frames)

    def __enter__(self):
        self._process = subprocess.Popen(
            self._argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        first = self._process.stderr.readline()
        if "listening" not in first:
            self._process.wait()
            raise RuntimeError(f"tcpdump: {first.strip()}")
        return self

    def __exit__(self, *_):
        time.sleep(SETTLE_SECONDS)
        self._process.send_signal(signal.SIGINT)
        self._process.communicate()
