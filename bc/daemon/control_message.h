/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answers of the control socket: JSON text, made once and shared by all whom it is for. docs/control.md
 * tells what they mean. Every maker returns NULL when memory is out.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bc/daemon/control.h"
#include "bpf/ebc_abi.h"

/* Samples of one message, so that it stays below EBC_CONTROL_ANSWER_MAX. */
#define CONTROL_SAMPLES_MAX 512

struct control_message {
	unsigned int refs;
	size_t len;
	char text[]; /* not terminated */
};

struct control_message *control_message_ref(struct control_message *message);
/* Accepts NULL. */
void control_message_unref(struct control_message *message);

struct control_message *control_message_error(const char *error);
struct control_message *control_message_ports(const struct control_sources *sources);
struct control_message *control_message_residence(const struct control_sources *sources,
						  const struct ebc_residence_key *key,
						  const struct ebc_residence *residence);
struct control_message *control_message_end(void);
struct control_message *control_message_samples_begin(void);
struct control_message *control_message_samples(const struct ebc_sample *samples, size_t n);
struct control_message *control_message_samples_lost(uint64_t n);
struct control_message *control_message_samples_end(uint64_t n_delivered, uint64_t n_lost);
