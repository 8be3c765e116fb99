"""The list of the captures: `pcaps/MANIFEST.yaml`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import yaml

from . import settings
from .claims import Claims

HEADER = """\
# The captures of this folder, written by lab/record. All were recorded with our own clients and servers, on machines
# made for it. `command` and `versions` say how; `secrets` decrypt what is sealed, and are of that lab only. `claims`
# were read with Wireshark's dissectors, without any secret; a test holds rpcscope to them.
captures:
"""


@dataclass
class Entry:
    """One capture."""

    file: str
    shows: str
    command: str
    versions: dict[str, str]
    secrets: dict
    sha256: str
    claims: Claims

    def text(self) -> str:
        """The entry as text: one line for each field and for each kind of call."""
        claims = self.claims.as_yaml()
        lists = [f"    {name}: {_flow(claims[name])}\n" for name in claims if name not in ("calls",)]
        calls = [f"    - {_flow(call)}\n" for call in claims["calls"]]
        return (
            f"- file: {self.file}\n"
            f"  shows: {json.dumps(self.shows)}\n"
            f"  command: {json.dumps(self.command)}\n"
            f"  versions: {_flow(self.versions)}\n"
            f"  secrets: {_flow(self.secrets)}\n"
            f"  sha256: {self.sha256}\n"
            f"  claims:\n" + "".join(lists) + ("    calls:\n" if calls else "    calls: []\n") + "".join(calls)
        )


def read() -> dict[str, Entry]:
    """The entries by file name."""
    captures = yaml.safe_load(settings.MANIFEST.read_text())["captures"]
    return {one["file"]: Entry(**{**one, "claims": Claims.from_yaml(one["claims"])}) for one in captures}


def write(entries: dict[str, Entry]):
    """Writes the list, in the order of the file names."""
    settings.MANIFEST.write_text(HEADER + "".join(entries[file].text() for file in sorted(entries)))


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _flow(value) -> str:
    """JSON as YAML writes it on one line: names of fields stand without quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return json.dumps(value)
