# SPDX-License-Identifier: GPL-2.0-or-later
"""Where meson puts what the benchmarks need."""

import pathlib

from harness import programs


def built(name, folder="tests/bench"):
    """A file that meson made for the benchmarks, in the build directory of the program under test."""
    build = pathlib.Path(programs.find_ebpf_bc()).parent
    path = build / folder / name
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: ninja -C {build}")
    return str(path)
