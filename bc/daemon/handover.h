/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What goes on when an instance ends and another takes its place in the same process: PTP time, what the
 * engine knows, the clock's identity, and a transparent clock's pinned programs, which correct meanwhile.
 */
#pragma once

#include "bc/daemon/leap_file.h"
#include "bc/engine/engine.h"
#include "bpf/loader.h"

struct app;
struct settings;
struct transparent;

/* A boundary clock for its domain, a transparent one for the others. */
#define HANDOVER_SETS 2

struct handover {
	struct bc_engine *engine;	 /* NULL: there was none */
	struct transparent *transparent; /* NULL: it was no transparent clock */
	const struct settings *settings; /* its own; outlive the handover */
	uint64_t n_offsets;		 /* were numbered: the successor counts on */
	bool has_own_identity;		 /* made of an interface's address, not configured */
	uint8_t clock_identity[PTP_CLOCK_IDENTITY_LEN];
	char left[HANDOVER_SETS][EBC_PIN_PATH_OCTETS]; /* folders of what is pinned */
	size_t n_left;
	struct ebc_left_hooks *left_hooks; /* of a boundary clock's programs; NULL: none */
	const char *made_pin_directory;	   /* of the old settings; NULL: it was there before */
	struct leap_file leap_file;
	/* To what ran before: an interface or a file that has gone since does not keep it from starting. */
	bool is_going_back;
};

/* Takes out of a running instance what `next` goes on with; app_stop() is to follow. */
void handover_take(struct app *app, const struct settings *next, struct handover *ret_handover);
/* Once the successor runs, or none: frees what was for it, and takes away what it did not take over. */
void handover_release(struct handover *handover);

/* The identity that a successor has. Left as it is where it is configured. `handover` may be NULL. */
void handover_get_identity(const struct handover *handover, const struct settings *settings,
			   uint8_t *identity);
/* Completes what an engine starts with: its frequency, and `ptp_ns` at now_mono_ns. */
void handover_prepare_engine(const struct handover *handover, struct bc_engine_config *config,
			     uint64_t now_mono_ns, int64_t *ptp_ns);
/* What a new engine goes on with. */
void handover_complete_engine(const struct handover *handover, const struct settings *settings,
			      uint64_t now_mono_ns, struct bc_engine *engine);
/* The same of a transparent clock, before its ports are started. */
void handover_complete_transparent(const struct handover *handover, struct app *app);
