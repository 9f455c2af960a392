/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Follow_Up information TLV of IEEE 802.1AS-2020 11.4.4.3: the grandmaster's rate, phase and frequency
 * steps. */
#pragma once

#include "bc/engine/engine_private.h"
#include "bc/wire/tlv.h"

/* For a Follow_Up of ours: the rate is that of the grandmaster against the clock that stamps our peer delay;
 * the rest is passed on as heard. */
void bc_follow_up_info_add(const struct bc_engine *engine, struct bc_tlv_buffer *tlvs);
/* Takes in the parent's. False: there is none, or it is malformed. */
bool bc_follow_up_info_take(struct bc_engine *engine, const struct bc_msg *follow_up);
