# SPDX-License-Identifier: GPL-2.0-or-later
"""ebpf-bc.service under a real systemd, with its whole sandbox."""

import json
import os
import pathlib
import signal
import unittest
import urllib.request

from harness import control
from harness.network import Namespace
from harness.process import run
from harness.programs import Ptp4l
from netns.support import until

CONF = pathlib.Path("/etc/ebpf-bc/ebpf-bc.conf")
DROP_INS = pathlib.Path("/etc/systemd/system/ebpf-bc.service.d")
OPTIONS = ("[global]\nnetwork_transport L2\nlogSyncInterval -3\nlogAnnounceInterval -2\nlogMinDelayReqInterval -3\n"
           "clock_type BC\npublish_stamps 1\n")
PORTS = "[bc0]\n[bc1]\n"
CAPABILITIES = 1 << 10 | 1 << 12 | 1 << 13 | 1 << 38 | 1 << 39
SYS_TIME = 1 << 25
# Emulated CPUs are ten times slower.
SLOW_S = 60


def show(name, unit="ebpf-bc"):
    return run(["systemctl", "show", "--value", "-p", name, unit]).stdout.strip()


def process_status():
    with open(f"/proc/{show('MainPID')}/status", encoding="ascii") as file:
        return {name: value.strip() for name, _, value in (line.partition(":") for line in file)}


def port_states(uds="/run/ptp4l"):
    done = run(["pmc", "-u", "-b", "0", "-s", uds, "GET PORT_DATA_SET"], check=False)
    return [line.split()[1] for line in done.stdout.splitlines() if "portState " in line]


class UnitUnderSystemd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gm = cls.enterClassContext(Namespace("gm"))
        for port, peer in (("bc0", "eth0"), ("bc1", "eth1")):
            run(["ip", "link", "add", port, "type", "veth", "peer", "name", peer, "netns", cls.gm.full_name])
            run(["ip", "link", "set", port, "up"])
            cls.gm.up(peer)
        cls.enterClassContext(Ptp4l(cls.gm, "eth0", "gm", options={"logSyncInterval": -3, "logAnnounceInterval": -2}))
        DROP_INS.mkdir()
        cls.set_watchdog(2 * SLOW_S)

    @staticmethod
    def set_watchdog(watchdog_s):
        """From the next start on."""
        (DROP_INS / "test.conf").write_text(f"[Service]\nWatchdogSec={watchdog_s}\n", encoding="ascii")
        run(["systemctl", "daemon-reload"], timeout_s=SLOW_S)

    def setUp(self):
        CONF.write_text(OPTIONS + PORTS, encoding="ascii")
        run(["systemctl", "start", "ebpf-bc"], timeout_s=SLOW_S)

    def tearDown(self):
        run(["systemctl", "stop", "ebpf-bc"], timeout_s=SLOW_S)

    def wait_for_slave(self):
        until(lambda: port_states()[:1] == ["SLAVE"], SLOW_S, lambda: f"{port_states()} {run(['systemctl', 'status', 'ebpf-bc'], check=False).stdout}")

    def test_it_follows_with_few_privileges_and_leaves_nothing(self):
        self.assertEqual(show("ActiveState"), "active")
        status = process_status()
        self.assertEqual({name: int(status[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")},
                         dict.fromkeys(("CapPrm", "CapEff", "CapBnd", "CapAmb"), CAPABILITIES))
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        self.assertNotIn("0", status["Uid"].split())
        inside = run(["nsenter", "--mount", "--target", show("MainPID"), "touch", "/etc/file"], check=False)
        self.assertIn("Read-only file system", inside.stdout)
        self.wait_for_slave()
        self.assertEqual(os.listdir("/sys/fs/bpf/ebpf-bc"), ["stamps_0_0_bc0"])
        self.check_reload()
        if os.path.exists("/usr/bin/ebpf-bc-exporter"):
            self.check_exporter()

        run(["systemctl", "stop", "ebpf-bc"], timeout_s=SLOW_S)
        self.assertEqual((show("ActiveState"), show("Result")), ("inactive", "success"))
        self.assertEqual(os.listdir("/sys/fs/bpf/ebpf-bc"), [])
        self.assertFalse(os.path.lexists("/run/ptp4l") or os.path.lexists("/run/ptp4lro") or os.path.exists("/run/ebpf-bc"))

    def check_reload(self):
        """A file that is wrong changes nothing."""
        pid = show("MainPID")
        CONF.write_text("[global]\nno_such_option 1\n", encoding="ascii")
        run(["systemctl", "reload", "ebpf-bc"], timeout_s=SLOW_S)
        until(lambda: "reload: the configuration stays as it was" in json.dumps(control.ask("/run/ebpf-bc/control", "log"))
              and show("ActiveState") == "active", SLOW_S, lambda: show("ActiveState"))
        self.assertTrue(show("StatusText"))
        self.wait_for_slave()
        self.assertEqual(show("MainPID"), pid)

    @staticmethod
    def check_exporter():
        run(["systemctl", "start", "ebpf-bc-exporter"], timeout_s=SLOW_S)
        def metrics():
            try:
                with urllib.request.urlopen("http://127.0.0.1:9977/metrics", timeout=SLOW_S) as answer:
                    return answer.read().decode()
            except OSError as error:
                return str(error)
        until(lambda: 'interface="bc0"' in metrics(), SLOW_S, metrics)
        run(["systemctl", "stop", "ebpf-bc-exporter"], timeout_s=SLOW_S)

    def test_one_that_hangs_is_started_again(self):
        # Sooner than by default, so that the test need not wait; but whoever is slow hangs, too.
        run(["systemctl", "stop", "ebpf-bc"], timeout_s=SLOW_S)
        self.set_watchdog(4)
        self.addCleanup(self.set_watchdog, 2 * SLOW_S)
        run(["systemctl", "start", "ebpf-bc"], timeout_s=SLOW_S)
        pid = show("MainPID")
        os.kill(int(pid), signal.SIGSTOP)
        until(lambda: int(show("NRestarts")) >= 1 and show("ActiveState") == "active", SLOW_S, lambda: show("ActiveState"))
        self.assertNotEqual(show("MainPID"), pid)
        self.wait_for_slave()

    def test_an_instance_has_a_file_and_sockets_of_its_own(self):
        run(["systemctl", "stop", "ebpf-bc"], timeout_s=SLOW_S)
        CONF.with_name("lab.conf").write_text(OPTIONS + PORTS, encoding="ascii")
        run(["systemctl", "start", "ebpf-bc@lab"], timeout_s=SLOW_S)
        until(lambda: port_states("/run/ebpf-bc@lab/ptp4l")[:1] == ["SLAVE"], SLOW_S, "SLAVE")
        self.assertTrue(os.path.exists("/run/ebpf-bc@lab/control"))
        run(["systemctl", "stop", "ebpf-bc@lab"], timeout_s=SLOW_S)

    def test_the_system_clock_is_for_those_who_ask(self):
        CONF.write_text(OPTIONS + "local_clock system\n" + PORTS, encoding="ascii")
        run(["systemctl", "stop", "ebpf-bc"], timeout_s=SLOW_S)
        self.assertNotEqual(run(["systemctl", "start", "ebpf-bc"], check=False, timeout_s=SLOW_S).returncode, 0)
        run(["systemctl", "stop", "ebpf-bc"], timeout_s=SLOW_S)
        drop_in = DROP_INS / "system-clock.conf"
        drop_in.write_bytes(pathlib.Path("/usr/share/doc/ebpf-bc/examples/system-clock.conf").read_bytes())
        try:
            run(["systemctl", "daemon-reload"])
            run(["systemctl", "start", "ebpf-bc"], timeout_s=SLOW_S)
            self.assertEqual(int(process_status()["CapEff"], 16), CAPABILITIES | SYS_TIME)
            self.wait_for_slave()
        finally:
            drop_in.unlink()
            run(["systemctl", "daemon-reload"])
