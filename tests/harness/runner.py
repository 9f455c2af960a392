#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs files of unittest cases: runner.py [--any-user] [-k WORD] FILE...

One line per case, then the counts. Exit status 0, 1 when a case failed or there is none, and 77, which
meson takes for a skip, without root (unless --any-user) or when every case was skipped."""

import argparse
import importlib.util
import os
import pathlib
import sys
import time
import traceback
import unittest

# As a program this file's folder is in the path, where our process.py or wire.py could shadow others'.
sys.path[0] = str(pathlib.Path(__file__).resolve().parents[1])

from harness import session  # noqa: E402

SKIP_STATUS = 77


class LineResult(unittest.TestResult):
    """A line per case, in the words of its name; what failed follows as comments."""

    def __init__(self):
        super().__init__()
        self.n_passed = self.n_failed = self.n_skipped = 0
        self._begin_s = time.monotonic()

    def startTest(self, test):
        super().startTest(test)
        self._begin_s = time.monotonic()
        self._subtest_failed = False

    def _line(self, word, test, comment=""):
        number = self.n_passed + self.n_failed + self.n_skipped
        name = test.id().rpartition(".")[2].removeprefix("test_")
        took_s = time.monotonic() - self._begin_s
        print(f"{word} {number} - {name}{comment} ({took_s:.1f} s)", flush=True)

    def _failed(self, test, error):
        self.n_failed += 1
        self._line("not ok", test)
        text = "".join(traceback.format_exception(*error))
        print("".join(f"#   {line}\n" for line in text.rstrip().splitlines()), end="", flush=True)

    def addSuccess(self, test):
        if self._subtest_failed:
            return
        self.n_passed += 1
        self._line("ok", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._failed(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self._failed(test, err)

    def addSubTest(self, test, subtest, err):
        # Subtests are counted only when they fail, each as a case of its own.
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._subtest_failed = True
            print(f"# {subtest.id()}")
            self._failed(test, err)

    def addSkip(self, test, reason):
        self.n_skipped += 1
        self._line("ok", test, f" # SKIP {reason}")

    def addExpectedFailure(self, test, err):
        self.addSuccess(test)

    def addUnexpectedSuccess(self, test):
        try:
            raise AssertionError("was expected to fail, and passed")
        except AssertionError:
            self._failed(test, sys.exc_info())


def load(path, pattern):
    name = pathlib.Path(path).stem
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    loader = unittest.TestLoader()
    if pattern:
        loader.testNamePatterns = [f"*{pattern}*"]
    return loader.loadTestsFromModule(module)


def main():
    parser = argparse.ArgumentParser(description="runs files of unittest cases")
    parser.add_argument("--any-user", action="store_true", help="the cases need no root")
    parser.add_argument("-k", metavar="WORD", help="only cases whose name contains WORD")
    parser.add_argument("files", nargs="+", metavar="FILE")
    arguments = parser.parse_args()
    if os.geteuid() != 0 and not arguments.any_user:
        print("skipped: needs root")
        return SKIP_STATUS
    result = LineResult()
    for path in arguments.files:
        load(path, arguments.k).run(result)
    print(f"{result.n_passed} passed, {result.n_failed} failed, {result.n_skipped} skipped")
    if result.n_failed or not result.n_passed + result.n_skipped:
        return 1
    return 0 if result.n_passed else SKIP_STATUS


if __name__ == "__main__":
    session.run_main(main)
