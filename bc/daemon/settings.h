/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the configuration's options to what each module wants to know. */
#pragma once

#include "bc/daemon/management.h"
#include "bc/daemon/host_time.h"
#include "bc/daemon/membership.h"
#include "bc/engine/engine.h"
#include "bc/engine/peer_delay.h"
#include "bpf/loader.h"
#include "config/config.h"

struct port_settings {
	const char *name; /* owned by the configuration */
	struct membership_groups groups;
	struct bc_address destination;	    /* of multicast messages */
	struct bc_address peer_destination; /* of those that measure peer delay */
	uint8_t dscp_event, dscp_general;
	uint8_t hop_limit;
	bool has_source_ip; /* udp_source_address */
	uint8_t source_ip[16];
};

/* What only a transparent clock or a monitor has. */
struct transparent_settings {
	bool is_p2p;
	bool is_syntonized;
	bool is_auth_mutable;
	bool counts_steps;
	uint32_t priority; /* of PTP frames */
	enum ebc_one_step one_step;
	enum ebc_forward forward;
	struct bc_peer_delay_config peer_delay[BC_MAX_PORTS]; /* identity and seed are filled in later */
};

struct settings {
	const char *clock_type;
	struct transparent_settings transparent;
	const char *control_socket; /* "": none; owned by the configuration */
	struct management_settings management;
	struct host_time_settings host_time;
	struct bc_engine_config engine; /* engine.ports points at engine_ports */
	struct bc_port_config engine_ports[BC_MAX_PORTS];
	struct bc_unicast_table unicast_tables[BC_MAX_PORTS];
	struct port_settings ports[BC_MAX_PORTS];
	size_t n_ports;
	bool uses_sockets;  /* time_stamping software: no BPF */
	bool demands_bpf;   /* time_stamping bpf was asked for: nothing else will do */
	char only_bpf[128]; /* names of options that differ from the default and do nothing without BPF */
	struct ebc_loader_options loader;
	const char *pin_directory; /* owned by the configuration */
	char stamps_pin_path[256];
	bool has_clock_identity;
	bool has_other_domains; /* a transparent clock carries them, in the same process ... */
	bool is_other_domains;	/* ... which is this one */
	bool one_step;		/* Sync is sent so where that can be as good */
	int socket_priority;
	int summary_interval; /* log2 s */
	int64_t clock_start_offset_ns;
};

/* The same interface and the same groups: who was heard there is heard there. */
bool port_settings_are_of_one_network(const struct port_settings *a, const struct port_settings *b);

/* 0, or -EINVAL with the reason in `reason`. `config` must outlive the settings. */
int settings_from_config(const struct ebc_config *config, struct settings *ret_settings, char *reason,
			 size_t reason_size);
