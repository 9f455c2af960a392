/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks the daemon, in a thread of its own: when somebody wants to know, at most once a second however many
 * they are, and every ten seconds anyway, so that no offset is missed. What it was told is shared under a
 * lock.
 */
#pragma once

#include <stdbool.h>

#include "ctl/exporter/snapshot.h"

struct poller;

/* What is shared. Belongs to the poller. */
struct known {
	struct snapshot snapshot;
	struct trace trace;
	uint64_t daemon_started_mono_ns; /* the last one that answered; 0: none so far */
	int64_t daemon_ahead_ns; /* its CLOCK_MONOTONIC less ours: in another time namespace they differ */
	uint64_t n_errors;   /* rounds in which the daemon was not there, made no sense or could not tell */
	uint64_t n_restarts; /* rounds with another daemon than the last that answered */
};

/* A time of ours on the daemon's clock, as its stamps and states are told. */
uint64_t known_daemon_mono_ns(const struct known *known, uint64_t mono_ns);

/* Called by the poller's thread, without its lock, after each round. */
typedef void (*poller_done_fn)(void *context);

/* Strings are borrowed. 0 or -errno. */
int poller_new(const char *socket_path, poller_done_fn done, void *context, struct poller **ret_poller);
/* Ends the thread, which takes as long as a connect(2) that nobody answers at the most. Accepts NULL. */
void poller_free(struct poller *poller);

/* Whether what is known is less than a second old. If not, a round begins and `done` will be called. */
bool poller_is_fresh(struct poller *poller);

/* Between these the known stays as it is; not for long. */
struct known *poller_lock(struct poller *poller);
void poller_unlock(struct poller *poller);
