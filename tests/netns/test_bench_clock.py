# SPDX-License-Identifier: GPL-2.0-or-later
"""The benchmarks' rig: clocks of a host's own under unmodified programs, and their true time read from outside."""

import ctypes
import json
import os
import pathlib
import struct
import subprocess
import sys
import time
import unittest

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))

from benchlib.own_clock import OwnClock  # noqa: E402
from benchlib.true_time import TrueTime  # noqa: E402
from harness import network, programs  # noqa: E402
from netns.support import FAST, START_S, Rig, until  # noqa: E402

HOUR_NS = 3600 * 10**9
FOLLOWS_NS = 100_000

# What the programs below share. A reading is [before, value, after], the outer two of CLOCK_MONOTONIC.
_PRELUDE = """
import ctypes, json, os, select, socket, struct, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def bracket(read):
    before = time.monotonic_ns()
    value = read()
    return [before, value, time.monotonic_ns()]
"""

_READ = """
def gettimeofday():
    tv = (ctypes.c_long * 2)()
    libc.gettimeofday(tv, None)
    return tv[0] * 10**9 + tv[1] * 1000
print(json.dumps({"clock_gettime": bracket(time.time_ns), "gettimeofday": bracket(gettimeofday),
                  "time": bracket(lambda: libc.time(None) * 10**9)}))
"""

# Modes, offset, freq, status, time, tick of struct timex; then what came of it, and errno.
_ADJUST = """
TIMEX = struct.Struct("=I4xqq16xi28xqqq112x")
def adjust(call, *values):
    timex = ctypes.create_string_buffer(TIMEX.pack(*values), TIMEX.size)
    result = call(timex)
    return [result, ctypes.get_errno() if result < 0 else 0, *TIMEX.unpack(timex)]
def clock_adjtime(timex):
    return libc.clock_adjtime(0, timex)
SETOFFSET, FREQUENCY, OFFSET, TICK = 0x100, 2, 1, 0x4000
time.clock_settime_ns(time.CLOCK_REALTIME, 10**18)
set = bracket(time.time_ns)
adjust(clock_adjtime, SETOFFSET, 0, 0, 0, -5, 250000, 0)
stepped = bracket(time.time_ns)
adjusted = adjust(libc.adjtimex, FREQUENCY | TICK, 0, 100 << 16, 0, 0, 0, 10001)
refused = adjust(libc.ntp_adjtime, OFFSET, 1000, 0, 0, 0, 0, 0)
gradual = libc.adjtime(struct.pack("=qq", 1, 0), None)
print(json.dumps({"set": set, "stepped": stepped, "adjusted": adjusted, "refused": refused, "gradual": gradual}))
"""

# A datagram to itself for each kind of stamp, by recvmsg() and by recvmmsg().
_STAMPS = """
class Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]
class Message(ctypes.Structure):
    _fields_ = [("name", ctypes.c_void_p), ("namelen", ctypes.c_uint32), ("iov", ctypes.POINTER(Iovec)),
                ("iovlen", ctypes.c_size_t), ("control", ctypes.c_void_p), ("controllen", ctypes.c_size_t),
                ("flags", ctypes.c_int), ("len", ctypes.c_uint32)]
def recvmsg(s):
    return s.recvmsg(100, 200)[1][0][2]
def recvmmsg(s):
    data, control = ctypes.create_string_buffer(100), ctypes.create_string_buffer(200)
    iov = Iovec(ctypes.addressof(data), 100)
    message = Message(iov=ctypes.pointer(iov), iovlen=1, control=ctypes.addressof(control), controllen=200)
    assert libc.recvmmsg(s.fileno(), ctypes.byref(message), 1, 0, None) == 1
    return control.raw[16:]
def stamp(receive, option, value, unit):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, option, value)
        s.bind(("127.0.0.1", 0))
        before = time.monotonic_ns()
        s.sendto(b"x", s.getsockname())
        assert select.select([s], [], [], 20)[0]
        seconds, rest = struct.unpack_from("=qq", receive(s))
        return [before, seconds * 10**9 + rest * unit, time.monotonic_ns()]
# The kernel switches receive stamps on some time after the first socket wants them; this one keeps them on.
keeper = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
keeper.setsockopt(socket.SOL_SOCKET, 37, 8 | 16)
keeper.bind(("127.0.0.1", 0))
deadline, has_stamp = time.monotonic() + 10, False
while not has_stamp and time.monotonic() < deadline:
    keeper.sendto(b"x", keeper.getsockname())
    has_stamp = bool(keeper.recvmsg(100, 200)[1])
KINDS = {"SCM_TIMESTAMP": (29, 1, 1000), "SCM_TIMESTAMPNS": (35, 1, 1), "SCM_TIMESTAMPING": (37, 8 | 16, 1)}
print(json.dumps({f"{kind} {receive.__name__}": stamp(receive, *how) for kind, how in KINDS.items()
                  for receive in (recvmsg, recvmmsg)}))
"""


def run_with(clock, argv, namespace=None):
    enter = ["nsenter", f"--net={namespace.path}", "--"] if namespace else []
    return subprocess.run([*enter, *argv], env={**os.environ, **clock.env}, stdout=subprocess.PIPE, text=True,
                          timeout=30, check=True).stdout


def run_python(clock, text, namespace=None):
    return json.loads(run_with(clock, [sys.executable, "-c", _PRELUDE + text], namespace))


def machine_clock():
    """What a program must not change: frequency and tick of the machine's clock, and its time."""
    timex = ctypes.create_string_buffer(208)
    ctypes.CDLL(None).adjtimex(timex)
    return *struct.unpack_from("=q", timex, 16), *struct.unpack_from("=q", timex, 88), OwnClock().real_minus_mono_ns


def assert_machine_clock_is(test, before):
    *rates, real_minus_mono_ns = machine_clock()
    test.assertEqual(rates, list(before[:2]))
    test.assertAlmostEqual(real_minus_mono_ns, before[2], delta=10_000)


class OwnClocks(unittest.TestCase):
    def assert_within(self, clock, reading, granularity_ns=1):
        """The program read the clock's own time, to the last digit that the call has."""
        before, value, after = reading
        self.assertGreaterEqual(value, clock.time_at(before)[0] // granularity_ns * granularity_ns)
        self.assertLessEqual(value, clock.time_at(after)[0])

    def test_a_program_reads_it_as_its_system_clock(self):
        clock = OwnClock(HOUR_NS, 1e6, 1e5, 0.5, walk_ppb=1e5)
        readings = run_python(clock, _READ)
        self.assert_within(clock, readings["clock_gettime"])
        self.assert_within(clock, readings["gettimeofday"], 1000)
        self.assert_within(clock, readings["time"], 10**9)
        begin_mono_ns = time.monotonic_ns()
        seconds, nanoseconds = run_with(clock, ["date", "+%s %N"]).split()
        self.assert_within(clock, (begin_mono_ns, int(seconds) * 10**9 + int(nanoseconds), time.monotonic_ns()))
        self.assertEqual(clock.n_settings, 1)

    def test_what_sets_and_adjusts_it_leaves_the_machines_clock_alone(self):
        before, clock = machine_clock(), OwnClock(0, 1e6)
        done = run_python(clock, _ADJUST)
        self.assert_within(clock, done["stepped"])
        for what, since_ns in (("set", 0), ("stepped", -5 * 10**9 + 250_000_000)):
            self.assertTrue(0 <= done[what][1] - 10**18 - since_ns < 4 * 10**9, done)
        # Accepted (TIME_ERROR: not synchronised), and told as it was set.
        self.assertEqual((done["adjusted"][0], done["adjusted"][4], done["adjusted"][8]), (5, 100 << 16, 10001))
        self.assertEqual(done["refused"][:2], [-1, 22])
        self.assertEqual(done["gradual"], -1)
        self.assertEqual(clock.n_settings, 4)
        run_with(clock, ["date", "--set", "@2000000000.5"])
        self.assertEqual(clock.n_settings, 5)
        self.assertTrue(0 <= clock.ns_at(time.monotonic_ns()) - 2_000_000_000_500_000_000 < 30 * 10**9)
        assert_machine_clock_is(self, before)

    def test_the_stamps_of_messages_are_in_its_time(self):
        clock = OwnClock(HOUR_NS, 1e6)
        with network.Namespace("host") as host:
            readings = run_python(clock, _STAMPS, host)
        self.assertEqual(len(readings), 6)
        for kind, (before, value, after) in readings.items():
            with self.subTest(kind):
                self.assert_within(clock, (before, value, after), 1000 if kind.startswith("SCM_TIMESTAMP ") else 1)

    def test_a_program_without_its_clock_does_not_run(self):
        clock = OwnClock()
        for environment in ({}, {"EBC_OWN_CLOCK_FILE": "/dev/null"}):
            done = subprocess.run(["date"], env={"LD_PRELOAD": clock.env["LD_PRELOAD"], **environment}, check=False,
                                  capture_output=True, text=True, timeout=30)
            self.assertEqual(done.returncode, 127, done)
            self.assertIn("own-clock", done.stderr)

    def test_the_sampler_reads_what_programs_read(self):
        reference = OwnClock(HOUR_NS, -35_000, 100, 10.0)
        clock = OwnClock(-123_456, 35_000, 1e5, 1.0, walk_ppb=100, seed=7)
        with TrueTime(reference, {"clock": clock, "itself": reference}, rate_hz=200) as true:
            until(lambda: len(true.samples) > 20, START_S, "samples")
            run_with(clock, ["date", "--set", "@2000000000.25"])
            begin_mono_ns = time.monotonic_ns()
            until(lambda: len(true.series("clock", begin_mono_ns)) > 20, START_S, "samples after the step")
        for mono_ns, errors in true.samples:
            (whole_ns, frac_ns), (reference_ns, reference_frac_ns) = clock.time_at(mono_ns), reference.time_at(mono_ns)
            expected_ns = (whole_ns - reference_ns + 500_000_000) % 10**9 - 500_000_000 + frac_ns - reference_frac_ns
            self.assertAlmostEqual(errors["clock"], expected_ns, delta=0.11)
            self.assertEqual(errors["itself"], 0)


class TrueTimes(unittest.TestCase):
    def test_box_and_client_follow_a_grandmaster_that_drifts(self):
        before = machine_clock()
        gm_clock, client_clock = OwnClock(50_000_000, 35_000, 100, 10.0), OwnClock(-20_000_000, -10_000)
        rig = self.enterContext(Rig(n_clients=1, gm=False, clients=False, options={"clock_servo": "linreg"}))
        self.enterContext(programs.Ptp4l(rig.lab.gm, "eth0", "gm", options=FAST, env=gm_clock.env))
        with TrueTime(gm_clock, {"box": rig.box, "client": client_clock}, rate_hz=50) as true:
            def follows(name):
                last = [errors[name] for _, errors in true.samples[-50:]]
                return len(last) == 50 and all(ns is not None and abs(ns) < FOLLOWS_NS for ns in last)
            until(lambda: true.samples, START_S, "a sample")
            until(lambda: follows("box"), 2 * START_S, lambda: f"{true.samples[-3:]}\n{rig.box.tail()}")
            # Earlier it would be set to what the box is not yet, and creep.
            self.enterContext(programs.Ptp4l(rig.lab.clients[0], "eth0", "client", env=client_clock.env, options={
                **FAST, "free_running": 0, "clock_servo": "linreg"}))
            until(lambda: follows("box") and follows("client"), 2 * START_S,
                  lambda: f"{true.samples[-3:]}\n{rig.box.tail()}")
            rig.box.stop()
            until(lambda: true.samples[-1][1]["box"] is None, START_S, "no clock without its program")
        # It was wrong before it followed.
        self.assertGreater(max(abs(ns) for _, ns in true.series("client")), 1_000_000)
        self.assertGreater(client_clock.n_settings, 2)
        self.assertEqual(gm_clock.n_settings, 1)
        assert_machine_clock_is(self, before)
