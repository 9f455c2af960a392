# SPDX-License-Identifier: GPL-2.0-or-later
"""The Debian package from the first step to the last, on a copy of this machine."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import unittest

from harness import manual_lab, session
from harness.lab import Lab
from harness.process import run
from harness.programs import Ptp4l
from netns.support import until
from packaging.root import Root
from packaging.unit import Service

TREE = pathlib.Path(__file__).resolve().parents[2]
UNIT = "/lib/systemd/system/ebpf-bc.service"
CONF = "/etc/ebpf-bc/ebpf-bc.conf"
OPTIONS = "[global]\nnetwork_transport L2\nlogSyncInterval -3\nlogAnnounceInterval -2\nlogMinDelayReqInterval -3\n"
CAPABILITIES = {"net_bind_service": 10, "net_admin": 12, "net_raw": 13, "perfmon": 38, "bpf": 39}
NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]

WANTED = """
/usr/sbin/ebpf-bc /usr/bin/ebpf-bcctl /etc/ebpf-bc/ebpf-bc.conf /usr/lib/sysusers.d/ebpf-bc.conf
/lib/systemd/system/ebpf-bc.service /lib/systemd/system/ebpf-bc@.service
/usr/share/doc/ebpf-bc/README.Debian /usr/share/doc/ebpf-bc/copyright /usr/share/doc/ebpf-bc/changelog.gz
/usr/share/doc/ebpf-bc/examples/system-clock.conf /usr/share/doc/ebpf-bc/CHANGELOG.md
/usr/share/doc/ebpf-bc/README.md.gz
/usr/share/bash-completion/completions/ebpf-bcctl /usr/share/zsh/vendor-completions/_ebpf-bcctl
"""
WANTED_OF_EXPORTER = """
/usr/bin/ebpf-bc-exporter /lib/systemd/system/ebpf-bc-exporter.service /usr/share/man/man8/ebpf-bc-exporter.8.gz
/usr/share/ebpf-bc/grafana/ebpf-bc.json
"""


def wanted_files():
    yield from WANTED.split()
    for example in (TREE / "config").glob("*.conf"):
        yield f"/usr/share/doc/ebpf-bc/examples/{example.name}"
    for page in (TREE / "docs/man").glob("ebpf-bc*.rst"):
        if "exporter" not in page.name:
            yield f"/usr/share/man/man{page.stem[-1]}/{page.stem}.gz"


def capability_sets(pid):
    """{name: mask} of CapEff and the others, as the kernel tells."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return {name: int(value, 16) for name, value in re.findall(r"^(Cap\w+):\s+(\w+)$", file.read(), re.M)}


@unittest.skipUnless(shutil.which("dh") and shutil.which("systemd-sysusers"), "needs debhelper and systemd")
class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = os.path.join(session.current().directory, "packages")
        listed = run([TREE / "packaging/build-deb", directory], timeout_s=300).stdout.split()
        cls.packages = {os.path.basename(path).split("_")[0]: path for path in listed}

    def test_lintian_finds_no_error(self):
        if not shutil.which("lintian"):
            self.skipTest("needs lintian")
        done = run(["lintian", "--fail-on", "error", *(path for name, path in self.packages.items() if "dbgsym" not in name)],
                   check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertNotRegex(done.stdout, "(?m)^E: ")

    def files(self, package):
        listed = run(["dpkg-deb", "--contents", self.packages[package]]).stdout
        return {line.split()[5].removeprefix(".") for line in listed.splitlines()}

    def test_it_holds_programs_manual_units_and_examples(self):
        self.assertEqual(sorted(set(wanted_files()) - self.files("ebpf-bc")), [])
        self.assertEqual([path for path in self.files("ebpf-bc") if "exporter" in path or "grafana" in path], [])
        self.assertEqual(sorted(set(WANTED_OF_EXPORTER.split()) - self.files("ebpf-bc-exporter")), [])

    def test_with_it_alone_the_lab_of_the_manual_works_as_it_is_typed(self):
        with Root() as root:
            root.install(self.packages["ebpf-bc"])
            manual_lab.check(self, subprocess.run([*root.within(), *manual_lab.APART], input=manual_lab.script(), text=True,
                                                  capture_output=True, timeout=manual_lab.TIMEOUT_S, check=False))

    def test_it_is_installed_started_as_the_unit_says_and_purged_without_a_trace(self):
        with Root() as root, Lab(1) as lab, Ptp4l(lab.gm, "eth0", "gm", options={"logSyncInterval": -3, "logAnnounceInterval": -2}):
            root.install(self.packages["ebpf-bc"])
            root.install(self.packages["ebpf-bc-exporter"])
            with open(root.path(CONF), encoding="ascii") as file:
                self.assertNotRegex(file.read(), r"(?m)^\[(?!global\])", "a file that was not edited names no port")
            self.write_conf(root, OPTIONS + "clock_type BC\npublish_stamps 1\n[bc0]\n[bc1]\n")
            with Service(root, lab.box, UNIT) as service:
                service.wait_for_message("READY=1", 30)
                self.check_privileges(service.process.pid)
                self.check_clients(root)
                service.wait_for_message("WATCHDOG=1", 30)
                self.check_reload(root, service)
                self.assertEqual(service.stop(), 0)
            self.assertEqual(root.named("stamps_"), [])
            self.assertEqual(root.named("ptp4l"), [])
            self.leave_programs_behind(root, lab)
            self.check_scripts(root)
            self.check_purged(root)

    @staticmethod
    def write_conf(root, text):
        with open(root.path(CONF), "w", encoding="ascii") as file:
            file.write(text)

    def check_privileges(self, pid):
        sets = capability_sets(pid)
        mask = sum(1 << bit for bit in CAPABILITIES.values())
        self.assertEqual(sets, {"CapInh": mask, "CapPrm": mask, "CapEff": mask, "CapBnd": mask, "CapAmb": mask})
        self.assertNotEqual(os.stat(f"/proc/{pid}").st_uid, 0)

    def check_clients(self, root):
        until(lambda: "portState               SLAVE" in self.pmc(root), 30, lambda: self.pmc(root))
        status = json.loads(root.run(*NOBODY, "ebpf-bcctl", "status", "--json").stdout)
        self.assertEqual(status["status"]["stamping"], "bpf", "without arguments the tool finds the clock, and needs no privilege")
        self.assertEqual(len(root.named("stamps_")), 1, "the map is pinned where others find it")

    @staticmethod
    def pmc(root, word=""):
        """What it prints, if that has the word."""
        text = root.run("pmc", "-u", "-b", "0", "GET PORT_DATA_SET", check=False).stdout
        return text if word in text else ""

    def check_reload(self, root, service):
        self.write_conf(root, "[global]\nno_such_option 1\n")
        service.reload()
        service.wait_for_message("RELOADING=1", 30)
        service.wait_for_message("READY=1", 30)
        # pmc gives up after a tenth of a second.
        self.assertIn("portState               SLAVE", until(lambda: self.pmc(root, "RESPONSE"), 30, "an answer"))

    def leave_programs_behind(self, root, lab):
        """A transparent clock that is killed goes on in the kernel, under the user's name."""
        self.write_conf(root, OPTIONS + "clock_type E2E_TC\n[bc0]\n[bc1]\n")
        with Service(root, lab.box, UNIT) as service:
            service.wait_for_message("READY=1", 30)
            self.assertEqual(service.kill(), -signal.SIGKILL)
        self.assertEqual(len([path for path in root.named("tc_") if path.startswith("/sys/fs/bpf/ebpf-bc/")]), 1)

    def check_scripts(self, root):
        """With systemd there, an upgrade starts what ran again, a removal stops it; instances, too."""
        root.pretend_systemd()
        root.install(self.packages["ebpf-bc"])
        self.assertIn("try-restart ebpf-bc.service", root.systemctl_calls())
        self.assertIn("try-restart ebpf-bc@*.service", root.systemctl_calls())
        self.assertFalse([call for call in root.systemctl_calls() if call.startswith(("stop", "start", "enable"))])
        # As systemctl enable has left it.
        enabled = "/etc/systemd/system/multi-user.target.wants/ebpf-bc@lab.service"
        root.run("ln", "-s", "/lib/systemd/system/ebpf-bc@.service", enabled)
        root.run("dpkg", "--purge", "ebpf-bc", "ebpf-bc-exporter")
        self.assertIn("stop ebpf-bc.service ebpf-bc@*.service", root.systemctl_calls())

    def check_purged(self, root):
        self.assertEqual(root.named("ebpf-bc"), [])
        self.assertEqual(root.named("tc_"), [])
        for database in ("passwd", "group"):
            self.assertNotIn("ebpf-bc", root.run("getent", database).stdout)
