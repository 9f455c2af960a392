#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs tests in a virtual machine with a kernel of Debian's: vm.py [--service] KERNEL BUILD TEST...

KERNEL is a series that fetch-kernels unpacked (6.1, 6.12), BUILD a build folder of this tree. A TEST is a Python file
below tests/, or the name of a test program in BUILD. Status 0 if all passed, 1 if not, 77 without qemu or kernel."""

import argparse
import os
import pathlib
import re
import selectors
import shutil
import subprocess
import sys
import tempfile
import time

import service
from image import Image

TREE = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("EBC_VM_CACHE", "/var/cache/ebpf-bc-vm"))
QEMU = "qemu-system-x86_64"
# Emulated CPUs are ten times slower.
BOOT_S, SILENCE_S, ALL_S = 120, 180, 600
SKIP_STATUS = 77


def find_test_program(build, name):
    found = [path for path in build.rglob(name) if path.is_file() and os.access(path, os.X_OK)]
    if not found:
        sys.exit(f"vm: no {name} in {build}")
    return found[0]


def make_image(kernel, build, tests, path, with_service=False):
    image = Image()
    image.add_modules(kernel)
    image.add_file(CACHE / "busybox/bin/busybox", "bin/busybox")
    # Not busybox' own shell, which would run its own ip.
    image.add_program("/bin/dash", "bin/sh")
    for applet in ("mount", "mkdir", "ln", "insmod", "sync", "poweroff", "cat", "ls", "sleep", "dmesg", "true", "date"):
        image.add_link(f"bin/{applet}", "busybox")
    image.add_file(TREE / "tests/vm/guest/init", "init")
    image.add_file(TREE / "tests/vm/guest/run-commands", "run-commands")
    for program in ("ip", "tc", "bridge", "ptp4l", "pmc", "phc2sys", "nsenter", "capsh", "setpriv", "nft"):
        if found := shutil.which(program):
            image.add_program(found, f"usr/bin/{program}")
    image.add_python()
    image.add_program(str(build / "ebpf-bc"), "tree/build/ebpf-bc")
    image.add_program(str(build / "ctl/ebpf-bcctl"), "tree/build/ctl/ebpf-bcctl")
    image.add_folder_tree(TREE / "tests", "tree/tests", unwanted=lambda name: not name.endswith(".py"))
    image.add_folder_tree(TREE / "config", "tree/config", unwanted=lambda name: not name.endswith(".conf"))
    if with_service:
        service.add_systemd(image)
        service.add_ebpf_bc(image, TREE, build)
    commands = []
    for test in tests:
        if test.endswith(".py"):
            commands.append(f"cd /tree && /usr/bin/python3 -B tests/harness/runner.py {test}")
        else:
            image.add_program(str(find_test_program(build, test)), f"tree/build/{test}")
            commands.append(f"cd /tree && build/{test}")
    image.add_bytes("commands", "".join(f"{command}\n" for command in commands).encode(), 0o644)
    image.write(path)


class Guest:
    """A booted guest and what it says on its console."""

    def __init__(self, kernel, image):
        self.statuses = {}
        self.is_done = False
        self._begin_s = time.monotonic()
        self._process = subprocess.Popen(
            # One CPU: emulated ones that run side by side now and then trip over code that a kernel patches.
            [QEMU, "-machine", "q35", "-accel", "tcg", "-cpu", "max", "-smp", "1", "-m", "1024",
             "-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio", "-rtc", "base=2026-01-01",
             "-kernel", str(next((kernel / "boot").glob("vmlinuz-*"))), "-initrd", image,
             # Interrupts and clocks of an emulated machine are what they are: the tests ask only what must hold.
             "-append", "console=ttyS0 quiet panic=-1 tsc=reliable mitigations=off"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def follow(self):
        """Prints the console until the guest ends; False when it fell silent."""
        selector = selectors.DefaultSelector()
        selector.register(self._process.stdout, selectors.EVENT_READ)
        pending = b""
        limit_s = BOOT_S
        while selector.select(limit_s) and time.monotonic() - self._begin_s < ALL_S:
            data = os.read(self._process.stdout.fileno(), 65536)
            if not data:
                return self.is_done
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                self._line(line.decode(errors="replace").rstrip("\r"))
            limit_s = SILENCE_S
        return False

    def _line(self, text):
        if match := re.search(r"vm: end (\d+) status (\d+)", text):
            self.statuses[int(match[1])] = int(match[2])
        elif "vm: done" in text:
            self.is_done = True
        print(text, flush=True)

    def close(self):
        self._process.kill()
        self._process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--service", action="store_true", help="systemd is the guest's first process, ebpf-bc is installed")
    parser.add_argument("kernel")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("tests", nargs="+")
    arguments = parser.parse_args()
    kernel = CACHE / arguments.kernel
    if not shutil.which(QEMU) or not (kernel / ".complete").exists():
        print(f"vm: no {QEMU}, or no kernel {arguments.kernel} below {CACHE} (tests/vm/fetch-kernels)")
        return SKIP_STATUS
    if arguments.service and not service.has_systemd():
        print("vm: no systemd on this machine")
        return SKIP_STATUS
    with tempfile.TemporaryDirectory(prefix="ebc-vm-") as directory:
        image = os.path.join(directory, "initramfs")
        make_image(kernel, arguments.build.resolve(), arguments.tests, image, arguments.service)
        guest = Guest(kernel, image)
        try:
            is_done = guest.follow()
        finally:
            guest.close()
    bad = [test for number, test in enumerate(arguments.tests, 1) if guest.statuses.get(number) not in (0, SKIP_STATUS)]
    if not is_done:
        print("vm: the guest did not come to its end")
    return 1 if bad or not is_done else 0


if __name__ == "__main__":
    sys.exit(main())
