/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one call by which the system's clock is read and changed, in a file of its own so that tests can put
 * another clock in its place. */
#pragma once

#include <sys/timex.h>

/* clock_adjtime(2) of CLOCK_REALTIME. 0 or -errno. */
int kernel_clock_adjust(struct timex *tx);
