# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine's root to install packages into: the real one below an overlay, in a mount namespace that goes with its
process. Maintainer scripts and the users' files are the real ones, and nothing is left."""

import os

from harness import session
from harness.process import Process, run

# bpffs as systemd mounts it: for root alone. /run and /tmp are empty as after a boot; the list of commands that a package's
# scripts give to systemd is kept by a stand-in.
_SETUP = r"""
set -e
mkdir -p "$1"
mount -t tmpfs -o mode=755 tmpfs "$1"
cd "$1"
mkdir upper work root
mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work overlay root
mount --rbind /dev root/dev
mount -t proc proc root/proc
mount -t sysfs sysfs root/sys
mount -t bpf -o mode=700 bpf root/sys/fs/bpf
mount -t tmpfs -o mode=755 tmpfs root/run
mount -t tmpfs tmpfs root/tmp
mkdir root/run/upper
mount --bind upper root/run/upper
exec chroot root sh -c 'echo ready && exec sleep infinity'
"""
_SYSTEMCTL = """#!/bin/sh
echo "$*" >>/run/systemctl.calls
"""


class Root:
    def __enter__(self):
        directory = os.path.join(session.current().directory, session.current().unique("root"))
        self._holder = Process(["unshare", "--mount", "--propagation", "private", "sh", "-c", _SETUP, "sh", directory],
                               name="root")
        self._holder.wait_for("^ready$", 30)
        return self

    def __exit__(self, *_):
        self._holder.kill()

    def path(self, inside):
        """Of a file inside, as seen from here."""
        return f"/proc/{self._holder.pid}/root{inside}"

    def within(self):
        """What a command begins with that is to be run inside."""
        return ["nsenter", "--target", str(self._holder.pid), "--mount", "--root", "--wd=/", "--"]

    def run(self, *argv, check=True, namespace=None, timeout_s=60.0):
        return run([*self.within(), *argv], check=check, namespace=namespace, timeout_s=timeout_s)

    def install(self, package):
        copy = f"/tmp/{os.path.basename(package)}"
        with open(package, "rb") as source, open(self.path(copy), "wb") as file:
            file.write(source.read())
        return self.run("dpkg", "--install", copy).stdout

    def pretend_systemd(self):
        """From now on systemd seems to run; what it is told is in systemctl_calls()."""
        os.makedirs(self.path("/run/systemd/system"))
        with open(self.path("/usr/bin/systemctl"), "w", encoding="ascii") as file:
            file.write(_SYSTEMCTL)

    def systemctl_calls(self):
        with open(self.path("/run/systemctl.calls"), encoding="ascii") as file:
            return file.read().splitlines()

    def named(self, word):
        """The files that were made or changed in whose name `word` is: on disk, in /run, or pinned."""
        # What is bound below /run is elsewhere already.
        listed = self.run("find", "/run", "/sys/fs/bpf", "-path", "/run/*/bpf", "-prune", "-o", "-name", f"*{word}*", "-print").stdout
        return sorted(set(listed.split()) - {"/tmp"})
