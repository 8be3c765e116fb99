"""Starting programs and ending exactly those that were started."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

# A program that ignores the polite signal for so long is killed.
GRACE_SECONDS = 5


@dataclass(frozen=True)
class Finished:
    """How a program ended."""

    status: int
    output: str
    timed_out: bool = False


def run(argv, *, stdin: str = "", seconds: float = 60, environment=None, folder: Path | None = None) -> Finished:
    """Runs a program to its end, or ends it and its children when the time is over."""
    process = subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, **(environment or {})},
        cwd=folder,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(stdin, timeout=seconds)
        return Finished(process.returncode, output)
    except subprocess.TimeoutExpired:
        end_session(process)
        return Finished(process.returncode, process.communicate()[0], timed_out=True)
    except BaseException:
        end_session(process)
        raise


def must(argv, **options) -> str:
    """Runs a program that has to succeed; returns its output."""
    finished = run(argv, **options)
    if finished.status != 0 or finished.timed_out:
        raise RuntimeError(f"{' '.join(map(str, argv))}: status {finished.status}\n{finished.output.strip()}")
    return finished.output


class Background:
    """A program that runs while a `with` block lasts; its output goes to a file."""

    def __init__(self, argv, log: Path, *, environment=None):
        self._argv, self._log, self._environment = argv, log, environment

    def __enter__(self) -> Background:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **(self._environment or {})},
                start_new_session=True,
            )
        return self

    def __exit__(self, *_):
        end_session(self.process)

    def require_alive(self):
        """Fails, with the end of the log, when the program is gone."""
        if self.process.poll() is not None:
            tail = self._log.read_text(errors="replace")[-1500:]
            raise RuntimeError(f"{self._argv[-1]} ended with {self.process.returncode}:\n{tail}")


def end_session(process: subprocess.Popen):
    """Ends a program that was started as the leader of a session, and the children that stayed in it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            continue
    process.wait()
