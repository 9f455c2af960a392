/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the files of this folder: a value and where it came from, the ports' tables of values, notes.
 */
#pragma once

#include <net/if.h>

#include "config/config.h"

#define MAX_PORTS     128
#define MAX_FILES     16
#define MAX_FILE_SIZE (1024 * 1024)
#define MAX_LINE_LEN  1023 /* without the newline; also of a value on the command line */
#define MAX_NOTES     512
#define MAX_NOTE_LEN  511

enum ebc_source {
	EBC_SOURCE_NONE = 0, /* the default, or in a port: the global value */
	EBC_SOURCE_FILE,
	EBC_SOURCE_COMMAND_LINE,
};

/* Where a setting came from, for the head of a note. */
struct ebc_origin {
	enum ebc_source source;
	const char *file; /* owned by the config; for EBC_SOURCE_FILE */
	unsigned int line;
};

struct ebc_value {
	struct ebc_origin origin;
	char *text; /* as given, owned; never NULL in the global table */
	union {
		int64_t integer; /* also booleans and enumerations */
		double real;
	};
};

struct ebc_port {
	char name[IFNAMSIZ];
	struct ebc_value values[EBC_N_OPTIONS]; /* used where the origin's source is not NONE */
};

struct ebc_config {
	struct ebc_value global[EBC_N_OPTIONS];
	struct ebc_port *ports[MAX_PORTS];
	size_t n_ports;
	struct {
		struct ebc_origin origin;
		struct ebc_unicast_table *table;
	} unicast_tables[EBC_UNICAST_TABLES_MAX];
	size_t n_unicast_tables;
	char *files[MAX_FILES];
	size_t n_files;
	struct ebc_config_note notes[MAX_NOTES];
	size_t n_notes;
};

/* Parses `text` as a value of the option. 0, -EINVAL (not of the type's form), -ERANGE. The text is not kept.
 */
int ebc_value_parse(const struct ebc_option_info *info, const char *text, struct ebc_value *ret_value);
/* Whether two values of the same option mean the same. */
bool ebc_value_equal(const struct ebc_option_info *info, const struct ebc_value *a,
		     const struct ebc_value *b);

/* The value in force for a port, or EBC_CONFIG_GLOBAL. Never NULL. */
const struct ebc_value *ebc_config_value(const struct ebc_config *config, size_t port,
					 enum ebc_option option);
/* Parses and stores; makes an error note when it cannot. `port` NULL: [global]. -EINVAL, -ERANGE, -ENOMEM. */
int ebc_config_set(struct ebc_config *config, struct ebc_port *port, const struct ebc_origin *origin,
		   const char *name, const char *text);
/* Finds a port by name or makes it; makes an error note when it cannot. -EINVAL, -E2BIG, -ENOMEM. */
int ebc_config_get_port(struct ebc_config *config, const struct ebc_origin *origin, const char *name,
			struct ebc_port **ret_port);
/* unicast.c: a [unicast_master_table], and a line of it. Make an error note when they cannot. */
int ebc_unicast_table_begin(struct ebc_config *config, const struct ebc_origin *origin,
			    struct ebc_unicast_table **ret_table);
int ebc_unicast_table_set(struct ebc_config *config, struct ebc_unicast_table *table,
			  const struct ebc_origin *origin, const char *name, const char *text);
/* When all was read; they return the number of mistakes, each of which got its note. */
size_t ebc_unicast_check_tables(struct ebc_config *config);
size_t ebc_unicast_check_port(struct ebc_config *config, size_t port);
/* "bc.conf:12: " or "command line: " or nothing, then the text. Past MAX_NOTES notes are dropped. */
__attribute__((format(printf, 4, 5))) void ebc_config_add_note(struct ebc_config *config, bool is_error,
							       const struct ebc_origin *origin,
							       const char *format, ...);
