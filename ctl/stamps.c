// SPDX-License-Identifier: GPL-2.0-or-later
/* `ebpf-bcctl stamps`. */
#include "ctl/stamps.h"

#include <inttypes.h>
#include <string.h>

#include "ctl/fetch.h"
#include "ctl/grid.h"
#include "ctl/query.h"
#include "ctl/value.h"
#include "util/cleanup.h"
#include "util/macros.h"

enum {
	FIELD_MONO_NS,
	FIELD_PORT,
	FIELD_DIRECTION,
	FIELD_TYPE,
	FIELD_DOMAIN,
	FIELD_SDO_ID,
	FIELD_SOURCE_PORT_IDENTITY,
	FIELD_SEQUENCE_ID,
	FIELD_SOURCE,
	FIELD_MAX,
};

static const char *const fields[FIELD_MAX] = {
	"mono_ns",     "port",	"direction", "type", "domain", "sdo_id", "source_port_identity",
	"sequence_id", "source"};

/* Some come and go while the daemon lists them. */
static const struct query_table stamps_table = {"stamps", "stamps", FIELD_MAX, fields,
						2 * EBC_STAMPS_ENTRIES};

struct options {
	const char *port, *type;
	size_t limit; /* 0: all */
	bool wants_json, wants_help;
};

static bool read_limit(const char *text, size_t *ret_limit)
{
	char *end;
	long limit = strtol(text, &end, 10);

	if (end == text || *end || limit < 1 || limit > 1000000000)
		return tool_complain("not a number of stamps", text);
	*ret_limit = (size_t)limit;
	return true;
}

static bool read_options(struct options *o, int argc, char **argv)
{
	static const struct option long_options[] = {
		{"port", required_argument, NULL, 'p'},	 {"type", required_argument, NULL, 't'},
		{"limit", required_argument, NULL, 'l'}, {"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},	 {}};
	int option;

	optind = 1;
	while ((option = tool_option(argc, argv, long_options)) != -1) {
		if (option == 'p')
			o->port = optarg;
		else if (option == 't')
			o->type = optarg;
		else if (option == '?' || (option == 'l' && !read_limit(optarg, &o->limit)))
			return false;
		o->wants_json |= option == 'j';
		o->wants_help |= option == 'h';
	}
	return true;
}

static int64_t number_of(struct json_object *row, size_t field)
{
	int64_t number = -1;

	value_is_s64(json_object_array_get_idx(row, field), &number);
	return number;
}

static const char *text_of(struct json_object *row, size_t field)
{
	struct json_object *value = json_object_array_get_idx(row, field);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "-";
}

static int compare(const void *a, const void *b)
{
	int64_t x = number_of(*(struct json_object *const *)a, FIELD_MONO_NS);
	int64_t y = number_of(*(struct json_object *const *)b, FIELD_MONO_NS);

	return (x > y) - (x < y);
}

/* NULL for a port of another configuration. */
static const char *port_of(const struct box *box, struct json_object *row)
{
	int64_t number = number_of(row, FIELD_PORT);

	return number >= 1 && (uint64_t)number <= box->ports.n ? box->ports.name[number - 1] : NULL;
}

static bool is_wanted(const struct options *o, const struct box *box, struct json_object *row)
{
	const char *port = port_of(box, row);

	return (!o->port || (port && strcmp(port, o->port) == 0)) &&
	       (!o->type || strcmp(text_of(row, FIELD_TYPE), o->type) == 0);
}

/* The newest that are wanted, in their order: an array of its own. NULL: no memory. */
static struct json_object *choose(const struct options *o, const struct box *box, struct json_object *rows)
{
	struct json_object *wanted = json_object_new_array(), *chosen = json_object_new_array();
	size_t n;

	for (size_t i = 0; i < value_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);

		if (is_wanted(o, box, row))
			json_object_array_add(wanted, json_object_get(row));
	}
	json_object_array_sort(wanted, compare);
	n = value_length(wanted);
	for (size_t i = o->limit && n > o->limit ? n - o->limit : 0; i < n; i++)
		json_object_array_add(chosen, json_object_get(json_object_array_get_idx(wanted, i)));
	json_object_put(wanted);
	return chosen;
}

static void add_text(struct grid *grid, struct json_object *row, size_t field)
{
	char text[VALUE_TEXT_SIZE];

	grid_add(grid, COLOUR_NONE, "%s", value_printable(text_of(row, field), text));
}

static void add_row(struct grid *grid, const struct box *box, struct json_object *row)
{
	const char *port = port_of(box, row);
	int64_t mono_ns = number_of(row, FIELD_MONO_NS);
	char printable[VALUE_TEXT_SIZE];

	grid_add(grid, COLOUR_NONE, "%" PRId64 ".%09" PRId64, (int64_t)(mono_ns / NSEC_PER_SEC),
		 (int64_t)(mono_ns % NSEC_PER_SEC));
	if (port)
		grid_add(grid, COLOUR_NONE, "%s", value_printable(port, printable));
	else
		grid_add(grid, COLOUR_NONE, "port-%" PRId64, number_of(row, FIELD_PORT));
	add_text(grid, row, FIELD_DIRECTION);
	add_text(grid, row, FIELD_TYPE);
	grid_add(grid, COLOUR_NONE, "%" PRId64, number_of(row, FIELD_DOMAIN));
	add_text(grid, row, FIELD_SOURCE_PORT_IDENTITY);
	grid_add(grid, COLOUR_NONE, "%" PRId64, number_of(row, FIELD_SEQUENCE_ID));
	add_text(grid, row, FIELD_SOURCE);
}

static enum exit_status print_table(const struct box *box, struct json_object *rows)
{
	static const char *const headings[] = {">monotonic s",	       "port",	    "",	    "type", ">domain",
					       "source port identity", ">sequence", "stamp"};
	_cleanup_(grid_cleanup) struct grid *grid = grid_new(ARRAY_SIZE(headings), headings);

	if (!grid)
		return tool_out_of_memory();
	for (size_t i = 0; i < value_length(rows); i++)
		add_row(grid, box, json_object_array_get_idx(rows, i));
	grid_print(grid, colours_wanted(), false, stdout);
	return tool_finish();
}

static enum exit_status print_json(const struct box *box, struct json_object *rows)
{
	_cleanup_(tool_cleanup_json) struct json_object *all = json_object_new_object();
	struct json_object *list = json_object_new_array();

	json_object_object_add(all, "stamps", list);
	for (size_t i = 0; i < value_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i), *one = json_object_new_object();
		const char *port = port_of(box, row);

		for (size_t k = 0; k < FIELD_MAX; k++)
			json_object_object_add(one, fields[k],
					       json_object_get(json_object_array_get_idx(row, k)));
		json_object_object_add(one, "name", port ? json_object_new_string(port) : NULL);
		json_object_array_add(list, one);
	}
	return tool_print_json(all, stdout) < 0 ? tool_out_of_memory() : tool_finish();
}

static enum exit_status run(const char *socket_path, const struct options *o)
{
	static struct box box;
	_cleanup_(tool_cleanup_client) struct client *client = NULL;
	_cleanup_(tool_cleanup_json) struct json_object *rows = json_object_new_array(), *chosen = NULL;
	enum exit_status status = tool_connect(socket_path, &client);
	int r;

	if (status != EXIT_FINE)
		return status;
	r = fetch_box(client, &box);
	if (r < 0)
		return tool_fail(client, r);
	if (!tool_is_known("port", o->port, &box.ports) ||
	    !tool_is_known("type of message", o->type, &box.message_types))
		return EXIT_USAGE;
	r = query_rows(client, &stamps_table, NULL, NULL, rows);
	if (r < 0)
		return tool_fail(client, r);
	chosen = choose(o, &box, rows);
	status = o->wants_json ? print_json(&box, chosen) : print_table(&box, chosen);
	if (status == EXIT_FINE && value_length(chosen) == 0) {
		tool_complain("no such stamp is published", NULL);
		return EXIT_REFUSED;
	}
	return status;
}

enum exit_status stamps_main(const char *socket_path, int argc, char **argv)
{
	struct options o = {};

	if (!read_options(&o, argc, argv))
		return tool_usage(argv[0]);
	if (!o.wants_help)
		return run(socket_path, &o);
	puts("usage: ebpf-bcctl [-s SOCKET] stamps [options]\n\n"
	     "The time stamps that the daemon publishes (publish_stamps), by time.\n\n"
	     "  --port NAME  only those of this port\n"
	     "  --type TYPE  only those of this type of message: sync, delay_req, ...\n"
	     "  --limit N    only the newest N\n"
	     "  --json       one object");
	return tool_finish();
}
