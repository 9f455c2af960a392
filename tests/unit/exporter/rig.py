# SPDX-License-Identifier: GPL-2.0-or-later
"""An exporter that is started for a test, and requests to it."""

import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from unit.exporter import double, prometheus

PROGRAM = os.environ.get("EBC_EXPORTER", "")
LIMIT_S = 60


@unittest.skipUnless(PROGRAM, "run by meson")
class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ebc-exporter-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.socket = str(self.folder / "socket")

    def start_double(self, clock):
        one = double.Double.of(self.socket, clock) if isinstance(clock, double.Clock) else \
            double.Double(self.socket, clock)
        self.addCleanup(one.close)
        return one

    def start(self, *, listen="127.0.0.1:0", **more):
        exporter = Exporter(self.socket, listen, **more)
        self.addCleanup(exporter.end)
        return exporter

    def run_program(self, *arguments, status):
        done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=LIMIT_S)
        self.assertEqual(done.returncode, status, done.stderr)
        return done


class Exporter:
    """Runs until end(), which checks that it ends by itself and well."""

    def __init__(self, socket_path, listen, program=PROGRAM, **more):
        self.process = subprocess.Popen([program, "-s", socket_path, "-l", listen], stderr=subprocess.PIPE, text=True,
                                        **more)
        self.lines = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.port = int(re.search(r":(\d+)/", self.wait_for_line("listening at"))[1])

    def _read(self):
        for line in self.process.stderr:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()

    def wait_for_line(self, words):
        with self._changed:
            if not self._changed.wait_for(lambda: any(words in line for line in self.lines), LIMIT_S):
                raise TimeoutError(f"no line with {words}: {self.lines}")
            return next(line for line in self.lines if words in line)

    def request(self, path, method="GET", body=None, host="127.0.0.1", headers=None):
        """(status, headers, text)"""
        connection = http.client.HTTPConnection(host, self.port, timeout=LIMIT_S)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()

    def metrics(self):
        """{family name: Family}, of a strict reader."""
        status, _, text = self.request("/metrics")
        assert status == 200, text
        return prometheus.parse(text)

    def status(self):
        """The object that is told to the page."""
        return json.loads(self.request("/status.json")[2])

    def rows(self):
        return self.status()["trace"]["rows"]

    def wait_for(self, condition):
        """Until condition(metrics) is true."""
        deadline_s = time.monotonic() + LIMIT_S
        while not condition(families := self.metrics()):
            if time.monotonic() > deadline_s:
                raise TimeoutError({name: family.samples for name, family in families.items()})
            time.sleep(0.1)
        return families

    def end(self, sent=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(sent)
        status = self.process.wait(LIMIT_S)
        self._reader.join(LIMIT_S)
        self.process.stderr.close()
        assert status == 0, (status, self.lines)


def value(families, name, **labels):
    """Of the one series with these labels; None: there is none."""
    for (_, has), number in families[name].samples.items() if name in families else ():
        if all(dict(has).get(key) == text for key, text in labels.items()):
            return number
    return None
