# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of the harness that need no privilege: messages, frames, statistics, log lines."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import time
import unittest

from harness import count, frames, programs, session, stats, wire
from harness.process import Line

MAC = "02:00:00:00:00:01"
LIMIT_S = 30


class Wire(unittest.TestCase):
    def test_a_message_parses_to_what_it_was_built_from(self):
        data = wire.sync(5_000_000_001, source=wire.port_identity("001122.fffe.334455", 3), sequence=65535, domain=7,
                         sdo=0x2AB, correction_ns=-1.5, log_interval=-3)
        message = wire.parse(data)
        self.assertEqual(len(data), 44)
        self.assertEqual((message.type, message.sequence, message.domain, message.sdo), (wire.SYNC, 65535, 7, 0x2AB))
        self.assertEqual((message.correction_sns, message.log_interval), (-3 << 15, -3))
        self.assertEqual(message.timestamp_ns, 5_000_000_001)
        self.assertEqual(message.source.hex(), "001122fffe3344550003")
        self.assertTrue(message.flags & wire.FLAG_TWO_STEP)

    def test_messages_have_the_lengths_of_the_standard(self):
        requester = wire.ANYONE
        for data, length in ((wire.announce("001122.fffe.334455"), 64), (wire.follow_up(0), 44), (wire.delay_req(), 44),
                             (wire.delay_resp(0, requester), 54), (wire.pdelay_req(), 54),
                             (wire.pdelay_resp(0, requester), 54), (wire.pdelay_resp_follow_up(0, requester), 54),
                             (wire.management(0x2000), 54)):
            self.assertEqual(len(data), length)
            self.assertEqual(wire.parse(data).length, length)

    def test_announce_carries_the_grandmaster(self):
        message = wire.parse(wire.announce("001122.fffe.334455", steps_removed=258, priority1=5))
        self.assertEqual(message.grandmaster.hex(), "001122fffe334455")
        self.assertEqual(message.steps_removed, 258)
        self.assertEqual(message.body[13], 5)

    def test_truncated_and_overlong_messages_do_not_parse(self):
        data = wire.sync()
        self.assertIsNone(wire.parse(data[:33]))
        self.assertIsNone(wire.parse(data[:43]))
        self.assertIsNone(wire.parse(wire.sync(length=45)))
        self.assertIsNone(wire.parse(wire.sync(length=0)))
        self.assertIsNone(wire.parse(wire.sync(version=1)))


class Frames(unittest.TestCase):
    def test_every_transport_is_parsed_back(self):
        for message in (wire.sync(), wire.announce("001122.fffe.334455"), wire.pdelay_req()):
            for frame, transport in ((frames.l2(message, MAC), "L2"),
                                     (frames.udp4(message, MAC, "10.0.0.1"), "UDPv4"),
                                     (frames.udp6(message + b"\0\0", MAC, "fe80::1"), "UDPv6")):
                with self.subTest(transport=transport, type=message[0]):
                    parsed = frames.parse(frame)
                    self.assertEqual(parsed.transport, transport)
                    self.assertTrue(parsed.checksum_ok)
                    self.assertEqual(parsed.message, wire.parse(message))

    def test_multicast_addresses_follow_the_message(self):
        destination = {frames.l2(m, MAC)[:6].hex() for m in (wire.sync(), wire.pdelay_req())}
        self.assertEqual(destination, {"011b19000000", "0180c200000e"})
        self.assertEqual(frames.udp4(wire.sync(), MAC, "10.0.0.1")[:6].hex(), "01005e000181")
        self.assertEqual(frames.udp6(wire.sync(), MAC, "fe80::1")[:6].hex(), "333300000181")

    def test_vlan_tags_are_seen_outermost_first(self):
        frame = frames.l2(wire.sync(), MAC, vlans=(100, 7))
        self.assertEqual(frame[12:14].hex(), "88a8")
        self.assertEqual(frames.parse(frame).vlans, (100, 7))

    def test_a_wrong_checksum_is_seen_and_none_is_not_wrong(self):
        wrong = frames.udp4(wire.sync(), MAC, "10.0.0.1", checksum=frames.CHECKSUM_WRONG)
        zero = frames.udp4(wire.sync(), MAC, "10.0.0.1", checksum=frames.CHECKSUM_ZERO)
        self.assertFalse(frames.parse(wrong).checksum_ok)
        self.assertTrue(frames.parse(zero).checksum_ok)

    def test_an_ipv4_header_is_valid_with_options(self):
        frame = frames.udp4(wire.sync(), MAC, "10.0.0.1", ip_options=b"\x94\x04\x00\x00\x01")
        self.assertEqual(frame[14], 0x47)
        self.assertEqual(frames._sum16(frame[14:14 + 28]), 0xFFFF)


class Stats(unittest.TestCase):
    def test_quantiles_are_samples_by_rank(self):
        samples = list(range(100, 0, -1))
        self.assertEqual(stats.quantile(samples, 0.5), 50)
        self.assertEqual(stats.quantile(samples, 0.99), 99)
        self.assertEqual(stats.quantile(samples, 1.0), 100)
        self.assertEqual(stats.quantile([7], 0.01), 7)

    def test_the_interval_holds_the_true_ratio_about_as_often_as_it_says(self):
        rng = random.Random(42)
        hits = 0
        for seed in range(100):
            ours = [rng.expovariate(1 / 200) for _ in range(300)]
            theirs = [rng.expovariate(1 / 100) for _ in range(300)]
            low, high = stats.quantile_ratio(ours, theirs, 0.5, resamples=300, seed=seed)[1:]
            hits += low <= 2.0 <= high
        self.assertGreaterEqual(hits, 88)
        self.assertLess(hits, 100)

    def test_the_interval_of_whole_rounds_is_wider_where_rounds_differ(self):
        rng = random.Random(1)
        ours = [[rng.gauss(level, 1) for _ in range(200)] for level in (100, 120, 150, 180, 200, 230)]
        pooled = [sample for one in ours for sample in one]
        by_sample = stats.quantile_ratio(pooled, pooled, 0.5)
        by_round = stats.quantile_ratio_of_rounds(ours, ours, 0.5, resamples=200)
        self.assertGreater(by_round.high - by_round.low, by_sample.high - by_sample.low)


class Log(unittest.TestCase):
    def program(self, *texts):
        program = programs.PtpProgram.__new__(programs.PtpProgram)
        program.states, program.state_changes, program.offsets = {}, [], []
        program.grandmaster, program.counters = None, {}
        for text in texts:
            program.on_line(Line(1.0, text))
        return program

    def test_lines_of_both_programs_are_understood(self):
        program = self.program(
            "ptp4l[1023.801]: port 1: LISTENING to UNCALIBRATED on RS_SLAVE",
            "ebpf-bc[123.456]: port 2 (bc1): LISTENING to MASTER on ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES",
            "ebpf-bc[123.456]: selected best master clock 001122.fffe.334455",
            "ebpf-bc[123.456]: master offset        -12 s2 freq   +1234 path delay       345",
            "ebpf-bc[123.456]: port 1 (bc0): counters: rx_bad_length 3 rx_flood 12",
        )
        self.assertEqual(program.states, {1: "UNCALIBRATED", 2: "MASTER"})
        self.assertEqual(program.grandmaster, "001122.fffe.334455")
        self.assertEqual(program.offsets, [programs.Offset(1.0, -12, 2, 1234, 345)])
        self.assertEqual(program.counters, {1: {"rx_bad_length": 3, "rx_flood": 12}})


_STAND_IN = """#!/bin/sh
trap 'echo "ebpf-bc[1.2]: port 1 (bc0): counters: rx_bad_length 3 tx_lost 1"; echo "ebpf-bc[1.2]: port 2 (bc1): counters: rx_sync 9"' USR1
trap 'exit 0' TERM
echo "arguments: $*"
echo "ebpf-bc[1.1]: port 1 (bc0): INITIALIZING to LISTENING on INIT_COMPLETE"
while :; do sleep 0.05; done
"""


class OurProgram(unittest.TestCase):
    def start(self, **options):
        path = os.path.join(session.current().directory, session.current().unique("stand-in"))
        with open(path, "w", encoding="ascii") as file:
            file.write(_STAND_IN)
        os.chmod(path, 0o755)
        return programs.EbpfBc(None, name="box", program=path, **options)

    def test_counters_are_asked_for_and_read(self):
        with self.start(interfaces=["bc0", "bc1"]) as box:
            box.wait_for_state(1, "LISTENING", LIMIT_S)
            self.assertEqual(box.read_counters(LIMIT_S), {1: {"rx_bad_length": 3, "tx_lost": 1}, 2: {"rx_sync": 9}})
            self.assertEqual(box.read_counters(LIMIT_S)[2], {"rx_sync": 9})
            self.assertEqual(box.stop(LIMIT_S), 0)

    def test_the_configuration_has_a_section_for_each_port(self):
        with self.start(config={"priority1": 7}, interfaces=["bc0", "bc1"], port_options={"bc1": {"serverOnly": 1}},
                        arguments=["--domainNumber=3"]) as box:
            line = box.wait_for("arguments: (.*)", LIMIT_S)[1]
            self.assertEqual(line, f"-m -q -f {box.config_path} --domainNumber=3")
            with open(box.config_path, encoding="ascii") as file:
                self.assertEqual(file.read(), f"[global]\ncontrol_socket {box.control_path}\nuds_address {box.uds_path}\n"
                                              f"uds_ro_address {box.uds_path}ro\npriority1 7\n"
                                              "[bc0]\n[bc1]\nserverOnly 1\n")

    def test_each_has_a_control_socket_of_its_own_unless_one_is_named(self):
        with self.start(config={}) as one, self.start(config={}) as other, \
                self.start(config={"control_socket": "/named"}) as named:
            self.assertNotEqual(one.control_path, other.control_path)
            self.assertEqual(named.control_path, "/named")


class Count(unittest.TestCase):
    CMOCKA = "[       OK ] one\n[       OK ] two\n[  SKIPPED ] three\n"
    CMOCKA_BAD = ("[  ERROR   ] --- 0x1 != 0x2\n[  FAILED  ] four\n[  PASSED  ] 2 test(s).\n[  SKIPPED ] 1 test(s), listed"
                  " below:\n[  SKIPPED ] three\n[  FAILED  ] 1 test(s), listed below:\n[  FAILED  ] four\n")

    def counted(self, result, stdout="", stderr="", returncode=0):
        return count.count_test({"name": "x", "result": result, "returncode": returncode, "stdout": stdout,
                                 "stderr": stderr})

    def test_cases_of_cmocka_are_counted_once_each(self):
        self.assertEqual(self.counted("OK", self.CMOCKA), (2, [], 1))
        self.assertEqual(self.counted("FAIL", self.CMOCKA, self.CMOCKA_BAD, 1), (2, ["four"], 1))

    def test_a_crash_is_a_failure_of_its_own(self):
        self.assertEqual(self.counted("FAIL", self.CMOCKA, "", -6), (2, ["ended by signal 6"], 1))
        self.assertEqual(self.counted("TIMEOUT", self.CMOCKA), (2, ["timeout"], 1))
        self.assertEqual(self.counted("FAIL", self.CMOCKA, "", 1), (2, ["fail"], 1))

    def test_cases_of_the_runner_are_counted(self):
        text = "ok 1 - a (0.0 s)\nnot ok 2 - b (0.1 s)\n#   why\nok 3 - c # SKIP no netem (0.0 s)\n1 passed, 1 failed, 1 skipped\n"
        self.assertEqual(self.counted("FAIL", text, "", 1), (1, ["b"], 1))

    def why(self, stdout, name, stderr=""):
        return count.reason({"name": "x", "stdout": stdout, "stderr": stderr}, name)

    def test_a_failure_of_cmocka_is_told_with_its_own_lines(self):
        two = ("[ RUN      ] one\n[  ERROR   ] --- a > b\n[   LINE   ] --- x.c:1: error: Failure!\n[  FAILED  ] one\n"
               "[ RUN      ] two\n[       OK ] two\n"
               "[ RUN      ] three\nnoise\n[  ERROR   ] --- 0x1 != 0x2\n[   LINE   ] --- x.c:9: error: Failure!\n"
               "[  FAILED  ] three\n[==========] 3 test(s) run.\n[  FAILED  ] 2 test(s), listed below:\n"
               "[  FAILED  ] one\n[  FAILED  ] three\n")
        self.assertEqual(self.why(two, "one"), ["[  ERROR   ] --- a > b", "[   LINE   ] --- x.c:1: error: Failure!"])
        self.assertEqual(self.why(two, "three"), ["[  ERROR   ] --- 0x1 != 0x2",
                                                  "[   LINE   ] --- x.c:9: error: Failure!"])
        self.assertEqual(self.why(self.CMOCKA, "four", self.CMOCKA_BAD), ["[  ERROR   ] --- 0x1 != 0x2"])

    def test_a_case_that_could_not_be_set_up_has_failed(self):
        text = "[ RUN      ] one\nCould not run test: Test setup failed\n[  ERROR   ] one\n"
        self.assertEqual(self.counted("FAIL", text, "", 1), (0, ["one"], 0))
        self.assertEqual(self.why(text, "one"), ["Could not run test: Test setup failed"])

    def test_a_failure_of_the_runner_is_told_with_its_message(self):
        text = ("ok 1 - a (0.0 s)\nnot ok 2 - b (0.1 s)\n#   Traceback (most recent call last):\n"
                '#     File "t.py", line 3, in test_b\n#       self.assertEqual(1, 2, "why")\n'
                "#   AssertionError: 1 != 2 : why\n#   more\nok 3 - c (0.0 s)\n2 passed, 1 failed, 0 skipped\n")
        self.assertEqual(self.why(text, "b"), ['File "t.py", line 3, in test_b', "AssertionError: 1 != 2 : why", "more"])

    def test_of_a_crash_the_report_or_the_end_is_told(self):
        report = "[ RUN      ] one\n../a.c:3:5: runtime error: signed integer overflow\n" + "    #0 frame\n" * 50
        self.assertEqual(self.why(report, "ended by signal 6"), ["../a.c:3:5: runtime error: signed integer overflow"])
        self.assertEqual(self.why("\n".join(map(str, range(100))), "timeout"), ["94", "95", "96", "97", "98", "99"])
        self.assertEqual(self.why("x" * 1000, "timeout"), ["x" * count.REASON_COLUMNS])

    def test_an_executable_that_names_no_cases_counts_as_one(self):
        self.assertEqual(self.counted("OK"), (1, [], 0))
        self.assertEqual(self.counted("FAIL", "", "", 1), (0, ["fail"], 0))
        self.assertEqual(self.counted("SKIP", "skipped: needs root\n", "", 77), (0, [], 1))


class Standstill(unittest.TestCase):
    PAUSE_S = 0.1
    WATCHES = """
import sys, time
sys.path[0] = sys.argv[1]
from harness import standstill
standstill.start()
print(flush=True)
input()
while standstill.longest_ns() < 1e9 * float(sys.argv[2]):
    time.sleep(0.01)
"""

    def test_a_pause_is_seen(self):
        tests = pathlib.Path(__file__).resolve().parents[1]
        with subprocess.Popen([sys.executable, "-c", self.WATCHES, tests, str(self.PAUSE_S)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as watcher:
            watcher.stdout.readline()
            watcher.send_signal(signal.SIGSTOP)
            time.sleep(self.PAUSE_S + 0.05)
            watcher.send_signal(signal.SIGCONT)
            watcher.communicate("\n", timeout=LIMIT_S)
            self.assertEqual(watcher.returncode, 0)


class Registered(unittest.TestCase):
    def test_every_file_of_cases_is_run(self):
        for folder, word in (("netns", "'{}'"), ("vm", "test_{}.py'")):
            path = pathlib.Path(__file__).resolve().parents[1] / folder
            registered = (path / "meson.build").read_text(encoding="utf-8")
            missing = [file.name for file in path.glob("test_*.py")
                       if word.format(file.stem.removeprefix("test_")) not in registered]
            self.assertEqual(missing, [])
