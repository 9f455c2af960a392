# SPDX-License-Identifier: GPL-2.0-or-later
"""A program that runs in a namespace, its output line by line with the time of each line, and its end."""

import os
import re
import select
import signal
import subprocess
import threading
import time
from typing import NamedTuple

from . import session

TAIL_LINES = 15
# Only how long a failure takes. What ends late, as with the sanitizers on a busy machine, is not killed for it, and
# what it said is read to the end.
STOP_LIMIT_S = 20.0
READ_LIMIT_S = 10.0


class Line(NamedTuple):
    mono_s: float
    text: str


class Timeout(AssertionError):
    """What was waited for did not come. An assertion, so that a test fails with it."""


class Process:
    """Runs argv at once, in a process group of its own, as the argument of the program `within` if there is one.
    `namespace` is a network.Namespace or None.

    Its number, which is its group's, is the next one's soon where many processes come and go. So it is read and
    signalled only while the number is its own: what has ended stays a zombie until the rest of its group is killed."""

    def __init__(self, argv, *, namespace=None, name=None, env=None, within=(), stdin=subprocess.DEVNULL):
        self.argv = [str(argument) for argument in argv]
        self.name = name or os.path.basename(self.argv[0])
        self.lines = []
        self._changed = threading.Condition()
        self._ended = False
        # Not `ip netns exec`: that mounts a new /sys, and with it hides what is pinned in bpffs.
        enter = ["nsenter", f"--net={namespace.path}", "--"] if namespace else []
        self._popen = subprocess.Popen(
            enter + list(within) + self.argv, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})}, start_new_session=True)
        self._pidfd = os.pidfd_open(self.pid)
        session.current().add("group", self.pid)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self):
        """nsenter replaces itself by the program: this is the program's own pid."""
        return self._popen.pid

    def _read(self):
        for raw in self._popen.stdout:
            line = Line(time.monotonic(), raw.decode(errors="replace").rstrip("\n"))
            self.on_line(line)
            with self._changed:
                self.lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def on_line(self, line):
        """For subclasses; runs in the reader's thread."""

    @property
    def text(self):
        return "\n".join(line.text for line in self.lines)

    def tail(self):
        return "\n".join(f"    {self.name}: {line.text}" for line in self.lines[-TAIL_LINES:])

    def find_all(self, pattern, start=0):
        """Matches of a regular expression in the lines from number `start` on."""
        found = (re.search(pattern, line.text) for line in self.lines[start:])
        return [match for match in found if match]

    def wait_for(self, pattern, timeout_s, start=0):
        """The first match at or after line `start`; Timeout when none comes or the program ends first."""
        deadline_s = time.monotonic() + timeout_s
        compiled = re.compile(pattern)
        with self._changed:
            while True:
                while start < len(self.lines):
                    match = compiled.search(self.lines[start].text)
                    if match:
                        return match
                    start += 1
                rest_s = deadline_s - time.monotonic()
                if self._ended or rest_s <= 0:
                    what = "ended before" if self._ended else f"did not within {timeout_s} s"
                    raise Timeout(f"{self.name} {what} printing /{pattern}/; its last lines:\n{self.tail()}")
                self._changed.wait(rest_s)

    def wait_until(self, condition, timeout_s, what):
        """Waits for a condition on what it printed."""
        deadline_s = time.monotonic() + timeout_s
        with self._changed:
            while not condition():
                rest_s = deadline_s - time.monotonic()
                if self._ended or rest_s <= 0:
                    end = "ended" if self._ended else f"{timeout_s} s passed"
                    raise Timeout(f"{self.name}: {end} without {what}; its last lines:\n{self.tail()}")
                self._changed.wait(rest_s)

    def _has_ended(self, timeout_s=0.0):
        if self._popen.returncode is not None:
            return True
        end = select.poll()
        end.register(self._pidfd, select.POLLIN)
        return bool(end.poll(1000 * timeout_s))

    def is_running(self):
        return not self._has_ended()

    @property
    def status(self):
        """The exit status, negative for a signal's number; None while it runs."""
        if self.is_running() or self._popen.returncode is not None:
            return self._popen.returncode
        end = os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOWAIT)
        return end.si_status if end.si_code == os.CLD_EXITED else -end.si_status

    def signal(self, signum):
        if self.is_running():
            os.kill(self.pid, signum)

    def halt(self):
        """SIGSTOP, and it does nothing any more when this returns; SIGCONT lets it go on."""
        self.signal(signal.SIGSTOP)
        deadline_s = time.monotonic() + STOP_LIMIT_S
        while session.state_of(self.pid) != "T":
            if not self.is_running() or time.monotonic() > deadline_s:
                raise Timeout(f"{self.name} was not stopped; its last lines:\n{self.tail()}")
            time.sleep(0.001)

    def wait(self, timeout_s):
        """The exit status, negative for a signal's number; Timeout. What is left of its group is killed."""
        if not self._has_ended(timeout_s):
            raise Timeout(f"{self.name} still runs after {timeout_s} s; its last lines:\n{self.tail()}")
        return self.kill()

    def stop(self, timeout_s=STOP_LIMIT_S):
        """SIGTERM, then SIGKILL to the whole group; returns the exit status. Harmless when it has ended."""
        if self.is_running():
            self._signal_group(signal.SIGTERM)
            self._signal_group(signal.SIGCONT)
            self._has_ended(timeout_s)
        return self.kill()

    def kill(self):
        """SIGKILL to the whole group, at once."""
        if self._popen.returncode is None:
            self._signal_group(signal.SIGKILL)
            self._popen.wait()
            self._finish()
        return self._popen.returncode

    def _signal_group(self, signum):
        try:
            os.killpg(self.pid, signum)
        except ProcessLookupError:
            pass

    def _finish(self):
        os.close(self._pidfd)
        session.current().remove("group", self.pid)
        # What a child that escaped the group holds open must not hold us.
        self._reader.join(READ_LIMIT_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def run(argv, *, namespace=None, check=True, timeout_s=60.0):
    """Runs a short command to its end and returns its CompletedProcess; its output is in the error."""
    enter = ["nsenter", f"--net={namespace.path}", "--"] if namespace else []
    done = subprocess.run(enter + [str(argument) for argument in argv], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout_s, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(done.args)}: status {done.returncode}\n{done.stdout.rstrip()}")
    return done
