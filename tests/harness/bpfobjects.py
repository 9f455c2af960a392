# SPDX-License-Identifier: GPL-2.0-or-later
"""What a process holds of BPF, and what of it the kernel still knows. By ids, not by names: other programs of
the same kind may run on the machine."""

import ctypes
import glob
import json
import os
import platform
import re
import struct
from typing import NamedTuple

from .process import run

_BPF_PROG_QUERY = 16
_SYSCALL_BPF = {"x86_64": 321, "aarch64": 280, "riscv64": 280}
TCX_INGRESS, TCX_EGRESS = 46, 47

_libc = ctypes.CDLL(None, use_errno=True)


class BpfObject(NamedTuple):
    kind: str  # "prog", "map" or "link"
    id: int
    ifindex: int  # of a tcx link, else 0


def held_by(pid):
    """The programs, maps and links that a process has open: a set of BpfObject."""
    held = set()
    for path in glob.glob(f"/proc/{pid}/fdinfo/*"):
        try:
            with open(path, encoding="ascii") as file:
                info = file.read()
        except OSError:
            continue
        # A link's fdinfo names its program too: that one is not held by this descriptor.
        for kind in ("link", "prog", "map"):
            match = re.search(rf"^{kind}_id:\s+(\d+)$", info, re.M)
            if match:
                ifindex = re.search(r"^ifindex:\s+(\d+)$", info, re.M)
                held.add(BpfObject(kind, int(match[1]), int(ifindex[1]) if ifindex and kind == "link" else 0))
                break
    return held


def existing(objects):
    """Those that the kernel still knows."""
    return {one for one in objects if run(["bpftool", one.kind, "show", "id", one.id], check=False).returncode == 0}


def tcx_programs(namespace, interface, attach_type):
    """Ids of the programs at a tcx hook, first to last. OSError on a kernel without tcx (before 6.6)."""
    ids = (ctypes.c_uint32 * 64)()
    # target_ifindex, attach_type, query_flags, attach_flags, prog_ids, count, and what may follow
    attributes = ctypes.create_string_buffer(struct.pack(
        "=IIIIQII", namespace.ifindex(interface), attach_type, 0, 0, ctypes.addressof(ids), len(ids), 0) + bytes(64))
    with namespace.entered():
        if _libc.syscall(_SYSCALL_BPF[platform.machine()], _BPF_PROG_QUERY, attributes, 96) < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), "BPF_PROG_QUERY")
    return list(ids[:struct.unpack_from("=I", attributes, 24)[0]])


def filter_programs(namespace, interface, direction):
    """Ids of the BPF programs among the clsact filters, "ingress" or "egress"."""
    return [int(match) for match in re.findall(r" id (\d+)", namespace.filters(interface, direction))]


def _dump(*which):
    def as_bytes(words):
        return bytes(int(word, 16) for word in words)
    entries = json.loads(run(["bpftool", "-j", "map", "dump", *which]).stdout)
    return [(as_bytes(entry["key"]), as_bytes(entry["value"])) for entry in entries]


def read_map(path):
    """A pinned map as a list of (key, value), both bytes."""
    return _dump("pinned", path)


def read_map_of(pid, name):
    """The same of the map of that name that a process has open."""
    held = {one.id for one in held_by(pid) if one.kind == "map"}
    shown = json.loads(run(["bpftool", "-j", "map", "show"]).stdout)
    number, = (one["id"] for one in shown if one["id"] in held and one.get("name") == name)
    return _dump("id", number)
