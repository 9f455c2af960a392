// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading the command line into the configuration. */
#include "bc/daemon/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "version.h"

static void usage(FILE *to)
{
	fputs("usage: ebpf-bc [options]\n"
	      "\n"
	      "A PTP boundary or transparent clock whose time stamps are taken by BPF programs on its "
	      "ports.\n"
	      "\n"
	      " Delay mechanism\n"
	      "  -A            end to end, until a neighbour measures peer to peer\n"
	      "  -E            end to end, the default\n"
	      "  -P            peer to peer\n"
	      " Network transport\n"
	      "  -2            IEEE 802.3\n"
	      "  -4            UDP over IPv4, the default\n"
	      "  -6            UDP over IPv6\n"
	      " Time stamps\n"
	      "  -S            by sockets instead of BPF programs; the clock is the system's then\n"
	      " Other options\n"
	      "  -f FILE       read the configuration from FILE\n"
	      "  -i INTERFACE  a port; may be given many times\n"
	      "  -l LEVEL      log up to this level, 0 to 7 (6)\n"
	      "  -m            log to the standard output\n"
	      "  -q            do not log to the system log\n"
	      "  -s            client only\n"
	      "  -v            print the version\n"
	      "  -h            print this\n"
	      "  --NAME=VALUE  any option of the configuration file; beats [global]\n",
	      to);
}

struct short_option {
	char flag;
	const char *name, *value; /* value NULL: the flag's argument */
	const char *refusal;
};

static const struct short_option short_options[] = {
	{'2', "network_transport", "L2", NULL},
	{'4', "network_transport", "UDPv4", NULL},
	{'6', "network_transport", "UDPv6", NULL},
	{'A', "delay_mechanism", "Auto", NULL},
	{'E', "delay_mechanism", "E2E", NULL},
	{'P', "delay_mechanism", "P2P", NULL},
	{'H', NULL, NULL, "hardware time stamping: the stamps are taken by BPF programs"},
	{'L', NULL, NULL, "legacy hardware time stamping: the stamps are taken by BPF programs"},
	{'S', "time_stamping", "software", NULL},
	{'p', NULL, NULL, "a hardware clock is not used: the stamps are taken by BPF programs"},
	{'l', "logging_level", NULL, NULL},
	{'m', "verbose", "1", NULL},
	{'q', "use_syslog", "0", NULL},
	{'s', "clientOnly", "1", NULL},
};

/* Says every error that the configuration has noted. */
static bool complain(const struct ebc_config *config, const char *fallback)
{
	bool is_said = false;

	for (size_t i = 0; i < ebc_config_n_notes(config); i++) {
		if (!ebc_config_note(config, i).is_error)
			continue;
		fprintf(stderr, "ebpf-bc: %s\n", ebc_config_note(config, i).text);
		is_said = true;
	}
	if (!is_said)
		fprintf(stderr, "ebpf-bc: %s\n", fallback);
	return false;
}

static bool set(struct ebc_config *config, const char *name, const char *value)
{
	return ebc_config_set_from_command_line(config, name, value) == 0 || complain(config, name);
}

static bool set_short(struct ebc_config *config, int flag, const char *argument)
{
	for (size_t i = 0; i < sizeof(short_options) / sizeof(short_options[0]); i++) {
		const struct short_option *o = &short_options[i];

		if (o->flag != flag)
			continue;
		if (o->refusal) {
			fprintf(stderr, "ebpf-bc: -%c: %s\n", flag, o->refusal);
			return false;
		}
		return set(config, o->name, o->value ? o->value : argument);
	}
	return false;
}

/* "--name=value" is taken out before getopt(3) sees it: the names are the table's, not ours. */
static bool set_long(struct ebc_config *config, const char *text)
{
	const char *equals = strchr(text, '=');
	char name[64];

	if (!equals || (size_t)(equals - text) >= sizeof(name)) {
		fprintf(stderr, "ebpf-bc: --%s: expected --name=value\n", text);
		return false;
	}
	memcpy(name, text, (size_t)(equals - text));
	name[equals - text] = '\0';
	return set(config, name, equals + 1);
}

/* Takes the long options out of argv; returns the new argc, or -1. */
static int take_long_options(int argc, char **argv, struct ebc_config *config)
{
	int kept = 1;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0)
			argv[kept++] = (char *)(uintptr_t) "-h";
		else if (strcmp(argv[i], "--version") == 0)
			argv[kept++] = (char *)(uintptr_t) "-v";
		else if (strncmp(argv[i], "--", 2) != 0)
			argv[kept++] = argv[i];
		else if (!set_long(config, argv[i] + 2))
			return -1;
	}
	argv[kept] = NULL;
	return kept;
}

enum options_result options_read(int argc, char **argv, struct ebc_config *config)
{
	const char *file = NULL;
	int flag;

	argc = take_long_options(argc, argv, config);
	if (argc < 0)
		return OPTIONS_WRONG;
	while ((flag = getopt(argc, argv, "246AEPHLSf:i:l:mp:qsvh")) != -1) {
		switch (flag) {
		case 'f':
			file = optarg;
			break;
		case 'i':
			if (ebc_config_add_port(config, optarg) < 0) {
				complain(config, "-i: not the name of an interface, or too many ports");
				return OPTIONS_WRONG;
			}
			break;
		case 'v':
			puts(EBC_VERSION);
			return OPTIONS_DONE;
		case 'h':
			usage(stdout);
			return OPTIONS_DONE;
		case '?':
			usage(stderr);
			return OPTIONS_WRONG;
		default:
			if (!set_short(config, flag, optarg))
				return OPTIONS_WRONG;
			break;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "ebpf-bc: %s: unexpected argument\n", argv[optind]);
		return OPTIONS_WRONG;
	}
	if (file && ebc_config_read_file(config, file) < 0) {
		complain(config, file);
		return OPTIONS_WRONG;
	}
	if (ebc_config_finish(config) < 0) {
		complain(config, "the configuration cannot be run");
		return OPTIONS_WRONG;
	}
	return OPTIONS_RUN;
}
