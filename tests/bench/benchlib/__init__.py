# SPDX-License-Identifier: GPL-2.0-or-later
"""What the benchmarks share: the rig that is measured, samples, the machine's quiet, tables and plots."""
