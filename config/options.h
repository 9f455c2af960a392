/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options by number, and what the table of options.def says of each: for the parser, --help and the
 * manual page. The table's own comment says what scopes and states mean.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/enums.def" /* the lists of values, as macros */

/* EBC_OPT_LOG_SYNC_INTERVAL and the like, in the table's order, then their count EBC_N_OPTIONS. */
enum ebc_option {
#define INT(id, ...)	EBC_OPT_##id,
#define DOUBLE(id, ...) EBC_OPT_##id,
#define BOOL(id, ...)	EBC_OPT_##id,
#define ENUM(id, ...)	EBC_OPT_##id,
#define TEXT(id, ...)	EBC_OPT_##id,
#define ALIAS(...)
#include "config/options.def"
#undef INT
#undef DOUBLE
#undef BOOL
#undef ENUM
#undef TEXT
#undef ALIAS
	EBC_N_OPTIONS
};

/* The values of enumeration options, from 0: enum ebc_clock_type { EBC_CLOCK_TYPE_OC, ... }. */
#define V(id, ...) id,
#define E(list, tag)                 \
	enum tag {                   \
		EBC_VALUES_##list(V) \
	};
EBC_ALL_ENUMS(E)
#undef E
#undef V

enum ebc_option_type {
	EBC_TYPE_INT,
	EBC_TYPE_DOUBLE,
	EBC_TYPE_BOOL,
	EBC_TYPE_ENUM,
	/* The rest are strings of a checked form. */
	EBC_TYPE_STRING,
	EBC_TYPE_PATH,		 /* absolute, or empty: in a file, a name without a value */
	EBC_TYPE_MAC,		 /* 01:1B:19:00:00:00 */
	EBC_TYPE_OUI,		 /* 00:00:00 */
	EBC_TYPE_IPV4_GROUP,	 /* a multicast address */
	EBC_TYPE_IPV6_GROUP,	 /* a multicast address */
	EBC_TYPE_IP,		 /* IPv4 or IPv6, or empty */
	EBC_TYPE_CLOCK_IDENTITY, /* 001122.fffe.334455 */
};

enum ebc_option_scope {
	EBC_SCOPE_GLOBAL, /* in [global] alone */
	EBC_SCOPE_PORT,	  /* in a port's section, or in [global] for all ports */
};

enum ebc_option_status {
	EBC_STATUS_IMPLEMENTED,
	EBC_STATUS_NO_EFFECT,	/* another value than the default makes a note */
	EBC_STATUS_SUBSTITUTED, /* of values: replaced by the default, with a note; refused on the command
				   line */
	EBC_STATUS_REFUSED,	/* another value than the default is refused */
};

struct ebc_option_value {
	const char *name;
	enum ebc_option_status status;
	const char *reason; /* or NULL */
};

/* A row of the table. All strings are constant. */
struct ebc_option_info {
	const char *name;
	enum ebc_option_type type;
	enum ebc_option_scope scope;
	const char *default_text;
	const char *range_text; /* "-7..15", "OC|BC|P2P_TC|E2E_TC|MONITOR"; empty for strings */
	enum ebc_option_status status;
	const char *reason; /* or NULL */
	const char *description;
	int64_t int_min, int_max;	       /* EBC_TYPE_INT, EBC_TYPE_BOOL */
	double double_min, double_max;	       /* EBC_TYPE_DOUBLE */
	const struct ebc_option_value *values; /* EBC_TYPE_ENUM: indexed by the enumeration's constants */
	size_t n_values;
};

/* Never NULL for option < EBC_N_OPTIONS, which is asserted. */
const struct ebc_option_info *ebc_option_info(enum ebc_option option);
/* By name or old name; names are case-sensitive. 0 or -ENOENT. */
int ebc_option_find(const char *name, enum ebc_option *ret_option);
/* Options of linuxptp's other programs, which a shared file may hold and we ignore. */
bool ebc_option_is_foreign(const char *name);
/* Old names, for documentation: NULL when i is past the last. */
const char *ebc_option_alias(size_t i, enum ebc_option *ret_option);
