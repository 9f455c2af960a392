// SPDX-License-Identifier: GPL-2.0-or-later
/* Peer delay in the log: ptp4l's words where it has some. */
#include "bc/daemon/report_link.h"

#include <inttypes.h>

#include "bc/daemon/log.h"
#include "bc/engine/link_delay.h"

void report_link_note(const struct bc_action *action, const char *name)
{
	static const struct {
		int level;
		const char *text;
	} lines[] = {
		[BC_LINK_PEER_FOUND] = {LOG_INFO, "peer detected, switch to P2P"},
		[BC_LINK_PEER_LOST] = {LOG_WARNING, "nobody answers Pdelay_Req, back to E2E"},
		[BC_LINK_DELAY_KNOWN] = {LOG_INFO, "peer delay"},
		[BC_LINK_DELAY_LOST] = {LOG_WARNING,
					"the neighbour does not answer, or is too far away: last peer "
					"delay"},
		[BC_LINK_DELAY_NONE] = {LOG_WARNING,
					"no peer delay: the neighbour does not answer, or measures "
					"end to end"},
		[BC_LINK_SEVERAL_RESPONDERS] = {LOG_WARNING, "multiple peer responses: none is measured"},
		[BC_LINK_CAPABLE] = {LOG_INFO, "setting asCapable"},
		[BC_LINK_NOT_CAPABLE] = {LOG_WARNING, "resetting asCapable"},
		[BC_LINK_DELAY_REQ_ON_P2P] = {LOG_WARNING, "delay request on P2P port"},
		[BC_LINK_PDELAY_ON_E2E] = {LOG_WARNING, "pdelay_req on E2E port"},
	};
	enum bc_link_note note = action->link_note.note;

	if (note == BC_LINK_DELAY_KNOWN || note == BC_LINK_DELAY_LOST)
		log_limited(lines[note].level, LOG_KIND_PEER_DELAY, action->port,
			    "port %zu (%s): %s %" PRId64 " ns", action->port + 1, name, lines[note].text,
			    action->link_note.delay_ns);
	else
		log_limited(lines[note].level,
			    note == BC_LINK_CAPABLE || note == BC_LINK_NOT_CAPABLE ? LOG_KIND_CAPABLE
										   : LOG_KIND_PEER,
			    action->port, "port %zu (%s): %s", action->port + 1, name, lines[note].text);
}

void report_path_alarm(const struct bc_action *action, const char *name)
{
	switch (action->path_alarm.event) {
	case BC_PATH_JUMPED:
		log_limited(LOG_WARNING, LOG_KIND_PATH_ALARM, action->port,
			    "port %zu (%s): path delay jumped by %+.0f ns, to %" PRId64, action->port + 1,
			    name, action->path_alarm.change_ns, action->path_alarm.delay_ns);
		break;
	case BC_PATH_DRIFTS:
		log_limited(LOG_WARNING, LOG_KIND_PATH_ALARM, action->port,
			    "port %zu (%s): path delay drifts by %+.0f ns/s, is %" PRId64, action->port + 1,
			    name, action->path_alarm.change_ns, action->path_alarm.delay_ns);
		break;
	default:
		log_limited(LOG_NOTICE, LOG_KIND_PATH_ALARM, action->port,
			    "port %zu (%s): path delay no longer drifts, is %" PRId64, action->port + 1, name,
			    action->path_alarm.delay_ns);
		break;
	}
}

void report_list_add_peer_delay(struct counter_list *list, const struct bc_engine *engine, size_t port)
{
	/* Those before are messages by type, which the engine counts. */
	for (unsigned int i = BC_PEER_DELAY_COUNTER_REFUSED; i < BC_PEER_DELAY_COUNTER_MAX; i++)
		counter_list_add(list, bc_peer_delay_counter_name((enum bc_peer_delay_counter)i),
				 bc_engine_peer_delay_count(engine, port, (enum bc_peer_delay_counter)i));
}
