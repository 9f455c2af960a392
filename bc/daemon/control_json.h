/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of the control socket: JSON text, made once and shared by all whom it is for. */
#pragma once

#include <json-c/json.h>
#include <stddef.h>

struct control_message {
	unsigned int refs;
	size_t len;
	char text[]; /* not terminated */
};

/* A message with room for `size` octets, of which none are used yet. NULL: no memory. */
struct control_message *control_message_alloc(size_t size);
struct control_message *control_message_ref(struct control_message *message);
/* Accepts NULL. */
void control_message_unref(struct control_message *message);

/* Both take the object. NULL: no memory. What would be longer than EBC_CONTROL_ANSWER_MAX becomes an error.
 */
struct control_message *control_json_seal(struct json_object *object);
/* {name: value} */
struct control_message *control_json_seal_one(const char *name, struct json_object *value);

/* Of any octets: what is no UTF-8 is replaced. NULL: null. */
struct json_object *control_json_text(const char *text);
struct json_object *control_json_strings(const char *const *strings, size_t n);
/* With so many digits behind the point, at most 9; null if it is no number. */
struct json_object *control_json_decimal(double value, int digits);
