# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenWrt's package with stubs in OpenWrt's place: what /etc/config/ebpf-bc becomes, what procd is told, and what the
Makefile installs. The daemon itself and the options that meson knows are the real ones."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parents[1]
PACKAGE = TREE / "packaging/openwrt/ebpf-bc"
STUBS = HERE / "stubs"
# dash is the strictest that is at hand; a router has busybox's ash.
SHELLS = [name for name in (["dash"], ["busybox", "sh"]) if shutil.which(name[0])]

BOX = """
config clock 'main'
	option enabled '1'
	option clock_type 'BC'
	option priority1 '100'
	list raw 'G.8275.defaultDS.localPriority 100'
	option userDescription 'rack 3; "left" $HOME `id`'
	option bpf_pin_path ''

config port
	option device 'lan1'
	option network_transport 'L2'

config port
	option interface 'wan'
	option network_transport 'UDPv4'
	option unicast_master_table '1'

config unicast_master_table
	option table_id '1'
	option logQueryInterval '2'
	list master 'UDPv4 192.0.2.1'
	list master 'UDPv4 192.0.2.2'
"""

BOX_CONF = """[global]
clock_type BC
priority1 100
G.8275.defaultDS.localPriority 100
userDescription rack 3; "left" $HOME `id`
[unicast_master_table]
table_id 1
logQueryInterval 2
UDPv4 192.0.2.1
UDPv4 192.0.2.2
[lan1]
network_transport L2
[eth0.2]
network_transport UDPv4
unicast_master_table 1
"""

TWO = """
config clock 'main'
config port
	option device 'lan1'
config clock 'other'
	option domainNumber '5'
config port
	option clock 'other'
	option device 'lan2'
config clock 'third'
	option enabled '0'
"""


class Root:
    """A root folder with the package's files where it puts them, and the stubs."""

    def __init__(self, uci):
        self._directory = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self._directory.name)
        shutil.copytree(STUBS / "lib", self.path / "lib")
        for source, target in (("uci-to-conf", "usr/libexec/ebpf-bc/uci-to-conf"),
                               ("ebpf-bc.init", "etc/init.d/ebpf-bc"),
                               ("ebpf-bc-exporter.init", "etc/init.d/ebpf-bc-exporter")):
            (self.path / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PACKAGE / "files" / source, self.path / target)
        (self.path / "etc/config").mkdir(parents=True)
        self.write(uci)

    def write(self, uci):
        # The stub takes sh's words; UCI itself knows no expansion within its quotes.
        (self.path / "etc/config/ebpf-bc").write_text(uci, encoding="utf-8")

    def write_exporter(self, uci):
        (self.path / "etc/config/ebpf-bc-exporter").write_text(uci, encoding="utf-8")

    def run(self, *words):
        return subprocess.run(words, env={**os.environ, "IPKG_INSTROOT": str(self.path)}, text=True,
                              capture_output=True, timeout=60, check=False, cwd=self.path)

    def convert(self, shell, *words):
        return self.run(*shell, str(self.path / "usr/libexec/ebpf-bc/uci-to-conf"), *words)

    def init(self, shell, action, service="ebpf-bc"):
        return self.run(*shell, str(STUBS / "rc.common"), str(self.path / "etc/init.d" / service), action)

    def conf(self, clock):
        return self.path / f"var/run/ebpf-bc/{clock}.conf"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._directory.cleanup()


class Conversion(unittest.TestCase):
    def each(self, uci):
        for shell in SHELLS:
            with Root(uci) as root:
                yield root, shell

    def refused(self, uci, words, clock="main"):
        for root, shell in self.each(uci):
            done = root.convert(shell, clock)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn(words, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_names_values_ports_and_tables_are_carried_over(self):
        for root, shell in self.each(BOX):
            done = root.convert(shell, "main")
            self.assertEqual((done.returncode, done.stderr, done.stdout), (0, "", BOX_CONF))

    def test_the_daemon_takes_what_comes_out(self):
        """It gets as far as looking for the ports, which are not here."""
        program = os.environ["EBC_PROGRAM"]
        for root, shell in self.each(BOX):
            conf = root.path / "conf"
            conf.write_text(root.convert(shell, "main").stdout, encoding="utf-8")
            done = root.run(program, "-f", str(conf), "-q", "-m")
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stdout + done.stderr, r"no such interface|cannot")
            self.assertNotIn(str(conf), done.stdout + done.stderr)

    def test_the_file_that_comes_with_the_package_is_right_and_off(self):
        for root, shell in self.each((PACKAGE / "files/ebpf-bc.config").read_text(encoding="utf-8")):
            self.assertEqual(root.convert(shell).stdout, "")
            commented = (PACKAGE / "files/ebpf-bc.config").read_text(encoding="utf-8")
            root.write(re.sub(r"^#(config|\t)", r"\1", commented, flags=re.M))
            done = root.convert(shell, "main")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(re.findall(r"^\[(.*)\]$", done.stdout, re.M),
                             ["global", "unicast_master_table", "wan", "lan1", "br-guest"])

    def test_several_clocks_have_their_own_ports(self):
        for root, shell in self.each(TWO):
            self.assertEqual(root.convert(shell).stdout, "main\nother\n")
            self.assertEqual(root.convert(shell, "main").stdout, "[global]\n[lan1]\n")
            self.assertEqual(root.convert(shell, "other").stdout, "[global]\ndomainNumber 5\n[lan2]\n")

    def test_what_is_wrong_is_told_in_a_line(self):
        self.refused("config clock 'main'\n", "clock main has no port")
        self.refused("config port\n\toption device 'a'\n", "no clock is named main")
        self.refused("config clock 'main'\nconfig port\n\toption priority1 '1'\n", "neither a device nor an interface")
        self.refused("config clock 'main'\nconfig port\n\toption interface 'nowhere'\n", "neither a device nor")
        self.refused("config clock 'main'\nconfig port\n\toption device 'a] b'\n", "not the name of a device")
        self.refused("config clock 'main'\nconfig prot\n\toption device 'a'\nconfig port\n\toption device 'a'\n",
                     "no such kind of section: prot")
        self.refused("config clock 'main'\n\tlist priority1 '1'\nconfig port\n\toption device 'a'\n",
                     "priority1 is no list")

    def test_nothing_becomes_a_section_by_its_value(self):
        port = "config clock 'main'\nconfig port\n\toption device 'a'\n"
        self.refused(port + "config unicast_master_table\n\tlist master '[lan5]'\n", "not a transport and an address")
        self.refused("config clock 'main'\nconfig port\n\toption device 'global'\n", "not the name of a device")
        self.refused(port + "\tlist raw 'X'\n", "not a name and a value")
        self.refused(port + "\tlist raw '[x] y'\n", "not a name and a value")

    def test_a_port_of_a_clock_that_is_not_there_is_told(self):
        self.refused(TWO + "config port\n\toption clock 'othr'\n\toption device 'lan3'\n", "no clock is named othr")
        self.refused(TWO + "config unicast_master_table\n\toption clock 'othr'\n", "no clock is named othr")

    def test_no_value_reaches_another_line(self):
        self.refused("config clock 'main'\n\toption userDescription 'a\npriority1 1'\nconfig port\n"
                     "\toption device 'a'\n", "a line break")
        self.refused("config clock 'main'\nconfig port\n\toption device 'a'\nconfig unicast_master_table\n"
                     "\tlist master 'a\nb'\n", "a line break")

    def test_a_file_that_is_missing_is_told(self):
        for root, shell in self.each(BOX):
            (root.path / "etc/config/ebpf-bc").unlink()
            done = root.convert(shell, "main")
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("cannot be read", done.stderr)


class Service(unittest.TestCase):
    def test_each_enabled_clock_is_an_instance_with_sockets_of_its_own(self):
        for shell in SHELLS:
            with self.subTest(shell=shell[0]), Root(TWO) as root:
                done = root.init(shell, "start_service")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertEqual(re.findall("^instance (.*)", done.stdout, re.M), ["main", "other"])
                commands = re.findall("^param command (.*)", done.stdout, re.M)
                self.assertEqual(commands[0], f"/usr/sbin/ebpf-bc -f {root.conf('main')}")
                self.assertRegex(commands[1], r"--control_socket=\S+other.* --uds_address=\S+other.* --uds_ro_address=")
                for parameter in ("respawn 3600 5 0", "reload_signal HUP", f"file {root.conf('other')}"):
                    self.assertIn(f"param {parameter}\n", done.stdout)
                self.assertIn("domainNumber 5", root.conf("other").read_text())
                self.assertIn("trigger ebpf-bc network", root.init(shell, "service_triggers").stdout)

    def test_an_interface_that_comes_up_later_is_looked_at_again(self):
        for shell in SHELLS:
            with self.subTest(shell=shell[0]), Root(BOX.replace("'wan'", "'later'")) as root:
                self.assertRegex(root.init(shell, "service_triggers").stdout,
                                 r"interface trigger interface\.\* later \S*/ebpf-bc reload")

    def test_a_clock_that_runs_keeps_its_file_when_the_new_one_is_bad(self):
        for shell in SHELLS:
            with self.subTest(shell=shell[0]), Root(TWO) as root:
                root.init(shell, "start_service")
                before = root.conf("main").read_text()
                root.write(TWO.replace("option device 'lan1'", ""))
                done = root.init(shell, "start_service")
                self.assertEqual(root.conf("main").read_text(), before)
                self.assertIn("instance main\n", done.stdout)
                self.assertIn("logger -t ebpf-bc", done.stdout)
                self.assertIn("neither a device nor an interface", done.stderr)

    def test_clocks_that_run_go_on_when_the_file_cannot_be_read_at_all(self):
        for shell in SHELLS:
            with self.subTest(shell=shell[0]), Root(TWO) as root:
                root.init(shell, "start_service")
                root.write(TWO + "config prot\n")
                done = root.init(shell, "start_service")
                self.assertEqual(re.findall("^instance (.*)", done.stdout, re.M), ["main", "other"])
                self.assertIn("logger -t ebpf-bc", done.stdout)
                self.assertIn("no such kind of section: prot", done.stderr)
                root.write(TWO.replace("config clock 'other'", "config clock 'other'\n\toption enabled '0'"))
                root.init(shell, "start_service")
                root.write(TWO + "config prot\n")
                done = root.init(shell, "start_service")
                self.assertEqual(re.findall("^instance (.*)", done.stdout, re.M), ["main"])
                root.init(shell, "service_stopped")
                done = root.init(shell, "start_service")
                self.assertNotIn("instance", done.stdout)

    def test_maps_can_be_pinned_and_locked(self):
        with Root(TWO) as root:
            done = root.init(SHELLS[0], "start_service")
            self.assertIn('param limits memlock=unlimited unlimited', done.stdout)
            with open("/proc/mounts", encoding="ascii") as mounts:
                is_mounted = " /sys/fs/bpf bpf " in mounts.read()
            self.assertEqual("mount -t bpf bpf /sys/fs/bpf" in done.stdout, not is_mounted)

    def test_one_that_never_had_a_good_file_is_not_started(self):
        with Root(TWO.replace("option device 'lan1'", "")) as root:
            done = root.init(SHELLS[0], "start_service")
            self.assertEqual(re.findall("^instance (.*)", done.stdout, re.M), ["other"])


class Exporter(unittest.TestCase):
    def started(self, uci):
        """What procd is told of each instance: {name: [lines]}, and what the user is told."""
        for shell in SHELLS:
            with Root(TWO) as root:
                root.write_exporter(uci)
                # A file whose name an address matches as a pattern.
                (root.path / "1").touch()
                done = root.init(shell, "start_service", "ebpf-bc-exporter")
                told = re.findall(r"^instance (.*)\n((?:.*\n)*?)end$", done.stdout.replace(str(root.path), ""), re.M)
                yield {name: lines.splitlines() for name, lines in told}, done

    def commands(self, uci):
        for instances, done in self.started(uci):
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            yield {name: [line.split(" ", 2)[-1] if line.startswith("param") else line.removeprefix("append command ")
                          for line in lines if line.split()[1] == "command"] for name, lines in instances.items()}

    def test_the_file_that_comes_with_the_package_is_on_and_of_the_loopback(self):
        shipped = (PACKAGE / "files/ebpf-bc-exporter.config").read_text(encoding="utf-8")
        for commands in self.commands(shipped):
            self.assertEqual(commands, {"main": ["/usr/bin/ebpf-bc-exporter"]})
        for commands in self.commands(re.sub(r"^#(config|\t)", r"\1", shipped, flags=re.M)):
            self.assertEqual(commands["main"][1:], ["-l 127.0.0.1:9977", "-l 192.168.1.1:9977"])
            self.assertEqual(commands["other"][1:], ["-s /var/run/ebpf-bc/other.control", "-l 127.0.0.1:9978"])

    def test_addresses_come_from_a_list_or_an_option_and_are_no_pattern(self):
        for commands in self.commands("config exporter 'main'\n\tlist listen '[::1]:1'\n\tlist listen '[1]'\n"
                                      "config exporter\n\toption listen '192.0.2.1:9977'\n"):
            self.assertEqual(list(commands.values()), [["/usr/bin/ebpf-bc-exporter", "-l [::1]:1", "-l [1]"],
                                                       ["/usr/bin/ebpf-bc-exporter", "-l 192.0.2.1:9977"]])

    def test_the_socket_that_it_asks_is_the_one_that_the_clock_has(self):
        with Root(TWO) as root:
            told = root.init(SHELLS[0], "start_service").stdout.replace(str(root.path), "")
            given = re.search(r"--control_socket=(\S+)", told)[1]
        for commands in self.commands("config exporter\n\toption clock 'other'\n"):
            self.assertEqual(commands["cfg1"][1], f"-s {given}")

    def test_one_that_is_off_is_not_started(self):
        for commands in self.commands("config exporter 'main'\n\toption enabled '0'\n"):
            self.assertEqual(commands, {})

    def test_it_has_no_privilege_and_is_started_again(self):
        for instances, _ in self.started("config exporter 'main'\n"):
            self.assertLessEqual({"param user nobody", "param no_new_privs 1", "param respawn 3600 5 0"},
                                 set(instances["main"]))

    def test_what_is_wrong_is_told_in_a_line(self):
        for instances, done in self.started("config exporter 'main'\n\toption clock '../x'\n"):
            self.assertEqual(instances, {})
            self.assertIn("logger -t ebpf-bc-exporter", done.stdout)
            self.assertEqual(done.stderr, "/etc/config/ebpf-bc-exporter: main: not the name of a clock: ../x\n")
        with Root("") as root:
            done = root.init(SHELLS[0], "start_service", "ebpf-bc-exporter")
            self.assertEqual((done.returncode, done.stderr), (1, "/etc/config/ebpf-bc-exporter: cannot be read\n"))

    def test_a_change_of_its_file_is_looked_at(self):
        with Root("") as root:
            self.assertEqual(root.init(SHELLS[0], "service_triggers", "ebpf-bc-exporter").stdout,
                             "trigger ebpf-bc-exporter\n")


@unittest.skipUnless(shutil.which("make"), "no make")
class Makefile(unittest.TestCase):
    def make(self, target, *words):
        done = subprocess.run(["make", "-s", "-C", str(PACKAGE), f"TOPDIR={STUBS}", *words, target], text=True,
                              capture_output=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def fields(self, package):
        return dict(line.split("=", 1) for line in self.make(f"show-{package}").splitlines() if "=" in line)

    def test_gnu_make_finds_version_and_dependencies(self):
        version = re.search(r"version: '([^']*)'", (TREE / "meson.build").read_text(encoding="utf-8"))[1]
        fields = self.fields("ebpf-bc")
        self.assertTrue(fields["name"].startswith(f"ebpf-bc version={version}-1 "), fields)
        self.assertEqual(set(fields["depends"].split()),
                         {"+libbpf", "+libnl-core", "+libmnl", "+libjson-c", "+kmod-sched-core", "+kmod-sched-bpf",
                          "@HAS_BPF_TOOLCHAIN"})
        self.assertEqual(fields["conffiles"], "/etc/config/ebpf-bc")
        exporter = self.fields("ebpf-bc-exporter")
        self.assertIn("+libmicrohttpd-no-ssl", exporter["depends"])
        self.assertEqual(exporter["conffiles"], "/etc/config/ebpf-bc-exporter")

    def test_every_library_that_meson_asks_for_is_a_dependency(self):
        packages = {"libbpf": "+libbpf", "libmnl": "+libmnl", "libnl-3.0": "+libnl-core", "json-c": "+libjson-c",
                    "libmicrohttpd": "+libmicrohttpd-no-ssl",
                    # Of the machine that builds, or switched off below.
                    "cmocka": None,
                    # The C library's.
                    "threads": None, "dl": None}
        depends = self.fields("ebpf-bc")["depends"] + self.fields("ebpf-bc-exporter")["depends"]
        for file in TREE.glob("**/meson.build"):
            for name in re.findall(r"dependency\('([^']*)'", file.read_text(encoding="utf-8")):
                if packages[name]:
                    self.assertIn(packages[name], depends)

    def test_every_option_that_it_gives_is_one_of_mesons(self):
        known = set(re.findall(r"^option\('([^']*)'", (TREE / "meson_options.txt").read_text(encoding="utf-8"), re.M))
        given = set(re.findall(r"-D([a-z_]+)=", self.fields("ebpf-bc")["meson"]))
        self.assertLessEqual(given, known)
        self.assertLessEqual({"tests", "man", "clang", "bpftool", "bpf_include_dirs"}, given)

    def test_what_it_installs_is_what_the_scripts_name(self):
        with tempfile.TemporaryDirectory() as directory:
            built = pathlib.Path(directory) / "built"
            for name in ("usr/sbin/ebpf-bc", "usr/bin/ebpf-bcctl", "usr/bin/ebpf-bc-exporter"):
                (built / name).parent.mkdir(parents=True, exist_ok=True)
                (built / name).write_text("")
            target = pathlib.Path(directory) / "root"
            for package in ("ebpf-bc", "ebpf-bc-exporter"):
                self.make(f"install-{package}", f"PKG_INSTALL_DIR={built}", f"DESTINATION={target}")
            for script in (target / "etc/init.d").iterdir():
                for path in re.findall(r"/usr/[a-z/-]+", script.read_text(encoding="utf-8")):
                    self.assertTrue(os.access(target / path[1:], os.X_OK), path)
            self.assertTrue(os.access(target / "etc/init.d/ebpf-bc", os.X_OK))
            for package in ("ebpf-bc", "ebpf-bc-exporter"):
                self.assertTrue((target / "etc/config" / package).is_file())

    def test_the_source_is_the_tree_without_its_build_folders(self):
        with tempfile.TemporaryDirectory() as directory:
            self.make("prepare", f"PKG_BUILD_DIR={directory}/source")
            source = pathlib.Path(directory) / "source"
            self.assertTrue((source / "meson.build").is_file())
            self.assertEqual([p.name for p in source.iterdir() if p.name.startswith(("build", ".git"))
                              and p.name != ".gitignore"], [])


if __name__ == "__main__":
    unittest.main()
