// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The back end of BPF programs: they consume and stamp what comes in; whole frames leave by one packet socket
 * and are stamped by the programs, or by the driver. Starting and the ports; bpf_records.c has the traffic.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bc/daemon/app.h"
#include "bc/daemon/bpf_records.h"
#include "bc/daemon/clocks.h"
#include "bc/daemon/log.h"
#include "bc/daemon/service.h"
#include "netlink/ethtool.h"
#include "util/macros.h"

/* Good for four missed renewals. */
#define LEASE_NS (2 * NSEC_PER_SEC)

static bool drivers_stamp(struct app *app)
{
	for (size_t i = 0; i < app->n_ports; i++) {
		struct ebc_ethtool_info info;

		if (ebc_ethtool_get(app->settings->ports[i].name, &info) < 0 || !info.has_tx_software)
			return false;
	}
	return true;
}

/* The one place that chooses the transmit stamp; the log names it once, and what it costs. */
static void choose_tx_stamp(struct app *app)
{
	const char *why_not = "";
	enum ebc_stamp_source wish = app->settings->loader.tx_stamp;

	app->tx_stamp = ebc_loader_tx_stamp(app->loader, &why_not);
	/* The driver stamps only what this process sends: nothing that is forwarded. */
	if (app->settings->loader.mode != EBC_MODE_BOUNDARY)
		app->tx_stamp = app->tx_stamp == EBC_STAMP_DRIVER ? EBC_STAMP_TC : app->tx_stamp;
	else if (wish == EBC_STAMP_DRIVER ||
		 (wish == EBC_STAMP_NONE && app->tx_stamp == EBC_STAMP_TC && drivers_stamp(app)))
		app->tx_stamp = EBC_STAMP_DRIVER;
	ebc_loader_ctl(app->loader)->tx_stamp_source = (uint8_t)app->tx_stamp;
	for (size_t i = 0; i < app->n_ports; i++)
		app->ports[i].tx_stamp = app->tx_stamp;

	switch (app->tx_stamp) {
	case EBC_STAMP_XMIT:
		log_line(LOG_INFO,
			 "transmit stamps: BPF after the qdisc, at net_dev_start_xmit and net_dev_xmit%s",
			 app->settings->loader.mode == EBC_MODE_BOUNDARY
				 ? "; of Delay_Req the driver's own, if it answers"
				 : "");
		break;
	case EBC_STAMP_START_XMIT:
		log_line(LOG_INFO, "transmit stamps: BPF at net_dev_start_xmit, after the qdisc");
		break;
	case EBC_STAMP_DRIVER:
		log_line(LOG_INFO, "transmit stamps: software stamps of the drivers%s%s%s",
			 *why_not ? ", since " : "", why_not,
			 app->settings->loader.publish_stamps ? "; they are not published" : "");
		break;
	default:
		log_line(LOG_WARNING,
			 "transmit stamps: BPF at tc egress%s%s; the time that a frame waits in a qdisc is "
			 "lost",
			 *why_not ? ", since " : "", why_not);
		break;
	}
	if (app->tx_stamp == EBC_STAMP_TC && app->settings->loader.mode == EBC_MODE_TRANSPARENT)
		log_line(LOG_WARNING, "what a queue adds is not corrected, and one-step messages are kept");
	log_line(LOG_INFO, "receive stamps: %s",
		 app->settings->loader.rx_stamp == EBC_STAMP_SKB
			 ? "the kernel's (skb->tstamp), read by BPF at tc ingress"
			 : "BPF at tc ingress");
}

static void tell_whether_pinned(const struct app *app)
{
	const char *why_not;

	if (app->settings->loader.mode != EBC_MODE_TRANSPARENT || !app->settings->loader.set_pin_directory)
		return;
	if (ebc_loader_is_pinned(app->loader, &why_not))
		log_line(LOG_INFO, "programs are pinned: they go on correcting if this process is killed");
	else
		log_line(LOG_WARNING, "programs are not pinned, and end with this process: %s", why_not);
}

static int start(struct app *app, char *reason, size_t reason_size)
{
	struct ebc_loader_options options = app->settings->loader;
	uint32_t ifindexes[BC_MAX_PORTS];
	volatile struct ebc_ctl *ctl;
	char why[192] = "";
	int r;

	for (size_t i = 0; i < app->n_ports; i++)
		ifindexes[i] = (uint32_t)app->ports[i].link.ifindex;
	options.set_ifindexes = ifindexes;
	options.n_set_ifindexes = app->n_ports;
	options.left_hooks = app->left_hooks;
	r = ebc_loader_new(&options, &app->loader, why, sizeof(why));
	if (r < 0) {
		snprintf(reason, reason_size, "cannot load the BPF programs: %s", *why ? why : strerror(-r));
		return r;
	}
	/* The predecessor's folder is ours to take away. */
	app->made_pin_directory = ebc_loader_made_directory(app->loader) || ebc_loader_took_over(app->loader);
	choose_tx_stamp(app);
	r = sender_new(app->settings->socket_priority, &app->sender);
	if (r < 0) {
		snprintf(reason, reason_size, "cannot open a packet socket: %s", strerror(-r));
		return r;
	}
	ctl = ebc_loader_ctl(app->loader);
	ctl->tx_socket_cookie = sender_cookie(app->sender);
	ctl->real_minus_mono_ns = app->real_minus_mono_ns;
	log_line(LOG_INFO, "programs attached by %s",
		 ebc_loader_uses_tcx(app->loader) ? "tcx links" : "clsact filters");
	tell_whether_pinned(app);
	return 0;
}

/* Now that our own programs are in place. The folder is ours to take away as well. */
static void handle_started(struct app *app)
{
	if (ebc_loader_remove_predecessors(app->loader) > 0)
		app->made_pin_directory = true;
}

/* A transparent clock's frames are corrected until the programs go. */
static void handle_stopping(struct app *app)
{
	if (app->loader && app->settings->loader.mode == EBC_MODE_BOUNDARY)
		ebc_loader_ctl(app->loader)->lease_until_mono_ns = 0;
}

static void stop(struct app *app)
{
	for (size_t i = 0; app->loader && i < app->n_ports; i++) {
		service_goes_on(clocks_mono_ns());
		port_fini(app, &app->ports[i]);
	}
	ebc_loader_free(app->loader);
	app->loader = NULL;
	/* Stays when another domain's stamps are in it. */
	if (app->made_pin_directory)
		rmdir(app->settings->pin_directory);
	app->made_pin_directory = false;
	sender_free(app->sender);
	app->sender = NULL;
}

static void port_conf(const struct port *port, struct ebc_port_conf *ret, uint32_t *lowest)
{
	const struct ebc_link *link = &port->link;
	size_t n_ipv4 = 0, n_ipv6 = 0;

	*ret = (struct ebc_port_conf){.port_index = (uint32_t)port->index};
	memcpy(ret->mac, link->mac, 6);
	memcpy(ret->bridge_mac, link->bridge_mac, 6);
	/* The configured address is the port's own, whoever else has it. */
	if (port->settings->has_source_ip && port->transport == EBC_TRANSPORT_UDP_IPV4)
		memcpy(&ret->ipv4_be32[n_ipv4++], port->settings->source_ip, 4);
	else if (port->settings->has_source_ip)
		memcpy(ret->ipv6[n_ipv6++], port->settings->source_ip, 16);
	for (size_t i = 0; i < link->n_ipv4 && n_ipv4 < EBC_PORT_ADDRESSES; i++)
		ret->ipv4_be32[n_ipv4++] = link->ipv4[i].s_addr;
	for (size_t i = 0; i < link->n_ipv6 && n_ipv6 < EBC_PORT_ADDRESSES; i++)
		memcpy(ret->ipv6[n_ipv6++], &link->ipv6[i], 16);
	for (size_t i = 0; i < link->n_lowest; i++)
		lowest[i] = (uint32_t)link->lowest[i];

	ret->forward = (uint8_t)port->forward;
	ret->bridge_ifindex = link->is_bridge_member ? (uint32_t)link->master_ifindex : 0;
	ret->delay_asymmetry_sns = port->delay_asymmetry_ns * 65536;
	ret->link_delay_sns = port->link_delay_ns * 65536;
	ret->ingress_latency_ns = (int32_t)port->ingress_latency_ns;
	ret->egress_latency_ns = (int32_t)port->egress_latency_ns;
}

static void detach(struct app *app, struct port *port)
{
	ebc_loader_detach_port(app->loader, (uint32_t)port->link.ifindex);
}

static int attach(struct app *app, struct port *port, char *reason, size_t reason_size)
{
	uint32_t ifindex = (uint32_t)port->link.ifindex, lowest[EBC_LINK_LOWEST];
	struct ebc_port_conf conf;
	int r;

	(void)reason;
	(void)reason_size;
	port_conf(port, &conf, lowest);
	if (!port->is_attached)
		return ebc_loader_attach_port(app->loader, ifindex, &conf, lowest, port->link.n_lowest);
	r = ebc_loader_update_port(app->loader, ifindex, &conf, lowest, port->link.n_lowest);
	if (r < 0)
		ebc_loader_detach_port(app->loader, ifindex);
	return r;
}

static bool is_intact(struct app *app, struct port *port)
{
	return ebc_loader_check_port(app->loader, (uint32_t)port->link.ifindex) == 0;
}

/* For readers of the map: the egress program, which writes it into one-step Syncs, a tool or a bench. */
static void publish_clock(struct app *app)
{
	const struct bc_local_clock *clock = bc_engine_clock(app->engine);
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(app->loader);

	if (ctl->clock_seq != 0 && bc_local_clock_equal(clock, &app->published_clock))
		return;
	app->published_clock = *clock;
	ctl->clock_seq++;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	ctl->clock_ref_frac = clock->ref_frac;
	ctl->clock_ref_mono_ns = clock->ref_mono_ns;
	ctl->clock_ref_ptp_ns = clock->ref_ptp_ns;
	ctl->clock_rate_q62 = clock->rate_q62;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	ctl->clock_seq++;
}

static int timeout_ms(const struct app *app)
{
	(void)app;
	return -1;
}

/* The programs consume and drop for two seconds more. */
static void handle_alive(struct app *app)
{
	ebc_loader_ctl(app->loader)->lease_until_mono_ns = clocks_mono_ns() + LEASE_NS;
}

static void handle_clock_set(struct app *app)
{
	ebc_loader_ctl(app->loader)->real_minus_mono_ns = app->real_minus_mono_ns;
}

static void list_counters(struct app *app, size_t port, struct counter_list *list)
{
	struct ebc_counters counters = {};

	ebc_loader_counters(app->loader, (uint32_t)port, &counters);
	report_list_add_bpf(list, &counters);
}

const struct backend backend_bpf = {
	.start = start,
	.handle_started = handle_started,
	.stop = stop,
	.attach = attach,
	.detach = detach,
	.is_intact = is_intact,
	.send = bpf_records_send,
	.watch = bpf_records_watch,
	.timeout_ms = timeout_ms,
	.take_tx_stamps = bpf_records_take_tx_stamps,
	.take_frames = bpf_records_take_frames,
	.handle_stopping = handle_stopping,
	.handle_alive = handle_alive,
	.handle_clock_set = handle_clock_set,
	.publish_clock = publish_clock,
	.list_counters = list_counters,
};
