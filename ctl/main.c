// SPDX-License-Identifier: GPL-2.0-or-later
/* ebpf-bcctl: asks a running ebpf-bc, by one of its commands. */
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/check/check.h"
#include "ctl/residence.h"
#include "ctl/stamps.h"
#include "ctl/stats.h"
#include "ctl/status.h"
#include "ctl/tool.h"
#include "ctl/trace.h"
#include "ctl/watch.h"
#include "util/macros.h"
#include "util/paths.h"
#include "version.h"

struct command {
	const char *name, *help;
	command_fn run;
};

/* In the order in which they are listed. */
static const struct command commands[] = {
	{"status", "the clock: state, grandmaster, offset, alarms, ports", status_main},
	{"ports", "the ports: state, transport, delay, peer, stamps", ports_main},
	{"stats", "what each port counted, and how fast", stats_main},
	{"stamps", "the published time stamps", stamps_main},
	{"watch", "all that as it goes, redrawn again and again", watch_main},
	{"trace", "the offset over time: table, CSV, picture", trace_main},
	{"residence", "how long event messages stayed in the box", residence_main},
	{"check", "whether this host and its ports suit: the doctor", check_main},
};

static void usage(FILE *to)
{
	fputs("usage: ebpf-bcctl [-s SOCKET] COMMAND [options]\n"
	      "\n"
	      "Asks a running ebpf-bc.\n"
	      "\n",
	      to);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(to, "  %-10s  %s\n", commands[i].name, commands[i].help);
	fputs("\n"
	      "  -s SOCKET   where the daemon listens (" EBC_CONTROL_SOCKET_DEFAULT ")\n"
	      "  -v          print the version\n"
	      "  -h          print this; after a command: its options\n"
	      "\n"
	      "Exit status: 0 fine, 1 refused or nothing to tell, 2 usage, 3 no daemon there.\n",
	      to);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* What is opened later must not become the standard output of a caller who closed it. */
static bool fill_standard_descriptors(void)
{
	int fd;

	do {
		/* Who writes there is told that he cannot. */
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'v'}, {}};
	const char *socket_path = EBC_CONTROL_SOCKET_DEFAULT;
	const struct command *command;
	int option;

	if (!fill_standard_descriptors())
		return EXIT_REFUSED;
	/* Of the user's locale only its characters: numbers keep their point. */
	setlocale(LC_CTYPE, "");
	/* A reader that has seen enough shows as an error of writing. */
	signal(SIGPIPE, SIG_IGN);
	while ((option = tool_getopt(argc, argv, "+:s:vh", long_options)) != -1) {
		switch (option) {
		case 's':
			socket_path = optarg;
			break;
		case 'v':
			puts(EBC_VERSION);
			return tool_finish();
		case 'h':
			usage(stdout);
			return tool_finish();
		default:
			return tool_usage("");
		}
	}
	if (optind == argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	command = find_command(argv[optind]);
	if (!command) {
		tool_complain("no such command", argv[optind]);
		return tool_usage("");
	}
	return command->run(socket_path, argc - optind, argv + optind);
}
