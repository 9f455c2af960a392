# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts what tests/run ran: count.py "BUILD..." "FAILED-BUILD..."

Reads meson's logs and counts single cases: those that cmocka and runner.py print, else a whole
executable as one. Prints what failed and why, a line per build, and at last the counts alone on a line."""

import itertools
import json
import pathlib
import re
import sys

_CMOCKA_OK = re.compile(r"^\[ {7}OK \] ", re.M)
_CMOCKA_FAILED = re.compile(r"^\[  FAILED  \] (?!\d+ test)(\S+)", re.M)
# Its set-up or its end failed.
_CMOCKA_BROKEN = re.compile(r"^\[  ERROR   \] (?!--- )(\S+)", re.M)
_CMOCKA_SKIPPED = re.compile(r"^\[  SKIPPED \] (?!\d+ test)(\S+)", re.M)
_RUNNER = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.M)
_RUNNER_FAILED = re.compile(r"^not ok \d+ - (\S+)", re.M)
_REASON = re.compile(r"\[  ERROR   \] --- |\[   LINE   \] --- |Could not run test: ")
_SANITIZER = re.compile(r"runtime error: |ERROR: \w+Sanitizer|SUMMARY: \w+Sanitizer")

REASON_LINES = 6
REASON_COLUMNS = 300

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
        failed = sorted(set(_CMOCKA_FAILED.findall(output) + _CMOCKA_BROKEN.findall(output)))
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


def _cmocka_reason(lines, name):
    """cmocka names the case beneath what it has against it."""
    found = []
    for line in lines:
        if _REASON.match(line):
            found.append(line)
        elif (named := _CMOCKA_FAILED.match(line) or _CMOCKA_BROKEN.match(line)) and named[1] == name:
            return found
        elif line.startswith("["):
            found = []
    return []


def _runner_reason(lines, name):
    """runner.py lets the traceback follow, in comments: the last place, and the exception."""
    for begin, line in enumerate(lines):
        if (named := _RUNNER_FAILED.match(line)) and named[1] == name:
            break
    else:
        return []
    trace = list(itertools.takewhile(lambda line: line.startswith("#"), lines[begin + 1:]))
    trace = [line.removeprefix("#   ") for line in trace]
    places = [i for i, line in enumerate(trace) if line.startswith("  File ")]
    if not places:
        return trace
    # Beneath it stands the source, deeper; what is not indented is the exception.
    said = itertools.dropwhile(lambda line: line.startswith("    "), trace[places[-1] + 1:])
    return [trace[places[-1]].strip(), *said]


def reason(test, name):
    """Some lines that tell why this case of count_test() failed; of a crash, the end of what was printed."""
    output = test.get("stdout", "") + "\n" + test.get("stderr", "")
    lines = [line for line in output.splitlines() if line.strip()]
    found = (_runner_reason(lines, name) or _cmocka_reason(lines, name) or
             [line for line in lines if _SANITIZER.search(line)])[:REASON_LINES] or lines[-REASON_LINES:]
    return [line[:REASON_COLUMNS] for line in found]


def count_build(build):
    total_passed = total_skipped = 0
    failures = []
    for log in ("parallel", "serial", "networks", "vm"):
        # meson adds the name of the wrapper.
        path = pathlib.Path(build) / "meson-logs" / f"{log}-joined.json"
        if not path.exists():
            continue
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            test = json.loads(line)
            passed, failed, skipped = count_test(test)
            total_passed += passed
            total_skipped += skipped
            failures += [(f"{build}: {test['name']}: {name}", reason(test, name)) for name in failed]
    return total_passed, failures, total_skipped


def counts(passed, failed, skipped):
    return f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")


def main(builds, broken):
    passed = skipped = 0
    failures = []
    lines = []
    for build in builds:
        if build == "check-format":
            one = (int(build not in broken), [(build, [])] if build in broken else [], 0)
        elif build in broken:
            one = (0, [(f"{build}: does not build or cannot run its tests", [])], 0)
        else:
            one = count_build(build)
        lines.append(f"{build}: {counts(one[0], len(one[1]), one[2])}")
        passed, failures, skipped = passed + one[0], failures + one[1], skipped + one[2]
    print("\n== counts")
    for failure, lines_of_reason in failures:
        print(f"FAILED {failure}")
        print("".join(f"    {line}\n" for line in lines_of_reason), end="")
    print("\n".join(lines))
    if not passed + len(failures) + skipped:
        print("no test has that name")
    print(counts(passed, len(failures), skipped))
    return 0 if passed + skipped and not failures else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1].split(), sys.argv[2].split()))
