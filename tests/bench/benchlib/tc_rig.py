# SPDX-License-Identifier: GPL-2.0-or-later
"""The rig of the transparent clock: grandmaster - box - client, and what stands for the box.

The client is an unmodified ptp4l that leaves its clock alone; its stamps come over its slave_event_monitor."""

import contextlib
import os

from harness import load, network, programs, session
from harness.lab import Lab

CABLE, BRIDGE, PTP4L, OURS = "cable", "bridge", "ptp4l", "ebpf-bc"
SIDES = (CABLE, BRIDGE, PTP4L, OURS)
QUEUES = ("none", "tbf", "htb", "pfifo_fast", "fq_codel")

RATE, BURST, LIMIT_OCTETS = "10mbit", "2kb", 15000
# Octets of payload and datagrams a second: a little more than the rate carries.
FLOOD_OCTETS, FLOOD_PER_S = 1400, 1000
# Addresses of grandmaster's and client's host on one subnet, for traffic that a bridge carries.
BRIDGED = ("10.78.0.1", "10.78.0.2")
ROUTED = ("10.77.0.1", "10.77.1.0/24", "10.77.1.2")
PTP_OPTIONS = {"logAnnounceInterval": 0, "tx_timestamp_timeout": 100}


def set_queue(namespace, interface, queue):
    """10 Mbit/s: tbf, or a class of htb that holds a byte fifo or the queue named."""
    if queue == "none":
        return
    if queue == "tbf":
        namespace.set_root_qdisc(interface, "tbf", "rate", RATE, "burst", BURST, "limit", LIMIT_OCTETS)
        return
    # pfifo_fast takes its limit from here.
    namespace.ip("link", "set", interface, "txqueuelen", 10)
    namespace.set_root_qdisc(interface, "handle", "1:", "htb", "default", "10")
    namespace.tc("class", "add", "dev", interface, "parent", "1:", "classid", "1:10", "htb", "rate", RATE,
                 "burst", BURST)
    leaf = ("bfifo", "limit", LIMIT_OCTETS) if queue == "htb" else (queue,)
    namespace.tc("qdisc", "add", "dev", interface, "parent", "1:10", *leaf)


class TcRig:
    """Hosts, box and, unless is_crafted, grandmaster and client, until the end of the block."""

    def __init__(self, side, options, *, is_crafted=False):
        self.side, self.forward, self.transport = side, options.forward, options.transport
        self._settings = dict(setting.split("=", 1) for setting in options.box_option)
        self.box = self.gm = self.client = self.flood = self.lab = None
        self._ptp = {"logSyncInterval": options.log_sync, "logMinDelayReqInterval": options.log_delay_req, **PTP_OPTIONS}
        with contextlib.ExitStack() as stack:
            if side == CABLE:
                self.gm_host = stack.enter_context(network.Namespace("gm"))
                self.client_host = stack.enter_context(network.Namespace("c1"))
                network.cable(self.gm_host, "eth0", self.client_host, "eth0")
                for host, number in ((self.gm_host, 1), (self.client_host, 2)):
                    host.add_address("eth0", f"10.77.0.{number}/24")
            else:
                self.lab = lab = stack.enter_context(Lab(1))
                self.gm_host, self.client_host = lab.gm, lab.clients[0]
                if self.is_bridged:
                    lab.box.bridge("br0", lab.ports)
                set_queue(lab.box, lab.ports[1], options.queue)
                self.box = self._start_box()
            if self.box:
                stack.callback(self.box.stop)
            if not is_crafted:
                self._start_clocks(stack)
            if side != CABLE and options.queue != "none":
                self._start_flood(stack)
            self._stack = stack.pop_all()

    @property
    def is_bridged(self):
        """Whether a Linux bridge joins the box's ports."""
        return self.side == BRIDGE or (self.side == OURS and self.forward == "bridge")

    def _start_box(self):
        lab = self.lab
        if self.side == PTP4L:
            return programs.Ptp4l(lab.box, lab.ports, "bc", transport=self.transport, with_monitor=False,
                                  options={**self._ptp, "clock_type": "E2E_TC", "priority1": 254,
                                           # What tc_priority of our box is.
                                           "socket_priority": 7})
        if self.side == OURS:
            control = os.path.join(session.current().directory, session.current().unique("control"))
            return programs.EbpfBc(lab.box, lab.ports, config={
                "clock_type": "E2E_TC", "tc_forward": self.forward, "network_transport": self.transport,
                "bpf_pin_path": "", "control_socket": control, "summary_interval": 4, "use_syslog": 0,
                **self._settings})
        return None

    def _start_clocks(self, stack):
        self.gm = programs.Ptp4l(self.gm_host, "eth0", "gm", transport=self.transport,
                                 options={**self._ptp, "logAnnounceInterval": -1})
        stack.callback(self.gm.stop)
        self.gm.wait_for_state(1, ("MASTER", "GRAND_MASTER"), 15)
        self.client = programs.Ptp4l(self.client_host, "eth0", "client", transport=self.transport, options=self._ptp)
        stack.callback(self.client.stop)
        self.client.wait_for_state(1, programs.FOLLOWING, 20)

    def _start_flood(self, stack):
        """UDP from the grandmaster's host to the client's, through the box."""
        lab = self.lab
        if self.is_bridged:
            for host, address in zip((self.gm_host, self.client_host), BRIDGED):
                host.add_address("eth0", f"{address}/24")
            self._add_neighbour(self.gm_host, BRIDGED[1], self.client_host.mac("eth0"))
            destination = BRIDGED[1]
        else:
            router, network_address, destination = ROUTED
            lab.box.sysctl("net/ipv4/ip_forward", 1)
            self.gm_host.ip("route", "add", network_address, "via", router)
            self._add_neighbour(lab.box, destination, self.client_host.mac("eth0"), lab.ports[1])
        self.flood = load.UdpFlood(self.gm_host, destination, size=FLOOD_OCTETS, rate_per_s=FLOOD_PER_S)
        stack.callback(self.flood.kill)

    @staticmethod
    def _add_neighbour(namespace, address, mac, interface="eth0"):
        """A question would be lost in a queue that is full."""
        namespace.ip("neigh", "replace", address, "lladdr", mac, "dev", interface, "nud", "permanent")

    @property
    def programs(self):
        return [program for program in (self.gm, self.box, self.client) if program]

    def state_changes_since(self, mono_s):
        return [(program.name, change) for program in self.programs for change in program.state_changes
                if change.mono_s >= mono_s]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()
