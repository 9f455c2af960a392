/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs the tc programs on single frames (BPF_PROG_TEST_RUN) and says what became of them. */
#pragma once

#include "tests/bpf/frames.h"
#include "tests/bpf/rig.h"

#define NO_COUNTER EBC_COUNTER_MAX

struct run {
	struct netlab lab;
	struct ebc_loader *loader;
	struct ebc_port_conf conf; /* of the port; run_update() after a change */
	int64_t skb_age_ns;	   /* how old skb->tstamp is; 0: as good as new */
	bool has_no_skb_stamp;
	uint64_t run_ns;  /* that the last run took, from the choice of skb->tstamp on */
	struct rig_rx rx; /* of the last consumed frame */
	/* What run_reset() goes back to. */
	struct ebc_port_conf first_conf;
	struct ebc_ctl first_ctl;
};

/* A lab and a loader; the port has a bridge above it, two IPv4 and two IPv6 addresses. */
void run_new(struct run *run, const struct ebc_loader_options *options);
void run_free(struct run *run);
void run_update(struct run *run);
/* A fixture for cmocka between tests that share a run, *state: as run_new() left it, with empty rings. */
int run_reset(void **state);

/*
 * Whether the last frame's skb->tstamp cannot have become too old, however long this process stood still
 * before the program read it.
 */
bool run_stamp_was_fresh(const struct run *run);

/* The verdict of a program. */
int run_frame(struct run *run, enum ebc_direction direction, const uint8_t *frame, size_t len);

/*
 * What must become of a frame at ingress; all counters but the named one must stay. Consumed: it is in
 * the ring octet by octet, with its PTP message at ptp_offset. Dropped: nothing is in the ring. Passed:
 * left to others. `which` may be NO_COUNTER.
 */
void expect_consumed(struct run *run, const struct frame_spec *spec);
void expect_dropped(struct run *run, const struct frame_spec *spec, enum ebc_counter which);
void expect_passed(struct run *run, const struct frame_spec *spec, enum ebc_counter which);
/* The last two for octets. */
void expect_octets_dropped(struct run *run, const uint8_t *frame, size_t len, enum ebc_counter which);
void expect_octets_passed(struct run *run, const uint8_t *frame, size_t len, enum ebc_counter which);
