/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The running daemon: everything it owns, and the three things that are done with it. */
#pragma once

#include "bc/daemon/backend_sockets.h"
#include "bc/daemon/control.h"
#include "bc/daemon/management.h"
#include "bc/daemon/host_time.h"
#include "bc/daemon/port.h"
#include "bc/daemon/report.h"
#include "bc/daemon/sender.h"
#include "bc/daemon/settings.h"
#include "bc/daemon/socket_keeper.h"
#include "bc/daemon/status.h"
#include "bc/daemon/transparent.h"
#include "bpf/loader.h"
#include "netlink/link.h"

struct app {
	const struct settings *settings;
	struct ebc_links *links;
	const struct backend *backend;
	struct ebc_loader *loader;	   /* the BPF back end's, as is the sender; NULL otherwise */
	struct ebc_left_hooks *left_hooks; /* by the instance before, until this one has started */
	struct sender *sender;
	struct sockets *sockets;	       /* the other back end's */
	struct bc_engine *engine;	       /* a boundary clock's; NULL otherwise */
	struct bc_local_clock published_clock; /* as the map has it */
	struct app *other_domains;	       /* a second instance, of the same process; NULL: none */
	struct transparent *transparent;       /* a transparent clock's or monitor's; NULL otherwise */
	struct control *control;	       /* NULL: no control socket */
	struct kept_socket kept_control;
	struct management *management; /* a boundary clock's; NULL otherwise */
	struct control_sources control_sources;
	uint64_t control_tick_mono_ns; /* when samples were handed on last */
	const char *port_names[BC_MAX_PORTS];
	struct report report;
	struct port ports[BC_MAX_PORTS];
	struct daemon_counters counters[BC_MAX_PORTS];
	size_t n_ports;
	uint8_t clock_identity[PTP_CLOCK_IDENTITY_LEN];
	enum ebc_stamp_source tx_stamp;
	struct host_time host_time;
	struct status status;
	int64_t real_minus_mono_ns;
	uint64_t clock_set_mono_ns;			  /* when that was last renewed; 0: never */
	double kernel_rate_at_start_ppb, kernel_rate_ppb; /* the second less the first */
	int instance_fds[BC_MAX_PORTS];			  /* each holds the right to one port and domain */
	int signal_fd, deadline_fd, housekeeping_fd, clock_watch_fd;
	int membership_fd; /* of the Ethernet groups of all ports; -errno: none */
	uint64_t armed_deadline_mono_ns;
	unsigned int n_housekeeping;
	bool made_pin_directory;
	bool is_stopping;
	bool is_successor; /* of another instance in this process */
	bool is_reload_wanted;
	uint64_t reload_from_mono_ns; /* not before */
};

struct handover;

/*
 * Opens, loads, attaches; `handover` (may be NULL) is of the instance before. 0 or -errno; the reason is
 * logged, but for -EINTR: SIGTERM or SIGINT came. app_stop() is to be called in any case.
 */
int app_start(struct app *app, const struct settings *settings, const struct handover *handover);
/* True: the configuration is to be read again; false: SIGTERM or SIGINT came, or *ret_error is -errno. */
bool app_run(struct app *app, int *ret_error);
/* Detaches and releases everything, also after a start that failed half-way. Harmless when it was done. */
void app_stop(struct app *app);

/* The interfaces of all ports, into as many links: there, Ethernet, no two the same. `may_lack`: one that is
 * not there is no error, and has the number 0. 0 or -errno, which is logged. */
int app_find_links(struct ebc_links *links, const struct settings *settings, bool may_lack,
		   struct ebc_link *ret_links);
/* Looks a port's interface up and tells the engine (start.c and loop.c). */
void app_refresh_port(struct app *app, struct port *port);
/* Carries out what the engine wants. */
void app_do_actions(struct app *app);
/* A message that a boundary clock's port received. */
void app_handle_rx(struct app *app, size_t port, const struct bc_rx *rx);
/* An event message left at that time. */
void app_handle_tx_stamp(struct app *app, size_t port, uint8_t message_type, uint16_t sequence_id,
			 uint64_t stamp_mono_ns);
/* UINT64_MAX: nothing will be due. */
uint64_t app_next_deadline_mono_ns(const struct app *app);
/* Sends a message of ours. */
void app_send(struct app *app, const struct bc_action *action);
/* Everything that was counted on a port. */
void app_list_counters(struct app *app, size_t port, struct counter_list *list);
void app_tell_send_failed(struct app *app, size_t port, int error);
