// SPDX-License-Identifier: GPL-2.0-or-later
/* Log lines whose form people's scripts know: those of ptp4l. */
#include "bc/daemon/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bc/daemon/log.h"
#include "bc/daemon/report_link.h"
#include "bc/daemon/report_time.h"
#include "util/macros.h"

#define COUNTERS_OCTETS 3500

void report_init(struct report *report, const struct settings *settings, const struct port *ports)
{
	*report = (struct report){.settings = settings, .ports = ports};
}

/* How many offsets go into a line: those of 2^summary_interval seconds. */
static unsigned int offsets_a_line(const struct report *report, int log_sync_interval)
{
	int log = report->settings->summary_interval - log_sync_interval;

	return log <= 0 ? 1 : 1U << MIN(log, 20);
}

static double deviation(double sum, double square, unsigned int n)
{
	double mean = sum / n;

	return sqrt(fmax(0.0, square / n - mean * mean));
}

static void report_sync(struct report *report, const struct bc_action *action)
{
	unsigned int wanted = offsets_a_line(report, action->sync.log_interval);
	double offset = (double)action->sync.offset_ns, delay = (double)action->sync.path_delay_ns;
	struct report_sums *s = &report->sums;

	log_line(LOG_DEBUG, "sync stamps: port %zu t1_ptp_ns %" PRId64 " t2_mono_ns %" PRIu64,
		 action->port + 1, action->sync.origin_ptp_ns, action->sync.rx_mono_ns);
	if (wanted == 1) {
		log_line(LOG_INFO, "master offset %10" PRId64 " s%d freq %+7.0f path delay %9" PRId64,
			 action->sync.offset_ns, (int)action->sync.servo_state, action->sync.frequency_ppb,
			 action->sync.path_delay_ns);
		return;
	}
	s->n++;
	s->offset_square += offset * offset;
	s->offset_abs_max = fmax(s->offset_abs_max, fabs(offset));
	s->frequency += action->sync.frequency_ppb;
	s->frequency_square += action->sync.frequency_ppb * action->sync.frequency_ppb;
	s->delay += delay;
	s->delay_square += delay * delay;
	if (s->n < wanted)
		return;
	log_line(LOG_INFO, "rms %4.0f max %4.0f freq %+6.0f +/- %3.0f delay %5.0f +/- %3.0f",
		 sqrt(s->offset_square / s->n), s->offset_abs_max, s->frequency / s->n,
		 deviation(s->frequency, s->frequency_square, s->n), s->delay / s->n,
		 deviation(s->delay, s->delay_square, s->n));
	*s = (struct report_sums){};
}

static void report_best_master(const struct bc_action *action)
{
	char text[BC_CLOCK_IDENTITY_TEXT], old[BC_CLOCK_IDENTITY_TEXT];

	bc_clock_identity_text(action->best_master.grandmaster_identity, text);
	log_limited(LOG_INFO, LOG_KIND_GRANDMASTER, 0, "grandmaster: %s after %s", text,
		    bc_clock_identity_text(action->best_master.old_identity, old));
	if (!action->best_master.is_self) {
		log_limited(LOG_NOTICE, LOG_KIND_BEST_MASTER, 0, "selected best master clock %s", text);
		return;
	}
	log_limited(LOG_NOTICE, LOG_KIND_BEST_MASTER, 0,
		    "selected local clock %s as best master, assuming the grand master role", text);
}

static void report_announce_refused(const struct bc_action *action, const char *name)
{
	const struct ptp_port_identity *sender = &action->announce_refused.sender;
	size_t port = action->port;
	char text[BC_CLOCK_IDENTITY_TEXT];

	bc_clock_identity_text(sender->clock_identity, text);
	switch (action->announce_refused.reason) {
	case BC_COUNTER_ANNOUNCE_OWN_IDENTITY:
		log_limited(LOG_WARNING, LOG_KIND_ANNOUNCE_REFUSED, port,
			    "port %zu (%s): somebody else bears our own identity %s-%u", port + 1, name, text,
			    sender->port_number);
		break;
	case BC_COUNTER_ANNOUNCE_OWN_GRANDMASTER:
		log_limited(LOG_WARNING, LOG_KIND_ANNOUNCE_REFUSED, port,
			    "port %zu (%s): %s-%u announces a grandmaster that bears our own identity",
			    port + 1, name, text, sender->port_number);
		break;
	case BC_COUNTER_ANNOUNCE_PATH_LOOP:
		log_limited(LOG_WARNING, LOG_KIND_ANNOUNCE_REFUSED, port,
			    "port %zu (%s): Announce of %s-%u came by way of this clock: a loop?", port + 1,
			    name, text, sender->port_number);
		break;
	case BC_COUNTER_ANNOUNCE_CLOCK_CLASS:
		log_limited(LOG_WARNING, LOG_KIND_ANNOUNCE_REFUSED, port,
			    "port %zu (%s): Master clock quality received is greater than configured, "
			    "ignoring master!",
			    port + 1, name);
		break;
	case BC_COUNTER_ANNOUNCE_TIMESCALE:
		log_limited(LOG_WARNING, LOG_KIND_ANNOUNCE_REFUSED, port,
			    "port %zu (%s): %s-%u announces an arbitrary time scale: not followed "
			    "(arbitrary_timescale)",
			    port + 1, name, text, sender->port_number);
		break;
	default:
		break;
	}
}

static void report_holdover(const struct bc_action *action)
{
	double age_s = (double)action->holdover.age_ns * 1e-9;
	int64_t error_ns = action->holdover.expected_error_ns;
	char error[48] = "";

	if (error_ns >= 0)
		snprintf(error, sizeof(error), ", expected error below %" PRId64 " ns", error_ns);
	if (action->holdover.event == BC_HOLDOVER_LEFT)
		log_limited(LOG_NOTICE, LOG_KIND_HOLDOVER, 0,
			    "holdover: a master again, %.1f s after the last%s", age_s, error);
	else
		log_limited(action->holdover.event == BC_HOLDOVER_ENTERED ? LOG_WARNING : LOG_NOTICE,
			    LOG_KIND_HOLDOVER, 0,
			    "holdover: %s after %.1f s, announcing clockClass %u clockAccuracy 0x%02x%s",
			    action->holdover.event == BC_HOLDOVER_ENTERED ? "no master" : "still none", age_s,
			    action->holdover.clock_class, action->holdover.clock_accuracy, error);
}

static const char *service_name(uint8_t message_type)
{
	switch (message_type) {
	case PTP_ANNOUNCE:
		return "ANNOUNCE";
	case PTP_SYNC:
		return "SYNC";
	default:
		return "DELAY_RESP";
	}
}

static void report_unicast(size_t port, const char *name, const struct bc_action *action)
{
	const char *service = service_name(action->unicast.message_type);

	switch (action->unicast.event) {
	case BC_UNICAST_EVENT_GRANTED:
		log_line(LOG_DEBUG, "port %zu (%s): unicast %s granted for %u sec", port + 1, name, service,
			 action->unicast.duration_s);
		break;
	case BC_UNICAST_EVENT_DENIED:
		log_limited(LOG_WARNING, LOG_KIND_UNICAST, port,
			    "port %zu (%s): unicast grant of %s rejected", port + 1, name, service);
		break;
	case BC_UNICAST_EVENT_CANCELED:
		log_limited(LOG_WARNING, LOG_KIND_UNICAST, port,
			    "port %zu (%s): server unilaterally canceled unicast %s grant", port + 1, name,
			    service);
		break;
	case BC_UNICAST_EVENT_SILENT:
		log_limited(LOG_WARNING, LOG_KIND_UNICAST, port,
			    "port %zu (%s): server granted unicast %s and sends none: asking again", port + 1,
			    name, service);
		break;
	}
}

void report_action(struct report *report, const struct bc_action *action)
{
	size_t port = action->port;
	const char *name = report->ports[port].settings->name;
	char text[BC_CLOCK_IDENTITY_TEXT];

	switch (action->type) {
	case BC_ACTION_PORT_STATE:
		log_limited(LOG_NOTICE, LOG_KIND_PORT_STATE, port, "port %zu (%s): %s to %s on %s", port + 1,
			    name, bc_port_state_name(action->port_state.old_state),
			    bc_port_state_name(action->port_state.new_state),
			    bc_event_name(action->port_state.event));
		break;
	case BC_ACTION_BEST_MASTER:
		report->sums = (struct report_sums){};
		report_best_master(action);
		break;
	case BC_ACTION_FOREIGN_MASTER:
		log_limited(LOG_NOTICE, LOG_KIND_FOREIGN_MASTER, port,
			    "port %zu (%s): new foreign master %s-%u", port + 1, name,
			    bc_clock_identity_text(action->foreign_master.identity.clock_identity, text),
			    action->foreign_master.identity.port_number);
		break;
	case BC_ACTION_SYNC:
		report_sync(report, action);
		break;
	case BC_ACTION_DELAY:
		log_line(LOG_DEBUG, "delay stamps: port %zu t3_mono_ns %" PRIu64 " t4_ptp_ns %" PRId64,
			 port + 1, action->delay.t3_mono_ns, action->delay.t4_ptp_ns);
		break;
	case BC_ACTION_CLOCK:
		if (action->clock.step_ns != 0)
			report_clock_stepped(action, report->settings->engine.is_system_clock);
		break;
	case BC_ACTION_MASTER_STEP:
		log_limited(LOG_WARNING, LOG_KIND_MASTER_STEP, port,
			    "port %zu (%s): master's time jumped by %" PRId64 " ns: %s", port + 1, name,
			    action->master_step.jump_ns,
			    action->master_step.is_accepted ? "confirmed, following" : "not believed yet");
		break;
	case BC_ACTION_HOLDOVER:
		report_holdover(action);
		break;
	case BC_ACTION_STEP_GUARD:
		log_limited(LOG_ERR, LOG_KIND_STEP_GUARD, port,
			    "port %zu (%s): step guard: master %s-%u is off by %.9f s: %s", port + 1, name,
			    bc_clock_identity_text(action->step_guard.identity.clock_identity, text),
			    action->step_guard.identity.port_number,
			    (double)action->step_guard.step_ns * 1e-9,
			    action->step_guard.is_followed ? "followed, as configured" : "not followed");
		break;
	case BC_ACTION_MASTER_BARRED:
		log_limited(LOG_WARNING, LOG_KIND_BARRED, port,
			    "port %zu (%s): master %s-%u is not taken again for %" PRIu64 " s", port + 1,
			    name, bc_clock_identity_text(action->master_barred.identity.clock_identity, text),
			    action->master_barred.identity.port_number,
			    action->master_barred.bar_ns / (uint64_t)NSEC_PER_SEC);
		break;
	case BC_ACTION_LOOP:
		log_limited(LOG_WARNING, LOG_KIND_LOOP, port,
			    "port %zu (%s): hears port %u of this clock: a loop?", port + 1, name,
			    action->loop.port_number);
		break;
	case BC_ACTION_ANNOUNCE_REFUSED:
		report_announce_refused(action, name);
		break;
	case BC_ACTION_LINK_NOTE:
		report_link_note(action, name);
		break;
	case BC_ACTION_UNICAST:
		report_unicast(port, name, action);
		break;
	case BC_ACTION_PATH_ALARM:
		report_path_alarm(action, name);
		break;
	case BC_ACTION_FAULT:
		log_limited(LOG_ERR, LOG_KIND_FAULT, port,
			    "port %zu (%s): no transmit stamps come back: its frames do not leave", port + 1,
			    name);
		break;
	case BC_ACTION_UTC:
		report_utc(action);
		break;
	case BC_ACTION_EPOCH_REFUSED:
		report_timescale_refused(action, name);
		break;
	case BC_ACTION_SEND:
	case BC_ACTION_MANAGEMENT:
	case BC_ACTION_SLAVE_EVENT:
		break;
	}
}

void report_list_add_bpf(struct counter_list *list, const struct ebc_counters *counters)
{
	for (unsigned int i = 0; i < EBC_COUNTER_MAX; i++)
		counter_list_add(list, ebc_counter_name((enum ebc_counter)i), counters->value[i]);
}

void report_list_add_engine(struct counter_list *list, const struct bc_port_counters *counters)
{
	for (unsigned int i = 0; i < BC_COUNTER_MAX; i++)
		counter_list_add(list, bc_counter_name((enum bc_counter)i), counters->value[i]);
}

void report_list_add_daemon(struct counter_list *list, const struct daemon_counters *counters)
{
	static const char *const names[] = {
#define X(id, name) [DAEMON_COUNTER_##id] = name,
		DAEMON_COUNTERS(X)
#undef X
	};

	for (unsigned int i = 0; i < DAEMON_COUNTER_MAX; i++)
		counter_list_add(list, names[i], counters->value[i]);
}

void report_counters(const struct port *port, const struct counter_list *list, bool is_other_domains)
{
	char text[COUNTERS_OCTETS] = "";
	size_t len = 0;

	for (size_t i = 0; i < list->n; i++) {
		int n;

		if (list->entries[i].value == 0)
			continue;
		n = snprintf(text + len, sizeof(text) - len, " %s %" PRIu64, list->entries[i].name,
			     list->entries[i].value);
		if (n > 0 && (size_t)n < sizeof(text) - len)
			len += (size_t)n;
	}
	log_line(LOG_INFO, "port %zu (%s)%s: counters:%.*s", port->index + 1, port->settings->name,
		 is_other_domains ? " other domains" : "", (int)len, text);
}
