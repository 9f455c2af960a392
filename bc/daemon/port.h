/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A port at run time: the interface behind its name as it comes and goes, what the back end has on it, its
 * group memberships, and the addresses that its messages are sent from and to.
 */
#pragma once

#include "bc/daemon/one_step.h"
#include "bc/daemon/settings.h"
#include "bc/daemon/tx_stamp.h"
#include "netlink/link.h"

struct app;

/* What the log has been told of an interface. */
struct port_description {
	int ifindex;
	char driver[32]; /* "": not known */
	bool has_switch_id, has_xdp;
};

struct port {
	size_t index;
	const struct port_settings *settings;
	enum ebc_transport transport;
	struct ebc_link link; /* ifindex 0: no such interface now */
	bool is_attached;
	bool needs_source;	  /* it sends messages of its own */
	enum ebc_forward forward; /* transparent clock */
	int64_t delay_asymmetry_ns, ingress_latency_ns, egress_latency_ns, link_delay_ns; /* for it too */
	struct membership membership;
	struct port_description described;
	struct bc_address source;
	enum ebc_stamp_source tx_stamp;
	bool asks_for_sync;		       /* the driver for its stamp of each Sync, too */
	struct tx_stamp_history tx_history[4]; /* by message type: Sync, Delay_Req, Pdelay_Req, Pdelay_Resp */
	struct one_step one_step;	       /* with twoStepFlag 0 */
	bool is_one_step;		       /* the engine has been told so */
	unsigned int n_unreached;	       /* in a row, frames for an address that nobody knows */
	uint64_t since_mono_ns;		       /* when that changed last */
	bool is_usable;			       /* the engine has been told that the link is up */
	char reason[64];		       /* why not */
	char told[64];			       /* the reason that the log has told; "": usable */
};

void port_init(struct port *port, size_t index, const struct settings *settings);
/* Detaches and leaves. */
void port_fini(struct app *app, struct port *port);

/*
 * Looks the interface up and brings what the back end has on it, memberships and addresses into line with it.
 * Returns whether the port can be used; port->reason says why not.
 */
bool port_refresh(struct app *app, struct port *port);

/* Is everything still there? If somebody took it away, attaches again. Returns false when that failed;
 * *ret_was_detached tells that something had to be done. */
bool port_check(struct app *app, struct port *port, bool *ret_was_detached);

/* Tells the programs of another mean link delay (transparent clock). */
void port_set_link_delay(struct app *app, struct port *port, int64_t link_delay_ns);

/* Where a message goes: the sender's own choice, or the group that it belongs to. */
const struct bc_address *port_destination(const struct port *port, const struct bc_action *action);
/* Puts into source->ip what a unicast message to that peer comes from: the configured address, else the one
 * that the peer asked; if it asked none, leaves it. */
void port_choose_source(const struct port *port, const struct bc_address *to, struct bc_address *source);
