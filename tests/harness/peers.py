# SPDX-License-Identifier: GPL-2.0-or-later
"""Other people's programs that tests talk to: where packaging/install-deps unpacked them, or where the machine has
them installed."""

import os
import shutil

DIRECTORY = "/var/lib/ebpf-bc-tests"


def _find(package, name):
    for directory in ("usr/sbin", "usr/bin"):
        path = os.path.join(DIRECTORY, package, directory, name)
        if os.access(path, os.X_OK):
            return path
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")
    if not path:
        raise FileNotFoundError(f"{name} is not there: packaging/install-deps unpacks it")
    return path


def chronyd():
    """To be run with -x: it must not touch the machine's clock."""
    return _find("chrony", "chronyd")


def chronyc():
    return _find("chrony", "chronyc")


def ptpd():
    """Version 2.3. To be run with clock:no_adjust=y."""
    return _find("ptpd", "ptpd")
