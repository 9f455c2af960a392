// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames and stamps between the rings, the packet socket and the loop. */
#include "bc/daemon/bpf_records.h"
#include "bc/daemon/reach.h"

#include <errno.h>

#include "bc/daemon/app.h"
#include "bc/daemon/clocks.h"
#include "bc/daemon/driver_stamp.h"
#include "bc/daemon/one_step_port.h"
#include "util/macros.h"

/* Records taken before timers get their turn. */
#define RX_BUDGET 256
#define TX_BUDGET 64

/* In the order of bpf_records_watch(). */
enum {
	WATCH_SENDER,
	WATCH_RX,
	WATCH_TX,
	WATCH_DEPARTURES,
	WATCH_MAX,
};

static bool is_own_port(struct app *app, uint16_t port_index, uint32_t ifindex)
{
	if (port_index >= app->n_ports)
		return false;
	if ((uint32_t)app->ports[port_index].link.ifindex == ifindex)
		return true;
	app->counters[port_index].value[DAEMON_COUNTER_RX_STALE_LINK]++;
	return false;
}

static void on_rx(void *context, const struct ebc_rx_record *record)
{
	struct app *app = context;
	enum ebc_transport transport = (enum ebc_transport)record->transport;
	struct bc_rx rx = {
		.message = record->frame + record->ptp_offset,
		.len = record->ptp_len,
		.has_stamp = record->stamp_source != EBC_STAMP_NONE,
		.stamp_mono_ns = record->stamp_mono_ns,
		.transport = transport,
	};
	bool is_multicast;

	/* Converted with the offset of before the system's clock was set: the later stamp is the better one.
	 */
	if (record->tc_mono_ns < app->clock_set_mono_ns)
		rx.stamp_mono_ns = record->tc_mono_ns;
	if (!is_own_port(app, record->port_index, record->ifindex))
		return;
	if (app->transparent) {
		transparent_handle_rx(app, record, rx.stamp_mono_ns);
		app_do_actions(app);
		return;
	}
	if (!bc_encap_read(record->frame, record->frame_len, record->ptp_offset, transport, &rx.source,
			   &is_multicast)) {
		app->counters[record->port_index].value[DAEMON_COUNTER_RX_CHECKSUM]++;
		return;
	}
	app_handle_rx(app, record->port_index, &rx);
}

static void take_driver_stamps(struct app *app, int budget)
{
	struct driver_stamp stamp;

	for (int i = 0; i < budget && driver_stamp_pop(sender_fd(app->sender), &stamp); i++) {
		uint64_t stamp_mono_ns = (uint64_t)(stamp.real_ns - app->real_minus_mono_ns);
		size_t port = stamp.port_number - 1U;

		if (stamp.real_ns == 0 || port >= app->n_ports ||
		    stamp.message_type >= ARRAY_SIZE(app->ports->tx_history))
			continue;
		if (app->tx_stamp == EBC_STAMP_DRIVER)
			app_handle_tx_stamp(app, port, stamp.message_type, stamp.sequence_id, stamp_mono_ns);
		else
			tx_stamp_handle_driver(&app->ports[port].tx_history[stamp.message_type],
					       stamp.sequence_id, stamp_mono_ns);
	}
}

/* A transparent clock's peer delay belongs to its residence times, and is stamped where those end. */
static uint64_t own_tx_stamp(struct app *app, struct port *port, const struct ebc_tx_record *record)
{
	struct tx_stamp_history *history;
	uint64_t stamp_mono_ns;

	if (app->transparent || record->stamp_source != EBC_STAMP_XMIT ||
	    record->message_type >= ARRAY_SIZE(port->tx_history))
		return record->stamp_mono_ns;
	history = &port->tx_history[record->message_type];
	/* On another CPU, or behind a qdisc, its answer may be the later one to be told of. */
	if (tx_stamp_awaits_driver(history, record->sequence_id))
		take_driver_stamps(app, TX_BUDGET);
	stamp_mono_ns = tx_stamp_mono_ns(history, record->sequence_id,
					 record->stamp_mono_ns - record->driver_ns / 2, record->driver_ns);
	if (record->message_type == PTP_DELAY_REQ || record->message_type == PTP_PDELAY_REQ)
		for (size_t i = 0; i < app->n_ports; i++)
			app->ports[i].asks_for_sync =
				tx_stamp_is_driver_far(history, app->ports[i].asks_for_sync);
	return stamp_mono_ns;
}

static void on_tx(void *context, const struct ebc_tx_record *record)
{
	struct app *app = context;
	uint64_t stamp_mono_ns;
	struct port *port;

	if (app->tx_stamp == EBC_STAMP_DRIVER || !is_own_port(app, record->port_index, record->ifindex))
		return;
	port = &app->ports[record->port_index];
	stamp_mono_ns = own_tx_stamp(app, port, record);
	if (app->engine && record->message_type == PTP_SYNC)
		one_step_port_handle_sync(app, port, record, stamp_mono_ns);
	if (app->engine && record->is_one_step)
		bc_engine_handle_one_step_left(app->engine, port->index, record->sequence_id, stamp_mono_ns);
	else
		app_handle_tx_stamp(app, port->index, record->message_type, record->sequence_id,
				    stamp_mono_ns);
}

/* Mostly the stamp is there when the send returns; when a qdisc holds the frame, poll(2) tells later. The
 * driver's comes first, since it is used when the record of the tracepoints is taken. */
static void take_tx_stamps(struct app *app, int n_driver_stamps)
{
	if (n_driver_stamps > 0)
		take_driver_stamps(app, n_driver_stamps);
	if (app->tx_stamp != EBC_STAMP_DRIVER)
		ebc_loader_consume_tx(app->loader, TX_BUDGET, on_tx, app);
}

/* Where we measure a path, and where a neighbour does that with us. */
static bool asks_driver(const struct app *app, struct port *port, const struct bc_action *action)
{
	if (!action->send.is_event)
		return false;
	if (port->tx_stamp == EBC_STAMP_XMIT && !app->transparent &&
	    (action->send.message_type != PTP_SYNC || port->asks_for_sync))
		return tx_stamp_asks_driver(&port->tx_history[action->send.message_type],
					    action->send.sequence_id);
	return port->tx_stamp == EBC_STAMP_DRIVER;
}

/* Wraps a message and sends it: one system call. */
static int send_frame(struct app *app, struct port *port, const struct bc_action *action)
{
	struct bc_address destination = *port_destination(port, action);
	struct bc_encap encap = {
		.transport = port->transport,
		.source = port->source,
		.dscp = action->send.is_event ? port->settings->dscp_event : port->settings->dscp_general,
		.hop_limit = action->send.is_unicast ? 64 : port->settings->hop_limit,
	};
	uint8_t frame[BC_ENCAP_MAX + BC_MSG_TX_MAX];
	size_t len;

	if (!port->is_attached)
		return -ENETDOWN;
	if (action->send.is_unicast && !reach_complete(app, port, &destination))
		return 0;
	encap.destination = destination;
	if (action->send.is_unicast)
		port_choose_source(port, &destination, &encap.source);
	len = bc_encap_write(&encap, action->send.is_event, action->send.message, action->send.len, frame,
			     sizeof(frame));
	if (len == 0)
		return -ENETDOWN;
	return sender_send(app->sender, port->link.ifindex, frame, len, asks_driver(app, port, action));
}

int bpf_records_send(struct app *app, struct port *port, const struct bc_action *action)
{
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(app->loader);
	int r;

	/* A stamp that comes meanwhile need not wake us: we look right after, and poll(2) would tell the
	 * rest. */
	ctl->is_sending = 1;
	r = send_frame(app, port, action);
	ctl->is_sending = 0;
	if (action->send.is_event)
		take_tx_stamps(app, sender_has_asked(app->sender) ? 1 : 0);
	return r;
}

size_t bpf_records_watch(struct app *app, struct pollfd *polled)
{
	/* POLLERR, which is always watched for: a driver's stamp. */
	polled[WATCH_SENDER] = (struct pollfd){.fd = sender_fd(app->sender)};
	polled[WATCH_RX] = (struct pollfd){.fd = ebc_loader_rx_fd(app->loader), .events = POLLIN};
	polled[WATCH_TX] = (struct pollfd){.fd = ebc_loader_tx_fd(app->loader), .events = POLLIN};
	/* -1, which poll(2) passes over, where there is none. */
	polled[WATCH_DEPARTURES] =
		(struct pollfd){.fd = ebc_loader_departure_fd(app->loader), .events = POLLIN};
	return WATCH_MAX;
}

void bpf_records_take_tx_stamps(struct app *app, const struct pollfd *polled, size_t n)
{
	take_tx_stamps(app, n > WATCH_SENDER && polled[WATCH_SENDER].revents ? TX_BUDGET : 0);
	if (app->transparent)
		transparent_take_departures(app);
}

void bpf_records_take_frames(struct app *app, const struct pollfd *polled, size_t n)
{
	/* The ring is in memory: to look is cheaper than to ask poll(2). */
	(void)polled;
	(void)n;
	ebc_loader_consume_rx(app->loader, RX_BUDGET, on_rx, app);
}
