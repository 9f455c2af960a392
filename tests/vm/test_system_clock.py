# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel's own clock, CLOCK_REALTIME, disciplined: here nobody else needs it."""

import ctypes
import time
import unittest

from harness import programs
from harness.lab import Lab
from netns.support import BOX, FAST, until

SLOW_S = 90
AHEAD_NS = 400_000_000
# Far more than this machine's noise, far less than anything that is set here.
NEAR_NS = 2_000_000
ADJ_FREQUENCY = 2


class Timex(ctypes.Structure):
    """The kernel's struct timex as far as freq, and room for the rest."""

    _fields_ = [("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long), ("rest", ctypes.c_long * 32)]


def real_minus_mono_ns():
    """Whatever comes between the two readings makes the difference smaller; taken often, the largest is near."""
    return max(time.clock_gettime_ns(time.CLOCK_REALTIME) - time.clock_gettime_ns(time.CLOCK_MONOTONIC)
               for _ in range(50))


def adjtimex(modes=0, freq=0):
    timex = Timex(modes=modes, freq=freq)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.adjtimex(ctypes.byref(timex)) < 0:
        raise OSError(ctypes.get_errno(), "adjtimex")
    return timex.freq


class SystemClock(unittest.TestCase):
    def test_it_follows_is_taken_back_when_somebody_sets_it_and_a_rival_is_named(self):
        """The grandmaster's clock is one of a program's own: only its distance is known, 0.4 s."""
        begin_ns = real_minus_mono_ns()

        def error_ns():
            return real_minus_mono_ns() - begin_ns - AHEAD_NS
        with Lab(1) as lab, \
                programs.EbpfBc(lab.gm, ["eth0"], config={
                    **FAST, "network_transport": "L2", "priority1": 10, "clockClass": 6,
                    "virtual_clock_start_offset": AHEAD_NS}) as gm, \
                programs.EbpfBc(lab.box, lab.ports, config={
                    **BOX, "network_transport": "L2", "local_clock": "system", "step_threshold": 0.1},
                    may_set_clock=True) as box:
            gm.wait_for_state(1, ("MASTER", "GRAND_MASTER"), SLOW_S)
            box.wait_for_state(1, "SLAVE", SLOW_S)
            until(lambda: abs(error_ns()) < NEAR_NS, SLOW_S, lambda: f"{error_ns()} ns\n{box.tail()}")

            n_lines = len(box.lines)
            time.clock_settime_ns(time.CLOCK_REALTIME, time.clock_gettime_ns(time.CLOCK_REALTIME) + 1_000_000_000)
            set_s = time.monotonic()
            until(lambda: abs(error_ns()) < NEAR_NS, SLOW_S, lambda: f"{error_ns()} ns\n{box.tail()}")
            print(f"# taken back after {time.monotonic() - set_s:.1f} s")
            box.wait_for(r"set by", SLOW_S, n_lines)

            n_lines = len(box.lines)
            adjtimex(ADJ_FREQUENCY, adjtimex() + (20 << 16))
            box.wait_for(r"another program steers", SLOW_S, n_lines)
            until(lambda: abs(error_ns()) < NEAR_NS, SLOW_S, lambda: f"{error_ns()} ns\n{box.tail()}")


if __name__ == "__main__":
    unittest.main()
