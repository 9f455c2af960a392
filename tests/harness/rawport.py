# SPDX-License-Identifier: GPL-2.0-or-later
"""The sender and receiver of crafted frames at one interface of a namespace, over a packet socket.

Sees received frames before tc does (also those that a program consumes there), and sent ones after
the qdisc."""

import socket
import struct
import threading
import time
from typing import NamedTuple

from . import frames
from .process import Timeout

SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_OUTGOING = 4
ETH_P_ALL = 3
SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33
TP_STATUS_VLAN_VALID = 1 << 4
TP_STATUS_VLAN_TPID_VALID = 1 << 6


class Captured(NamedTuple):
    mono_s: float  # when it was read, for time-outs
    real_ns: int  # the kernel's own stamp, CLOCK_REALTIME
    is_outgoing: bool
    frame: bytes
    ptp: frames.PtpFrame  # None when it is not PTP


class RawPort:
    def __init__(self, namespace, interface):
        self.interface = interface
        self.mac = namespace.mac(interface)
        self.captured = []
        self._changed = threading.Condition()
        with namespace.entered():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        self._socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        # A thousand frames for each second that the reader may stand still in a flood, and more; whatever the limit of others.
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        self._socket.settimeout(0.2)
        with namespace.entered():
            self._socket.bind((interface, ETH_P_ALL))
        self._closed = False
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def send(self, frame):
        self._socket.send(frame)

    def send_many(self, some_frames, rate_per_s=None):
        """Sends them all; rate_per_s None is as fast as it goes. Returns how many the interface took."""
        taken, begin_s = 0, time.monotonic()
        for i, frame in enumerate(some_frames):
            if rate_per_s:
                wait_s = begin_s + i / rate_per_s - time.monotonic()
                if wait_s > 0:
                    time.sleep(wait_s)
            try:
                self._socket.send(frame)
                taken += 1
            except (BlockingIOError, TimeoutError):
                continue
            except OSError as error:
                if error.errno != 105:  # ENOBUFS: the interface's queue is full
                    raise
        return taken

    def _receive(self):
        while not self._closed:
            try:
                frame, ancillary, _, address = self._socket.recvmsg(65536, 256)
            except TimeoutError:
                continue
            except OSError:
                if self._closed:
                    return
                time.sleep(0.01)  # the interface went down; it may come up again
                continue
            self._take(frame, ancillary, address[2] == PACKET_OUTGOING)

    def _take(self, frame, ancillary, is_outgoing):
        real_ns = 0
        for level, kind, data in ancillary:
            if level == SOL_PACKET and kind == PACKET_AUXDATA:
                status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", data[:20])
                # The kernel takes the tag out of the frame: back with it, as it is on the wire.
                if status & TP_STATUS_VLAN_VALID:
                    tag = struct.pack(">HH", tpid if status & TP_STATUS_VLAN_TPID_VALID else 0x8100, tci)
                    frame = frame[:12] + tag + frame[12:]
            elif level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                seconds, ns = struct.unpack("=qq", data[:16])
                real_ns = seconds * 10**9 + ns
        with self._changed:
            self.captured.append(Captured(time.monotonic(), real_ns, is_outgoing, frame, frames.parse(frame)))
            self._changed.notify_all()

    def received(self, message_type=None, *, outgoing=False, start=0):
        """The PTP frames captured from number `start` on, of one type or of all."""
        return [c for c in self.captured[start:] if c.ptp and c.is_outgoing == outgoing
                and message_type in (None, c.ptp.message.type)]

    def wait_for(self, condition, timeout_s, what="a frame", start=0):
        """The first captured frame from number `start` on for which condition(captured) holds."""
        deadline_s = time.monotonic() + timeout_s
        with self._changed:
            while True:
                while start < len(self.captured):
                    if condition(self.captured[start]):
                        return self.captured[start]
                    start += 1
                rest_s = deadline_s - time.monotonic()
                if rest_s <= 0:
                    raise Timeout(f"{self.interface}: {what} did not come within {timeout_s} s")
                self._changed.wait(rest_s)

    def wait_for_message(self, message_type, timeout_s, start=0, where=lambda message: True):
        """The first PTP message of a type that is received, not sent, and for which where(message) holds."""
        name = frames.wire.NAMES.get(message_type, str(message_type))
        return self.wait_for(lambda c: c.ptp is not None and not c.is_outgoing
                             and c.ptp.message.type == message_type and where(c.ptp.message),
                             timeout_s, name, start)

    def close(self):
        self._closed = True
        self._thread.join(10.0)
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
