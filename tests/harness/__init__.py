# SPDX-License-Identifier: GPL-2.0-or-later
"""Laboratory for the tests and the demo: hosts in network namespaces, PTP programs that run in them,
crafted frames, and the statistics that compare them. Python's standard library only."""
