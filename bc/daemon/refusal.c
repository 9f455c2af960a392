// SPDX-License-Identifier: GPL-2.0-or-later
/* The reason is what the log says, wherever it was found. */
#include "bc/daemon/refusal.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "util/macros.h"

#define PREFIX "reload: "

static struct refusal refusal;
static bool is_refused;

const struct refusal *refusal_get(void)
{
	return is_refused ? &refusal : NULL;
}

/* It goes into a protocol of lines, and onto terminals. */
static void make_printable(char *text)
{
	for (char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

void refusal_note(const struct log_ring *log, uint64_t last)
{
	for (uint64_t i = MAX(last + 1, log_ring_first(log)); i <= log->last; i++) {
		const struct log_ring_line *line = log_ring_get(log, i);
		bool has_prefix = strncmp(line->text, PREFIX, strlen(PREFIX)) == 0;

		if (line->level > LOG_ERR)
			continue;
		refusal.since_mono_ns = line->mono_ns;
		snprintf(refusal.reason, sizeof(refusal.reason), "%s",
			 line->text + (has_prefix ? strlen(PREFIX) : 0));
		make_printable(refusal.reason);
		is_refused = true;
		return;
	}
}

void refusal_clear(void)
{
	is_refused = false;
}
