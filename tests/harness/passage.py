# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes into a box at one port and what comes out at another, octet by octet."""

import itertools
import time

from . import frames, wire
from .process import Timeout

_CORRECTION = slice(8, 16)  # of a message
_numbers = itertools.count(1)


class Passage:
    """Two RawPorts with a box between them. Each message sent has a sequenceId of its own, by which it is known at the
    other side, also where it cannot be parsed."""

    SOURCE = wire.port_identity(bytes.fromhex("0200000000000077"), 7)

    def __init__(self, near, far):
        self.near = near
        self.far = far
        self._sent_real_ns = {}
        self._longest_ns = 0
        self.n_lost = 0

    def header(self):
        """Arguments that every message takes: sourcePortIdentity and a new sequenceId."""
        return {"source": self.SOURCE, "sequence": next(_numbers)}

    def mark(self, header):
        return header["source"] + header["sequence"].to_bytes(2, "big")

    def send(self, header, frame):
        self._sent_real_ns[header["sequence"]] = time.time_ns()
        self.near.send(frame)

    def arrived(self, header):
        return [c for c in list(self.far.captured) if not c.is_outgoing and self.mark(header) in c.frame]

    def came_back(self, header):
        return [c for c in list(self.near.captured) if not c.is_outgoing and self.mark(header) in c.frame]

    def wait_for(self, header, n=1, timeout_s=30):
        """The first n frames with that mark; they may come one after another."""
        found, start = [], 0
        while len(found) < n:
            one = self.far.wait_for(lambda c: not c.is_outgoing and self.mark(header) in c.frame
                                    and not any(c is other for other in found), timeout_s,
                                    f"frame {len(found) + 1} with sequenceId {header['sequence']}", start)
            found.append(one)
        return found

    def wait_for_both(self, header):
        """The event message and its follower. Some kernels lose a transmit stamp now and then (docs/design.md), and after
        a second the follower that waits for it is given up: of one of all that pass here only the event message may
        come, and n_lost is 1."""
        try:
            return self.wait_for(header, 2, timeout_s=5)
        except Timeout:
            self.n_lost += 1
            if self.n_lost > 1:
                raise
            return self.wait_for(header)

    def fence(self, vlans=()):
        """Sends a message that every box lets through, and waits for it: what went before has arrived or never will."""
        header = self.header()
        self.send(header, frames.l2(wire.sync(**header), self.near.mac, vlans=vlans))
        self.wait_for(header)
        self.residence_bound_ns(header)

    def sent_real_ns(self, header):
        """Just before the first frame with this mark was sent, CLOCK_REALTIME."""
        return self._sent_real_ns[header["sequence"]]

    def residence_bound_ns(self, header):
        """Longer than the box can have had the frames with this mark: from before the first was sent to the far host's
        stamp of the last."""
        bound_ns = max(c.real_ns for c in self.arrived(header)) - self.sent_real_ns(header)
        self._longest_ns = max(self._longest_ns, bound_ns)
        return bound_ns

    def longest_bound_ns(self):
        """The largest of these so far, fences' too: what the box saw its queue add is less. 0 before the first."""
        return self._longest_ns


def correction_sns(frame, offset):
    """correctionField of the message at an offset of a frame, 2^-16 ns."""
    return int.from_bytes(frame[offset:][_CORRECTION], "big", signed=True)
