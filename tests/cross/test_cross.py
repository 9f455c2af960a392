# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon and its tools built for another processor (aarch64) by Debian's cross compiler, as OpenWrt's build does,
with kernel programs that see the target's headers alone; and tried in an emulator, and on an emulated machine with a
kernel of that processor, with BTF and without."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import session  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "vm"))

from image import Image  # noqa: E402

TREE = pathlib.Path(__file__).resolve().parents[2]
ROOT = pathlib.Path("/var/lib/ebpf-bc-tests/arm64")
COMPILER = "aarch64-linux-gnu-gcc"
QEMU = "qemu-system-aarch64"
EM_AARCH64, EM_BPF = 183, 247
BUILD_S, MACHINE_S = 400, 300
LIBRARIES = ["libc.so.6", "libm.so.6", "libz.so.1", "libnl-3.so.200", "libgcc_s.so.1", "libbpf.so.1", "libelf.so.1",
             "libmnl.so.0", "libjson-c.so.5"]
# In this order.
MODULES = ["virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "failover",
           "net_failover", "virtio_net", "sch_ingress", "cls_bpf"]

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
                         "-Dtests=false", "-Dman=disabled", "-Dexporter=disabled",
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

    def make_image(self, path):
        image = Image()
        image.add_file(ROOT / "bin/busybox", "bin/busybox")
        image.add_file(pathlib.Path(__file__).with_name("guest-init"), "init")
        image.add_file((ROOT / "lib/ld-linux-aarch64.so.1").resolve(), "lib/ld-linux-aarch64.so.1")
        for library in LIBRARIES:
            found = [ROOT / folder / "aarch64-linux-gnu" / library for folder in ("lib", "usr/lib")]
            image.add_file(next(file for file in found if file.exists()).resolve(), f"lib/aarch64-linux-gnu/{library}")
        for name in MODULES:
            image.add_file(next((ROOT / "lib/modules").rglob(f"{name}.ko")), f"modules/{name}.ko")
        for name in ("ebpf-bc", "ctl/ebpf-bcctl"):
            image.add_file(self.program(name), f"bin/{pathlib.Path(name).name}")
        image.write(path)

    @unittest.skipUnless(shutil.which(QEMU), f"no {QEMU}")
    def test_they_run_on_a_kernel_of_that_machine_with_btf_and_without(self):
        self.make_image(self.build / "image")
        command = [QEMU, "-M", "virt", "-cpu", "cortex-a57", "-m", "512", "-nodefaults", "-nographic", "-no-reboot",
                   "-serial", "stdio", "-kernel", str(next((ROOT / "boot").glob("vmlinuz-*"))),
                   "-initrd", str(self.build / "image"), "-append", "console=ttyAMA0 quiet panic=-1"]
        # Two cards at one cable.
        for i in range(2):
            command += ["-netdev", f"hubport,id=n{i},hubid=0", "-device", f"virtio-net-pci,netdev=n{i},romfile="]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=MACHINE_S,
                              check=False)
        parts = dict(re.findall(r"^== ([^\r\n]*)\r?\n(.*?)(?=^== |\Z)", done.stdout, re.M | re.S))
        self.assertEqual(list(parts), ["BTF: a master and its client", "BTF: a transparent clock",
                                       "no BTF: a master and its client", "no BTF: a transparent clock", "end"],
                         done.stdout[-3000:])
        for name, text in parts.items():
            if "client" in name:
                self.assertIn("UNCALIBRATED to SLAVE on MASTER_CLOCK_SELECTED", text, name)
            elif name != "end":
                self.assertRegex(text, "E2E_TC, 2 ports", name)
                self.assertEqual(text.count("link up"), 2, name)
            if name != "end":
                self.assertIn("programs attached by clsact filters", text, name)
                why = "since kernel without BTF" if name.startswith("no") else "BPF after the qdisc"
                self.assertRegex(text, f"transmit stamps: .*{why}", name)


if __name__ == "__main__":
    unittest.main()
