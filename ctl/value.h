/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Members of what the daemon told, as far as they are there and of the type that is looked for: daemons of
 * other versions know less or more. Texts come out fit to be printed on a terminal.
 */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VALUE_TEXT_SIZE 256

/* NULL where there is none. Like all here accepts an `object` that is NULL or no object. */
struct json_object *value_get(struct json_object *object, const char *name);
/* False, and nothing is written, where the value (may be NULL) is no number of that kind. */
bool value_is_s64(struct json_object *value, int64_t *ret_number);
bool value_is_number(struct json_object *value, double *ret_number);
bool value_s64(struct json_object *object, const char *name, int64_t *ret_number);
bool value_number(struct json_object *object, const char *name, double *ret_number);
/* False where missing. */
bool value_true(struct json_object *object, const char *name);
/* The text of a string or number; `none` where there is none, and for an empty one. Returns `text`. */
const char *value_text(struct json_object *object, const char *name, const char *none,
		       char text[static VALUE_TEXT_SIZE]);
/* The text with what a terminal could obey replaced, cut at the size. Returns `printable`. */
const char *value_printable(const char *text, char printable[static VALUE_TEXT_SIZE]);
/* Length of an array, 0 for what is none. */
size_t value_length(struct json_object *array);
/* Whether it is this string. */
bool value_is(struct json_object *object, const char *name, const char *text);
