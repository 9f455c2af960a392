# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts a service as its unit file says, as far as user, capabilities, folders, commands and notification go. What
needs systemd itself, the sandbox first of all, tests/vm shows."""

import os
import shlex
import socket
import time

from harness.process import Process

WATCHDOG_S = 1.0


def parse(text):
    """{setting: [value, ...]} of all sections."""
    settings = {}
    for line in text.replace("\\\n", " ").splitlines():
        name, is_setting, value = line.partition("=")
        if is_setting and not line.startswith(("#", ";")):
            settings.setdefault(name.strip(), []).append(value.strip())
    return settings


class Service:
    """An installed unit that was started in `root` and in a network namespace."""

    def __init__(self, root, namespace, path):
        with open(root.path(path), encoding="ascii") as file:
            self._settings = parse(file.read())
        self._root = root
        self._namespace = namespace
        self.messages = []

    def _one(self, name):
        return self._settings[name][-1]

    def _run_commands(self, name):
        for command in self._settings.get(name, []):
            words = command.lstrip("-+")
            # Only those that keep root's privileges are known here.
            assert "+" in command[:len(command) - len(words)], command
            self._root.run(*shlex.split(words), check="-" not in command[:2])

    def _privileges(self):
        groups = ",".join(self._root.run("getent", "group", name).stdout.split(":")[2]
                          for name in [self._one("User"), *self._settings.get("SupplementaryGroups", [])])
        ambient, bounding = ("-all," + ",".join(f"+{word.removeprefix('CAP_').lower()}" for word in self._one(name).split())
                             for name in ("AmbientCapabilities", "CapabilityBoundingSet"))
        return ["setpriv", "--reuid", self._one("User"), "--regid", self._one("User"), "--groups", groups,
                "--inh-caps", ambient, "--ambient-caps", ambient, "--bounding-set", bounding, "--no-new-privs"]

    def _make_folders(self):
        user = self._one("User")
        self._runtime = f"/run/{self._one('RuntimeDirectory')}"
        self._root.run("install", "-d", "-o", user, "-g", user, self._runtime)
        self._run_commands("ExecStartPre")
        for bind in self._settings["BindPaths"]:
            source, target = bind.lstrip("-").split(":")
            self._root.run("mkdir", "-p", target)
            self._root.run("mount", "--bind", source, target)

    def __enter__(self):
        self._make_folders()
        # systemd's own is root's, in a folder that all can enter, and takes what any process sends.
        path = self._root.path("/run/notify")
        if os.path.exists(path):
            os.unlink(path)
        self._notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notified.bind(path)
        os.chmod(path, 0o777)
        self.process = Process(
            [*self._privileges(), "sh", "-c", 'umask "$0"; exec "$@"', self._one("UMask"), *shlex.split(self._one("ExecStart"))],
            within=self._root.within(), namespace=self._namespace, name="ebpf-bc",
            env={"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6))})
        return self

    def wait_for_message(self, word, timeout_s):
        """Until the service says `word` to its manager: all that it said in that datagram."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            self._notified.settimeout(max(deadline_s - time.monotonic(), 0.01))
            try:
                text = self._notified.recv(4096).decode()
            except socket.timeout:
                raise AssertionError(f"the service did not say {word}:\n{self.process.tail()}") from None
            self.messages += text.splitlines()
            if word in text.splitlines():
                return text

    def reload(self):
        self._root.run(*shlex.split(self._one("ExecReload").replace("$MAINPID", str(self.process.pid))))

    def stop(self):
        """As systemd would. The exit status."""
        status = self.process.stop(30)
        return self._after(status)

    def kill(self):
        return self._after(self.process.kill())

    def _after(self, status):
        for bind in self._settings["BindPaths"]:
            self._root.run("umount", bind.split(":")[1], check=False)
        self._run_commands("ExecStopPost")
        self._root.run("rm", "-rf", self._runtime)
        self._notified.close()
        return status

    def __exit__(self, *_):
        if self.process.is_running():
            self.kill()
