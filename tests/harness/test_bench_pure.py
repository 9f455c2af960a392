# SPDX-License-Identifier: GPL-2.0-or-later
"""What the benchmarks compute: stability of a clock, intervals of correlated samples, the optimal filter."""

import math
import pathlib
import random
import sys
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "bench"))

from benchlib import bootstrap, limit, stability  # noqa: E402


def white(n, sd, seed=1):
    rng = random.Random(seed)
    return [rng.gauss(0, sd) for _ in range(n)]


class Stability(unittest.TestCase):
    def test_white_phase_noise_has_its_own_sd_as_tdev_at_one_interval_and_falls_by_the_root_of_tau(self):
        series = [white(40000, 100.0)]
        self.assertAlmostEqual(stability.tdev(series, 1), 100.0, delta=3)
        self.assertAlmostEqual(stability.tdev(series, 16), 25.0, delta=2)

    def test_white_frequency_noise_has_an_adev_that_falls_by_the_root_of_tau(self):
        phase, series = 0.0, []
        for step in white(40000, 10.0):
            phase += step
            series.append(phase)
        # 10 ns in each interval of 0.5 s: 2e-8 of frequency.
        self.assertAlmostEqual(stability.adev([series], 0.5, 1) * 1e8, 2.0, delta=0.1)
        self.assertAlmostEqual(stability.adev([series], 0.5, 16) * 1e8, 0.5, delta=0.05)

    def test_a_constant_frequency_is_no_instability_but_an_interval_error(self):
        series = [[3.0 * k for k in range(100)]]
        self.assertAlmostEqual(stability.tdev(series, 4), 0.0)
        self.assertAlmostEqual(stability.adev(series, 1.0, 4), 0.0)
        self.assertAlmostEqual(stability.mtie(series, 4), 12.0)

    def test_mtie_is_the_largest_difference_within_the_window(self):
        series = [0.0, 5.0, 1.0, 1.0, -4.0, 2.0, 9.0, 9.0]
        for n in range(1, len(series)):
            windows = [series[i:i + n + 1] for i in range(len(series) - n)]
            self.assertEqual(stability.mtie([series], n), max(max(w) - min(w) for w in windows), n)
        self.assertIsNone(stability.mtie([series], len(series)))

    def test_rounds_are_pooled_and_never_joined(self):
        rounds = [[0.0] * 50, [1e6] * 50]
        self.assertEqual(stability.tdev(rounds, 2), 0.0)
        self.assertEqual(stability.mtie(rounds, 10), 0.0)
        self.assertIsNone(stability.tdev(rounds, 17))

    def test_irregular_samples_of_a_line_give_the_line(self):
        rng = random.Random(3)
        times = sorted(rng.randrange(10**10) for _ in range(400))
        series = stability.regular([(t, 5 + 2e-7 * t) for t in times], 0.05)
        self.assertGreater(len(series), 180)
        for k, value in enumerate(series):
            self.assertAlmostEqual(value, 5 + 2e-7 * (times[0] + k * 5e7), places=3)

    def test_a_gap_ends_a_series_and_the_longest_stretch_counts(self):
        points = [(k * 50_000_000, 1.0) for k in range(20)] + [(10**10 + k * 50_000_000, 2.0) for k in range(41)]
        self.assertEqual(stability.regular(points, 0.05), [2.0] * 41)
        self.assertEqual(stability.regular([], 0.05), [])

    def test_octaves_end_where_tdev_does(self):
        self.assertEqual(stability.octaves([[0.0] * 50], 0.05), [1, 2, 4, 8, 16])
        self.assertIsNotNone(stability.tdev([[0.0] * 48], 16))
        self.assertEqual(stability.octaves([], 0.05), [])


class Bootstrap(unittest.TestCase):
    def correlated(self, n, sd, seed):
        rng, x, series = random.Random(seed), 0.0, []
        for _ in range(n):
            x = 0.9 * x + rng.gauss(0, sd * math.sqrt(1 - 0.81))
            series.append(x)
        return series

    def test_figures_are_of_the_error_and_of_its_size(self):
        found = bootstrap.figures([-3.0, 1.0, 1.0, 1.0])
        self.assertEqual((found["mean"], found["max"], found["p50"], found["p99"]), (0.0, 3.0, 1.0, 3.0))
        self.assertAlmostEqual(found["sd"], math.sqrt(3))
        shifted = bootstrap.figures([x + 1000 for x in (-3.0, 1.0, 1.0, 1.0)])
        self.assertEqual((shifted["p99"], shifted[bootstrap.ABOUT_MEAN]), (1001.0, 3.0))

    def test_blocks_hold_every_sample_of_a_round_once_and_none_of_another(self):
        rounds = [list(range(100)), list(range(100, 145)), []]
        blocks = bootstrap.blocks_of(rounds, 20)
        self.assertEqual([x for block in blocks for x in block], list(range(145)))
        self.assertEqual(len(blocks), 7)

    def test_the_interval_of_the_ratio_of_correlated_samples_holds_the_truth(self):
        hits = 0
        for seed in range(40):
            ours, theirs = (bootstrap.Draws(bootstrap.blocks_of([self.correlated(1500, sd, seed + 1000 * sd)], 60),
                                            resamples=100, seed=seed + sd) for sd in (1, 2))
            low, high = ours.ratio(theirs, "sd")[1:]
            hits += low <= 0.5 <= high
        self.assertGreaterEqual(hits, 33)

    def test_blocks_longer_than_the_memory_widen_the_interval(self):
        samples = self.correlated(4000, 1.0, 5)
        wide, narrow = (bootstrap.Draws(bootstrap.blocks_of([samples], n), resamples=200) for n in (80, 1))
        other = bootstrap.Draws(bootstrap.blocks_of([self.correlated(4000, 1.0, 6)], 80), resamples=200, seed=2)
        widths = [r.high - r.low for r in (draws.ratio(other, "sd") for draws in (wide, narrow))]
        self.assertGreater(widths[0], 1.2 * widths[1])


class Limit(unittest.TestCase):
    EPOCH_NS = 1_700_000_000 * 10**9
    PERIOD_S, WANDER_PPB = 40.0, 100.0

    def clock_ns(self, mono_ns):
        t_s = mono_ns * 1e-9
        w = 2 * math.pi / self.PERIOD_S
        return self.EPOCH_NS + mono_ns + round(35_000 * t_s + self.WANDER_PPB / w * (1 - math.cos(w * t_s)))

    def stamps(self, seconds=100, sd=300.0, delay_ns=2000, outliers=0.0):
        rng, stamps = random.Random(9), limit.Stamps([], [])
        for k in range(seconds * 8):
            t = k * 125_000_000 + 10**9
            late = (lambda: delay_ns + round(rng.gauss(0, sd) + (50_000 if rng.random() < outliers else 0)))
            stamps.syncs.append((self.clock_ns(t) - late(), t))
            stamps.delays.append((t + 1000, self.clock_ns(t + 1000) + late()))
        return stamps

    def outcome(self, stamps, **model):
        model = limit.Model(300.0, 300.0, **model)
        return limit.run(stamps, model, self.clock_ns, [t2 + 60_000_000 for _, t2 in stamps.syncs[400:]])

    def test_lines_of_the_log_are_understood(self):
        stamps = limit.parse_stamps([
            "ebpf-bc[1.2]: sync stamps: port 1 t1_ptp_ns 1700000000000000001 t2_mono_ns 22",
            "ebpf-bc[1.2]: delay stamps: port 1 t3_mono_ns 33 t4_ptp_ns 44", "ebpf-bc[1.2]: something else"])
        self.assertEqual(stamps, ([(1700000000000000001, 22)], [(33, 44)]))

    def test_the_noise_is_what_the_frames_took_whatever_whole_seconds_lie_between(self):
        stamps = limit.Stamps([(self.clock_ns(5) - 700 - 37 * 10**9, 5)], [(9, self.clock_ns(9) + 800 + 10**9)])
        self.assertEqual(limit.Noise.of(stamps, self.clock_ns), ([700], [800]))

    def test_a_filter_that_knows_the_period_errs_as_it_says(self):
        outcome = self.outcome(self.stamps(), walk_ppb2_per_s=0.0, wander_ppb=self.WANDER_PPB, period_s=self.PERIOD_S)
        rms = math.sqrt(sum(e * e for e in outcome.errors_ns) / len(outcome.errors_ns))
        self.assertEqual(len(outcome.errors_ns), 400)
        self.assertLess(outcome.posterior_sd_ns, 40)
        self.assertLess(rms, 1.5 * outcome.posterior_sd_ns)
        self.assertGreater(rms, outcome.posterior_sd_ns / 3)

    def test_a_filter_that_knows_no_period_is_worse_and_some_walk_is_best(self):
        stamps = self.stamps()
        def rms(walk):
            errors = self.outcome(stamps, walk_ppb2_per_s=walk).errors_ns
            return math.sqrt(sum(e * e for e in errors) / len(errors))
        best = limit.best_walk(rms)
        self.assertTrue(limit.WALKS[0] < best < limit.WALKS[-1], best)
        self.assertGreater(rms(best), 40)
        self.assertLess(rms(best), 120)

    def test_late_frames_do_not_move_it(self):
        known = {"walk_ppb2_per_s": 0.0, "wander_ppb": self.WANDER_PPB, "period_s": self.PERIOD_S}
        errors = self.outcome(self.stamps(outliers=0.05), **known).errors_ns
        self.assertLess(max(map(abs, errors)), 150)

    def test_the_core_is_not_moved_by_the_tails(self):
        values = white(2000, 100.0) + [1e6] * 100
        self.assertAlmostEqual(limit.core_sd(values), 105, delta=8)
