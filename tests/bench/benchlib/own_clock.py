# SPDX-License-Identifier: GPL-2.0-or-later
"""A system clock of a host's own, for programs that are preloaded with own-clock.so.

The clock is a file (own_clock_model.h has its layout) that is made here, served to programs by own_clock.c, and
can be read by anybody while they run: by the sampler, and here. The oscillator is a known function of
CLOCK_MONOTONIC; a step of the machine's clock does not move it."""

import itertools
import math
import mmap
import os
import random
import struct
import time

from benchlib.built import built
from harness import session

_MAGIC = 0x314B434F4C434245
_HEADER = struct.Struct("=QQdddQQQ")  # magic, start, frequency, wander, period, knots, settings, padding
_SETTING = struct.Struct("=Qqdqiiiiqq")  # from, time, its fraction, frequency, tick, status, tai, constant, errors
_KNOT = struct.Struct("=dd")  # frequency, gained since the start
_N_SETTINGS = 64
_SETTINGS_COUNT_OFFSET = 48
_TICK_US = 10_000
_STA_UNSYNC = 0x40
# The random walk is known for so long; then the frequency stays where it is.
WALK_S = 4 * 3600
_BRACKETS = 2000


def _real_minus_mono_ns():
    """CLOCK_REALTIME less CLOCK_MONOTONIC. Successive readings in both orders bound it."""
    low_ns, high_ns = -math.inf, math.inf
    reads = itertools.cycle((time.monotonic_ns, time.time_ns))
    values = [next(reads)() for _ in range(_BRACKETS)]
    for mono_ns, real_ns, next_mono_ns in zip(values[::2], values[1::2], values[2::2]):
        low_ns, high_ns = max(low_ns, real_ns - next_mono_ns), min(high_ns, real_ns - mono_ns)
    return (low_ns + high_ns) // 2


def _random_walk(walk_ppb, seed):
    """[(frequency in ppb, ns gained since the start)], one each second; walk_ppb is the deviation after a second."""
    if not walk_ppb:
        return []
    numbers = random.Random(seed)
    knots, frequency_ppb, gained_ns = [(0.0, 0.0)], 0.0, 0.0
    for _ in range(WALK_S):
        before_ppb, frequency_ppb = frequency_ppb, frequency_ppb + numbers.gauss(0, walk_ppb)
        # A straight line over one second.
        gained_ns += (before_ppb + frequency_ppb) / 2
        knots.append((frequency_ppb, gained_ns))
    return knots


class OwnClock:
    """offset_ns ahead of the machine's clock at its start, which is now; its oscillator gains frequency_ppb, a sine of
    wander_ppb and period_s, and a random walk of frequency of walk_ppb per square root of a second. What a program
    sets comes on top. `env` is what such a program needs in its environment, `path` the file."""

    def __init__(self, offset_ns=0, frequency_ppb=0.0, wander_ppb=0.0, period_s=0.0, walk_ppb=0.0, seed=1):
        self.real_minus_mono_ns = _real_minus_mono_ns()
        self.start_mono_ns = time.monotonic_ns()
        self.offset_ns, self.frequency_ppb = offset_ns, frequency_ppb
        self.wander_ppb, self.period_s = wander_ppb, period_s
        self._knots = _random_walk(walk_ppb, seed)
        self._start_own_ns = self.start_mono_ns + self.real_minus_mono_ns + offset_ns
        self.path = os.path.join(session.current().directory, session.current().unique("own-clock"))
        with open(self.path, "wb") as file:
            file.write(_HEADER.pack(_MAGIC, self.start_mono_ns, frequency_ppb, wander_ppb, period_s, len(self._knots), 1, 0))
            file.write(_SETTING.pack(self.start_mono_ns, self._start_own_ns, 0.0, 0, _TICK_US, _STA_UNSYNC, 0, 2, 0, 0))
            file.write(bytes((_N_SETTINGS - 1) * _SETTING.size))
            file.write(b"".join(_KNOT.pack(*knot) for knot in self._knots))
        with open(self.path, "rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    @property
    def env(self):
        return {"LD_PRELOAD": built("own-clock.so"), "EBC_OWN_CLOCK_FILE": self.path}

    def gained_ns(self, mono_ns):
        """What the oscillator has gained on CLOCK_MONOTONIC since the start, a float."""
        t_s = (mono_ns - self.start_mono_ns) / 1e9
        gained = self.frequency_ppb * t_s
        if self.period_s:
            half = math.sin(math.pi * math.fmod(t_s, self.period_s) / self.period_s)
            gained += self.wander_ppb * self.period_s / math.pi * half * half
        return gained + self._walked_ns(mono_ns - self.start_mono_ns)

    def _walked_ns(self, t_ns):
        if not self._knots or t_ns < 0:
            return 0.0
        i = min(t_ns // 10**9, len(self._knots) - 1)
        frequency_ppb, gained = self._knots[i]
        passed_s = (t_ns - i * 10**9) / 1e9
        if i + 1 < len(self._knots):
            frequency_ppb += (self._knots[i + 1][0] - frequency_ppb) * passed_s / 2
        return gained + frequency_ppb * passed_s

    @property
    def n_settings(self):
        """How often it was set or adjusted, the start included."""
        return struct.unpack_from("=Q", self._map, _SETTINGS_COUNT_OFFSET)[0]

    def _setting_at(self, mono_ns):
        while True:
            number = self.n_settings
            oldest = max(0, number - _N_SETTINGS + 1)
            for i in range(number - 1, oldest - 1, -1):
                setting = _SETTING.unpack_from(self._map, _HEADER.size + i % _N_SETTINGS * _SETTING.size)
                if setting[0] <= mono_ns:
                    break
            # Not overwritten while it was read.
            if self.n_settings < i + _N_SETTINGS:
                return setting

    def time_at(self, mono_ns):
        """Its time at a time of CLOCK_MONOTONIC: (whole ns, fraction of a ns). Of the past only the last 63 settings
        are known: what a program that sets it 16 times a second did 4 s ago has to be asked then, or not at all."""
        from_mono_ns, clock_ns, clock_frac_ns, freq_scaled_ppm, tick_us = self._setting_at(mono_ns)[:5]
        rate = freq_scaled_ppm / 65536e6 + (tick_us - _TICK_US) / _TICK_US
        passed_ns = mono_ns - from_mono_ns
        gained = self.gained_ns(mono_ns) - self.gained_ns(from_mono_ns)
        gained += (passed_ns + gained) * rate + clock_frac_ns
        return clock_ns + passed_ns + math.floor(gained), gained % 1.0

    def ns_at(self, mono_ns):
        """The same, rounded to whole nanoseconds."""
        whole_ns, frac_ns = self.time_at(mono_ns)
        return whole_ns + (frac_ns >= 0.5)

    def ahead_ns(self, real_ns):
        """By how much it is ahead of the machine's clock, undisciplined; while that clock is not stepped."""
        return self.offset_ns + self.gained_ns(real_ns - self.real_minus_mono_ns)
