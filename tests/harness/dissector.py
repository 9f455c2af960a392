# SPDX-License-Identifier: GPL-2.0-or-later
"""A second opinion on frames: what Wireshark's dissector makes of them."""

import collections
import os
import shutil
import struct
from typing import NamedTuple

from . import session
from .process import run

LINKTYPE_ETHERNET = 1
_FIELDS = ("frame.number", "frame.protocols", "ptp.v2.messagetype", "_ws.malformed", "_ws.expert.message")


class Dissected(NamedTuple):
    protocols: str
    message_type: int  # None when it is not PTP
    complaints: str  # malformed, expert information, a wrong checksum; empty: none


def is_available():
    return shutil.which("tshark") is not None


def _write_pcap(path, some_frames):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, LINKTYPE_ETHERNET))
        for number, frame in enumerate(some_frames):
            file.write(struct.pack("<IIII", number, 0, len(frame), len(frame)) + frame)


def dissect(some_frames):
    """A Dissected for each frame."""
    path = os.path.join(session.current().directory, session.current().unique("frames") + ".pcap")
    _write_pcap(path, some_frames)
    argv = ["tshark", "-r", path, "-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-T", "fields",
            "-E", "separator=|", "-E", "occurrence=a"]
    for field in _FIELDS:
        argv += ["-e", field]
    lines = run(argv, timeout_s=60).stdout.splitlines()
    dissected = []
    for line in (line for line in lines if line[:1].isdigit()):
        _, protocols, message_type, malformed, expert = (line.split("|") + [""] * 5)[:5]
        complaints = " ".join(word for word in (malformed, expert) if word)
        dissected.append(Dissected(protocols, int(message_type, 0) if message_type else None, complaints))
    return dissected


def count_complaints(some_frames):
    """{(message type, complaint): how often}."""
    return collections.Counter((one.message_type, one.complaints) for one in dissect(some_frames) if one.complaints)
