# SPDX-License-Identifier: GPL-2.0-or-later
"""What one run leaves on the machine, and its removal however the run ends.

A reaper process, forked first, keeps a ledger of namespaces, process groups and directories. It learns
of each over a pipe and removes what is left when the pipe closes: on a normal end, on a signal, and
also when this process was killed outright."""

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

TERM_GRACE_S = 2.0
# Whoever relies on all being gone relies on it also where a process takes its time to die.
KILL_LIMIT_S = 10.0


class Interrupted(KeyboardInterrupt):
    """A signal asked us to stop. Not an Exception, so that no test framework swallows it."""

    def __init__(self, signum):
        super().__init__(signal.Signals(signum).name)
        self.exit_status = 128 + signum


def state_of(pid):
    """The letter that the kernel tells of it, or None."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0]
    except OSError:
        return None


def is_running(pid):
    """False for a zombie too: what it held is free."""
    return state_of(pid) not in (None, "Z", "X")


def _kill_group(pgid, signum):
    try:
        os.killpg(pgid, signum)
    except (ProcessLookupError, PermissionError):
        pass


def _wait_for_end(groups, limit_s):
    deadline = time.monotonic() + limit_s
    while any(is_running(pgid) for pgid in groups) and time.monotonic() < deadline:
        time.sleep(0.01)


def _undo_all(entries):
    """Removes entries [(kind, name)]: processes first, since they hold the rest."""
    groups = [int(name) for kind, name in entries if kind == "group"]
    for pgid in groups:
        _kill_group(pgid, signal.SIGTERM)
        _kill_group(pgid, signal.SIGCONT)
    _wait_for_end(groups, TERM_GRACE_S)
    for pgid in groups:
        _kill_group(pgid, signal.SIGKILL)
    _wait_for_end(groups, KILL_LIMIT_S)
    for kind, name in reversed(entries):
        if kind == "netns":
            subprocess.run(["ip", "netns", "del", name], check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        elif kind == "directory":
            shutil.rmtree(name, ignore_errors=True)


def _reap(read_fd):
    os.setsid()
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    # A caller that waits for the end of our output must not wait for the reaper too.
    null_fd = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null_fd, fd)
    ledger = {}
    with os.fdopen(read_fd, "r") as lines:
        for line in lines:
            sign, kind, name = line.rstrip("\n").split(" ", 2)
            if sign == "+":
                ledger[(kind, name)] = True
            else:
                ledger.pop((kind, name), None)
    _undo_all(list(ledger))
    os._exit(0)


class Session:
    """One run. `prefix` begins every name it gives, `directory` is its own and goes with it."""

    def __init__(self):
        self.pid = os.getpid()
        self.prefix = f"ebc-{self.pid}-"
        self._lock = threading.Lock()
        self._numbers = {}
        read_fd, self._ledger_fd = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self._reaper = os.fork()
        if self._reaper == 0:
            os.close(self._ledger_fd)
            _reap(read_fd)
        os.close(read_fd)
        self.directory = tempfile.mkdtemp(prefix=self.prefix)
        self.add("directory", self.directory)
        self._interrupted = False
        if threading.current_thread() is threading.main_thread():
            for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(signum, self._on_signal)
        atexit.register(self.close)

    def _on_signal(self, signum, _frame):
        # The second one must not interrupt the cleanup that the first one began.
        if not self._interrupted:
            self._interrupted = True
            raise Interrupted(signum)

    def _tell(self, sign, kind, name):
        with self._lock:
            if self._ledger_fd is not None and os.getpid() == self.pid:
                os.write(self._ledger_fd, f"{sign} {kind} {name}\n".encode())

    def add(self, kind, name):
        """Enters a "netns", "group" or "directory" into the ledger; call before or right after it is made."""
        self._tell("+", kind, str(name))

    def remove(self, kind, name):
        """Takes it out again, when its owner has removed the thing itself."""
        self._tell("-", kind, str(name))

    def unique(self, name):
        """`name` with the run's prefix, and a number from the second use on."""
        with self._lock:
            self._numbers[name] = number = self._numbers.get(name, 0) + 1
        return self.prefix + name + (str(number) if number > 1 else "")

    def close(self):
        """Removes everything that is left and waits until it is gone."""
        with self._lock:
            fd, self._ledger_fd = self._ledger_fd, None
        if fd is None or os.getpid() != self.pid:
            return
        os.close(fd)
        while True:
            try:
                os.waitpid(self._reaper, 0)
                return
            except Interrupted:
                continue
            except ChildProcessError:
                return


_session = None


def current():
    """This process's session, begun at the first call."""
    global _session
    if _session is None or _session.pid != os.getpid():
        _session = Session()
    return _session


def run_main(main):
    """Runs main() -> exit status as a program: cleans up, and answers a signal with 128 + its number."""
    try:
        status = main()
    except Interrupted as interruption:
        status = interruption.exit_status
    except KeyboardInterrupt:
        status = 128 + signal.SIGINT
    except BrokenPipeError:
        status = 128 + signal.SIGPIPE
    finally:
        if _session is not None:
            _session.close()
    try:
        sys.stdout.flush()
    except OSError:
        # The reader or the terminal is gone; nobody to say it to.
        os._exit(status)
    sys.exit(status)
