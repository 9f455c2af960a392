/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads the kernel programs of one instance, attaches them to ports, and gives out what they record.
 * Does not log: errors are -errno, and loading also gives a reason in words. One thread, and one network
 * namespace: that of the thread at ebc_loader_new(), to which interface numbers belong.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/ebc_abi.h"

#define EBC_PIN_PATH_OCTETS 192 /* of a folder in which a set is pinned */

struct ebc_loader;
struct ebc_left_hooks;

enum ebc_attach_mode {
	EBC_ATTACH_AUTO = 0, /* tcx where the kernel has it, else clsact */
	EBC_ATTACH_TCX,
	EBC_ATTACH_CLSACT,
};

/* Which programs: they share maps, loader and tracepoints. */
enum ebc_mode {
	EBC_MODE_BOUNDARY = 0,
	EBC_MODE_TRANSPARENT,
	EBC_MODE_MONITOR, /* the transparent clock's, which then change no frame */
};

struct ebc_loader_options {
	enum ebc_mode mode;
	/*
	 * TRANSPARENT: where programs, links and maps are pinned, so that frames are corrected also when this
	 * process has died, and a later one of the same kind takes them over; NULL: not pinned. A folder of a
	 * mounted bpf file system; what is pinned there for the same instance by another version goes once
	 * the own programs are attached.
	 */
	const char *set_pin_directory;
	/* A folder that is made, if there is none, right before something is pinned: another instance that
	 * ends takes it away while it is empty. NULL: none is made. */
	const char *made_directory;
	/* The ports to be: what dead predecessors left there is found by them. Borrowed during the call. */
	const uint32_t *set_ifindexes;
	size_t n_set_ifindexes;
	/* What an instance that ended left, or NULL. Borrowed until ebc_loader_remove_predecessors() or
	 * ebc_loader_free(). */
	struct ebc_left_hooks *left_hooks;
	bool has_all_domains;	/* sdo_id and domain_number only name the instance */
	bool leaves_own_domain; /* ... and what is theirs is another's */
	enum ebc_attach_mode attach_mode;
	/* Wish: EBC_STAMP_DRIVER (the caller reads the driver's stamps, the programs report none) or
	 * EBC_STAMP_TC; else EBC_STAMP_START_XMIT if that is wished, or EBC_STAMP_XMIT, if they load (they
	 * need kernel BTF), and TC if not. */
	enum ebc_stamp_source tx_stamp;
	enum ebc_stamp_source rx_stamp; /* EBC_STAMP_SKB or EBC_STAMP_TC */
	uint16_t sdo_id;
	uint8_t domain_number;
	bool publish_stamps;
	/* Where ebc_stamps is pinned when publish_stamps, in a mounted bpf file system; NULL: not pinned. A
	 * pin that is there already gives way. */
	const char *stamps_pin_path;
	uint32_t rx_ring_bytes; /* power of two, multiple of the page size */
	uint32_t tx_ring_bytes;
	uint32_t rx_rate_per_s; /* frames a second and port; 0: no limit */
	uint32_t rx_burst;	/* frames; 0 is taken for 1 */
};

/* One received PTP frame. Points into the ring: valid until the callback returns. */
typedef void (*ebc_rx_fn)(void *context, const struct ebc_rx_record *record);
typedef void (*ebc_tx_fn)(void *context, const struct ebc_tx_record *record);

/*
 * Loads everything and switches the transmit-stamp tracepoints on; attaches to no interface yet. The
 * lease is out: ports pass everything until the caller writes lease_until_mono_ns.
 * Returns 0 or -errno (-EPERM: no privilege; -EINVAL: an option, or no bpf file system at the pin;
 * -EOPNOTSUPP: no tcx). On failure *ret_loader is untouched and the reason is in `reason` (a line
 * without newline, always terminated; may be NULL with size 0). libbpf's messages are switched off for
 * the whole process.
 */
int ebc_loader_new(const struct ebc_loader_options *options, struct ebc_loader **ret_loader, char *reason,
		   size_t reason_size);
/* Detaches everything, removes pins, frees; but what was taken over goes on if no port was attached since.
 * Accepts NULL. */
void ebc_loader_free(struct ebc_loader *loader);

/*
 * The transmit stamp in use: XMIT, START_XMIT, TC or DRIVER. `ret_reason` (may be NULL): why TC, or
 * "". A caller that prefers the driver's stamps to TC stores EBC_STAMP_DRIVER in tx_stamp_source of the
 * control block.
 */
enum ebc_stamp_source ebc_loader_tx_stamp(const struct ebc_loader *loader, const char **ret_reason);
/* True when attached with tcx links (gone with the process), false for clsact filters. */
bool ebc_loader_uses_tcx(const struct ebc_loader *loader);

/*
 * The control block, memory-mapped and owned by the loader: write lease_until_mono_ns, real_minus_mono_ns
 * and tx_socket_cookie there with single stores; the loader has filled in the rest.
 */
volatile struct ebc_ctl *ebc_loader_ctl(struct ebc_loader *loader);

/*
 * Attaches ingress and egress programs to `ifindex` and enters it and its lowest devices into the maps.
 * Attaching an interface that is attached updates it, puts back what somebody took away and leaves one
 * program a hook. `lowest` are the devices that hand its frames to the wire (itself when not stacked).
 * 0 or -errno. -ENODEV (no such interface), -E2BIG (more than EBC_LOWEST_DEVICES), -EINVAL (port_index)
 * and -ENOSPC (more than EBC_MAX_PORTS) change nothing; after any other the port is detached.
 */
int ebc_loader_attach_port(struct ebc_loader *loader, uint32_t ifindex, const struct ebc_port_conf *conf,
			   const uint32_t *lowest, size_t n_lowest);
/* Renews addresses and lowest devices of an attached port. 0 or -errno (-ENOENT: not attached). */
int ebc_loader_update_port(struct ebc_loader *loader, uint32_t ifindex, const struct ebc_port_conf *conf,
			   const uint32_t *lowest, size_t n_lowest);
/* Detaches; other people's filters and, when not made by us, the clsact qdisc stay. Harmless if the interface
 * is gone. */
void ebc_loader_detach_port(struct ebc_loader *loader, uint32_t ifindex);
/*
 * 0 when both programs still hang at their hooks, -ENOENT when somebody took one away or the port is not
 * attached, -ENODEV when the interface is gone. A few system calls and no wait.
 */
int ebc_loader_check_port(struct ebc_loader *loader, uint32_t ifindex);

/* Descriptors that poll(2) as readable when a record waits. */
int ebc_loader_rx_fd(const struct ebc_loader *loader);
int ebc_loader_tx_fd(const struct ebc_loader *loader);
/*
 * Hands out waiting records, at most `budget`; returns how many, or -errno. No system call. Stamps taken
 * at tc egress wake nobody: look here after send(). Callbacks must not free the loader.
 */
int ebc_loader_consume_rx(struct ebc_loader *loader, size_t budget, ebc_rx_fn fn, void *context);
int ebc_loader_consume_tx(struct ebc_loader *loader, size_t budget, ebc_tx_fn fn, void *context);

typedef void (*ebc_departure_fn)(void *context, const struct ebc_departure_record *record);
typedef void (*ebc_sample_fn)(void *context, const struct ebc_sample *sample);

/* TRANSPARENT: event messages that left and for which the daemon waits. As for the other rings. */
int ebc_loader_departure_fd(const struct ebc_loader *loader);
int ebc_loader_consume_departures(struct ebc_loader *loader, size_t budget, ebc_departure_fn fn,
				  void *context);
/* TRANSPARENT, MONITOR: while wants_samples is set in the control block. Nobody is woken for these: look now
 * and then. */
int ebc_loader_consume_samples(struct ebc_loader *loader, size_t budget, ebc_sample_fn fn, void *context);

/*
 * Walks the residences measured since the programs were loaded: begin with *has_key false, go on with the key
 * of the last answer. 1: one more; 0: that was all; or -errno.
 */
int ebc_loader_next_residence(struct ebc_loader *loader, bool *has_key, struct ebc_residence_key *key,
			      struct ebc_residence *ret_residence);
/* Forgets them all. */
int ebc_loader_clear_residences(struct ebc_loader *loader);

/* How far a walk over the published stamps has come. All zero: at the beginning. */
struct ebc_stamp_position {
	bool has_begun, is_over;
	uint32_t batch; /* the kernel's */
};

/* The next stamps that are published, at most `max` (which is to be 64 or more), in no order; returns how
 * many, 0 at the end, or -errno. One system call. */
int ebc_loader_read_stamps(struct ebc_loader *loader, struct ebc_stamp_position *position,
			   struct ebc_stamp_key *ret_keys, struct ebc_stamp_value *ret_values, size_t max);

/* Whether the programs of a dead predecessor were taken over, which never stopped. */
bool ebc_loader_took_over(const struct ebc_loader *loader);
/* Whether options.made_directory was made: the caller's to take away after ebc_loader_free(). */
bool ebc_loader_made_directory(const struct ebc_loader *loader);
/* Whether the programs go on without this process; `ret_reason` (may be NULL): why not, if that was wished.
 */
bool ebc_loader_is_pinned(const struct ebc_loader *loader, const char **ret_reason);
/* Takes away what dead predecessors of another version, or of another kind of clock, left pinned on the
 * ports, and returns how many sets that were. To be called once the own programs are attached. */
size_t ebc_loader_remove_predecessors(struct ebc_loader *loader);

/*
 * For a successor in this process: from now on ports are not detached, and ebc_loader_free() leaves what is
 * pinned as it is, correcting, as if the process had died. True with the folder's path (EBC_PIN_PATH_OCTETS);
 * false: nothing is pinned.
 */
bool ebc_loader_leave(struct ebc_loader *loader, char *ret_directory);
/* Takes away what was left there, unless a successor has done so or goes on with it. */
void ebc_loader_remove_left(const char *directory);

/*
 * For a boundary clock's successor in this process: ebc_loader_free(), which is to follow, lets its programs
 * hang where they hang, and the successor's take their places one by one, without a wait. The lease is to end
 * before. NULL: there is nothing that could be left so. The caller owns it.
 */
struct ebc_left_hooks *ebc_loader_leave_hooks(struct ebc_loader *loader);
/* Takes away what no successor has taken. Accepts NULL. */
void ebc_left_hooks_free(struct ebc_left_hooks *left);

/* Sums the per-CPU counters of one port (0 .. EBC_MAX_PORTS - 1). */
int ebc_loader_counters(struct ebc_loader *loader, uint32_t port_index, struct ebc_counters *ret_counters);
const char *ebc_counter_name(enum ebc_counter counter);
