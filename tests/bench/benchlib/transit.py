# SPDX-License-Identifier: GPL-2.0-or-later
"""How long event frames are under way, by the kernel's stamps of packet sockets at both outer ends, and what of
it a box wrote into their correctionFields.

Nobody sleeps on these sockets: waking a reader would take microseconds, between the sender's stamp and
the wire. They are emptied now and then."""

import socket
import struct
import time
from typing import NamedTuple

from harness import frames, rawport, wire
from harness.process import Timeout

DRAIN_S = 0.2
RECEIVE_BUFFER = 32 << 20
SO_RCVBUFFORCE = 33

# The crafted clocks.
MASTER = wire.port_identity("02bebc.fffe.000001")
CLIENT = wire.port_identity("02bebc.fffe.000002")
ADDRESS = {"UDPv4": ("10.77.0.99", "10.77.1.99")}


class Seen(NamedTuple):
    real_ns: int
    is_outgoing: bool
    message: wire.Message


class Tap:
    """Everything that passes one interface, with stamps: of what is received before anything else, of what is sent
    right before the driver."""

    def __init__(self, namespace, interface="eth0"):
        self.seen = []
        self.mac = namespace.mac(interface)
        with namespace.entered():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
            # A socket does not see what it sent itself.
            self._sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
            self._sender.bind((interface, 0))
            self._socket.setsockopt(socket.SOL_SOCKET, rawport.SO_TIMESTAMPNS, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
            self._socket.setblocking(False)
            self._socket.bind((interface, rawport.ETH_P_ALL))

    def send(self, frame):
        """False when the interface's queue is full."""
        try:
            return self._sender.send(frame) > 0
        except OSError:
            return False

    def drain(self):
        while True:
            try:
                frame, ancillary, _, address = self._socket.recvmsg(2048, 128)
            except BlockingIOError:
                return
            parsed = frames.parse(frame)
            if parsed is None:
                continue
            for level, kind, data in ancillary:
                if level == socket.SOL_SOCKET and kind == rawport.SO_TIMESTAMPNS:
                    seconds, ns = struct.unpack("=qq", data[:16])
                    self.seen.append(Seen(seconds * 10**9 + ns, address[2] == rawport.PACKET_OUTGOING, parsed.message))

    def close(self):
        self._socket.close()
        self._sender.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def watch(taps, seconds):
    """Lets the taps collect."""
    deadline_s = time.monotonic() + seconds
    while time.monotonic() < deadline_s:
        time.sleep(min(DRAIN_S, max(0.0, deadline_s - time.monotonic())))
        for tap in taps:
            tap.drain()


def _key(message):
    return message.type, message.domain, message.source, message.sequence


def transits(first, second, message_type, is_from_outside=True):
    """{key: ns} of the messages of one type that passed both taps: sent at the first and received at the second,
    or, through a box, received at the first and sent at the second."""
    begin = {_key(s.message): s.real_ns for s in first.seen
             if s.is_outgoing == is_from_outside and s.message.type == message_type}
    return {_key(s.message): s.real_ns - begin[_key(s.message)] for s in second.seen
            if s.is_outgoing != is_from_outside and _key(s.message) in begin}


class Crafted:
    """Sync with Follow_Up from the master's host, Delay_Req with its answer from the other one; both ends are
    tapped. differences(type): transit less what the box wrote into event message and follower."""

    def __init__(self, master_tap, client_tap, transport):
        self.master, self.client, self.transport = master_tap, client_tap, transport
        self.n_sent = 0

    def _frame(self, payload, tap):
        if self.transport == "L2":
            return frames.l2(payload, tap.mac)
        ip = ADDRESS[self.transport][0 if tap is self.master else 1]
        return frames.udp4(payload, tap.mac, ip)

    def wait_until_forwarded(self, timeout_s):
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            self.send_one(0.05)
            self.master.drain()
            self.client.drain()
            if self.differences(wire.SYNC) and self.differences(wire.DELAY_REQ):
                self.master.seen.clear()
                self.client.seen.clear()
                return
        raise Timeout(f"no crafted message was forwarded within {timeout_s} s")

    def send_one(self, interval_s):
        """One exchange, which takes interval_s: each answer leaves when its event message is long gone."""
        number = self.n_sent
        self.n_sent += 1
        self.master.send(self._frame(wire.sync(source=MASTER, sequence=number), self.master))
        self.master.send(self._frame(wire.follow_up(0, source=MASTER, sequence=number), self.master))
        time.sleep(interval_s / 2)
        self.client.send(self._frame(wire.delay_req(source=CLIENT, sequence=number), self.client))
        time.sleep(interval_s / 2)
        self.master.send(self._frame(wire.delay_resp(0, CLIENT, source=MASTER, sequence=number), self.master))

    def run(self, n, interval_s):
        for i in range(n):
            self.send_one(interval_s)
            if i % 16 == 15:
                self.master.drain()
                self.client.drain()
        watch((self.master, self.client), 0.5)

    def differences(self, message_type):
        """[(transit_ns, corrected_ns)] of the messages whose follower arrived, too."""
        is_sync = message_type == wire.SYNC
        sender, receiver = (self.master, self.client) if is_sync else (self.client, self.master)
        follower = wire.FOLLOW_UP if is_sync else wire.DELAY_RESP
        event_sns = {s.message.sequence: s.message.correction_sns for s in receiver.seen
                     if not s.is_outgoing and s.message.type == message_type}
        follower_sns = {s.message.sequence: s.message.correction_sns for s in self.client.seen
                        if not s.is_outgoing and s.message.type == follower}
        found = []
        for key, transit_ns in transits(sender, receiver, message_type).items():
            sequence = key[3]
            if sequence in event_sns and sequence in follower_sns:
                found.append((transit_ns, (event_sns[sequence] + follower_sns[sequence]) / 65536))
        return found
