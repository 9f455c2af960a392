// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading JSON without trust. */
#include "ctl/value.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct json_object *value_get(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	if (json_object_is_type(object, json_type_object))
		json_object_object_get_ex(object, name, &value);
	return value;
}

bool value_is_s64(struct json_object *value, int64_t *ret_number)
{
	if (!json_object_is_type(value, json_type_int))
		return false;
	*ret_number = json_object_get_int64(value);
	return true;
}

bool value_is_number(struct json_object *value, double *ret_number)
{
	double number;

	if (!json_object_is_type(value, json_type_int) && !json_object_is_type(value, json_type_double))
		return false;
	number = json_object_get_double(value);
	if (!isfinite(number))
		return false;
	*ret_number = number;
	return true;
}

bool value_s64(struct json_object *object, const char *name, int64_t *ret_number)
{
	return value_is_s64(value_get(object, name), ret_number);
}

bool value_number(struct json_object *object, const char *name, double *ret_number)
{
	return value_is_number(value_get(object, name), ret_number);
}

bool value_true(struct json_object *object, const char *name)
{
	struct json_object *value = value_get(object, name);

	return json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value);
}

const char *value_printable(const char *text, char printable[static VALUE_TEXT_SIZE])
{
	snprintf(printable, VALUE_TEXT_SIZE, "%s", text);
	for (char *c = printable; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return printable;
}

const char *value_text(struct json_object *object, const char *name, const char *none,
		       char text[static VALUE_TEXT_SIZE])
{
	struct json_object *value = value_get(object, name);
	bool is_scalar = json_object_is_type(value, json_type_string) ||
			 json_object_is_type(value, json_type_int) ||
			 json_object_is_type(value, json_type_double);
	const char *from = is_scalar ? json_object_get_string(value) : "";

	return value_printable(from && *from ? from : none, text);
}

size_t value_length(struct json_object *array)
{
	return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

bool value_is(struct json_object *object, const char *name, const char *text)
{
	struct json_object *value = value_get(object, name);

	return json_object_is_type(value, json_type_string) &&
	       strcmp(json_object_get_string(value), text) == 0;
}
