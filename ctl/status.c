// SPDX-License-Identifier: GPL-2.0-or-later
/* `ebpf-bcctl status` and `ebpf-bcctl ports`: their options, and the two objects that they print. */
#include "ctl/status.h"

#include "ctl/grid.h"
#include "ctl/query.h"
#include "ctl/show.h"
#include "ctl/value.h"
#include "util/cleanup.h"

struct options {
	bool wants_json, wants_help;
};

static bool read_options(struct options *o, int argc, char **argv)
{
	static const struct option long_options[] = {
		{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {}};
	int option;

	optind = 1;
	while ((option = tool_option(argc, argv, long_options)) != -1) {
		o->wants_json |= option == 'j';
		o->wants_help |= option == 'h';
		if (option == '?')
			return false;
	}
	return true;
}

struct answer {
	struct json_object *status, *ports;
};

static int ask(struct client *client, struct answer *answer)
{
	int r = query_status(client, &answer->status);

	return r < 0 ? r : query_ports(client, &answer->ports);
}

static void answer_cleanup(struct answer *answer)
{
	json_object_put(answer->status);
	json_object_put(answer->ports);
}

static uint64_t now_of(const struct answer *answer)
{
	int64_t now_mono_ns = 0;

	value_s64(answer->status, "now_mono_ns", &now_mono_ns);
	return now_mono_ns > 0 ? (uint64_t)now_mono_ns : 0;
}

static void print_status(const struct answer *answer)
{
	bool is_coloured = colours_wanted();

	show_status(answer->status, is_coloured, stdout);
	putchar('\n');
	show_ports(answer->ports, now_of(answer), true, is_coloured, stdout);
}

static void print_ports(const struct answer *answer)
{
	show_ports(answer->ports, now_of(answer), false, colours_wanted(), stdout);
}

static int print_json(const struct answer *answer, bool has_status)
{
	_cleanup_(tool_cleanup_json) struct json_object *all = json_object_new_object();

	if (has_status)
		json_object_object_add(all, "status", json_object_get(answer->status));
	json_object_object_add(all, "ports", json_object_get(answer->ports));
	return tool_print_json(all, stdout);
}

static enum exit_status run(const char *socket_path, bool is_json, bool is_status)
{
	_cleanup_(tool_cleanup_client) struct client *client = NULL;
	_cleanup_(answer_cleanup) struct answer answer = {};
	enum exit_status status = tool_connect(socket_path, &client);
	int r;

	if (status != EXIT_FINE)
		return status;
	r = ask(client, &answer);
	if (r < 0)
		return tool_fail(client, r);
	if (is_json)
		r = print_json(&answer, is_status);
	else if (is_status)
		print_status(&answer);
	else
		print_ports(&answer);
	return r < 0 ? tool_out_of_memory() : tool_finish();
}

enum exit_status status_main(const char *socket_path, int argc, char **argv)
{
	struct options o = {};

	if (!read_options(&o, argc, argv))
		return tool_usage(argv[0]);
	if (!o.wants_help)
		return run(socket_path, o.wants_json, true);
	puts("usage: ebpf-bcctl [-s SOCKET] status [--json]\n\n"
	     "The clock: its state, grandmaster, offset, time, alarms, and its ports.\n\n"
	     "  --json  one object with all that the daemon tells");
	return tool_finish();
}

enum exit_status ports_main(const char *socket_path, int argc, char **argv)
{
	struct options o = {};

	if (!read_options(&o, argc, argv))
		return tool_usage(argv[0]);
	if (!o.wants_help)
		return run(socket_path, o.wants_json, false);
	puts("usage: ebpf-bcctl [-s SOCKET] ports [--json]\n\n"
	     "The ports: state, transport, delay, peer, driver, stamps, and why one is not usable.\n\n"
	     "  --json  one object with all that the daemon tells");
	return tool_finish();
}
