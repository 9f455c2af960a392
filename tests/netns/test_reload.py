# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon as a service: what it tells its manager, and a configuration that is read again (SIGHUP)."""

import os
import socket
import threading
import unittest

from harness import session
from netns.support import Rig, until


class Manager:
    """What a service manager is told: a socket as systemd's."""

    def __init__(self):
        self.path = os.path.join(session.current().directory, session.current().unique("notify"))
        self.messages = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            self.messages.append(self._socket.recv(4096).decode())

    def has(self, text):
        return any(text in message for message in self.messages)

    def wait_for(self, text, timeout_s=5):
        until(lambda: self.has(text), timeout_s, lambda: f"{text!r}: {self.messages}")


class Service(unittest.TestCase):
    def test_a_service_manager_is_told(self):
        manager = Manager()
        with Rig(n_clients=1, box=False, clients=False) as rig:
            box = rig.start_box(env={"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "1000000"})
            manager.wait_for("READY=1")
            manager.wait_for("STATUS=locked to", 15)
            manager.wait_for("via bc0, offset ")
            self.assertGreater(manager.messages.count("WATCHDOG=1"), 1)
            self.assertEqual(box.stop(), 0)
            manager.wait_for("STOPPING=1")
            self.assertLess(len(manager.messages), 40)
