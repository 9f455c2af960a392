// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's side of bc/daemon/system_clock.c. */
#include "bc/daemon/kernel_clock.h"

#include <errno.h>
#include <time.h>

int kernel_clock_adjust(struct timex *tx)
{
	return clock_adjtime(CLOCK_REALTIME, tx) < 0 ? -errno : 0;
}
