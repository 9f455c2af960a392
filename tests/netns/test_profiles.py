# SPDX-License-Identifier: GPL-2.0-or-later
"""Profiles: the example files start as they are; telecom, path trace, power profile, interval requests and fixed
roles beside real ptp4l and on the wire."""

import pathlib
import struct
import unittest

from harness import dissector, frames, programs, wire
from harness.lab import Lab
from netns.support import FAST, IN_SYNC_NS, START_S, WAIT_S, Rig, until, wait_in_sync

CONFIG = programs.TREE / "config"
# A file and the state that its first port comes to by itself.
EXAMPLES = {"g8275-1.conf": "LISTENING", "hybrid-e2e.conf": "LISTENING", "p2p.conf": "LISTENING",
            "power.conf": "LISTENING", "g8275-2.conf": "LISTENING", "gptp.conf": "LISTENING",
            "automotive-master.conf": "MASTER", "automotive-slave.conf": "LISTENING",
            "unicast-client.conf": "LISTENING", "unicast-server.conf": "LISTENING"}

LINUXPTP = pathlib.Path("/usr/share/doc/linuxptp/configs")
# Those of its transparent clocks are read in a unit test.
LINUXPTP_EXAMPLES = {name: "LISTENING" for name in (
    "default.cfg", "G.8265.1.cfg", "G.8275.1.cfg", "G.8275.2.cfg", "UNICAST-MASTER.cfg", "gPTP.cfg")}
LINUXPTP_EXAMPLES |= {"automotive-master.cfg": "MASTER", "automotive-slave.cfg": "LISTENING"}

ORGANIZATION, PATH_TRACE = 0x0003, 0x0008
POWER_2017 = bytes.fromhex("1c129d000002")
INTERVAL_REQUEST = bytes.fromhex("0080c2000002")


def tlvs(message, fixed=64 - wire.HEADER_LEN):
    """{type: value} of what follows the fixed part of an Announce."""
    found, rest = {}, message.body[fixed:]
    while rest:
        kind, length = struct.unpack_from(">HH", rest)
        found[kind] = rest[4:4 + length]
        rest = rest[4 + length:]
    return found


def path(message):
    """The list of an Announce's path trace, or None."""
    value = tlvs(message).get(PATH_TRACE)
    return None if value is None else [value[i:i + 8] for i in range(0, len(value), 8)]


class ExampleFiles(unittest.TestCase):
    def test_each_starts_without_a_word_about_its_options(self):
        with Lab(3) as lab:
            for name, state in EXAMPLES.items():
                with self.subTest(name=name), self.start(lab, name) as box:
                    box.wait_for(f"port 1 .* to {state} on", WAIT_S)
                    # What there is to say of an option begins with the file and its line.
                    self.assertEqual([line.text for line in box.lines if f"{name}:" in line.text], [])
                    self.assertEqual(box.stop(), 0, box.tail())

    def test_those_of_a_car_find_each_other(self):
        with Lab(1) as lab, self.run_file(lab.gm, CONFIG / "automotive-master.conf") as master, \
                self.start(lab, "automotive-slave.conf") as client:
            master.wait_for_state(1, "MASTER", START_S)
            client.wait_for_state(1, "SLAVE", START_S)

    def start(self, lab, name):
        """The file itself, but for the names of the ports."""
        text = (CONFIG / name).read_text()
        for i, port in enumerate(lab.ports):
            text = text.replace(f"[eth{i}]", f"[{port}]")
        file = pathlib.Path(programs.session.current().directory) / name
        file.write_text(text)
        return self.run_file(lab.box, file)

    def run_file(self, namespace, file, interfaces=()):
        """What an instance has in the file system is its own."""
        stem = f"{programs.session.current().directory}/{file.name}"
        return programs.EbpfBc(namespace, interfaces, config=str(file), arguments=[
            "--bpf_pin_path=", f"--control_socket={stem}.ctl", f"--uds_address={stem}.uds",
            f"--uds_ro_address={stem}.uds-ro"])

    @unittest.skipUnless(LINUXPTP.is_dir(), "no examples of linuxptp's here")
    def test_those_of_linuxptp_start_unchanged(self):
        with Lab(1) as lab:
            for name, state in LINUXPTP_EXAMPLES.items():
                with self.subTest(name=name), self.run_file(lab.box, LINUXPTP / name, lab.ports) as box:
                    box.wait_for(f"port 1 .* to {state} on", WAIT_S)
                    self.assertEqual(box.stop(), 0, box.tail())


class AnnounceTlvs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        profile = {"path_trace_enabled": 1}
        cls.rig = cls.enterClassContext(Rig(n_clients=1, gm=False, clients=False, options={
            **profile, "power_profile.version": 2017, "power_profile.2017.totalTimeInaccuracy": 5000,
            "servo_offset_threshold": IN_SYNC_NS, "servo_num_offset_values": 4, "msg_interval_request": 1,
            "operLogSyncInterval": FAST["logSyncInterval"] + 1}))
        cls.upstream, cls.downstream = (cls.rig.raw_port(host) for host in cls.rig.hosts)
        cls.gm = cls.rig.start_gm(profile)
        cls.client = cls.rig.start_client(0, profile)
        cls.rig.box.wait_for_state(1, "SLAVE", START_S)
        wait_in_sync(cls.client)

    def test_1_each_clock_adds_itself_to_the_path(self):
        start = len(self.downstream.captured)
        above = self.upstream.wait_for(lambda c: c.is_outgoing and c.ptp and c.ptp.message.type == wire.ANNOUNCE,
                                       5, "the grandmaster's Announce").ptp.message
        below = self.downstream.wait_for_message(wire.ANNOUNCE, WAIT_S, start,
                                                 lambda message: message.steps_removed == 1).ptp.message
        gm, box = above.source[:8], below.source[:8]
        self.assertEqual(path(above), [gm])
        self.assertEqual(path(below), [gm, box])

    def test_2_the_power_profile_tlv_goes_beside_it(self):
        below = self.downstream.wait_for_message(wire.ANNOUNCE, WAIT_S).ptp.message
        self.assertEqual(tlvs(below)[ORGANIZATION], POWER_2017 + struct.pack(">HIIH", 0, 0, 5000, 0))

    def test_3_an_announce_that_came_by_way_of_us_is_discarded(self):
        box = self.downstream.wait_for_message(wire.ANNOUNCE, WAIT_S).ptp.message.source[:8]
        looped = bytes.fromhex("0200000000000001")
        before = self.rig.box.read_counters()[2].get("announce_refused_path_loop", 0)
        for sequence in range(5):
            self.downstream.send(frames.l2(wire.announce(
                looped, priority1=0, sequence=sequence, log_interval=-2,
                tlvs=wire.tlv(PATH_TRACE, looped + box)), self.downstream.mac))
        until(lambda: self.rig.box.read_counters()[2].get("announce_refused_path_loop", 0) == before + 5, WAIT_S,
              "five of them counted")
        self.rig.box.wait_for("came by way of this clock", WAIT_S)
        self.assertEqual(self.rig.box.states[1], "SLAVE")

    def test_4_a_neighbour_gets_the_interval_it_asks_for_but_no_storm(self):
        for asked, granted in ((-4, -4), (-7, -5), (127, -5), (126, FAST["logSyncInterval"])):
            request = wire.tlv(ORGANIZATION, INTERVAL_REQUEST + struct.pack(">bbbBH", -128, asked, -128, 0, 0))
            start = len(self.downstream.captured)
            self.downstream.send(frames.l2(wire.signaling(request), self.downstream.mac))
            self.downstream.wait_for_message(wire.SYNC, WAIT_S, start, lambda message: message.log_interval == granted)


    def test_5_a_stable_box_gets_the_interval_it_asks_of_ptp4l(self):
        self.upstream.wait_for(lambda c: c.is_outgoing and c.ptp and c.ptp.message.type == wire.SYNC
                               and c.ptp.message.log_interval == FAST["logSyncInterval"] + 1, START_S,
                               "the grandmaster's Sync at the other interval")

    @unittest.skipUnless(dissector.is_available(), "no tshark")
    def test_6_the_dissector_has_no_complaint(self):
        sent = [c.frame for port in (self.upstream, self.downstream) for kind in (wire.ANNOUNCE, wire.SIGNALING)
                for c in port.received(kind)]
        self.assertLessEqual({wire.ANNOUNCE, wire.SIGNALING}, {frames.parse(frame).message.type for frame in sent})
        self.assertEqual(dissector.count_complaints(sent), {})


class Telecom(unittest.TestCase):
    def test_of_two_equal_masters_the_local_priority_decides(self):
        telecom = {"dataset_comparison": "G.8275.x", "domainNumber": 24, "clockClass": 6, "clockAccuracy": "0x21"}
        with Rig(n_clients=1, gm=False, clients=False, options={**telecom, "clockClass": 248}, port_options={
                "bc1": {"G.8275.portDS.localPriority": 100}}) as rig:
            rig.start_gm({**telecom, "priority1": 1})
            mac = rig.hosts[1].mac("eth0").replace(":", "")
            with programs.Ptp4l(rig.hosts[1], "eth0", "gm", options={**FAST, **telecom, "priority1": 200}):
                # Both are grandmasters of a class that follows nobody: what the second one's log tells as best, when it
                # hears of the first by way of the box, it does not follow.
                rig.box.wait_until(lambda: rig.box.grandmaster == f"{mac[:6]}.fffe.{mac[6:]}" and
                                   rig.box.states.get(2) == "SLAVE" != rig.box.states.get(1), START_S,
                                   "port 2 that follows the second one")
            rig.box.wait_for_state(1, "SLAVE", START_S)


class FixedRoles(unittest.TestCase):
    def test_a_bridge_of_a_car_follows_and_serves_without_announce(self):
        fixed = {"BMCA": "noop", "inhibit_announce": 1, "ptp_dst_mac": "01:80:C2:00:00:0E", "transportSpecific": 1}
        with Rig(n_clients=1, gm=False, clients=False, options={**fixed, "clientOnly": 1, "ptp_minor_version": 0},
                 port_options={"bc1": {"serverOnly": 1}}) as rig:
            rig.box.wait_for_state(2, "MASTER", START_S)
            upstream, downstream = (rig.raw_port(host) for host in rig.hosts)
            rig.start_gm({**fixed, "masterOnly": 1})
            rig.box.wait_for_state(1, "SLAVE", START_S)
            served = downstream.wait_for_message(wire.FOLLOW_UP, WAIT_S).ptp.message
            self.assertEqual((served.sdo, served.version, served.minor), (0x100, 2, 0))
            for port in (upstream, downstream):
                self.assertEqual(port.received(wire.ANNOUNCE) + port.received(wire.ANNOUNCE, outgoing=True), [])


if __name__ == "__main__":
    unittest.main()
