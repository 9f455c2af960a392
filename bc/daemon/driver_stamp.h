/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drivers' software transmit stamps (SOF_TIMESTAMPING_TX_SOFTWARE), as a socket's error queue brings them:
 * each with the frame that it belongs to, which says itself what it is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a stamp belongs to. */
struct driver_stamp {
	int64_t real_ns; /* CLOCK_REALTIME; 0: a message that is no stamp of ours, and the rest is void */
	uint16_t port_number; /* of sourcePortIdentity, from 1 */
	uint8_t message_type;
	uint16_t sequence_id;
};

/* To be given with an event message that is sent: flags of a control message SOL_SOCKET, SO_TIMESTAMPING. */
uint32_t driver_stamp_send_flags(void);

/* Takes one message of the error queue, never waiting. False: there is none. */
bool driver_stamp_pop(int fd, struct driver_stamp *ret_stamp);

/* Reads from one of our own frames, tagged or not, which message it is. False: none of ours. Leaves real_ns.
 */
bool driver_stamp_identify(const uint8_t *frame, size_t len, struct driver_stamp *ret_stamp);
