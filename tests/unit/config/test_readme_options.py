#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""README.md's table of options is what the program's own table says: test_readme_options.py PROGRAM README.

With --write the README is brought into line."""

import pathlib
import re
import subprocess
import sys

MARKS = re.compile(r"(<!-- options: begin -->\n)(.*?)(<!-- options: end -->)", re.S)


def main():
    is_writing = "--write" in sys.argv
    program, readme = (argument for argument in sys.argv[1:] if argument != "--write")
    expected = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    path = pathlib.Path(readme)
    text = path.read_text(encoding="utf-8")
    match = MARKS.search(text)
    if not match:
        print("not ok 1 - README.md has no table of options")
        return 1
    without_reason = [line for line in expected.splitlines() if line.startswith("|") and line.endswith("|  |")]
    if is_writing:
        path.write_text(text[:match.start(2)] + expected + text[match.end(2):], encoding="utf-8")
    elif match[2] != expected:
        print("not ok 1 - README.md's table of options differs from the program's; --write mends it")
        return 1
    for line in without_reason:
        print(f"not ok 1 - no reason: {line}")
    return 1 if without_reason else 0


if __name__ == "__main__":
    sys.exit(main())
