# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of management over UNIX datagrams, as libptpmgmt and pmc are, that sees the octets: for what an older pmc
cannot decode, and for events."""

import os
import socket
import struct
import time
from typing import NamedTuple

from . import session, wire

MANAGEMENT_TLV, ERROR_STATUS_TLV = 1, 2

NO_SUCH_ID, WRONG_LENGTH, WRONG_VALUE, NOT_SETABLE, NOT_SUPPORTED = 2, 3, 4, 5, 6

PORT_DATA_SET, PRIORITY1 = 0x2004, 0x2005
ALTERNATE_TIME_OFFSET_ENABLE, ALTERNATE_TIME_OFFSET_NAME = 0x201E, 0x201F
ALTERNATE_TIME_OFFSET_MAX_KEY, ALTERNATE_TIME_OFFSET_PROPERTIES = 0x2020, 0x2021
ENABLE_PORT, DISABLE_PORT, MASTER_ONLY, PARENT_DATA_SET = 0x200D, 0x200E, 0x3001, 0x2002
TIME_STATUS_NP, SUBSCRIBE_EVENTS_NP, PORT_SERVICE_STATS_NP = 0xC000, 0xC003, 0xC007
UNICAST_MASTER_TABLE_NP, PORT_HWCLOCK_NP, POWER_PROFILE_SETTINGS_NP, PORT_CORRECTIONS_NP = 0xC008, 0xC009, 0xC00A, 0xC00C

NOTIFY_PORT_STATE, NOTIFY_TIME_SYNC, NOTIFY_PARENT_DATA_SET = 1, 2, 4

# Only how long a failure takes.
LIMIT_S = 15.0


class Answer(NamedTuple):
    """`error` is None, or the managementErrorId; `port` is the number of the port that speaks."""

    action: int
    port: int
    sequence: int
    id: int
    data: bytes
    error: int


def parse(message):
    """The Answer that a management message is."""
    head = wire.parse(message)
    assert head is not None and head.type == wire.MANAGEMENT, message
    kind, length = struct.unpack_from(">HH", head.body, 14)
    value = head.body[18:18 + length]
    assert len(value) == length and 18 + length == len(head.body), message
    action, port = head.body[12] & 0xF, int.from_bytes(head.source[8:], "big")
    if kind == ERROR_STATUS_TLV:
        error, identifier = struct.unpack_from(">HH", value)
        return Answer(action, port, head.sequence, identifier, b"", error)
    assert kind == MANAGEMENT_TLV, message
    return Answer(action, port, head.sequence, int.from_bytes(value[:2], "big"), value[2:], None)


class Client:
    """Asks a daemon's socket at `path`."""

    def __init__(self, path):
        self.path = path
        self._own_path = os.path.join(session.current().directory, session.current().unique("client"))
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.bind(self._own_path)
        self._sequence = 0

    def send(self, identifier, data=b"", action=wire.GET, port=0xFFFF):
        self._sequence += 1
        self._socket.sendto(
            wire.management(identifier, data, action, target=b"\xFF" * 8 + struct.pack(">H", port),
                            source=wire.port_identity(b"\x0A" * 8, 99), sequence=self._sequence), self.path)

    def receive(self, timeout_s=LIMIT_S):
        """The next message, or None."""
        self._socket.settimeout(timeout_s)
        try:
            return parse(self._socket.recv(4096))
        except TimeoutError:
            return None

    def ask(self, identifier, data=b"", action=wire.GET, port=0xFFFF, timeout_s=LIMIT_S):
        """The first answer to this request; what comes meanwhile is dropped."""
        self.send(identifier, data, action, port)
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            answer = self.receive(max(0.01, deadline_s - time.monotonic()))
            if answer and answer.id == identifier and answer.sequence == self._sequence:
                return answer
        raise TimeoutError(f"no answer to {identifier:#06x}")

    def set(self, identifier, data, **others):
        return self.ask(identifier, data, wire.SET, **others)

    def command(self, identifier, port):
        return self.ask(identifier, b"", wire.COMMAND, port)

    def subscribe(self, events, duration_s=60):
        return self.set(SUBSCRIBE_EVENTS_NP, struct.pack(">HB63x", duration_s, events))

    def wait_for(self, condition, timeout_s=LIMIT_S):
        """The first message for which condition(answer) holds, or None."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            answer = self.receive(max(0.01, deadline_s - time.monotonic()))
            if answer and condition(answer):
                return answer
        return None

    def close(self):
        self._socket.close()
        try:
            os.unlink(self._own_path)
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
