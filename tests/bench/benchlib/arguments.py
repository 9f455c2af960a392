# SPDX-License-Identifier: GPL-2.0-or-later
"""Command line and frame of every benchmark."""

import argparse
import os
import pathlib
import sys

from benchlib import rig
from harness import programs, session


def parser(name, description, *, rounds, seconds):
    p = argparse.ArgumentParser(prog=f"tests/bench/{name}", description=description)
    p.add_argument("--rounds", type=int, default=rounds, help=f"how often each is measured, in turns ({rounds})")
    p.add_argument("--seconds", type=float, default=seconds, help=f"how long each time ({seconds:g})")
    p.add_argument("--quick", action="store_true", help="one short round: shows that it works, proves nothing")
    p.add_argument("--build", help="build directory of the program under test (build)")
    p.add_argument("--other-build", help="build directory of ebpf-bc-other, a side for --peers")
    p.add_argument("--out", default=str(programs.TREE / "bench-out"), help="where results go (bench-out/)")
    p.add_argument("--wait-quiet", type=float, default=0, metavar="S",
                   help="wait up to S seconds before each measurement until nobody else uses the machine (0)")
    p.add_argument("--redo", type=int, default=0, metavar="N",
                   help="measure up to N times more what was measured while the machine was not quiet (0)")
    return p


def finish(arguments, quick_seconds):
    """Applies --quick and --build."""
    if arguments.quick:
        arguments.rounds, arguments.seconds = 1, quick_seconds
    if arguments.build:
        os.environ["EBC_PROGRAM"] = str(pathlib.Path(arguments.build).resolve() / "ebpf-bc")
    if arguments.other_build:
        os.environ["EBC_OTHER_PROGRAM"] = str(pathlib.Path(arguments.other_build).resolve() / "ebpf-bc")
    return arguments


def sides(p, text):
    """The sides that --peers names."""
    names = [name for name in text.split(",") if name not in ("", "none")]
    for name in names:
        if name not in rig.BOXES:
            p.error(f"no such side: {name}; there are {', '.join(rig.BOXES)}")
        if name == "ebpf-bc-other" and "EBC_OTHER_PROGRAM" not in os.environ:
            p.error("ebpf-bc-other needs --other-build")
    return names


def run(main):
    if os.geteuid() != 0:
        print(f"{sys.argv[0]}: needs root, for network namespaces", file=sys.stderr)
        sys.exit(2)
    session.run_main(main)
