// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading the command line into the configuration. */
#include "bc/daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "version.h"

static void usage(void)
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
	      "  -H, -L, -p    refused: hardware does not take them\n"
	      " Other options\n"
	      "  -f FILE       read the configuration from FILE; -: from the standard input\n"
	      "  -i INTERFACE  a port; may be given many times\n"
	      "  -l LEVEL      log up to this level, 0 to 7 (6)\n"
	      "  -m            log to the standard output\n"
	      "  -q            do not log to the system log\n"
	      "  -s            client only\n"
	      "  -v            print the version\n"
	      "  -h            print this, and the options of the configuration file\n"
	      "  --NAME=VALUE  or --NAME VALUE: an option of the configuration file; beats [global]\n"
	      " Signals\n"
	      "  SIGHUP        read the file again; a mistake in it leaves everything as it is\n"
	      "  SIGUSR1       log the counters of each port\n",
	      stdout);
}

/* " *priority1  128  (0..255)" and what it is about, or why it is about nothing. */
static void print_option(const struct ebc_option_info *info)
{
	printf(" %c%s  %s", info->scope == EBC_SCOPE_GLOBAL ? '*' : ' ', info->name,
	       *info->default_text ? info->default_text : "(empty)");
	if (*info->range_text)
		printf("  (%s)", info->range_text);
	printf("\n      %s\n", info->description);
	if (info->status != EBC_STATUS_IMPLEMENTED)
		printf("      %s: %s\n", info->status == EBC_STATUS_REFUSED ? "Refused" : "No effect",
		       info->reason);
}

static void print_options(void)
{
	puts("\nOptions of the configuration file, with default and range; * in [global] alone, the others "
	     "in a "
	     "port's section too:\n");
	for (int i = 0; i < EBC_N_OPTIONS; i++)
		print_option(ebc_option_info((enum ebc_option)i));
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

static void tell_on_stderr(const char *text)
{
	fprintf(stderr, "ebpf-bc: %s\n", text);
}

void options_tell(const struct options_context *context, const char *text)
{
	(context->tell ? context->tell : tell_on_stderr)(text);
}

__attribute__((format(printf, 2, 3))) static void tell(const struct options_context *context,
						       const char *format, ...)
{
	char text[1200]; /* the longest argument, and what is said of it */
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	options_tell(context, text);
}

/* Says every error that the configuration has noted. */
static bool complain(const struct options_context *context, const struct ebc_config *config,
		     const char *fallback)
{
	bool is_said = false;

	for (size_t i = 0; i < ebc_config_n_notes(config); i++) {
		if (!ebc_config_note(config, i).is_error)
			continue;
		tell(context, "%s", ebc_config_note(config, i).text);
		is_said = true;
	}
	if (!is_said)
		tell(context, "%s", fallback);
	return false;
}

static bool set(const struct options_context *context, struct ebc_config *config, const char *name,
		const char *value)
{
	return ebc_config_set_from_command_line(config, name, value) == 0 || complain(context, config, name);
}

static bool set_short(const struct options_context *context, struct ebc_config *config, int flag,
		      const char *argument)
{
	for (size_t i = 0; i < sizeof(short_options) / sizeof(short_options[0]); i++) {
		const struct short_option *o = &short_options[i];

		if (o->flag != flag)
			continue;
		if (o->refusal) {
			tell(context, "-%c: %s", flag, o->refusal);
			return false;
		}
		return set(context, config, o->name, o->value ? o->value : argument);
	}
	return false;
}

/* "name=value", or "name" with the argument that follows, NULL: none. Returns how many arguments it was; 0:
 * wrong.
 */
static int set_long(const struct options_context *context, struct ebc_config *config, const char *text,
		    const char *next)
{
	const char *equals = strchr(text, '=');
	size_t len = equals ? (size_t)(equals - text) : strlen(text);
	const char *value = equals ? equals + 1 : next;
	char name[64];

	if (!value || len >= sizeof(name)) {
		tell(context, "--%s: expected --name=value", text);
		return 0;
	}
	memcpy(name, text, len);
	name[len] = '\0';
	if (!set(context, config, name, value))
		return 0;
	return equals ? 1 : 2;
}

/* Takes the long options out of argv, before getopt(3) sees them: their names are the table's, not ours.
 * Returns the new argc, or -1. */
static int take_long_options(int argc, char **argv, struct ebc_config *config,
			     const struct options_context *context)
{
	int kept = 1, n;

	for (int i = 1; i < argc; i += n) {
		n = 1;
		if (strcmp(argv[i], "--help") == 0)
			argv[kept++] = (char *)(uintptr_t) "-h";
		else if (strcmp(argv[i], "--version") == 0)
			argv[kept++] = (char *)(uintptr_t) "-v";
		else if (strncmp(argv[i], "--", 2) != 0)
			argv[kept++] = argv[i];
		else
			n = set_long(context, config, argv[i] + 2, i + 1 < argc ? argv[i + 1] : NULL);
		if (n == 0)
			return -1;
	}
	argv[kept] = NULL;
	return kept;
}

/* What is not a file may be empty by now, or never end. */
static bool is_readable_again(const struct options_context *context, const char *path)
{
	struct stat st;

	if (strcmp(path, "-") == 0)
		tell(context, "the configuration came from the standard input, which cannot be read again");
	else if (stat(path, &st) < 0)
		tell(context, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		tell(context, "%s: not a file that can be read again", path);
	else
		return true;
	return false;
}

static bool read_file(const struct options_context *context, struct ebc_config *config, const char *path)
{
	if (context->is_again && !is_readable_again(context, path))
		return false;
	return ebc_config_read_file(config, path) == 0 || complain(context, config, path);
}

enum options_result options_read(int argc, char **argv, struct ebc_config *config,
				 const struct options_context *context)
{
	const char *file = NULL;
	int flag;

	optind = 0; /* getopt(3) begins anew */
	argc = take_long_options(argc, argv, config, context);
	if (argc < 0)
		return OPTIONS_WRONG;
	while ((flag = getopt(argc, argv, ":246AEPHLSf:i:l:mp:qsvh")) != -1) {
		switch (flag) {
		case 'f':
			file = optarg;
			break;
		case 'i':
			if (ebc_config_add_port(config, optarg) < 0) {
				complain(context, config,
					 "-i: not the name of an interface, or too many ports");
				return OPTIONS_WRONG;
			}
			break;
		case 'v':
			puts(EBC_VERSION);
			return OPTIONS_DONE;
		case 'h':
			usage();
			print_options();
			return OPTIONS_DONE;
		case '?':
			tell(context, "-%c: no such option; -h lists them", optopt);
			return OPTIONS_WRONG;
		case ':':
			tell(context, "-%c: this option needs an argument", optopt);
			return OPTIONS_WRONG;
		default:
			if (!set_short(context, config, flag, optarg))
				return OPTIONS_WRONG;
			break;
		}
	}
	if (optind < argc) {
		tell(context, "%s: unexpected argument", argv[optind]);
		return OPTIONS_WRONG;
	}
	if (file && !read_file(context, config, file))
		return OPTIONS_WRONG;
	if (ebc_config_finish(config) < 0) {
		complain(context, config, "the configuration cannot be run");
		return OPTIONS_WRONG;
	}
	return OPTIONS_RUN;
}
