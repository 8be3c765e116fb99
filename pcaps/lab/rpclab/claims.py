"""What a capture shows: what the manifest claims of it, and what a test holds rpcscope to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from . import catalogue


@dataclass(frozen=True, order=True)
class Call:
    """Calls of one operation with one outcome, over one transport."""

    transport: str
    uuid: str
    opnum: int
    outcome: str

    def title(self) -> str:
        """As scenarios write it: `svcctl.RCreateServiceW replied`."""
        interface = catalogue.interface_name(self.uuid)
        return f"{interface}.{catalogue.operation_name(self.uuid, self.opnum)} {self.outcome}"


@dataclass(frozen=True, order=True)
class Rejection:
    """A presentation context that a server refused, with result and reason of [C706] 12.6.3.1."""

    uuid: str
    result: int
    reason: int

    def title(self) -> str:
        return f"{catalogue.interface_name(self.uuid)} rejected {self.result}/{self.reason}"


@dataclass
class Claims:
    """All that is claimed of one capture."""

    calls: Counter = field(default_factory=Counter)
    # Type and level, such as `NTLMSSP pkt_privacy`, of everything that was bound or called with them.
    auth: set[str] = field(default_factory=set)
    rejected: set[Rejection] = field(default_factory=set)
    # Reasons of bind_nak PDUs, and statuses of faults.
    bind_naks: set[int] = field(default_factory=set)
    faults: set[int] = field(default_factory=set)
    transfer_syntaxes: set[str] = field(default_factory=set)
    smb_encrypted: int = 0

    def titles(self) -> set[str]:
        """Each claim as scenarios write it."""
        titles = {call.title() for call in self.calls} | {rejection.title() for rejection in self.rejected}
        titles |= self.auth | {f"transfer syntax {name}" for name in self.transfer_syntaxes}
        titles |= {f"transport {call.transport}" for call in self.calls}
        titles |= {f"bind_nak {reason}" for reason in self.bind_naks}
        titles |= {f"fault {status:#010x}" for status in self.faults}
        if self.smb_encrypted:
            titles.add("SMB3 encryption")
        return titles

    def as_yaml(self) -> dict:
        """As the manifest has it."""
        calls = [
            {
                "transport": call.transport,
                "interface": catalogue.interface_name(call.uuid),
                "uuid": call.uuid,
                "operation": catalogue.operation_name(call.uuid, call.opnum),
                "opnum": call.opnum,
                "outcome": call.outcome,
                "count": count,
            }
            for call, count in sorted(self.calls.items())
        ]
        rejected = [
            {
                "interface": catalogue.interface_name(one.uuid),
                "uuid": one.uuid,
                "result": one.result,
                "reason": one.reason,
            }
            for one in sorted(self.rejected)
        ]
        return {
            "calls": calls,
            "auth": sorted(self.auth),
            "transfer_syntaxes": sorted(self.transfer_syntaxes),
            "rejected": rejected,
            "bind_naks": sorted(self.bind_naks),
            "faults": [f"{status:#010x}" for status in sorted(self.faults)],
            "smb_encrypted": self.smb_encrypted,
        }

    @classmethod
    def from_yaml(cls, value: dict) -> Claims:
        calls = {
            Call(call["transport"], call["uuid"], call["opnum"], call["outcome"]): call["count"]
            for call in value["calls"]
        }
        return cls(
            calls=Counter(calls),
            auth=set(value["auth"]),
            rejected={Rejection(one["uuid"], one["result"], one["reason"]) for one in value["rejected"]},
            bind_naks=set(value["bind_naks"]),
            faults={int(status, 16) for status in value["faults"]},
            transfer_syntaxes=set(value["transfer_syntaxes"]),
            smb_encrypted=value["smb_encrypted"],
        )
