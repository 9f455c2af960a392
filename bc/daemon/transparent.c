// SPDX-License-Identifier: GPL-2.0-or-later
/* See transparent.h. The work is done by pure modules; here they meet rings, sockets and the log. */
#include "bc/daemon/transparent.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "bc/daemon/app.h"
#include "bc/daemon/clocks.h"
#include "bc/daemon/log.h"
#include "bc/engine/peer_delay.h"
#include "tc/completer.h"
#include "tc/syntonizer.h"
#include "util/cleanup.h"
#include "util/macros.h"

/* Frames held at a time: those of a full queue of 11 ms at 20,000 event messages a second. */
#define HELD_FRAMES 256
/* Departures taken before timers get their turn. */
#define BUDGET 256

struct peer {
	struct bc_peer_delay *delay; /* NULL: not a P2P_TC */
	bool was_valid, was_missing, had_several;
};

struct transparent {
	struct tclk_completer *completer;
	struct tclk_syntonizer *syntonizer;
	bool was_syntonized;
	size_t n_ports;
	struct peer peers[BC_MAX_PORTS];
};

static void cleanup_transparent(struct transparent **transparent)
{
	transparent_free(*transparent);
}

static int new_peers(struct app *app, const uint8_t *clock_identity, struct transparent *t)
{
	for (size_t i = 0; i < app->n_ports; i++) {
		struct bc_peer_delay_config config = app->settings->transparent.peer_delay[i];
		int r;

		memcpy(config.identity.clock_identity, clock_identity, PTP_CLOCK_IDENTITY_LEN);
		config.identity.port_number = (uint16_t)(i + 1);
		if (getrandom(&config.seed, sizeof(config.seed), 0) < 0)
			config.seed = clocks_mono_ns() + i;
		r = bc_peer_delay_new(&config, &t->peers[i].delay);
		if (r < 0)
			return r;
	}
	return 0;
}

static void configure_programs(struct app *app)
{
	const struct transparent_settings *settings = &app->settings->transparent;
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(app->loader);

	/* A predecessor's rate is better than none, until it is found anew. */
	if (!ebc_loader_took_over(app->loader) || !settings->is_syntonized)
		ctl->rate_offset_2m32 = 0;
	ctl->priority = app->settings->loader.mode == EBC_MODE_MONITOR ? 0 : settings->priority;
	ctl->is_p2p = settings->is_p2p;
	ctl->is_auth_mutable = settings->is_auth_mutable;
	ctl->counts_steps = settings->counts_steps;
	ctl->one_step = (uint8_t)settings->one_step;
	ctl->observes = settings->is_syntonized;
	ctl->wants_samples = 0;
}

static void say_what(const struct app *app)
{
	static const char *const forwards[] = {
		[EBC_FORWARD_NONE] = "forwards nothing itself",
		[EBC_FORWARD_AUTO] = "forwards over bridges, and directly where there is none",
		[EBC_FORWARD_BRIDGE] = "forwards over bridges",
		[EBC_FORWARD_DIRECT] = "forwards directly",
	};
	const struct settings *s = app->settings;

	char domains[32] = "all domains";

	if (s->loader.leaves_own_domain)
		snprintf(domains, sizeof(domains), "all domains but %u", s->loader.domain_number);
	else if (!s->loader.has_all_domains)
		snprintf(domains, sizeof(domains), "domain %u", s->loader.domain_number);
	log_line(LOG_INFO, "%s, %zu ports, %s, %s", s->clock_type, app->n_ports, domains,
		 forwards[s->transparent.forward]);
	if (ebc_loader_took_over(app->loader) && !app->is_successor)
		log_line(LOG_NOTICE, "took over the programs of a predecessor that did not stop properly");
}

int transparent_new(struct app *app, const uint8_t *clock_identity, struct transparent **ret_transparent)
{
	_cleanup_(cleanup_transparent) struct transparent *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	t->n_ports = app->n_ports;
	r = tclk_completer_new(HELD_FRAMES, &t->completer);
	if (r == 0)
		r = tclk_syntonizer_new(&t->syntonizer);
	if (r == 0 && app->settings->transparent.is_p2p)
		r = new_peers(app, clock_identity, t);
	if (r < 0)
		return r;
	configure_programs(app);
	say_what(app);
	*ret_transparent = TAKE_PTR(t);
	return 0;
}

/* What was told of a neighbour is not told again while it holds. */
static void inherit_told(struct peer *peer, const struct peer *old, const struct bc_peer_delay_status *status)
{
	peer->was_valid = old->was_valid && status->is_valid;
	peer->was_missing = old->was_missing && status->is_missing;
	peer->had_several = old->had_several && status->has_several_responders;
}

void transparent_inherit(struct app *app, const struct transparent *old, const size_t *old_ports)
{
	for (size_t i = 0; i < app->n_ports; i++) {
		struct peer *peer = &app->transparent->peers[i];
		struct bc_peer_delay_status status;
		const struct peer *from;

		if (!peer->delay || old_ports[i] >= old->n_ports || !old->peers[old_ports[i]].delay)
			continue;
		from = &old->peers[old_ports[i]];
		bc_peer_delay_inherit(peer->delay, from->delay);
		bc_peer_delay_status(peer->delay, &status);
		inherit_told(peer, from, &status);
		/* So that the programs correct by it from their first frame on, also where the neighbour is
		 * silent at the moment. */
		if (status.is_within_thresholds)
			app->ports[i].link_delay_ns = status.mean_link_delay_ns;
	}
}

void transparent_free(struct transparent *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n_ports; i++)
		bc_peer_delay_free(t->peers[i].delay);
	tclk_syntonizer_free(t->syntonizer);
	tclk_completer_free(t->completer);
	free(t);
}

static void handle_peer_delay(struct app *app, const struct ebc_rx_record *record, uint64_t stamp_mono_ns,
			      uint64_t now_mono_ns)
{
	struct bc_peer_delay *delay = app->transparent->peers[record->port_index].delay;
	struct bc_rx rx = {
		.message = record->frame + record->ptp_offset,
		.len = record->ptp_len,
		.has_stamp = true,
		.stamp_mono_ns = stamp_mono_ns,
		.transport = (enum ebc_transport)record->transport,
	};
	bool is_multicast;

	if (!bc_encap_read(record->frame, record->frame_len, record->ptp_offset, rx.transport, &rx.source,
			   &is_multicast))
		app->counters[record->port_index].value[DAEMON_COUNTER_RX_CHECKSUM]++;
	else if (delay)
		bc_peer_delay_handle_rx(delay, &rx, now_mono_ns);
}

void transparent_handle_rx(struct app *app, const struct ebc_rx_record *record, uint64_t stamp_mono_ns)
{
	struct transparent *t = app->transparent;
	uint64_t now_mono_ns = clocks_mono_ns();

	/* Of before a halt, or left by a predecessor: nobody waits for it any more. */
	if (now_mono_ns - record->tc_mono_ns > EBC_FOLLOW_MAX_AGE_NS) {
		app->counters[record->port_index].value[DAEMON_COUNTER_RX_STALE]++;
		return;
	}
	switch (record->reason) {
	case EBC_RX_OBSERVED:
		tclk_syntonizer_handle_rx(t->syntonizer, record->frame + record->ptp_offset, record->ptp_len,
					  record->port_index, stamp_mono_ns, now_mono_ns);
		break;
	case EBC_RX_PEER_DELAY:
		handle_peer_delay(app, record, stamp_mono_ns, now_mono_ns);
		break;
	case EBC_RX_PARKED:
	case EBC_RX_CONVERTED:
		tclk_completer_hold(t->completer, record, now_mono_ns);
		break;
	default:
		break;
	}
}

static void on_departure(void *context, const struct ebc_departure_record *record)
{
	struct app *app = context;

	tclk_completer_departed(app->transparent->completer, record, clocks_mono_ns());
}

void transparent_take_departures(struct app *app)
{
	ebc_loader_consume_departures(app->loader, BUDGET, on_departure, app);
}

void transparent_handle_tx_stamp(struct app *app, size_t port, uint8_t message_type, uint16_t sequence_id,
				 uint64_t stamp_mono_ns)
{
	struct bc_peer_delay *delay = app->transparent->peers[port].delay;

	if (delay)
		bc_peer_delay_handle_tx_stamp(delay, message_type, sequence_id, stamp_mono_ns,
					      clocks_mono_ns());
}

void transparent_handle_link(struct app *app, const struct port *port, bool is_usable)
{
	struct bc_peer_delay *delay = app->transparent->peers[port->index].delay;

	if (delay)
		bc_peer_delay_handle_link(delay, is_usable ? BC_LINK_UP : BC_LINK_DOWN, clocks_mono_ns());
}

void transparent_handle_timer(struct app *app, uint64_t now_mono_ns)
{
	struct transparent *t = app->transparent;

	tclk_completer_handle_timer(t->completer, now_mono_ns);
	for (size_t i = 0; i < t->n_ports; i++)
		if (t->peers[i].delay)
			bc_peer_delay_handle_timer(t->peers[i].delay, now_mono_ns);
}

uint64_t transparent_next_deadline_mono_ns(const struct transparent *t)
{
	uint64_t deadline = tclk_completer_next_deadline_mono_ns(t->completer);

	for (size_t i = 0; i < t->n_ports; i++)
		if (t->peers[i].delay)
			deadline = MIN(deadline, bc_peer_delay_next_deadline_mono_ns(t->peers[i].delay));
	return deadline;
}

static void syntonize(struct app *app)
{
	struct transparent *t = app->transparent;
	struct tclk_syntonizer_status status;
	char text[BC_CLOCK_IDENTITY_TEXT];

	tclk_syntonizer_status(t->syntonizer, clocks_mono_ns(), &status);
	if (status.is_known || t->was_syntonized)
		ebc_loader_ctl(app->loader)->rate_offset_2m32 =
			status.is_known ? (int64_t)llrint(status.rate_offset * 4294967296.0) : 0;
	if (status.is_known && !t->was_syntonized)
		log_limited(LOG_INFO, LOG_KIND_SYNTONIZED, 0,
			    "syntonized: grandmaster %s runs %+.0f ppb against this clock",
			    bc_clock_identity_text(status.clock_identity, text), status.rate_offset * 1e9);
	else if (!status.is_known && t->was_syntonized)
		log_limited(LOG_NOTICE, LOG_KIND_SYNTONIZED, 0,
			    "no longer syntonized: residence is told in this clock's own rate");
	t->was_syntonized = status.is_known;
}

static void publish_link_delay(struct app *app, struct port *port, struct peer *peer)
{
	struct bc_peer_delay_status status;
	bool is_missing;

	bc_peer_delay_status(peer->delay, &status);
	is_missing = status.is_missing && !status.has_several_responders;
	/* One that is not valid any more is better than none: cables seldom change. */
	if (status.is_valid)
		port_set_link_delay(app, port, status.mean_link_delay_ns);
	if (status.is_valid && !peer->was_valid)
		log_limited(LOG_INFO, LOG_KIND_PEER_DELAY, port->index,
			    "port %zu (%s): peer delay %" PRId64 " ns", port->index + 1, port->settings->name,
			    status.mean_link_delay_ns);
	else if (!status.is_valid && peer->was_valid)
		log_limited(LOG_WARNING, LOG_KIND_PEER_DELAY, port->index,
			    "port %zu (%s): the neighbour does not answer, or is too far away: its last peer "
			    "delay "
			    "is kept",
			    port->index + 1, port->settings->name);
	else if (is_missing && !peer->was_missing)
		log_limited(LOG_WARNING, LOG_KIND_PEER_DELAY, port->index,
			    "port %zu (%s): no peer delay: the neighbour does not answer, measures end to "
			    "end, or "
			    "is too far away",
			    port->index + 1, port->settings->name);
	if (status.has_several_responders && !peer->had_several)
		log_limited(LOG_WARNING, LOG_KIND_PEER_DELAY, port->index,
			    "port %zu (%s): several neighbours answer peer delay requests: none is measured",
			    port->index + 1, port->settings->name);
	peer->was_valid = status.is_valid;
	peer->was_missing = is_missing;
	peer->had_several = status.has_several_responders;
}

void transparent_housekeeping(struct app *app)
{
	struct transparent *t = app->transparent;

	if (app->settings->transparent.is_syntonized)
		syntonize(app);
	for (size_t i = 0; i < t->n_ports; i++)
		if (t->peers[i].delay)
			publish_link_delay(app, &app->ports[i], &t->peers[i]);
}

static void send_completed(struct app *app)
{
	struct tclk_send send;

	while (tclk_completer_pop(app->transparent->completer, &send)) {
		int r;

		if (send.port_index >= app->n_ports ||
		    (uint32_t)app->ports[send.port_index].link.ifindex != send.ifindex) {
			/* The interface was replaced meanwhile. */
			if (send.port_index < app->n_ports)
				app->counters[send.port_index].value[DAEMON_COUNTER_TX_FAILED]++;
			continue;
		}
		r = sender_send(app->sender, (int)send.ifindex, send.frame.octets, send.frame.len, false);
		if (r < 0)
			app_tell_send_failed(app, send.port_index, r);
	}
}

void transparent_do_actions(struct app *app)
{
	struct transparent *t = app->transparent;
	struct bc_action action;

	send_completed(app);
	for (size_t i = 0; i < t->n_ports; i++)
		while (t->peers[i].delay && bc_peer_delay_pop_action(t->peers[i].delay, &action))
			app_send(app, &action);
}

void transparent_rate(const struct transparent *t, struct tclk_syntonizer_status *ret_status)
{
	tclk_syntonizer_status(t->syntonizer, clocks_mono_ns(), ret_status);
}

bool transparent_peer_delay(const struct transparent *t, size_t port, struct bc_peer_delay_status *ret_status)
{
	if (t->peers[port].delay)
		bc_peer_delay_status(t->peers[port].delay, ret_status);
	return t->peers[port].delay;
}

void transparent_list_counters(const struct transparent *t, size_t port, struct counter_list *list)
{
	for (unsigned int i = 0; i < TCLK_COUNTER_MAX; i++)
		counter_list_add(list, tclk_counter_name((enum tclk_counter)i),
				 tclk_completer_count(t->completer, (uint16_t)port, (enum tclk_counter)i));
	for (unsigned int i = 0; t->peers[port].delay && i < BC_PEER_DELAY_COUNTER_MAX; i++)
		counter_list_add(list, bc_peer_delay_counter_name((enum bc_peer_delay_counter)i),
				 bc_peer_delay_count(t->peers[port].delay, (enum bc_peer_delay_counter)i));
}
