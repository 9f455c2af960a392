# SPDX-License-Identifier: GPL-2.0-or-later
"""What the benchmark `paper` computes of series of offsets."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))

from benchlib import figures  # noqa: E402
from benchlib.settling import settling  # noqa: E402


def at_8_hz(*values):
    return [(i / 8, value) for i, value in enumerate(values)]


class Settling(unittest.TestCase):
    def test_it_is_the_first_offset_below_the_limit_of_those_that_stay(self):
        self.assertEqual(settling(at_8_hz(1e8, 1e8, 5000, 900, *[-300] * 20)), 3 / 8)

    def test_single_outliers_do_not_unsettle_also_not_the_last_one(self):
        self.assertEqual(settling(at_8_hz(1e8, *[100] * 10, 50_000, *[100] * 10, -9000)), 1 / 8)

    def test_an_excursion_begins_it_anew(self):
        self.assertEqual(settling(at_8_hz(*[100] * 20, *[3000] * 8, *[100] * 20)), 28 / 8)

    def test_what_ends_outside_never_settled(self):
        self.assertIsNone(settling(at_8_hz(*[100] * 20, *[3000] * 8)))
        self.assertIsNone(settling([]))


class Extremes(unittest.TestCase):
    def test_the_largest_and_smallest_of_each_part_survive_in_order(self):
        points = [(i, 1e6 if i == 4321 else -1e6 if i == 4322 else i % 7) for i in range(10_000)]
        kept = figures.extremes(points, 0, 10_000, buckets=100)
        self.assertIn((4321, 1e6), kept)
        self.assertIn((4322, -1e6), kept)
        self.assertEqual(kept, sorted(kept))
        self.assertLessEqual(len(kept), 200)

    def test_few_are_all_kept_and_those_outside_are_not(self):
        points = [(i, i) for i in range(-5, 100)]
        self.assertEqual(figures.extremes(points, 0, 50), [(i, i) for i in range(51)])

    def test_parts_without_points_are_no_points(self):
        points = [(i / 100, 0) for i in range(1000)] + [(i / 100, 1) for i in range(90_000, 91_000)]
        kept = figures.extremes(points, 0, 1000, buckets=10)
        self.assertEqual({round(t) for t, _ in kept} - {0, 10, 900, 910}, set())
        self.assertEqual({value for _, value in kept}, {0, 1})
