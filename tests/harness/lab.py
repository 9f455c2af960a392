# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab: a grandmaster's host, the box with a port for it and one for each client, the clients' hosts.

    gm eth0 --- bc0 box bc1 --- eth0 c1
                        bc2 --- eth0 c2

Cable i is 10.77.i.0/24 and fd77:i::/64; the box has address 1 there, the other end 2."""

import contextlib

from .network import Namespace, cable


class Lab:
    """Namespaces and cables only; the programs are the caller's. `hosts` are gm, c1, c2, ... in the order
    of the box's ports, each with one interface, eth0."""

    def __init__(self, n_clients=2):
        with contextlib.ExitStack() as stack:
            self.box = stack.enter_context(Namespace("box"))
            self.gm = stack.enter_context(Namespace("gm"))
            self.clients = [stack.enter_context(Namespace(f"c{i + 1}")) for i in range(n_clients)]
            self.hosts = [self.gm, *self.clients]
            self.ports = [f"bc{i}" for i in range(len(self.hosts))]
            for i, (host, port) in enumerate(zip(self.hosts, self.ports)):
                cable(self.box, port, host, "eth0")
                for namespace, interface, number in ((self.box, port, 1), (host, "eth0", 2)):
                    namespace.add_address(interface, f"10.77.{i}.{number}/24")
                    namespace.add_address(interface, f"fd77:{i}::{number}/64")
            self._stack = stack.pop_all()

    def close(self):
        self._stack.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
