# SPDX-License-Identifier: GPL-2.0-or-later
"""What ebpf-bc(8) tells a newcomer to type works as it stands there."""

import os
import subprocess
import unittest

from harness import manual_lab, programs


class Manual(unittest.TestCase):
    def test_the_lab_of_the_manual_works_as_it_is_typed(self):
        folders = [os.path.dirname(programs.find_ebpf_bc()), os.path.dirname(programs.find_ebpf_bcctl())]
        environment = dict(os.environ, PATH=os.pathsep.join([*folders, os.environ["PATH"]]))
        manual_lab.check(self, subprocess.run(manual_lab.APART, input=manual_lab.script(), text=True, capture_output=True,
                                              timeout=manual_lab.TIMEOUT_S, env=environment, check=False))


if __name__ == "__main__":
    unittest.main()
