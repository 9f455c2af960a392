# SPDX-License-Identifier: GPL-2.0-or-later
"""Management: what pmc is told is true, what it sets holds, and who may do what. One lab for most of it."""

import contextlib
import os
import shutil
import signal
import socket
import stat
import struct
import threading
import time
import unittest

from harness import control, frames, management, programs, session, wire
from harness.management import Client
from harness.monitor import EventMonitor
from harness.pmc import ask as ask_pmc
from harness.process import run
from netns.support import START_S, Rig, until, wait_in_sync

# What each of them answers once, and what each of the ports does.
CLOCK = ("USER_DESCRIPTION", "DEFAULT_DATA_SET", "CURRENT_DATA_SET", "PARENT_DATA_SET", "TIME_PROPERTIES_DATA_SET",
         "PRIORITY1", "PRIORITY2", "DOMAIN", "SLAVE_ONLY", "CLOCK_ACCURACY", "TRACEABILITY_PROPERTIES",
         "TIMESCALE_PROPERTIES", "TIME_STATUS_NP", "GRANDMASTER_SETTINGS_NP", "SUBSCRIBE_EVENTS_NP",
         "SYNCHRONIZATION_UNCERTAIN_NP")
PORT = ("CLOCK_DESCRIPTION", "PORT_DATA_SET", "LOG_ANNOUNCE_INTERVAL", "ANNOUNCE_RECEIPT_TIMEOUT",
        "LOG_SYNC_INTERVAL", "VERSION_NUMBER", "DELAY_MECHANISM", "LOG_MIN_PDELAY_REQ_INTERVAL", "PORT_DATA_SET_NP",
        "PORT_STATS_NP", "PORT_PROPERTIES_NP")
OPTIONS = {"productDescription": "maker;model;7", "revisionData": "h;f;s", "userDescription": "box;cellar",
           "manufacturerIdentity": "01:02:03", "profileIdentity": "00:1B:19:00:01:00", "priority2": 77}


def pmc(path, *requests, **options):
    """What pmc decodes: a list of (message, {field: value}) in the order of the answers."""
    return [(answer.name, answer.fields) for answer in ask_pmc(path, *requests, **options)]


def pmc_one(path, request, **others):
    answers = pmc(path, request, **others)
    assert len(answers) == 1, answers
    return answers[0][1]


class Truth(unittest.TestCase):
    """A box between a grandmaster and a client."""

    @classmethod
    def setUpClass(cls):
        cls.events = os.path.join(session.current().directory, session.current().unique("events"))
        cls.monitor = EventMonitor(cls.events)
        cls.rig = Rig(n_clients=1, options={**OPTIONS, "slave_event_monitor": cls.events})
        cls.box = cls.rig.box
        cls.rig.wait_in_sync()

    @classmethod
    def tearDownClass(cls):
        cls.rig.close()
        cls.monitor.close()

    def get(self, name, **others):
        return pmc_one(self.box.uds_path, f"GET {name}", **others)

    def test_pmc_decodes_every_answer_of_every_data_set(self):
        for path in (self.box.uds_path, self.box.uds_path + "ro"):
            names = [name for name in CLOCK + PORT if path == self.box.uds_path or name != "SUBSCRIBE_EVENTS_NP"]
            answers = pmc(path, *(f"GET {name}" for name in names))
            self.assertEqual(sorted(name for name, _ in answers),
                             sorted(name for name in names for _ in range(2 if name in PORT else 1)))
        # One datagram, no fields.
        self.assertEqual(len(pmc(self.box.uds_path, "GET NULL_MANAGEMENT")), 2)

    def test_what_is_told_of_the_clock_is_true(self):
        gm = pmc_one(self.rig.gm.uds_path, "GET DEFAULT_DATA_SET")
        box = self.get("DEFAULT_DATA_SET")
        self.assertEqual((box["numberPorts"], box["priority1"], box["priority2"], box["slaveOnly"], box["twoStepFlag"]),
                         ("2", "200", "77", "0", "1"))
        mac = self.rig.lab.box.mac(self.rig.ports[0]).replace(":", "")
        self.assertEqual(box["clockIdentity"], f"{mac[:6]}.fffe.{mac[6:]}")
        parent = self.get("PARENT_DATA_SET")
        self.assertEqual(parent["parentPortIdentity"], gm["clockIdentity"] + "-1")
        self.assertEqual(parent["grandmasterIdentity"], gm["clockIdentity"])
        self.assertEqual(parent["grandmasterPriority1"], "10")
        self.assertEqual(self.get("TIME_PROPERTIES_DATA_SET"),
                         pmc_one(self.rig.gm.uds_path, "GET TIME_PROPERTIES_DATA_SET"))
        self.assertEqual(self.get("USER_DESCRIPTION")["userDescription"], "box;cellar")
        current = self.get("CURRENT_DATA_SET")
        self.assertEqual(current["stepsRemoved"], "1")
        status = self.get("TIME_STATUS_NP")
        self.assertEqual((status["gmPresent"], status["gmIdentity"]), ("true", gm["clockIdentity"]))
        # The log has each offset, too.
        until(lambda: {round(float(current["offsetFromMaster"])), int(status["master_offset"])}
              <= {offset.offset_ns for offset in self.box.offsets}, START_S, lambda: (current, status))
        # A delay that is measured between two Syncs is logged with the second, if no other comes before.
        until(lambda: round(float(self.get("CURRENT_DATA_SET")["meanPathDelay"]))
              in {offset.path_delay_ns for offset in self.box.offsets}, START_S, "the path delay in the log")
        self.assertLess(abs(int(status["ingress_time"]) - time.time_ns()), 10 * 10**9)

    def test_what_is_told_of_the_ports_is_true(self):
        ports = dict(enumerate(pmc(self.box.uds_path, "GET PORT_DATA_SET"), 1))
        for number, (_, fields) in ports.items():
            self.assertEqual(fields["portState"].replace("GRAND_", ""), self.box.states[number].replace("GRAND_", ""))
            self.assertEqual((fields["logSyncInterval"], fields["logAnnounceInterval"], fields["delayMechanism"]),
                             ("-3", "-2", "1"))
        for (_, fields), name in zip(pmc(self.box.uds_path, "GET CLOCK_DESCRIPTION"), self.rig.ports):
            mac = self.rig.lab.box.mac(name)
            self.assertEqual(fields["clockType"], "0x4000")
            self.assertEqual((fields["physicalAddress"], fields["protocolAddress"]), (mac, "3 " + mac))
            self.assertEqual((fields["productDescription"], fields["revisionData"], fields["userDescription"]),
                             ("maker;model;7", "h;f;s", "box;cellar"))
            self.assertEqual((fields["manufacturerId"], fields["profileId"]), ("01:02:03", "00:1b:19:00:01:00"))
        properties = pmc(self.box.uds_path, "GET PORT_PROPERTIES_NP")
        self.assertEqual([fields["interface"] for _, fields in properties], self.rig.ports)
        self.assertEqual({fields["timestamping"] for _, fields in properties}, {"SOFTWARE"})
        # Statistics by type lie between those that were counted before and after.
        before = self.box.read_counters()
        stats = pmc(self.box.uds_path, "GET PORT_STATS_NP")
        after = self.box.read_counters()
        for number, (_, fields) in enumerate(stats, 1):
            for name, value in fields.items():
                if name == "portIdentity":
                    continue
                self.assertLessEqual(before[number].get(name.lower(), 0), int(value), name)
                self.assertLessEqual(int(value), after[number].get(name.lower(), 0), name)
        self.assertGreater(int(stats[1][1]["tx_Sync"]), 0)

    def test_what_an_older_pmc_does_not_know_has_linuxptps_layout(self):
        with Client(self.box.uds_path) as client:
            def data(identifier, port=1):
                answer = client.ask(identifier, port=port)
                self.assertIsNone(answer.error, answer)
                return answer.data
            identity = bytes.fromhex(self.get("DEFAULT_DATA_SET")["clockIdentity"].replace(".", ""))
            self.assertEqual(data(management.PORT_HWCLOCK_NP), identity + struct.pack(">HiBx", 1, -1, 0))
            self.assertEqual(data(management.MASTER_ONLY), b"\0\0")
            self.assertEqual(data(management.UNICAST_MASTER_TABLE_NP), b"\0\0")
            self.assertEqual(data(management.POWER_PROFILE_SETTINGS_NP), struct.pack(">HHiii", 0, 0, -1, -1, -1))
            self.assertEqual(data(management.PORT_CORRECTIONS_NP), bytes(24))
            self.assertEqual(data(management.ALTERNATE_TIME_OFFSET_MAX_KEY), b"\3\0")
            counters = self.box.read_counters()[2]
            stats = data(management.PORT_SERVICE_STATS_NP, port=2)
            self.assertEqual(stats[:10], identity + b"\0\2")
            values = struct.unpack("<10Q", stats[10:])
            self.assertEqual(values[0], counters.get("announce_receipt_timeout", 0))
            self.assertLessEqual(counters["tx_sync"], values[6])

    def test_sets_and_commands_hold_at_once(self):
        box = self.box.uds_path
        with Client(box) as client, Client(box) as operator:
            client.subscribe(management.NOTIFY_PORT_STATE | management.NOTIFY_PARENT_DATA_SET)
            self.assertEqual(pmc_one(box, "SET PRIORITY1 5"), {"priority1": "5"})
            self.box.wait_for_state(1, ("MASTER", "GRAND_MASTER"), START_S)
            told = client.wait_for(lambda a: a.id == management.PARENT_DATA_SET)
            self.assertEqual(told.data[18], 5)
            self.assertIsNotNone(client.wait_for(lambda a: a.id == management.PORT_DATA_SET and a.port == 1))
            self.assertEqual(self.get("PARENT_DATA_SET")["grandmasterPriority1"], "5")
            pmc_one(box, "SET PRIORITY1 200")
            self.box.wait_for_state(1, "SLAVE", START_S)

            self.assertEqual(operator.command(management.DISABLE_PORT, 2).action, wire.ACKNOWLEDGE)
            self.box.wait_for_state(2, "DISABLED", START_S)
            self.assertIsNotNone(client.wait_for(
                lambda a: a.id == management.PORT_DATA_SET and a.port == 2 and a.data[10] == 3))
            self.assertEqual(operator.command(management.ENABLE_PORT, 2).action, wire.ACKNOWLEDGE)
            self.box.wait_for_state(2, "MASTER", START_S)
            # What was sent before the answer goes with it.
            client.subscribe(0, 0)

            # Each offset, with what the log says of it.
            start = len(self.box.offsets)
            client.subscribe(management.NOTIFY_TIME_SYNC)
            told = [client.wait_for(lambda a: a.id == management.TIME_STATUS_NP) for _ in range(4)]
            until(lambda: {struct.unpack(">q", a.data[:8])[0] for a in told}
                  <= {offset.offset_ns for offset in self.box.offsets[start:]}, START_S, lambda: told)
        wait_in_sync(self.rig.clients[0])

    def test_a_local_time_that_is_set_is_announced(self):
        port = self.rig.raw_port(self.rig.lab.clients[0])
        with Client(self.box.uds_path) as client:
            client.set(management.ALTERNATE_TIME_OFFSET_NAME, b"\1\4CEST")
            client.set(management.ALTERNATE_TIME_OFFSET_PROPERTIES, struct.pack(">Bii6xx", 1, 7163, 3600))
            client.set(management.ALTERNATE_TIME_OFFSET_ENABLE, b"\1\1")
            tlv = wire.tlv(9, struct.pack(">Bii6xB4s", 1, 7163, 3600, 4, b"CEST"))
            port.wait_for(lambda c: c.ptp and c.ptp.message.type == wire.ANNOUNCE and not c.is_outgoing
                          and c.ptp.message.body[30:] == tlv, START_S)
            client.set(management.ALTERNATE_TIME_OFFSET_ENABLE, b"\1\0")

    def test_nobody_changes_anything_over_the_read_only_socket_or_the_network(self):
        refused = [("MANAGEMENT_ERROR_STATUS", {})]
        requests = ("SET PRIORITY1 1", "COMMAND DISABLE_PORT",
                    "SET SYNCHRONIZATION_UNCERTAIN_NP 1")
        self.assertEqual([name for name, _ in pmc(self.box.uds_path + "ro", requests[0])], [refused[0][0]])
        before = self.box.read_counters()[2].get("management_refused", 0)
        identity = self.get("DEFAULT_DATA_SET")["clockIdentity"]
        answers = pmc(None, requests[0], requests[2], "GET PRIORITY1", clocks=[identity], transport="-2",
                      namespace=self.rig.lab.clients[0])
        box = [answer for answer in answers if answer != ("PRIORITY1", {"priority1": "255"})]
        self.assertEqual(box, refused * 2 + [("PRIORITY1", {"priority1": "200"})])
        self.assertEqual(self.box.read_counters()[2]["management_refused"], before + 2)
        with Client(self.box.uds_path + "ro") as client:
            for answer in (client.command(management.DISABLE_PORT, 1), client.subscribe(1)):
                self.assertEqual(answer.error, management.NOT_SUPPORTED)
        self.assertEqual(self.get("PRIORITY1"), {"priority1": "200"})
        self.assertEqual(self.get("SYNCHRONIZATION_UNCERTAIN_NP"), {"uncertain": "255"})
        self.assertEqual(self.box.states[1], "SLAVE")

    def test_requests_go_on_as_far_as_their_boundary_hops(self):
        clocks = {fields["clockIdentity"] for name, fields
                  in pmc(self.box.uds_path, "GET DEFAULT_DATA_SET", clocks=3, hops=1) if name == "DEFAULT_DATA_SET"}
        self.assertEqual(len(clocks), 3)
        # From the client over the box to the grandmaster, and the answer back.
        clocks = {fields["grandmasterIdentity"] for name, fields
                  in pmc(None, "GET PARENT_DATA_SET", clocks=[self.rig.gm.grandmaster], transport="-2",
                         namespace=self.rig.lab.clients[0], hops=1)}
        self.assertEqual(clocks, {self.rig.gm.grandmaster})

    def test_a_flood_of_gets_is_answered_within_limits(self):
        port = self.rig.raw_port(self.rig.lab.clients[0])
        # For the box alone: the client would answer each of them, too.
        box = wire.port_identity(self.get("DEFAULT_DATA_SET")["clockIdentity"], 0xFFFF)
        request = frames.l2(wire.management(management.PORT_DATA_SET, target=box,
                                            source=wire.port_identity(b"\x0B" * 8)), port.mac)
        # And in a name for each, from another address.
        names = [frames.l2(wire.management(management.PORT_DATA_SET, target=box,
                                           source=wire.port_identity(struct.pack(">Q", 0x0C << 56 | i))),
                           "02:00:00:00:00:0c") for i in range(10000)]
        start, since_s = len(port.captured), time.monotonic()
        taken, is_over = [], threading.Event()

        def send():
            while not is_over.is_set():
                batch = names[:1000]
                names[:1000], names[len(names):] = [], batch
                taken.append(port.send_many([frame for name in batch for frame in (request, name)], rate_per_s=8000))
        flood = threading.Thread(target=send)
        flood.start()
        # Another tool is served meanwhile, when the flood has had all that it may have at once.
        time.sleep(0.7)
        other = wire.management(management.PRIORITY1, target=box, source=wire.port_identity(b"\x0D" * 8))
        port.send(frames.l2(other, port.mac))
        try:
            port.wait_for(lambda c: c.ptp and c.ptp.message.type == wire.MANAGEMENT and not c.is_outgoing
                          and c.ptp.message.body[:8] == b"\x0D" * 8, START_S)
        finally:
            is_over.set()
            flood.join()
        elapsed_s, taken = time.monotonic() - since_s, sum(taken)
        replies = [c for c in port.received(wire.MANAGEMENT, start=start)
                   if c.ptp.message.body[:8] == b"\x0B" * 8]
        # 50 requests a second and four seconds' worth at once, two ports.
        self.assertLessEqual(len(replies), 2 * (4 + elapsed_s + 1) * 50)
        self.assertGreater(len(replies), 100)
        until(lambda: self.box.read_counters()[2].get("rx_refused_rate", 0) > taken // 2, START_S, self.box.tail)
        wait_in_sync(self.rig.clients[0])

    def test_readers_that_stall_hold_up_nobody(self):
        with contextlib.ExitStack() as stack:
            for path in (self.box.uds_path, self.box.uds_path + "ro"):
                for _ in range(64):
                    client = stack.enter_context(Client(path))
                    for _ in range(8):
                        client.send(management.PORT_DATA_SET)
            for path in (self.box.uds_path, self.box.uds_path + "ro"):
                self.assertEqual(pmc_one(path, "GET PRIORITY2"), {"priority2": "77"})
                self.assertEqual(len(pmc(path, "GET PORT_DATA_SET")), 2)

    def test_the_slave_event_monitor_gets_each_measurement(self):
        since_s = time.monotonic()
        until(lambda: len(self.monitor.offsets_ns(since_s)) > 4, START_S, "offsets")
        self.assertLess(min(map(abs, self.monitor.offsets_ns(since_s))), 10**6)

    @unittest.skipUnless(shutil.which("phc2sys") and shutil.which("setpriv"), "no phc2sys")
    def test_phc2sys_refuses_a_clock_that_it_cannot_read(self):
        # It may not set the clock, whatever it thinks.
        done = run(["setpriv", "--bounding-set=-sys_time", "--inh-caps=-sys_time", "timeout", "30", "phc2sys", "-a",
                    "-r", "-r", "-m", "-q", "-z", self.box.uds_path], check=False)
        self.assertIn("no suitable ports available", done.stdout)
        self.assertNotIn(done.returncode, (0, 124))


class Sockets(unittest.TestCase):
    def test_sockets_of_another_process_are_left_alone_until_it_ends(self):
        with Rig(gm=False, clients=False, n_clients=1, options={"uds_file_mode": "0600"}) as rig:
            path = rig.box.uds_path
            rig.box.wait_for_state(1, "LISTENING", START_S)
            self.assertEqual([stat.S_IMODE(os.stat(p).st_mode) for p in (path, path + "ro")], [0o600, 0o666])
            other = programs.EbpfBc(rig.lab.gm, ["eth0"], config={
                "network_transport": "L2", "uds_address": path, "uds_ro_address": path + "ro",
                "control_socket": rig.box.control_path})
            with other:
                other.wait_for(f"{path}ro belongs to another process", START_S)
                other.wait_for("belongs to another process: no control socket there", START_S)
                self.assertEqual(pmc_one(path, "GET DEFAULT_DATA_SET")["numberPorts"], "2")
                self.assertEqual(control.status(rig.box.control_path)["pid"], rig.box.pid)
                # Of one that was killed the files stay.
                rig.box.signal(signal.SIGKILL)
                until(lambda: not rig.box.is_running(), START_S, "killed")
                other.wait_for(f"{path}ro is free: management there from now on", START_S)
                other.wait_for("is free: control socket there from now on", 6)
                self.assertEqual(pmc_one(path, "GET DEFAULT_DATA_SET")["numberPorts"], "1")
                self.assertEqual(control.status(rig.box.control_path)["pid"], other.pid)
            self.assertFalse(os.path.exists(path) or os.path.exists(path + "ro"))
