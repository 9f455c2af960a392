/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answers of the control socket as JSON objects; docs/control.md tells what they mean. Rows of numbers
 * are control_rows.h's, clock and ports control_report.h's. Every maker returns NULL when memory is out.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bc/daemon/control.h"
#include "bc/daemon/control_json.h"
#include "bpf/ebc_abi.h"

#define CONTROL_TYPE_NAME 16

/* "sync", ...; "type-N" where there is no name. */
void control_message_type_name(uint8_t message_type, char ret_name[static CONTROL_TYPE_NAME]);

/* As the options call it. */
const char *control_message_stamp_source(uint8_t source);

struct control_message *control_message_error(const char *error);
struct control_message *control_message_ports(const struct control_sources *sources);
struct control_message *control_message_residence(const struct control_sources *sources,
						  const struct ebc_residence_key *key,
						  const struct ebc_residence *residence);
struct control_message *control_message_end(void);
/* The end of rows that are numbered. */
struct control_message *control_message_rows_end(uint64_t next, uint64_t n_lost);
struct control_message *control_message_samples_lost(uint64_t n);
struct control_message *control_message_samples_end(uint64_t n_delivered, uint64_t n_lost);
