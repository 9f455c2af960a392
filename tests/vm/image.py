# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's root: an initramfs of what the tests need, taken from the machine's own files: programs with their
libraries, Python, a kernel's modules, and the tree's tests."""

import lzma
import os
import pathlib
import re
import stat
import subprocess

# Loaded in this order; what a kernel has built in, or has not, is left out.
MODULES = ["virtio_net", "veth", "stp", "llc", "bridge", "garp", "mrp", "8021q", "bonding", "macvlan", "tun",
           "sch_ingress", "cls_bpf", "act_bpf",
           "sch_tbf", "sch_htb", "sch_netem", "nf_tables", "nft_meta_bridge", "nf_conntrack_bridge", "br_netfilter",
           "nf_flow_table", "nf_flow_table_inet", "af_packet"]
_UNUSED_PYTHON = ("test/", "idlelib/", "ensurepip/", "lib2to3/", "pydoc_data/", "tkinter/", "turtledemo/", "distutils/",
                  "config-")


class Image:
    """Collects {path in the guest: (mode, bytes)}."""

    def __init__(self):
        self._entries = {}
        for folder in ("bin", "dev", "etc", "proc", "run", "sys", "tmp", "var/run", "root"):
            self.add_folder(folder)

    def add_folder(self, path):
        path = path.strip("/")
        if path and path not in self._entries:
            self.add_folder(os.path.dirname(path))
            self._entries[path] = (stat.S_IFDIR | 0o755, b"")

    def add_bytes(self, path, data, mode=0o755):
        self.add_folder(os.path.dirname(path.strip("/")))
        self._entries[path.strip("/")] = (stat.S_IFREG | mode, data)

    def add_link(self, path, target):
        self.add_folder(os.path.dirname(path.strip("/")))
        self._entries[path.strip("/")] = (stat.S_IFLNK | 0o777, target.encode())

    def add_file(self, source, path=None):
        source = pathlib.Path(source)
        self.add_bytes(str(path or source), source.read_bytes(), stat.S_IMODE(source.stat().st_mode))

    def add_program(self, source, path=None):
        """With the libraries that it is linked with."""
        self.add_file(os.path.realpath(source), path or source)
        listed = subprocess.run(["ldd", source], capture_output=True, text=True, check=False).stdout
        for library in re.findall(r"(/\S+) \(0x", listed):
            if library.strip("/") not in self._entries:
                self.add_file(os.path.realpath(library), library)

    def add_folder_tree(self, source, path=None, unwanted=lambda name: False):
        source = pathlib.Path(source)
        for file in sorted(source.rglob("*")):
            name = str(file.relative_to(source))
            if file.is_file() and not unwanted(name):
                self.add_file(file, f"{path or source}/{name}")

    def add_python(self):
        self.add_program("/usr/bin/python3")
        library = pathlib.Path(os.path.realpath("/usr/bin/python3")).name
        self.add_folder_tree(f"/usr/lib/{library}", unwanted=lambda name: name.startswith(_UNUSED_PYTHON))
        for extension in pathlib.Path(f"/usr/lib/{library}/lib-dynload").glob("*.so"):
            self.add_program(str(extension))

    def add_modules(self, kernel):
        """`kernel`: a folder that a package was unpacked into. Writes the list that init loads."""
        folder = next((kernel / "lib/modules").iterdir())
        by_name = {file.name.split(".")[0].replace("-", "_"): file for file in folder.rglob("*.ko*")}
        needs = {}
        for name, file in by_name.items():
            if name in MODULES:
                self._resolve(name, file, by_name, needs)
        ordered = []
        for name in MODULES:
            self._order(name, needs, ordered)
        for name in ordered:
            data = needs[name][0]
            self.add_bytes(f"modules/{name}.ko", data, 0o644)
        self.add_bytes("modules/order", "".join(f"{name}\n" for name in ordered).encode(), 0o644)

    @staticmethod
    def _read_module(file):
        data = file.read_bytes()
        return lzma.decompress(data) if file.name.endswith(".xz") else data

    def _resolve(self, name, file, by_name, needs):
        if name in needs:
            return
        data = self._read_module(file)
        match = re.search(rb"\0depends=([^\0]*)\0", data)
        depends = [word.replace("-", "_") for word in match[1].decode().split(",") if word] if match else []
        needs[name] = (data, depends)
        for other in depends:
            if other in by_name:
                self._resolve(other, by_name[other], by_name, needs)

    def _order(self, name, needs, ordered):
        if name not in needs or name in ordered:
            return
        for other in needs[name][1]:
            self._order(other, needs, ordered)
        ordered.append(name)

    def write(self, path):
        """In cpio's "newc" format."""
        with open(path, "wb") as file:
            for number, (name, (mode, data)) in enumerate(sorted(self._entries.items()), 1):
                self._write_entry(file, number, name, mode, data)
            self._write_entry(file, 0, "TRAILER!!!", 0, b"")

    @staticmethod
    def _write_entry(file, number, name, mode, data):
        encoded = name.encode() + b"\0"
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
        file.write(b"070701" + b"".join(b"%08X" % field for field in fields) + encoded)
        file.write(b"\0" * (-(6 + 8 * 13 + len(encoded)) % 4))
        file.write(data + b"\0" * (-len(data) % 4))
