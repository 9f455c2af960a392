# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of the daemon's control socket, as docs/control.md has it."""

import contextlib
import json
import socket
import struct

ANSWER_MAX = 65536


class Control:
    """One connection. Answers that do not come within timeout_s, which only limits how long a failure takes, are a
    TimeoutError."""

    def __init__(self, path, timeout_s=20):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        # With a timeout of Python's, which makes it non-blocking, connect() would not wait where many do.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("=qq", timeout_s, 0))
        self._socket.connect(path)
        self._socket.settimeout(timeout_s)

    def ask(self, request, **members):
        """All messages of the answer, the end or the error included."""
        self._socket.send(json.dumps({"request": request, **members}).encode())
        messages = []
        while not messages or not ({"end", "error"} & set(messages[-1]) or request in ("status", "ports")):
            messages.append(json.loads(self._socket.recv(ANSWER_MAX)))
        return messages

    def close(self):
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def ask(path, request, **members):
    """As Control.ask(), by a connection of its own."""
    with contextlib.closing(Control(path)) as control:
        return control.ask(request, **members)


def status(path):
    return ask(path, "status")[0]["status"]


def alarms(path):
    """{(kind, port)}"""
    return {(alarm["kind"], alarm["port"]) for alarm in status(path)["alarms"]}
