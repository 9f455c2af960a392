// SPDX-License-Identifier: GPL-2.0-or-later
/* ebpf-bcctl: asks a running ebpf-bc. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "ctl/residence.h"
#include "util/paths.h"
#include "version.h"

static void usage(FILE *to)
{
	fputs("usage: ebpf-bcctl [-s SOCKET] residence [options]\n"
	      "\n"
	      "Asks a running ebpf-bc. `residence`: how long event messages stayed in the box, for each "
	      "ingress\n"
	      "port, egress port and type, from the receive stamp to the transmit stamp.\n"
	      "\n"
	      " What\n"
	      "  --port NAME        only what came in or left by this port\n"
	      "  --type TYPE        only sync, delay_req, pdelay_req or pdelay_resp\n"
	      "  --seconds N        only what comes within N seconds; with --watch and --raw: then end\n"
	      "  --clear            first forget what was counted; alone: nothing else. For root.\n"
	      " How; a table by default\n"
	      "  --json             one object, with the histograms\n"
	      "  --csv              a line for each {ports, type, part}; times in ns\n"
	      "  --watch [SECONDS]  again and again: what is new, and in total (1)\n"
	      "  --raw FILE         every single message as a line of CSV, until interrupted; -: standard "
	      "output\n"
	      "  --plot FILE.svg    also draw histogram and CCDF; needs gnuplot\n"
	      " Other options\n"
	      "  -s SOCKET          where the daemon listens (" EBC_CONTROL_SOCKET_DEFAULT ")\n"
	      "  -v                 print the version\n"
	      "  -h                 print this\n"
	      "\n"
	      "Exit status: 0 fine, 1 refused or nothing measured, 2 usage, 3 no daemon there.\n",
	      to);
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'v'}, {}};
	const char *socket_path = EBC_CONTROL_SOCKET_DEFAULT;
	int option;

	/* A reader that has seen enough shows as an error of writing. */
	signal(SIGPIPE, SIG_IGN);
	while ((option = getopt_long(argc, argv, "+s:vh", long_options, NULL)) != -1) {
		switch (option) {
		case 's':
			socket_path = optarg;
			break;
		case 'v':
			puts(EBC_VERSION);
			return EXIT_FINE;
		case 'h':
			usage(stdout);
			return EXIT_FINE;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (optind == argc || strcmp(argv[optind], "residence") != 0) {
		if (optind < argc)
			fprintf(stderr, "ebpf-bcctl: no such command: %s\n", argv[optind]);
		usage(stderr);
		return EXIT_USAGE;
	}
	return residence_main(socket_path, argc - optind, argv + optind);
}
