/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The masters whose Announce messages were heard lately, and the best of them by the order of IEEE 1588-2019
 * 9.3.4. A bounded table without allocation; when it is full, the one heard longest ago gives way, but
 * never the best. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TCLK_MASTERS_MAX       8
#define TCLK_ANNOUNCE_LEN      64
#define TCLK_IDENTITY_LEN      8
#define TCLK_PORT_IDENTITY_LEN 10

/* What decides between masters, most significant first, as it is in an Announce: priority1, clockClass,
 * accuracy, variance, priority2, grandmasterIdentity, stepsRemoved; then who says so, and at which port. */
struct tclk_rank {
	uint8_t announced[5 + 1];
	uint8_t grandmaster_identity[TCLK_IDENTITY_LEN];
	uint8_t steps_removed[2];
	uint8_t source_port_identity[TCLK_PORT_IDENTITY_LEN];
	uint8_t port_index_be16[2];
};

struct tclk_master {
	bool is_used;
	struct tclk_rank rank;
	uint64_t heard_mono_ns;
	uint64_t silent_from_mono_ns; /* forgotten then */
};

/* Zero: empty. */
struct tclk_masters {
	struct tclk_master masters[TCLK_MASTERS_MAX];
};

/* `message`: an Announce of at least TCLK_ANNOUNCE_LEN octets. */
void tclk_masters_announce(struct tclk_masters *masters, const uint8_t *message, uint16_t port_index,
			   uint64_t now_mono_ns);
/* NULL: none was heard lately. Valid until the next Announce. */
const struct tclk_master *tclk_masters_best(const struct tclk_masters *masters, uint64_t now_mono_ns);
