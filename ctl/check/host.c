// SPDX-License-Identifier: GPL-2.0-or-later
/* The findings about the host: each topic looks, then judges. */
#include "ctl/check/host.h"

#include "ctl/check/clocksource.h"
#include "ctl/check/machine.h"

void check_host(const struct check_options *options, struct findings *findings)
{
	struct clocksource_facts clocksource;
	struct machine_facts machine;

	machine_look(options->root, &machine);
	machine_judge(&machine, findings);
	clocksource_look(options->root, &machine, &clocksource);
	clocksource_judge(&clocksource, &machine, findings);
}
