# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts what tests/run ran: count.py "BUILD..." "FAILED-BUILD..."

Reads meson's logs and counts single cases: those that cmocka and runner.py print, else a whole
executable as one. Prints what failed, a line per build, and at last the counts alone on a line."""

import json
import pathlib
import re
import sys

_CMOCKA_OK = re.compile(r"^\[ {7}OK \] ", re.M)
_CMOCKA_FAILED = re.compile(r"^\[  FAILED  \] (?!\d+ test)(\S+)", re.M)
_CMOCKA_SKIPPED = re.compile(r"^\[  SKIPPED \] (?!\d+ test)(\S+)", re.M)
_RUNNER = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.M)
_RUNNER_FAILED = re.compile(r"^not ok \d+ - (\S+)", re.M)

GOOD = ("OK", "EXPECTEDFAIL")


def count_test(test):
    """(passed, names of failed, skipped) of one record of meson's log."""
    output = test.get("stdout", "") + "\n" + test.get("stderr", "")
    if ended := _RUNNER.findall(output):
        passed, skipped = sum(int(e[0]) for e in ended), sum(int(e[2]) for e in ended)
        failed = _RUNNER_FAILED.findall(output)
    else:
        passed = len(_CMOCKA_OK.findall(output))
        # Each is named where it fails and again at the end.
        failed = sorted(set(_CMOCKA_FAILED.findall(output)))
        skipped = len(set(_CMOCKA_SKIPPED.findall(output)))
    if test["result"] == "SKIP":
        return passed, failed, max(skipped, 1)
    if test["result"] in GOOD:
        if not passed + len(failed) + skipped:
            passed = 1
    elif test["result"] == "TIMEOUT":
        failed.append("timeout")
    elif test.get("returncode", 0) < 0:
        # A crash or a sanitizer's report: the case that it met is not among those that failed.
        failed.append(f"ended by signal {-test['returncode']}")
    elif not failed:
        failed.append(test["result"].lower())
    return passed, failed, skipped


def count_build(build):
    total_passed = total_skipped = 0
    failures = []
    for log in ("parallel", "serial", "networks", "vm"):
        path = pathlib.Path(build) / "meson-logs" / f"{log}.json"
        if not path.exists():
            continue
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            test = json.loads(line)
            passed, failed, skipped = count_test(test)
            total_passed += passed
            total_skipped += skipped
            failures += [f"{build}: {test['name']}: {name}" for name in failed]
    return total_passed, failures, total_skipped


def counts(passed, failed, skipped):
    return f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")


def main(builds, broken):
    passed = skipped = 0
    failures = []
    lines = []
    for build in builds:
        if build == "check-format":
            one = (int(build not in broken), [build] if build in broken else [], 0)
        elif build in broken:
            one = (0, [f"{build}: does not build or cannot run its tests"], 0)
        else:
            one = count_build(build)
        lines.append(f"{build}: {counts(one[0], len(one[1]), one[2])}")
        passed, failures, skipped = passed + one[0], failures + one[1], skipped + one[2]
    print("\n== counts")
    for failure in failures:
        print(f"FAILED {failure}")
    print("\n".join(lines))
    if not passed + len(failures) + skipped:
        print("no test has that name")
    print(counts(passed, len(failures), skipped))
    return 0 if passed + skipped and not failures else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1].split(), sys.argv[2].split()))
