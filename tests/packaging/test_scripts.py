# SPDX-License-Identifier: GPL-2.0-or-later
"""build-deb and install-deps as far as they can be tried without building or installing anything."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

TREE = pathlib.Path(__file__).resolve().parents[2]
NOBODY = 65534
# Beside the staged tree, where the real one leaves its packages: the list of what it was given.
BUILDER = "#!/bin/sh\nfind . -type f | sort >../staged.deb\n"


def run(*words, **settings):
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, **settings)


class Scripts(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def write(self, path, text="", mode=0o644):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
        path.chmod(mode)

    @unittest.skipUnless(shutil.which("git"), "needs git")
    def test_what_git_ignores_is_not_built_in_a_clone_of_another_user_either(self):
        for name in ("dpkg-buildpackage", "dh"):
            self.write(self.directory / "bin" / name, BUILDER, 0o755)
        clone = self.directory / "clone"
        for name in ("packaging/debian/rules", "source.c", "old.deb"):
            self.write(clone / name)
        self.write(clone / ".gitignore", "*.deb\n")
        self.write(clone / "packaging/build-deb", (TREE / "packaging/build-deb").read_text(encoding="ascii"), 0o755)
        # No settings but its own: those of who runs the test may trust every clone.
        environment = {"PATH": f"{self.directory}/bin:{os.environ['PATH']}", "HOME": str(self.directory),
                       "GIT_CONFIG_NOSYSTEM": "1"}
        self.assertEqual(run("git", "init", "--quiet", str(clone), env=environment).returncode, 0)
        if os.getuid() == 0:
            run("chown", "-R", str(NOBODY), str(clone))
        done = run(str(clone / "packaging/build-deb"), str(self.directory / "out"), env=environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.directory / "out/staged.deb").read_text(encoding="ascii").split(),
                         ["./.gitignore", "./debian/rules", "./packaging/build-deb", "./source.c"])

    def test_arguments_that_are_none_install_nothing(self):
        self.write(self.directory / "apt-get", "#!/bin/sh\necho installed\n", 0o755)
        environment = {**os.environ, "PATH": f"{self.directory}:{os.environ['PATH']}"}
        for script in ("install-deps", "build-deb"):
            done = run(str(TREE / "packaging" / script), "--no-such", env=environment)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertRegex(done.stderr, rf"^usage: {script}.*\n$")
            done = run(str(TREE / "packaging" / script), "--help", env=environment)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertNotIn("installed\n", done.stdout)

    def installed_by(self, *arguments):
        """The packages that install-deps asks for on a machine that has none, where it is root."""
        for name, text in (("apt-get", 'echo "$@"\n'), ("dpkg-query", "exit 1\n"), ("id", "echo 0\n")):
            self.write(self.directory / name, f"#!/bin/sh\n{text}", 0o755)
        environment = {**os.environ, "PATH": f"{self.directory}:{os.environ['PATH']}"}
        done = run(str(TREE / "packaging/install-deps"), *arguments, env=environment)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return set(re.search(r"^install (.*)$", done.stdout, re.M)[1].split())

    def test_what_the_package_is_built_with_is_installed_and_no_more_if_nothing_else_is_wanted(self):
        control = (TREE / "packaging/debian/control").read_text(encoding="ascii")
        needed = set(re.findall(r"^ ([a-z0-9.+-]+)", re.search(r"Build-Depends:\n((?: .*\n)*)", control)[1], re.M))
        # Debian takes for granted what each package is built with; parts of debhelper have names of their own.
        needed = {name for name in needed if not name.startswith(("debhelper-compat", "dh-sequence-"))}
        needed |= {"build-essential", "debhelper"}
        installed = self.installed_by("--build")
        self.assertEqual(needed - installed, set())
        self.assertEqual(installed & {"chromium", "tshark", "qemu-system-x86", "linuxptp"}, set())
