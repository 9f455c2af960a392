/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TLVs of unicast negotiation, and what both of its sides need to send them. */
#pragma once

#include "bc/engine/engine_private.h"
#include "bc/wire/tlv.h"

/* Values of the TLVs, IEEE 1588-2019 16.1.4. */
#define PTP_UNICAST_REQUEST_LEN 6 /* messageType and reserved, logInterMessagePeriod, durationField */
#define PTP_UNICAST_GRANT_LEN	8 /* the same, then reserved and R */
#define PTP_UNICAST_CANCEL_LEN	2 /* messageType and flags, reserved */

#define PTP_UNICAST_RENEWAL_INVITED 0x01
/* A receiver that grants leaves its grant, or one that asks its request, as it is. */
#define PTP_UNICAST_MAINTAIN_REQUEST 0x01
#define PTP_UNICAST_MAINTAIN_GRANT   0x02

/* False: of a type that is not served. */
bool bc_unicast_service_of(uint8_t message_type, enum bc_unicast_service *ret_service);
uint8_t bc_unicast_message_type(enum bc_unicast_service service);

/* Sends a Signaling message with these TLVs to `target` at `to`. */
void bc_unicast_send(struct bc_port *port, const struct bc_address *to,
		     const struct ptp_port_identity *target, const struct bc_tlv_buffer *tlvs);
/* Over UDP the IP address tells hosts apart, else the MAC address. */
bool bc_unicast_same_host(enum ebc_transport transport, const struct bc_address *a,
			  const struct bc_address *b);
