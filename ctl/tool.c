// SPDX-License-Identifier: GPL-2.0-or-later
/* Complaints have one form, and one failure one exit status, whichever command meets it. */
#include "ctl/tool.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/pause.h"
#include "ctl/value.h"
#include "util/macros.h"

#define PROGRAM "ebpf-bcctl: "
/* Above this a time in seconds would not fit. */
#define SECONDS_MAX 1e9

bool tool_complain(const char *words, const char *detail)
{
	char printable[VALUE_TEXT_SIZE];

	if (detail)
		fprintf(stderr, PROGRAM "%s: %s\n", words, value_printable(detail, printable));
	else
		fprintf(stderr, PROGRAM "%s\n", words);
	return false;
}

int tool_getopt(int argc, char **argv, const char *options, const struct option *long_options)
{
	int option;

	/* getopt's own words begin with the command's name instead of ours. */
	opterr = 0;
	option = getopt_long(argc, argv, options, long_options, NULL);
	if (option == ':')
		tool_complain("this option needs a value", argv[optind - 1]);
	else if (option == '?')
		tool_complain("no such option", argv[MAX(optind - 1, 1)]);
	return option == ':' ? '?' : option;
}

int tool_option(int argc, char **argv, const struct option *long_options)
{
	int option;

	option = tool_getopt(argc, argv, "+:h", long_options);
	if (option != -1 || optind >= argc)
		return option;
	tool_complain("unexpected argument", argv[optind]);
	return '?';
}

const char *tool_optional_number(int argc, char **argv)
{
	if (!optarg && optind < argc && isdigit((unsigned char)argv[optind][0]))
		return argv[optind++];
	return optarg;
}

enum exit_status tool_usage(const char *command)
{
	fprintf(stderr, PROGRAM "see ebpf-bcctl %s%s-h\n", command, *command ? " " : "");
	return EXIT_USAGE;
}

enum exit_status tool_connect(const char *socket_path, struct client **ret_client)
{
	int r = client_new(socket_path, ret_client);

	switch (-r) {
	case 0:
		return EXIT_FINE;
	case ENOENT:
	case ENOTDIR:
	case ECONNREFUSED:
		tool_complain("no ebpf-bc listens at", socket_path);
		return EXIT_NO_DAEMON;
	case EPROTOTYPE:
		tool_complain("another program's socket, not ebpf-bc's", socket_path);
		return EXIT_NO_DAEMON;
	case EAGAIN:
		tool_complain("nobody answers at", socket_path);
		return EXIT_NO_DAEMON;
	default:
		fprintf(stderr, PROGRAM "%s: %s\n", socket_path, strerror(-r));
		return EXIT_REFUSED;
	}
}

void tool_cleanup_client(struct client **client)
{
	client_free(*client);
}

void tool_cleanup_json(struct json_object **object)
{
	json_object_put(*object);
}

bool tool_is_known(const char *what, const char *name, const struct names *names)
{
	char printable[VALUE_TEXT_SIZE];

	if (!name || names_have(names, name))
		return true;
	fprintf(stderr, PROGRAM "no such %s: %s; there are:", what, value_printable(name, printable));
	for (size_t i = 0; i < names->n; i++)
		fprintf(stderr, " %s", value_printable(names->name[i], printable));
	putc('\n', stderr);
	return false;
}

void tool_complain_port(const char *name, struct json_object *objects)
{
	char text[VALUE_TEXT_SIZE];

	fprintf(stderr, PROGRAM "no such port: %s; there are:", value_printable(name, text));
	for (size_t i = 0; i < value_length(objects); i++)
		fprintf(stderr, " %s", value_text(json_object_array_get_idx(objects, i), "name", "?", text));
	putc('\n', stderr);
}

enum exit_status tool_out_of_memory(void)
{
	tool_complain("out of memory", NULL);
	return EXIT_REFUSED;
}

enum exit_status tool_fail(const struct client *client, int error)
{
	tool_complain(error == -ENOMEM ? "out of memory" : client_error(client), NULL);
	return error == -EPIPE || error == -ETIMEDOUT ? EXIT_NO_DAEMON : EXIT_REFUSED;
}

struct json_object *tool_json_number(double number, int decimals)
{
	char text[64];

	if (!isfinite(number))
		return NULL;
	snprintf(text, sizeof(text), "%.*f", decimals, number);
	return json_object_new_double_s(number, text);
}

int tool_print_json(struct json_object *object, FILE *to)
{
	const char *text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
									  JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!text)
		return -ENOMEM;
	fprintf(to, "%s\n", text);
	return 0;
}

enum exit_status tool_finish(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_FINE;
	tool_complain("standard output", strerror(errno));
	return EXIT_REFUSED;
}

bool tool_read_seconds(const char *text, double *ret_seconds)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds >= 0.01 && seconds <= SECONDS_MAX))
		return tool_complain("not a number of seconds", text);
	*ret_seconds = seconds;
	return true;
}

bool tool_begin_pauses(void)
{
	int r = pause_begin();

	return r == 0 || tool_complain("signals cannot be awaited", strerror(-r));
}
