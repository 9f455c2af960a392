// SPDX-License-Identifier: GPL-2.0-or-later
/* See alarms.h. */
#include "bc/daemon/alarms.h"

#include <stdio.h>

#include "util/macros.h"

static struct alarm *find(struct alarms *alarms, enum alarm_kind kind, int port)
{
	return &alarms->list[kind][port + 1];
}

static bool holds(const struct alarm *alarm, uint64_t now_mono_ns)
{
	return alarm->since_mono_ns && now_mono_ns < alarm->until_mono_ns;
}

void alarms_raise(struct alarms *alarms, enum alarm_kind kind, int port, uint64_t since_mono_ns,
		  uint64_t until_mono_ns, const char *text)
{
	struct alarm *alarm = find(alarms, kind, port);

	if (!holds(alarm, since_mono_ns))
		alarm->since_mono_ns = MAX(since_mono_ns, 1);
	alarm->until_mono_ns = until_mono_ns;
	snprintf(alarm->text, sizeof(alarm->text), "%s", text);
}

void alarms_clear(struct alarms *alarms, enum alarm_kind kind, int port)
{
	find(alarms, kind, port)->since_mono_ns = 0;
}

void alarms_set(struct alarms *alarms, enum alarm_kind kind, int port, bool is_on, uint64_t since_mono_ns,
		const char *text)
{
	if (is_on)
		alarms_raise(alarms, kind, port, since_mono_ns, UINT64_MAX, text);
	else
		alarms_clear(alarms, kind, port);
}

size_t alarms_list(const struct alarms *alarms, uint64_t now_mono_ns, struct control_alarm *ret_alarms,
		   size_t max)
{
	static const char *const names[] = {
#define X(id, name) [ALARM_##id] = name,
		ALARM_KINDS(X)
#undef X
	};
	size_t n = 0;

	for (size_t kind = 0; kind < ALARM_MAX; kind++) {
		for (int port = ALARM_NO_PORT; port < EBC_MAX_PORTS && n < max; port++) {
			const struct alarm *alarm = &alarms->list[kind][port + 1];
			struct control_alarm *told = &ret_alarms[n];

			if (!holds(alarm, now_mono_ns))
				continue;
			*told = (struct control_alarm){
				.kind = names[kind], .port = port, .since_mono_ns = alarm->since_mono_ns};
			snprintf(told->text, sizeof(told->text), "%s", alarm->text);
			n++;
		}
	}
	return n;
}
