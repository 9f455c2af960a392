/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon knows, as structures: its answers checked and taken apart. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bpf/ebc_abi.h"
#include "ctl/client.h"

#define NAME_SIZE 16 /* IFNAMSIZ */

/* Names are as the daemon tells them, of any octets: whoever prints them sees to it (value_printable()). */
struct names {
	size_t n;
	char name[EBC_MAX_PORTS][NAME_SIZE];
};

struct box {
	char clock_type[NAME_SIZE];
	struct names ports;	    /* by port index */
	struct names message_types; /* by messageType */
};

struct residence {
	char ingress[NAME_SIZE], egress[NAME_SIZE], type[NAME_SIZE];
	struct ebc_residence measured;
};

struct residences {
	size_t n;
	struct residence *list; /* sorted by ports and type */
};

/* Which residences; NULL: whichever. */
struct residence_filter {
	const char *port; /* ingress or egress */
	const char *type;
};

/* All: 0 or -errno as client_receive(). */
int fetch_box(struct client *client, struct box *ret_box);
/* The caller frees with residences_free(). What was never counted is left out. */
int fetch_residences(struct client *client, const struct residence_filter *filter,
		     struct residences *ret_residences);
int fetch_clear(struct client *client);

bool names_have(const struct names *names, const char *name);
bool filter_matches(const struct residence_filter *filter, const char *ingress, const char *egress,
		    const char *type);

void residences_free(struct residences *residences);
/*
 * What came since `earlier`, without those to which nothing came; of one that was cleared meanwhile, all that
 * it has. 0 or -ENOMEM; the caller frees.
 */
int residences_since(const struct residences *now, const struct residences *earlier,
		     struct residences *ret_since);

/* A boundary of the socket's numbers and texts; false where they are missing or something else. */
bool json_get_u64(struct json_object *value, uint64_t *ret_value);
/* Not empty, and short enough for an interface. */
bool json_get_name(struct json_object *value, char ret_name[NAME_SIZE]);
