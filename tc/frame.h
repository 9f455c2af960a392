/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole frames as the programs at tc egress hand them over: Ethernet, perhaps VLAN tags, perhaps IP and
 * UDP, a PTP message. What the transparent clock changes in one, and what it makes of one; the UDP
 * checksum stays right. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/ebc_abi.h"

/* The longest frame that is held: longer followers pass the kernel program as they are. It counts 512 octets
 * without a tag that is beside the frame, which is in it here. */
#define TCLK_FRAME_MAX (512 + 4)

struct tclk_frame {
	uint8_t octets[TCLK_FRAME_MAX];
	size_t len;
	size_t ptp_offset; /* of the PTP header; a UDP header is the eight octets before it */
	size_t ip_offset;  /* of the IP header, where the transport has one */
	enum ebc_transport transport;
};

/*
 * Takes the frame of a record of the receive ring: checks that it holds what it claims to, puts a tag that
 * the kernel kept beside the frame back into it, and gives it a whole UDP checksum if it had only the
 * sum of its pseudo-header (a frame that never left the machine has). A checksum that is neither whole nor
 * such a sum is left as it is. False: too long, or malformed; *ret_frame is then undefined. `record` has
 * frame_len octets behind it.
 */
bool tclk_frame_from_record(const struct ebc_rx_record *record, struct tclk_frame *ret_frame);

/* Which event message (of the port `ifindex`) a Follow_Up, Pdelay_Resp_Follow_Up or event message belongs to;
 * `frame` is one from tclk_frame_from_record. False for other types. */
bool tclk_frame_event_key(const struct tclk_frame *frame, uint32_t ifindex, struct ebc_event_key *ret_key);

/* Adds to correctionField, which stays at its extremes rather than wrap (IEEE 1588-2019 13.3.2.9). A UDP
 * checksum that was wrong stays wrong by as much, one of zero stays zero. */
void tclk_frame_add_correction(struct tclk_frame *frame, int64_t correction_sns);

/*
 * Makes the follower of a one-step Sync or Pdelay_Resp that was converted to two steps: Follow_Up or
 * Pdelay_Resp_Follow_Up with the same addresses, tags, identities and sequenceId, the time of the event
 * message, no TLVs, and `correction_sns` as correctionField (11.4.3, 11.4.5). Over UDP it goes to port 320,
 * with a checksum that is as right as that of `event`. False when `event` is no such message.
 */
bool tclk_frame_make_follower(const struct tclk_frame *event, int64_t correction_sns,
			      struct tclk_frame *ret_follower);
