# SPDX-License-Identifier: GPL-2.0-or-later
"""Every raw time stamp of an unmodified ptp4l.

A free-running ptp4l 3.1.1 logs one averaged offset a second. Its slave_event_monitor however sends
the stamps of each Sync and each Delay_Req as a Signaling message to a Unix socket: this is the other end."""

import os
import socket
import statistics
import struct
import threading
import time
from typing import NamedTuple

SLAVE_RX_SYNC_TIMING_DATA = 0x8004
SLAVE_DELAY_TIMING_DATA_NP = 0x7F00

_HEADER_LEN = 44
_SYNC_RECORD = struct.Struct(">HHIIqiHII")
_DELAY_RECORD = struct.Struct(">HHIIqHII")


class SyncSample(NamedTuple):
    mono_s: float
    sequence_id: int
    t1_ns: int  # origin and correction
    t2_ns: int


class DelaySample(NamedTuple):
    mono_s: float
    sequence_id: int
    t3_ns: int
    t4_ns: int  # reception at the master less the correction


def _ns(high, low, nanoseconds):
    return ((high << 32) + low) * 1_000_000_000 + nanoseconds


class EventMonitor:
    """Collects until close(). `syncs`, `delays` and `raw_offsets` only grow."""

    def __init__(self, path):
        self.path = path
        self.syncs = []
        self.delays = []
        # (mono_s, offset_ns, path_delay_ns) of each Sync with the last exchange of delays before it.
        self.raw_offsets = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.bind(path)
        self._socket.settimeout(0.2)
        self._closed = False
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def _receive(self):
        while not self._closed:
            try:
                self._take(self._socket.recv(4096))
            except TimeoutError:
                continue
            except OSError:
                return

    def _take(self, message):
        mono_s = time.monotonic()
        offset = _HEADER_LEN
        while offset + 4 <= len(message):
            kind, length = struct.unpack_from(">HH", message, offset)
            begin, end = offset + 4 + 10, min(offset + 4 + length, len(message))
            if kind == SLAVE_RX_SYNC_TIMING_DATA:
                for record in _SYNC_RECORD.iter_unpack(message[begin:end]):
                    sequence_id, high, low, ns, correction_sns, _, high2, low2, ns2 = record
                    self._add_sync(SyncSample(mono_s, sequence_id, _ns(high, low, ns) + (correction_sns >> 16),
                                              _ns(high2, low2, ns2)))
            elif kind == SLAVE_DELAY_TIMING_DATA_NP:
                for record in _DELAY_RECORD.iter_unpack(message[begin:end]):
                    sequence_id, high, low, ns, correction_sns, high2, low2, ns2 = record
                    self.delays.append(DelaySample(mono_s, sequence_id, _ns(high, low, ns),
                                                   _ns(high2, low2, ns2) - (correction_sns >> 16)))
            offset += 4 + length

    def _add_sync(self, sync):
        self.syncs.append(sync)
        if self.delays:
            down_ns, up_ns = sync.t2_ns - sync.t1_ns, self.delays[-1].t4_ns - self.delays[-1].t3_ns
            self.raw_offsets.append((sync.mono_s, (down_ns - up_ns) / 2, (down_ns + up_ns) / 2))

    def offsets_ns(self, since_mono_s=0.0):
        """Raw offsets, as ptp4l's tsproc_mode raw has them: nothing is filtered."""
        return [offset_ns for mono_s, offset_ns, _ in list(self.raw_offsets) if mono_s >= since_mono_s]

    def filtered_offsets_ns(self, since_mono_s=0.0, window=10):
        """Each Sync's offset with the median path delay of the last `window`, as tsproc_mode filter has them."""
        samples = list(self.raw_offsets)
        delays_ns = [delay_ns for _, _, delay_ns in samples]
        return [offset_ns + delay_ns - statistics.median(delays_ns[max(0, i + 1 - window):i + 1])
                for i, (mono_s, offset_ns, delay_ns) in enumerate(samples) if mono_s >= since_mono_s]

    def close(self):
        if self._closed:
            return
        self._closed = True
        self._thread.join(10.0)
        self._socket.close()
        try:
            os.unlink(self.path)
        except OSError:
            pass
