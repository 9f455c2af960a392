# SPDX-License-Identifier: GPL-2.0-or-later
"""What the log says at which rate, and what becomes of a daemon whose log nobody reads any more."""

import signal
import subprocess
import unittest

from harness import bpfobjects, programs, session, wire
from netns.support import BOX, START_S, WAIT_S, Rig, until

SUMMARY = r"rms +\d+ max +\d+ freq +[-+]\d+ \+/- +\d+ delay +-?\d+ \+/- +\d+$"
N_SYNCS = 32


class Summary(unittest.TestCase):
    def test_a_summary_is_logged_once_a_second_of_eight_syncs_whatever_our_own_interval_is(self):
        with Rig(clients=False, n_clients=1, options={"summary_interval": 0}) as rig:
            # Behind the box another one, whose own interval is not that of its master.
            behind = programs.EbpfBc(rig.lab.clients[0], ["eth0"], config={
                **BOX, "network_transport": "L2", "clock_type": "OC", "slaveOnly": 1, "summary_interval": 0,
                "logSyncInterval": 0})
            with behind:
                boxes = (rig.box, behind)
                for box in boxes:
                    box.wait_for(SUMMARY, START_S)
                ports = [rig.raw_port(host) for host in rig.hosts]
                starts = [len(box.lines) for box in boxes]
                for box, start, port, outgoing in zip(boxes, starts, ports, (True, False)):
                    def n_received(port=port, outgoing=outgoing):
                        return len(port.received(wire.SYNC, outgoing=outgoing))
                    until(lambda: n_received() >= N_SYNCS, WAIT_S, box.tail)
                    n, n_syncs = len(box.find_all(SUMMARY, start)), n_received()
                    # The rest of eight at both ends; and a Sync whose stamps a machine spoilt that stood still.
                    self.assertGreaterEqual(n, n_syncs / 8 - 2, box.text)
                    self.assertLessEqual(n, n_syncs / 8 + 1, box.text)
                    self.assertEqual(box.find_all("master offset"), [])
                    # What little it does log while all is well.
                    self.assertLessEqual(len(box.lines) - start, n + N_SYNCS / 4, box.text)


class Unread(unittest.TestCase):
    def test_a_daemon_whose_log_is_not_read_to_its_end_serves_on_and_leaves_nothing(self):
        with Rig(box=False, gm=False, clients=False, n_clients=1) as rig:
            port = rig.raw_port(rig.lab.clients[0])
            # As in `ebpf-bc -m | head -1`.
            with subprocess.Popen(
                    ["nsenter", f"--net={rig.lab.box.path}", "--", programs.find_ebpf_bc(), "-m", "-q", "-2",
                     "-i", "bc0", "-i", "bc1", "--bpf_attach=clsact", "--logAnnounceInterval=-2",
                     "--summary_interval=-3", "--logging_level=7"],
                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True) as box:
                session.current().add("group", box.pid)
                try:
                    self.assertTrue(box.stdout.readline())
                    box.stdout.close()
                    # It takes over and tells that to nobody, later than its first line.
                    port.wait_for_message(wire.ANNOUNCE, START_S)
                    self.assertIsNone(box.poll())
                    # Counters are lines too.
                    box.send_signal(signal.SIGUSR1)
                    port.wait_for_message(wire.ANNOUNCE, WAIT_S, len(port.captured))
                    box.terminate()
                    self.assertEqual(box.wait(WAIT_S), 0)
                finally:
                    box.kill()
                    session.current().remove("group", box.pid)
            for name in rig.ports:
                for direction in ("ingress", "egress"):
                    self.assertEqual(bpfobjects.filter_programs(rig.lab.box, name, direction), [])
                self.assertNotIn("clsact", rig.lab.box.tc("qdisc", "show", "dev", name))
