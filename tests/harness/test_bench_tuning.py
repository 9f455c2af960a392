# SPDX-License-Identifier: GPL-2.0-or-later
"""What the benchmarks tune and put back, on a tree of files that looks like the kernel's."""

import os
import pathlib
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))

from benchlib import tuning  # noqa: E402

CPU = "sys/devices/system/cpu"
USUAL_US = 2_000_000_000


class Machine:
    """A root folder with a kernel's files."""

    def __init__(self, test, files, latency_us=USUAL_US):
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for path, text in files.items():
            self._path(path).parent.mkdir(parents=True, exist_ok=True)
            self._path(path).write_text(text + "\n", encoding="ascii")
        (self.root / "dev").mkdir()
        self.latency_path = self.root / "dev/cpu_dma_latency"
        if latency_us is not None:
            self.latency_path.write_bytes(struct.pack("=i", latency_us))

    def _path(self, path):
        return self.root / CPU / path

    def __getitem__(self, path):
        return self._path(path).read_text(encoding="ascii").strip()

    def switch(self, name):
        return next(one for one in tuning.switches(self.root) if one.name == name)

    def reason(self, name):
        return tuning.tried(self.switch(name)).reason


ALL = {
    "cpuidle/current_driver": "intel_idle",
    "cpu0/cpufreq/scaling_governor": "powersave", "cpu0/cpufreq/scaling_available_governors": "performance powersave",
    "cpu1/cpufreq/scaling_governor": "schedutil", "cpu1/cpufreq/scaling_available_governors": "performance schedutil",
    "intel_pstate/no_turbo": "0",
    "smt/control": "on",
}


class Tuning(unittest.TestCase):
    def test_each_switch_is_on_within_its_block_and_as_before_behind_it(self):
        machine = Machine(self, ALL)
        files = ("cpu0/cpufreq/scaling_governor", "cpu1/cpufreq/scaling_governor", "intel_pstate/no_turbo", "smt/control")
        for name, during in (("P-states", ("performance", "performance", "0", "on")),
                             ("turbo", ("powersave", "schedutil", "1", "on")),
                             ("hyper-threading", ("powersave", "schedutil", "0", "off"))):
            with self.subTest(name):
                before = [machine[path] for path in files]
                with tuning.switched(machine.switch(name)) as changes:
                    self.assertEqual(tuple(machine[path] for path in files), during)
                    self.assertEqual(len(changes), 1)
                self.assertEqual([machine[path] for path in files], before)

    def test_a_change_says_from_what_to_what(self):
        machine = Machine(self, ALL)
        with tuning.switched(machine.switch("P-states")) as changes:
            self.assertEqual(changes, [("scaling_governor of 2 CPUs", "powersave,schedutil", "performance")])
        with tuning.switched(machine.switch("turbo")) as changes:
            self.assertEqual(changes, [(f"/{CPU}/intel_pstate/no_turbo", "0", "1")])

    def test_the_latency_file_is_held_open_with_zero_and_closed(self):
        machine = Machine(self, ALL)
        open_before = len(os.listdir("/proc/self/fd"))
        with tuning.switched(machine.switch("C-states")) as changes:
            self.assertEqual(machine.latency_path.read_bytes(), struct.pack("=i", 0))
            self.assertEqual(len(os.listdir("/proc/self/fd")), open_before + 1)
            self.assertEqual(changes[0][1:], (str(USUAL_US), "0"))
        self.assertEqual(len(os.listdir("/proc/self/fd")), open_before)

    def test_turbo_is_the_cpufreq_driver_s_where_there_is_no_intel_pstate(self):
        machine = Machine(self, {"cpufreq/boost": "1"})
        with tuning.switched(machine.switch("turbo")):
            self.assertEqual(machine["cpufreq/boost"], "0")
        self.assertEqual(machine["cpufreq/boost"], "1")

    def test_what_the_machine_lacks_is_named(self):
        machine = Machine(self, {"smt/control": "notsupported"}, latency_us=None)
        self.assertEqual(machine.reason("C-states"), "no /dev/cpu_dma_latency")
        self.assertEqual(machine.reason("P-states"), "no cpufreq")
        self.assertEqual(machine.reason("turbo"), "no intel_pstate/no_turbo, no cpufreq/boost")
        self.assertEqual(machine.reason("hyper-threading"), "smt/control says notsupported")
        self.assertIn("no cpuidle driver", Machine(self, {"cpuidle/current_driver": "none"}).reason("C-states"))
        self.assertIn("already", Machine(self, {"intel_pstate/no_turbo": "1"}).reason("turbo"))
        self.assertEqual(Machine(self, {**ALL, "cpu0/cpufreq/scaling_available_governors": "powersave"}).reason("P-states"),
                         "no governor performance")

    def test_a_file_that_refuses_is_a_reason_and_what_was_written_before_it_is_put_back(self):
        machine = Machine(self, ALL)
        refusing = machine.root / CPU / "cpu1/cpufreq/scaling_governor"
        switch = machine.switch("P-states")
        write = pathlib.Path.write_text

        def refuse(path, text, **options):
            if path == refusing:
                raise PermissionError(13, "Permission denied")
            return write(path, text, **options)

        pathlib.Path.write_text = refuse
        try:
            tried = tuning.tried(switch)
        finally:
            pathlib.Path.write_text = write
        self.assertEqual((tried.changes, tried.reason), ([], "scaling_governor: Permission denied"))
        self.assertEqual(machine["cpu0/cpufreq/scaling_governor"], "powersave")

    def test_an_interruption_while_putting_back_is_held_until_all_is_back(self):
        machine = Machine(self, ALL)
        together = tuning.All([machine.switch(name) for name in ("P-states", "turbo", "hyper-threading")])
        write, written = pathlib.Path.write_text, []

        def interrupted(path, text, **options):
            written.append(path.name)
            if len(written) == 2:
                raise KeyboardInterrupt
            return write(path, text, **options)

        with self.assertRaises(KeyboardInterrupt):
            with tuning.switched(together):
                self.assertEqual(machine["smt/control"], "off")
                pathlib.Path.write_text = interrupted
                self.addCleanup(setattr, pathlib.Path, "write_text", write)
        self.assertEqual([machine[path] for path in ALL], list(ALL.values()))

    def test_together_leaves_out_what_does_not_go_beside_the_others(self):
        machine = Machine(self, {"cpufreq/boost": "1"})
        together = tuning.All([machine.switch("turbo"), machine.switch("hyper-threading")])
        with tuning.switched(together) as changes:
            self.assertEqual(len(changes), 1)
        self.assertEqual(machine["cpufreq/boost"], "1")

    def test_settings_are_what_can_be_switched_and_all_of_it(self):
        def names(files):
            machine = Machine(self, files, latency_us=None)
            return [one.name for one in tuning.settings([tuning.tried(machine.switch(name)) for name in
                                                         ("C-states", "P-states", "turbo", "hyper-threading")])]

        self.assertEqual(names({}), ["as it is"])
        self.assertEqual(names({"smt/control": "on"}), ["as it is", "hyper-threading"])
        self.assertEqual(names({"smt/control": "on", "cpufreq/boost": "1"}),
                         ["as it is", "turbo", "hyper-threading", "all"])

    def test_pinning_separates_the_box_from_the_rest_and_gives_all_back(self):
        cpus = os.sched_getaffinity(0)
        if len(cpus) < 2:
            self.skipTest("one CPU")
        switch = tuning.Pinning()
        with tuning.switched(switch):
            self.assertEqual(os.sched_getaffinity(0), cpus - {max(cpus)})
            child = os.fork()
            if child == 0:
                switch.place(os.getpid())
                os._exit(0 if os.sched_getaffinity(0) == {max(cpus)} else 1)
            self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
        self.assertEqual(os.sched_getaffinity(0), cpus)
