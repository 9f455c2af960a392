// SPDX-License-Identifier: GPL-2.0-or-later
/* Prints the names of all counters, a line each, for the test that compares them with the manual. */
#include <stdio.h>

#include "bc/daemon/report.h"
#include "bc/engine/counters.h"
#include "bc/engine/peer_delay.h"
#include "bpf/ebc_abi.h"
#include "tc/completer.h"

int main(void)
{
#define X(id, name) puts(name);
	EBC_COUNTERS(X)
	BC_COUNTERS(X)
	BC_PEER_DELAY_COUNTERS(X)
	TCLK_COUNTERS(X)
	DAEMON_COUNTERS(X)
#undef X
	return 0;
}
