# SPDX-License-Identifier: GPL-2.0-or-later
"""Things that get in the way: busy loops, and a flood of UDP that keeps a qdisc full."""

import sys

from .process import Process

_FLOOD = """
import socket, sys, time
address, size, rate = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
s = socket.socket(family, socket.SOCK_DGRAM)
s.setblocking(False)
payload, begin, sent = bytes(size), time.monotonic(), 0
while True:
    try:
        s.sendto(payload, (address, 9))
    except OSError:
        time.sleep(0.0005)
        continue
    sent += 1
    ahead = begin + sent / rate - time.monotonic()
    if ahead > 0.001:
        time.sleep(ahead)
"""


class BusyLoops:
    """n processes that want a CPU each, until the end of the block."""

    def __init__(self, n):
        self._n = n
        self._processes = []

    def __enter__(self):
        for _ in range(self._n):
            self._processes.append(Process(["sh", "-c", "while :; do :; done"], name="busy"))
        return self

    def __exit__(self, *_):
        for process in self._processes:
            process.kill()


class UdpFlood(Process):
    """Sends UDP to the discard port of an address, as fast as the socket takes it or at a rate."""

    def __init__(self, namespace, address, *, size=1400, rate_per_s=1e9):
        super().__init__([sys.executable, "-c", _FLOOD, address, size, rate_per_s], namespace=namespace, name="flood")
