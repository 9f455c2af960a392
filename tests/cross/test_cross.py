# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon and its tools built for another processor (aarch64) by Debian's cross compiler, and tried in an emulator:
what OpenWrt's build does, whose kernel programs see the target's headers alone."""

import os
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import session  # noqa: E402

TREE = pathlib.Path(__file__).resolve().parents[2]
ROOT = pathlib.Path("/var/lib/ebpf-bc-tests/arm64")
COMPILER = "aarch64-linux-gnu-gcc"
EM_AARCH64, EM_BPF = 183, 247
BUILD_S = 400

CROSS_FILE = """[binaries]
c = {compiler}
ar = 'aarch64-linux-gnu-gcc-ar'
strip = 'aarch64-linux-gnu-strip'
pkgconfig = 'pkg-config'
[built-in options]
c_link_args = ['-L{root}/lib/aarch64-linux-gnu', '-L{root}/usr/lib/aarch64-linux-gnu',
  '-Wl,-rpath-link,{root}/lib/aarch64-linux-gnu:{root}/usr/lib/aarch64-linux-gnu']
[properties]
sys_root = '{root}'
pkg_config_libdir = '{root}/usr/lib/aarch64-linux-gnu/pkgconfig'
[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'aarch64'
endian = 'little'
"""


def emulated(*words):
    return subprocess.run([ROOT / "usr/bin/qemu-aarch64-static", "-L", ROOT, *map(str, words)], text=True,
                          capture_output=True, timeout=60, check=False)


@unittest.skipUnless(shutil.which(COMPILER), f"no {COMPILER}")
@unittest.skipUnless((ROOT / "complete").exists(), "no libraries for arm64: tests/cross/fetch-arm64 unpacks them")
class Aarch64(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.build = pathlib.Path(session.current().directory) / "cross"
        cls.build.mkdir()
        compiler = ["ccache", COMPILER] if shutil.which("ccache") else [COMPILER]
        cross_file = cls.build / "aarch64.ini"
        cross_file.write_text(CROSS_FILE.format(root=ROOT, compiler=compiler), encoding="utf-8")
        for command in (["meson", "setup", cls.build / "build", TREE, "--cross-file", cross_file, "--buildtype=plain",
                         "-Dtests=false", "-Dman=disabled", "-Dsystemd=disabled", "-Dexporter=disabled",
                         f"-Dbpf_include_dirs={ROOT}/usr/include,/usr/aarch64-linux-gnu/include"],
                        ["ninja", "-C", cls.build / "build"]):
            done = subprocess.run(list(map(str, command)), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  timeout=BUILD_S, check=False)
            if done.returncode:
                raise AssertionError(f"{command[0]} failed:\n{done.stdout[-4000:]}")

    def program(self, name):
        return self.build / "build" / name

    def machine_of(self, path):
        header = path.read_bytes()[:20]
        self.assertEqual(header[:6], b"\x7fELF\x02\x01")
        return int.from_bytes(header[18:20], "little")

    def test_programs_and_kernel_programs_are_of_their_machines(self):
        for name in ("ebpf-bc", "ctl/ebpf-bcctl"):
            self.assertEqual(self.machine_of(self.program(name)), EM_AARCH64)
        for name in ("ebc_boundary", "ebc_boundary_tx", "ebc_transparent", "ebc_transparent_tx"):
            self.assertEqual(self.machine_of(self.program(f"bpf/{name}.o")), EM_BPF)

    def test_they_run(self):
        for name in ("ebpf-bc", "ctl/ebpf-bcctl"):
            done = emulated(self.program(name), "-v")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, r"^\d+\.\d+")

    def test_the_daemon_reads_its_configuration(self):
        """Up to the port that is not there; and a wrong file is refused with the line."""
        conf = self.build / "conf"
        conf.write_text("[global]\npriority1 7\n[none0]\n", encoding="ascii")
        done = emulated(self.program("ebpf-bc"), "-f", conf, "-m", "-q")
        self.assertEqual(done.returncode, 1)
        self.assertIn("none0", done.stdout + done.stderr)
        conf.write_text("[global]\npriority1 700\n", encoding="ascii")
        done = emulated(self.program("ebpf-bc"), "-f", conf, "-m", "-q")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{conf}:2:", done.stderr)

    def test_the_tool_says_that_no_daemon_is_there(self):
        done = emulated(self.program("ctl/ebpf-bcctl"), "-s", os.fspath(self.build / "socket"), "residence")
        self.assertEqual(done.returncode, 3)


if __name__ == "__main__":
    unittest.main()
