# SPDX-License-Identifier: GPL-2.0-or-later
"""For a guest with this machine's systemd as its first process: what it needs, and ebpf-bc installed as the package does."""

import os

SYSTEMD = "/lib/systemd/systemd"
TARGETS = ("sysinit", "basic", "multi-user", "sockets", "timers", "paths", "slices", "shutdown", "network", "local-fs", "umount")
TESTS_UNIT = """[Unit]
Description=Tests
After=basic.target
[Service]
ExecStart=/run-commands
StandardOutput=tty
StandardError=tty
TTYPath=/dev/console
Environment=HOME=/root LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
Environment=PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin
"""
DEFAULT_TARGET = """[Unit]
Requires=basic.target
Wants=vm-tests.service
"""
# As what is in packaging/debian/ebpf-bc.sysusers makes it.
PASSWD = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/usr/sbin/nologin\nebpf-bc:x:995:995::/:/usr/sbin/nologin\n"
GROUP = "root:x:0:\nnogroup:x:65534:\nebpf-bc:x:995:\n"


def has_systemd():
    return os.path.exists(SYSTEMD)


def add_systemd(image):
    for program in (SYSTEMD, "/bin/systemctl", "/bin/kill", "/usr/bin/install", "/bin/ln", "/usr/bin/find", "/bin/rm", "/bin/touch"):
        image.add_program(program)
    for target in TARGETS:
        image.add_file(f"/lib/systemd/system/{target}.target")
    image.add_bytes("lib/systemd/system/default.target", DEFAULT_TARGET.encode(), 0o644)
    image.add_bytes("lib/systemd/system/vm-tests.service", TESTS_UNIT.encode(), 0o644)
    image.add_bytes("etc/passwd", PASSWD.encode(), 0o644)
    image.add_bytes("etc/group", GROUP.encode(), 0o644)
    image.add_bytes("etc/machine-id", b"0123456789abcdef0123456789abcdef\n", 0o644)
    image.add_bytes("etc/os-release", b"ID=guest\n", 0o644)
    for folder in ("var/tmp", "var/log", "home", "etc/systemd/system"):
        image.add_folder(folder)


def add_ebpf_bc(image, tree, build):
    image.add_program(str(build / "ebpf-bc"), "usr/sbin/ebpf-bc")
    image.add_program(str(build / "ctl/ebpf-bcctl"), "usr/bin/ebpf-bcctl")
    exporter = build / "ctl/exporter/ebpf-bc-exporter"
    if exporter.exists():
        image.add_program(str(exporter), "usr/bin/ebpf-bc-exporter")
    for unit in ("ebpf-bc.service", "ebpf-bc@.service", "ebpf-bc-exporter.service"):
        image.add_file(tree / "packaging/systemd" / unit, f"lib/systemd/system/{unit}")
    image.add_file(tree / "packaging/systemd/system-clock.conf", "usr/share/doc/ebpf-bc/examples/system-clock.conf")
    image.add_folder("etc/ebpf-bc")
