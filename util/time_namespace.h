/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time namespaces: in one, a process reads another CLOCK_MONOTONIC than the kernel stamps frames with.
 */
#pragma once

#include <stdint.h>

/*
 * By how much CLOCK_MONOTONIC as this process reads it is ahead of the kernel's own, ns; 0 outside of a time
 * namespace, and on kernels without them. `root` is "" but for tests: what stands before /proc. 0 or -errno
 * (-EBADMSG: not as expected); untouched on failure.
 */
int time_namespace_ahead_ns(const char *root, int64_t *ret_ahead_ns);
