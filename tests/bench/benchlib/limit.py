# SPDX-License-Identifier: GPL-2.0-or-later
"""What noise and wander allow: a Kalman filter that is given the raw stamps of a box, the noise that they really had and
the model of the grandmaster's oscillator, and how far its time is from the truth. Offline; no servo can know as much.

States: phase (ns) and frequency (ppb, which is ns/s) of the grandmaster's clock against CLOCK_MONOTONIC, mean path delay
(ns), and for a sine of known period in the frequency a resonator's two. Noise has tails, so each measurement's variance
grows with its surprise as under a Student-t distribution (Roth, Ozkan and Gustafsson, ICASSP 2013)."""

import heapq
import math
import re
import statistics
from typing import NamedTuple

SECOND_NS = 1_000_000_000
DEGREES_OF_FREEDOM = 4.0
# Variance a second of the path delay's slow change, ns^2.
DELAY_WALK = 4.0
# Of the frequency's random walk in a filter that knows no period, ppb^2/s: the best of these counts.
WALKS = tuple(10 ** (k / 2) for k in range(-2, 9))

_SYNC = re.compile(r"sync stamps: port \d+ t1_ptp_ns (-?\d+) t2_mono_ns (\d+)")
_DELAY = re.compile(r"delay stamps: port \d+ t3_mono_ns (\d+) t4_ptp_ns (-?\d+)")

PHASE, FREQUENCY, DELAY, IN_PHASE, QUADRATURE = range(5)
N_STATES = 5


class Stamps(NamedTuple):
    syncs: list  # (t1_ptp_ns, t2_mono_ns)
    delays: list  # (t3_mono_ns, t4_ptp_ns)


def parse_stamps(texts):
    """Stamps of the lines that ebpf-bc writes at log level 7."""
    stamps = Stamps([], [])
    for text in texts:
        if match := _SYNC.search(text):
            stamps.syncs.append((int(match[1]), int(match[2])))
        elif match := _DELAY.search(text):
            stamps.delays.append((int(match[1]), int(match[2])))
    return stamps


def less_seconds(ns):
    """Time scales may differ by whole seconds: what is left to the nearest."""
    return (ns + SECOND_NS // 2) % SECOND_NS - SECOND_NS // 2


class Noise(NamedTuple):
    """What the frames really took by the stamps, ns: delay and noise, towards the box and back."""
    forward: list
    back: list

    @staticmethod
    def of(stamps, clock_ns):
        """clock_ns(mono_ns) is the grandmaster's own clock."""
        return Noise([less_seconds(clock_ns(t2) - t1) for t1, t2 in stamps.syncs],
                     [less_seconds(t4 - clock_ns(t3)) for t3, t4 in stamps.delays])


def core_sd(values):
    """The standard deviation of a normal core, whatever the tails."""
    centre = statistics.median(values)
    return 1.4826 * statistics.median(abs(v - centre) for v in values)


class Model(NamedTuple):
    """What the filter knows of oscillator and noise."""
    forward_sd_ns: float
    back_sd_ns: float
    walk_ppb2_per_s: float
    wander_ppb: float = 0.0  # amplitude of a sine in the frequency; 0: none
    period_s: float = 1.0


class Filter:
    """Takes measurements in the order of time; the phase is relative to origin_ns."""

    def __init__(self, model, mono_ns):
        self.model, self.mono_ns = model, mono_ns
        self.x = [0.0] * N_STATES
        variances = (1e18, 1e12, 1e12, model.wander_ppb ** 2 / 2, model.wander_ppb ** 2 / 2)
        self.p = [[variances[i] if i == j else 0.0 for j in range(N_STATES)] for i in range(N_STATES)]

    def _transition(self, elapsed_s):
        f = [[float(i == j) for j in range(N_STATES)] for i in range(N_STATES)]
        f[PHASE][FREQUENCY] = elapsed_s
        w = 2 * math.pi / self.model.period_s
        c, s = math.cos(w * elapsed_s), math.sin(w * elapsed_s)
        f[PHASE][IN_PHASE], f[PHASE][QUADRATURE] = s / w, (1 - c) / w
        f[IN_PHASE][IN_PHASE], f[IN_PHASE][QUADRATURE] = c, s
        f[QUADRATURE][IN_PHASE], f[QUADRATURE][QUADRATURE] = -s, c
        return f

    def predicted_phase(self, mono_ns):
        """(phase_ns, its variance) at a later time, without going there."""
        elapsed_s = (mono_ns - self.mono_ns) * 1e-9
        row = self._transition(elapsed_s)[PHASE]
        variance = sum(row[i] * row[j] * self.p[i][j] for i in range(N_STATES) for j in range(N_STATES))
        return (sum(a * b for a, b in zip(row, self.x)),
                variance + self.model.walk_ppb2_per_s * elapsed_s ** 3 / 3)

    def _predict(self, mono_ns):
        dt = (mono_ns - self.mono_ns) * 1e-9
        f = self._transition(dt)
        self.x = [sum(a * b for a, b in zip(row, self.x)) for row in f]
        fp = [[sum(row[k] * self.p[k][j] for k in range(N_STATES)) for j in range(N_STATES)] for row in f]
        self.p = [[sum(a * b for a, b in zip(row, other)) for other in f] for row in fp]
        q = self.model.walk_ppb2_per_s
        self.p[PHASE][PHASE] += q * dt ** 3 / 3
        self.p[PHASE][FREQUENCY] += q * dt ** 2 / 2
        self.p[FREQUENCY][PHASE] += q * dt ** 2 / 2
        self.p[FREQUENCY][FREQUENCY] += q * dt
        self.p[DELAY][DELAY] += DELAY_WALK * dt
        self.mono_ns = mono_ns

    def measure(self, mono_ns, phase_ns, is_forward):
        """A Sync shows the phase less the delay, a Delay_Req with the delay."""
        self._predict(mono_ns)
        sign = -1.0 if is_forward else 1.0
        ph = [row[PHASE] + sign * row[DELAY] for row in self.p]
        surprise = phase_ns - self.x[PHASE] - sign * self.x[DELAY]
        own = ph[PHASE] + sign * ph[DELAY]
        core = (self.model.forward_sd_ns if is_forward else self.model.back_sd_ns) ** 2
        nu = DEGREES_OF_FREEDOM
        noise = core * (nu + surprise ** 2 / (own + core)) / (nu + 1)
        gain = [value / (own + noise) for value in ph]
        self.x = [x + g * surprise for x, g in zip(self.x, gain)]
        self.p = [[self.p[i][j] - gain[i] * ph[j] for j in range(N_STATES)] for i in range(N_STATES)]


class Outcome(NamedTuple):
    errors_ns: list  # the filter's time less the truth
    posterior_sd_ns: float  # what the filter itself says, root mean square


def run(stamps, model, clock_ns, at_mono_ns):
    """The filter over the stamps, looked at at times that rise, after the first of them."""
    if not stamps.syncs or not at_mono_ns:
        return Outcome([], 0.0)
    # Integers first: a double has no room for the nanoseconds since 1970.
    t1, t2 = min(stamps.syncs, key=lambda s: s[1])
    origin_ns = t1 - t2
    measurements = sorted([(t2, t1 - t2, True) for t1, t2 in stamps.syncs]
                          + [(t3, t4 - t3, False) for t3, t4 in stamps.delays])
    events = heapq.merge(((m[0], 0, m) for m in measurements), ((t, 1, None) for t in at_mono_ns))
    tracker, errors, variances = Filter(model, measurements[0][0]), [], []
    for mono_ns, _, measurement in events:
        if measurement:
            tracker.measure(mono_ns, less_seconds(measurement[1] - origin_ns), measurement[2])
        elif mono_ns >= tracker.mono_ns:
            phase, variance = tracker.predicted_phase(mono_ns)
            errors.append(phase - less_seconds(clock_ns(mono_ns) - mono_ns - origin_ns))
            variances.append(variance)
    return Outcome(errors, math.sqrt(math.fsum(variances) / len(variances)) if variances else 0.0)


def best_walk(score):
    """The random walk of WALKS for which score(walk_ppb2_per_s) is least."""
    return min(WALKS, key=score)
