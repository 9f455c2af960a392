/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A port at run time: the interface behind its name as it comes and goes, the programs on it, its
 * group memberships, and the envelope that its messages are sent in.
 */
#pragma once

#include "bc/daemon/sender.h"
#include "bc/daemon/settings.h"
#include "bc/daemon/tx_stamp.h"
#include "netlink/link.h"

/* What the log has been told of an interface. */
struct port_description {
	int ifindex;
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
	bool is_usable;			       /* the engine has been told that the link is up */
	char reason[64];		       /* why not */
	char told[64];			       /* the reason that the log has told; "": usable */
};

void port_init(struct port *port, size_t index, const struct settings *settings);
/* Detaches and leaves. */
void port_fini(struct port *port, struct ebc_loader *loader);

/*
 * Looks the interface up and brings programs, memberships and addresses into line with it. Returns
 * whether the port can be used; port->reason says why not.
 */
bool port_refresh(struct port *port, struct ebc_links *links, struct ebc_loader *loader);

/* Are the programs still there? If somebody took them away, attaches them again. Returns false when that
 * failed; *ret_was_detached tells that something had to be done. */
bool port_check(struct port *port, struct ebc_links *links, struct ebc_loader *loader,
		bool *ret_was_detached);

/* Tells the programs of another mean link delay (transparent clock). */
void port_set_link_delay(struct port *port, struct ebc_loader *loader, int64_t link_delay_ns);

/* Wraps a message and sends it: one system call. 0 or -errno. */
int port_send(struct port *port, struct sender *sender, const struct bc_action *action);
