/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of options.def as data, and the look-up by name.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "config/options.h"
#include "util/macros.h"

#define V(id, name, status, reason) [id] = {name, EBC_STATUS_##status, reason},
#define E(list, tag)		    static const struct ebc_option_value list##_VALUES[] = {EBC_VALUES_##list(V)};
EBC_ALL_ENUMS(E)
#undef E
#undef V

/* "|OC|BC|...", of which range_text leaves the first character out. */
#define V(id, name, ...) "|" name
#define E(list, tag)	 static const char list##_RANGE[] = EBC_VALUES_##list(V);
EBC_ALL_ENUMS(E)
#undef E
#undef V

#define ROW(option_id, option_name, option_type, option_scope, option_status, option_reason, text, ...) \
	[EBC_OPT_##option_id] = {                                                                       \
		.name = option_name,                                                                    \
		.type = EBC_TYPE_##option_type,                                                         \
		.scope = EBC_SCOPE_##option_scope,                                                      \
		.status = EBC_STATUS_##option_status,                                                   \
		.reason = option_reason,                                                                \
		.description = text,                                                                    \
		__VA_ARGS__,                                                                            \
	},

static const struct ebc_option_info table[EBC_N_OPTIONS] = {
#define INT(id, name, scope, preset, min, max, status, reason, text)             \
	ROW(id, name, INT, scope, status, reason, text, .default_text = #preset, \
	    .range_text = #min ".." #max, .int_min = (min), .int_max = (max))
#define DOUBLE(id, name, scope, preset, min, max, status, reason, text)             \
	ROW(id, name, DOUBLE, scope, status, reason, text, .default_text = #preset, \
	    .range_text = #min ".." #max, .double_min = (min), .double_max = (max))
#define BOOL(id, name, scope, preset, status, reason, text)                                             \
	ROW(id, name, BOOL, scope, status, reason, text, .default_text = #preset, .range_text = "0..1", \
	    .int_min = 0, .int_max = 1)
#define ENUM(id, name, scope, preset, list, status, reason, text)                \
	ROW(id, name, ENUM, scope, status, reason, text, .default_text = preset, \
	    .range_text = list##_RANGE + 1, .values = list##_VALUES, .n_values = ARRAY_SIZE(list##_VALUES))
#define TEXT(id, name, scope, preset, kind, status, reason, text) \
	ROW(id, name, kind, scope, status, reason, text, .default_text = preset, .range_text = "")
#define ALIAS(...)
#include "config/options.def"
#undef INT
#undef DOUBLE
#undef BOOL
#undef ENUM
#undef TEXT
#undef ALIAS
};

static const struct {
	const char *name;
	enum ebc_option option;
} aliases[] = {
#define INT(...)
#define DOUBLE(...)
#define BOOL(...)
#define ENUM(...)
#define TEXT(...)
#define ALIAS(old_name, id) {old_name, EBC_OPT_##id},
#include "config/options.def"
#undef INT
#undef DOUBLE
#undef BOOL
#undef ENUM
#undef TEXT
#undef ALIAS
};

static const char *const foreign_prefixes[] = {"ts2phc."};

const struct ebc_option_info *ebc_option_info(enum ebc_option option)
{
	assert((unsigned int)option < EBC_N_OPTIONS);
	return &table[option];
}

int ebc_option_find(const char *name, enum ebc_option *ret_option)
{
	for (size_t i = 0; i < EBC_N_OPTIONS; i++) {
		if (strcmp(table[i].name, name) == 0) {
			*ret_option = (enum ebc_option)i;
			return 0;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
		if (strcmp(aliases[i].name, name) == 0) {
			*ret_option = aliases[i].option;
			return 0;
		}
	}
	return -ENOENT;
}

bool ebc_option_is_foreign(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(foreign_prefixes); i++) {
		size_t len = strlen(foreign_prefixes[i]);

		if (strncmp(name, foreign_prefixes[i], len) == 0 && name[len] != '\0')
			return true;
	}
	return false;
}

const char *ebc_option_alias(size_t i, enum ebc_option *ret_option)
{
	if (i >= ARRAY_SIZE(aliases))
		return NULL;
	*ret_option = aliases[i].option;
	return aliases[i].name;
}
