// SPDX-License-Identifier: GPL-2.0-or-later
/* See control_json.h. */
#include "bc/daemon/control_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/paths.h"
#include "util/utf8.h"

#define TEXT_OCTETS 512

struct control_message *control_message_alloc(size_t size)
{
	struct control_message *message = malloc(sizeof(*message) + size);

	if (!message)
		return NULL;
	message->refs = 1;
	message->len = 0;
	return message;
}

struct control_message *control_message_ref(struct control_message *message)
{
	message->refs++;
	return message;
}

void control_message_unref(struct control_message *message)
{
	if (message && --message->refs == 0)
		free(message);
}

struct control_message *control_json_seal(struct json_object *object)
{
	static const char too_long[] = "{\"error\":\"answer too long\"}";
	struct control_message *message = NULL;
	const char *text;
	size_t len;

	text = json_object_to_json_string_length(object, JSON_C_TO_STRING_PLAIN, &len);
	if (text && len > EBC_CONTROL_ANSWER_MAX) {
		text = too_long;
		len = sizeof(too_long) - 1;
	}
	if (text)
		message = control_message_alloc(len);
	if (message) {
		message->len = len;
		memcpy(message->text, text, len);
	}
	json_object_put(object);
	return message;
}

struct control_message *control_json_seal_one(const char *name, struct json_object *value)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, name, value);
	return control_json_seal(object);
}

struct json_object *control_json_text(const char *text)
{
	char clean[TEXT_OCTETS];

	if (!text)
		return NULL;
	ebc_utf8_clean(text, clean, sizeof(clean));
	return json_object_new_string(clean);
}

struct json_object *control_json_strings(const char *const *strings, size_t n)
{
	struct json_object *array = json_object_new_array_ext((int)n);

	for (size_t i = 0; i < n; i++)
		json_object_array_add(array, control_json_text(strings[i]));
	return array;
}

struct json_object *control_json_decimal(double value, int digits)
{
	char text[340];

	if (!isfinite(value))
		return NULL;
	snprintf(text, sizeof(text), "%.*f", digits, value);
	return json_object_new_double_s(value, text);
}
