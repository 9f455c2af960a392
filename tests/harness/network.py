# SPDX-License-Identifier: GPL-2.0-or-later
"""Hosts and cables: network namespaces with names unique to this run, veth pairs, bridges, qdiscs."""

import contextlib
import ctypes
import json
import os

from . import session
from .process import run

CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)


def _setns(fd):
    if _libc.setns(fd, CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "setns")


class Namespace:
    """A host. `name` is the short name, `full_name` the kernel's."""

    def __init__(self, name):
        self.name = name
        self.full_name = session.current().unique(name)
        self.path = f"/run/netns/{self.full_name}"
        session.current().add("netns", self.full_name)
        run(["ip", "netns", "add", self.full_name])
        # Addresses are unique by construction; waiting for proof would cost seconds each.
        self.sysctl("net/ipv6/conf/all/accept_dad", 0)
        self.sysctl("net/ipv6/conf/default/accept_dad", 0)
        self.ip("link", "set", "lo", "up")

    def ip(self, *arguments):
        # Not `ip -n`: that remounts / and fails in a chroot.
        return self.run("ip", *arguments).stdout

    def ip_json(self, *arguments):
        return json.loads(self.ip("-json", *arguments) or "[]")

    def tc(self, *arguments):
        return self.run("tc", *arguments).stdout

    def run(self, *argv, check=True, timeout_s=60.0):
        return run(argv, namespace=self, check=check, timeout_s=timeout_s)

    @contextlib.contextmanager
    def entered(self):
        """The calling thread is in the namespace within the block: what it opens there stays there."""
        with open("/proc/thread-self/ns/net", "rb") as home, open(self.path, "rb") as there:
            _setns(there.fileno())
            try:
                yield self
            finally:
                _setns(home.fileno())

    def sysctl(self, path, value):
        with self.entered(), open(f"/proc/sys/{path}", "w", encoding="ascii") as file:
            file.write(str(value))

    def mac(self, interface):
        return self.ip_json("link", "show", "dev", interface)[0]["address"]

    def ifindex(self, interface):
        return self.ip_json("link", "show", "dev", interface)[0]["ifindex"]

    def up(self, interface):
        self.ip("link", "set", interface, "up")

    def down(self, interface):
        self.ip("link", "set", interface, "down")

    def add_address(self, interface, address):
        """`address` with its prefix length, IPv4 or IPv6."""
        self.ip("addr", "add", address, "dev", interface, *(["nodad"] if ":" in address else []))

    def bridge(self, interface, members):
        """A bridge that is up, without STP and without snooping, so that it floods."""
        self.ip("link", "add", interface, "type", "bridge", "stp_state", "0", "mcast_snooping", "0")
        for member in members:
            self.ip("link", "set", member, "master", interface)
        self.up(interface)

    def set_root_qdisc(self, interface, *specification):
        """set_root_qdisc("bc1", "tbf", "rate", "10mbit", "burst", "2kb", "limit", "100kb")"""
        self.tc("qdisc", "replace", "dev", interface, "root", *specification)

    def clear_root_qdisc(self, interface):
        self.tc("qdisc", "del", "dev", interface, "root")

    def backlog_octets(self, interface):
        """What waits in an interface's root qdisc now."""
        return json.loads(self.tc("-j", "-s", "qdisc", "show", "dev", interface, "root"))[0]["backlog"]

    def filters(self, interface, direction):
        """What `tc filter show` says about "ingress" or "egress"."""
        return self.run("tc", "filter", "show", "dev", interface, direction, check=False).stdout.strip()

    def close(self):
        run(["ip", "netns", "del", self.full_name], check=False)
        session.current().remove("netns", self.full_name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def cable(near, near_interface, far, far_interface):
    """A veth pair between two namespaces, both ends up."""
    near.ip("link", "add", near_interface, "type", "veth", "peer", "name", far_interface, "netns", far.full_name)
    near.up(near_interface)
    far.up(far_interface)
