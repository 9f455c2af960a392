/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TLV of the power profile (IEEE C37.238-2011 and -2017) in Announce: which grandmaster it is, by a short
 * number, and how wrong the time may be, in ns. A boundary clock passes its parent's on, with its own share
 * added. Pure.
 */
#pragma once

#include "bc/wire/tlv.h"

/* As POWER_PROFILE_SETTINGS_NP numbers them. */
enum bc_power_profile_version {
	BC_POWER_PROFILE_NONE = 0,
	BC_POWER_PROFILE_2011 = 1,
	BC_POWER_PROFILE_2017 = 2,
};

#define BC_INACCURACY_UNKNOWN UINT32_MAX

/* Settings of a port, or what an Announce said. */
struct bc_power_profile {
	enum bc_power_profile_version version;
	uint16_t grandmaster_id;	    /* 0: none */
	uint32_t grandmaster_inaccuracy_ns; /* 2011 */
	uint32_t network_inaccuracy_ns;	    /* 2011 */
	uint32_t total_inaccuracy_ns;	    /* 2017 */
};

/* The TLV of `version`, if the Announce has it, else `version` of the result is NONE. */
void bc_power_profile_read(const struct bc_msg *announce, enum bc_power_profile_version version,
			   struct bc_power_profile *ret_profile);
/* Adds the TLV that `settings` ask for, if any. `parent`: what the master that we follow said (version NONE:
 * nothing), whose inaccuracies ours are added to; NULL: we are the grandmaster. */
void bc_power_profile_append(struct bc_tlv_buffer *tlvs, size_t room, const struct bc_power_profile *settings,
			     const struct bc_power_profile *parent);
