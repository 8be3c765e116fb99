"""Encodes WMI classes and instances ([MS-WMIO] 2.2): as much as a server needs that hands out a few of them."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass

SIGNATURE, UNIT_HEADER_BYTES = 0x12345678, 8
# CIM types, and bytes in a value table: references into the heap have four.
TYPES = {"string": (8, 4), "uint32": (19, 4), "object": (13, 4)}
FROM_HEAP = {8, 13}
KEY_QUALIFIER, CIM_TYPE_QUALIFIER = 0x80000001, 0x8000000A
BOOLEAN, SIGNED_32, STRING = 11, 3, 8
# Flavours of qualifiers: to the instance and derived classes; the same, and not overridable.
PROPAGATES, FIXED = 0x03, 0x11
NO_SIGNATURE = 0xFFFFFFFF
CLASS, INSTANCE, DECORATED = 1, 2, 4
FOR_SMART_ENUMERATOR = 1

_EMPTY_HEAP = struct.pack("<L", 0x80000000)
_EMPTY_CLASS = struct.pack("<LBLL", 0x1D, 0, 0xFFFFFFFF, 0) + struct.pack("<LLL", 4, 4, 0) + _EMPTY_HEAP
_EMPTY_METHODS = struct.pack("<LHH", 12, 0, 0) + _EMPTY_HEAP


@dataclass(frozen=True)
class Property:
    """A property of a class, or a parameter of a method."""

    name: str
    type: str
    key: bool = False
    # For parameters: the position, and `In` or `Out`.
    position: int | None = None
    direction: str = ""


@dataclass(frozen=True)
class Method:
    name: str
    inputs: tuple[Property, ...]
    outputs: tuple[Property, ...]


def wmi_class(name: str, properties, methods=(), *, host: str, namespace: str) -> bytes:
    """The EncodingUnit of a class with the signatures of its methods."""
    heap, descriptions = bytearray(), b""
    for method in methods:
        name_at = len(heap)
        heap += _string(method.name)
        qualifiers_at = len(heap)
        heap += struct.pack("<L", 4)
        signatures = [_signature(heap, parameters) for parameters in (method.inputs, method.outputs)]
        descriptions += struct.pack("<LB3xLLLL", name_at, 0, 0, qualifiers_at, *signatures)
    table = struct.pack("<LHH", 12 + len(descriptions) + len(heap), len(methods), 0) + descriptions + _heap(heap)
    block = _EMPTY_CLASS + _EMPTY_METHODS + _class_part(name, properties) + table
    return _unit(struct.pack("<B", CLASS | DECORATED) + _string(host) + _string(namespace) + block)


def wmi_instance(name: str, properties, values: dict, *, host: str, namespace: str) -> bytes:
    """The EncodingUnit of an instance."""
    heap, table, nulls = bytearray(_string(name)), b"", 0
    for index, each in enumerate(properties):
        code, size = TYPES[each.type]
        value = values.get(each.name)
        if value is None:
            nulls |= 1 << (2 * index)
            table += bytes(size)
        elif code in FROM_HEAP:
            table += struct.pack("<L", len(heap))
            heap += _string(str(value))
        else:
            table += int(value).to_bytes(size, "little")
    null_table = nulls.to_bytes((len(properties) - 1) // 4 + 1, "little")
    rest = struct.pack("<BL", 0, 0) + null_table + table + struct.pack("<LB", 4, 1) + _heap(heap)
    block = _class_part(name, properties) + struct.pack("<L", 4 + len(rest)) + rest
    return _unit(struct.pack("<B", INSTANCE | DECORATED) + _string(host) + _string(namespace) + block)


def object_array(instances: list[bytes]) -> bytes:
    """An ObjectArray ([MS-WMI] 2.2.14) of instances, each an EncodingUnit and each with its class."""
    objects = b""
    for unit in instances:
        block = unit[UNIT_HEADER_BYTES:]
        instance = struct.pack("<LL", 24, len(block)) + os.urandom(16) + block
        objects += struct.pack("<LLB", 9, len(instance), INSTANCE) + instance
    inner = struct.pack("<LLL", 12, len(objects), len(instances)) + objects
    packet = struct.pack("<LL", 8, len(inner)) + inner
    return struct.pack("<L8sLLLBB", 0, b"WBEMDATA", 26, len(packet), 0, 1, FOR_SMART_ENUMERATOR) + packet


def _signature(heap: bytearray, parameters) -> int:
    """Puts the class of a method's parameters into the heap; returns where."""
    if not parameters:
        return NO_SIGNATURE
    part = _class_part("__PARAMETERS", parameters)
    block = struct.pack("<B", CLASS) + _EMPTY_CLASS + _EMPTY_METHODS + part + _EMPTY_METHODS
    at = len(heap)
    heap += struct.pack("<L", len(block)) + block
    return at


def _class_part(name: str, properties) -> bytes:
    heap, lookup, values, offset = bytearray(_string(name)), [], b"", 0
    for order, each in enumerate(properties):
        code, size = TYPES[each.type]
        name_at = len(heap)
        heap += _string(each.name)
        info_at = len(heap)
        heap += struct.pack("<LHLL", code, order, offset, 0) + _qualifiers(each, info_at + 14)
        lookup.append((each.name.lower(), name_at, info_at))
        values += b"\xff" * size if code in FROM_HEAP else bytes(size)
        offset += size
    # Two bits for each property say that its default is null and not inherited.
    nulls = b"\x55" * ((len(properties) + 3) // 4)
    body = struct.pack("<LLL", 4, 4, len(properties))
    body += b"".join(struct.pack("<LL", name_at, info_at) for _, name_at, info_at in sorted(lookup))
    body += nulls + values + _heap(heap)
    return struct.pack("<LBLL", 13 + len(body), 0, 0, len(nulls) + len(values)) + body


def _qualifiers(each: Property, at: int) -> bytes:
    """A qualifier set that will stand at an offset of the heap, followed by its strings."""
    wanted = [(CIM_TYPE_QUALIFIER, None, PROPAGATES, STRING, each.type)]
    if each.key:
        wanted.append((KEY_QUALIFIER, None, PROPAGATES, BOOLEAN, True))
    if each.position is not None:
        wanted.append((None, "ID", FIXED, SIGNED_32, each.position))
    if each.direction:
        wanted.append((None, each.direction, PROPAGATES, BOOLEAN, True))
    set_bytes = 4 + sum(11 if kind == BOOLEAN else 13 for *_, kind, _ in wanted)
    qualifiers, strings = struct.pack("<L", set_bytes), b""

    def place(text: str) -> int:
        nonlocal strings
        where = at + set_bytes + len(strings)
        strings += _string(text)
        return where

    for known, name, flavour, kind, value in wanted:
        qualifiers += struct.pack("<LBL", place(name) if name else known, flavour, kind)
        if kind == STRING:
            qualifiers += struct.pack("<L", place(value))
        else:
            qualifiers += struct.pack("<h" if kind == BOOLEAN else "<l", -1 if value is True else value)
    return qualifiers + strings


def _string(text: str) -> bytes:
    return b"\0" + text.encode("ascii") + b"\0"


def _heap(content: bytes) -> bytes:
    return struct.pack("<L", len(content) | 0x80000000) + bytes(content)


def _unit(block: bytes) -> bytes:
    return struct.pack("<LL", SIGNATURE, len(block)) + block
