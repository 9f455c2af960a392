// SPDX-License-Identifier: GPL-2.0-or-later
/* The command `check`: its options, the configuration, and what it ends with. */
#include "ctl/check/check.h"

#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>

#include "ctl/check/configuration.h"
#include "ctl/check/host.h"
#include "ctl/check/ports.h"
#include "ctl/check/print.h"
#include "util/cleanup.h"
#include "util/macros.h"
#include "util/paths.h"

#define PORTS_MAX   128
#define COLUMNS_MAX 110

#define OPENWRT_CONFIG "/var/run/ebpf-bc/main.conf"

enum {
	OPTION_PORT = 256,
	OPTION_JSON,
	OPTION_ALL
};

struct options {
	const char *config_path; /* NULL: the default, if it is there */
	const char *ports[PORTS_MAX];
	size_t n_ports;
	bool is_json, has_good, is_help;
};

static void help(void)
{
	puts("usage: ebpf-bcctl check [-f FILE] [--json] [--all] [PORT]...\n"
	     "\n"
	     "The doctor: looks at this host, its ports and a configuration, changes nothing and needs no "
	     "daemon.\n"
	     "What can only be seen as root is said.\n"
	     "\n"
	     "  -f FILE      a configuration to check, and whose ports and settings count\n"
	     "               (" EBC_CONFIG_DEFAULT ", if it is there; else all ports of Ethernet)\n"
	     "  PORT         only this interface, or these\n"
	     "  --port PORT  the same\n"
	     "  --json       one object, with all findings\n"
	     "  --all        what is good, too\n"
	     "  -h           print this\n"
	     "\n"
	     "Exit status: 0 no problem, 1 problems, 2 usage.");
}

static bool add_port(struct options *o, const char *name)
{
	if (!*name || strlen(name) >= IFNAMSIZ || strchr(name, '/'))
		return tool_complain("not the name of an interface", name);
	if (o->n_ports == PORTS_MAX)
		return tool_complain("too many ports", name);
	o->ports[o->n_ports++] = name;
	return true;
}

static bool set_option(struct options *o, int option)
{
	switch (option) {
	case 'f':
		o->config_path = optarg;
		return true;
	case 'h':
		o->is_help = true;
		return true;
	case OPTION_PORT:
		return add_port(o, optarg);
	case OPTION_JSON:
		o->is_json = true;
		return true;
	case OPTION_ALL:
		o->has_good = true;
		return true;
	default:
		return false;
	}
}

static bool read_options(struct options *o, int argc, char **argv)
{
	static const struct option long_options[] = {{"port", required_argument, NULL, OPTION_PORT},
						     {"json", no_argument, NULL, OPTION_JSON},
						     {"all", no_argument, NULL, OPTION_ALL},
						     {"help", no_argument, NULL, 'h'},
						     {}};
	int option;

	optind = 0; /* another line than the one before: all anew */
	while ((option = tool_getopt(argc, argv, ":f:h", long_options)) != -1)
		if (!set_option(o, option))
			return false;
	while (optind < argc)
		if (!add_port(o, argv[optind++]))
			return false;
	return true;
}

/* What was read may be anything; it goes to a terminal, or into JSON. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || (unsigned char)*text >= 0x7f)
			*text = '?';
}

static void make_all_printable(struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		make_printable(findings->list[i].port);
		make_printable(findings->list[i].text);
		make_printable(findings->list[i].why);
		make_printable(findings->list[i].mend);
	}
}

static size_t terminal_columns(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return COLUMNS_MAX;
	return MIN(size.ws_col, COLUMNS_MAX);
}

static void print(struct findings *findings, const struct options *o)
{
	const char *no_color = getenv("NO_COLOR");
	struct print_style style = {
		.has_good = o->has_good,
		.has_color = isatty(STDOUT_FILENO) && !(no_color && *no_color),
		.columns = terminal_columns(),
	};

	make_all_printable(findings);
	if (!o->is_json)
		findings_print(findings, &style, stdout);
	else if (findings_print_json(findings, stdout) < 0)
		findings->error = -ENOMEM;
}

static void cleanup_config(struct ebc_config **config)
{
	ebc_config_free(*config);
}

/* On OpenWrt that of the first clock is made when it starts. */
static const char *default_config(const struct distribution *distribution)
{
	return distribution->family == FAMILY_OPENWRT && access(EBC_CONFIG_DEFAULT, F_OK) < 0
		       ? OPENWRT_CONFIG
		       : EBC_CONFIG_DEFAULT;
}

/*
 * Reads the configuration, if there is one, and judges it. A file that cannot be read at all is the caller's
 * mistake, if he named it; one that is refused counts as none: *ret_config is untouched.
 */
static enum exit_status read_config(const struct options *o, struct findings *findings,
				    struct ebc_config **ret_config)
{
	_cleanup_(cleanup_config) struct ebc_config *config = NULL;
	const char *path = o->config_path ? o->config_path : default_config(&findings->distribution);
	int r = ebc_config_new(&config);

	if (r < 0) {
		tool_complain("out of memory", NULL);
		return EXIT_REFUSED;
	}
	if (!o->config_path && access(path, F_OK) < 0)
		return EXIT_FINE;
	r = ebc_config_read_file(config, path);
	if (r < 0 && r != -EINVAL && r != -ERANGE && o->config_path) {
		tool_complain(ebc_config_n_notes(config) ? ebc_config_note(config, 0).text : path,
			      ebc_config_n_notes(config) ? NULL : strerror(-r));
		return EXIT_USAGE;
	}
	if (r == 0)
		r = configuration_finish(config, o->ports, o->n_ports);
	distribution_set_configuration(&findings->distribution, path);
	configuration_judge(config, path, r, findings);
	if (r == 0 || r == -ENODATA)
		*ret_config = TAKE_PTR(config);
	return EXIT_FINE;
}

/* Those of the command line, else the configuration's. */
static void choose_ports(struct options *o, const struct ebc_config *config)
{
	if (o->n_ports > 0 || !config)
		return;
	for (size_t i = 0; i < ebc_config_n_ports(config) && i < PORTS_MAX; i++)
		o->ports[o->n_ports++] = ebc_config_port_name(config, i);
}

static enum exit_status check(struct options *o, struct findings *findings)
{
	_cleanup_(cleanup_config) struct ebc_config *config = NULL;
	struct check_options options = {.root = "", .ports = o->ports};
	enum exit_status status;
	struct kernel_facts kernel;
	int r;

	distribution_look(options.root, &findings->distribution);
	status = read_config(o, findings, &config);
	if (status != EXIT_FINE)
		return status;
	choose_ports(o, config);
	options.config = config;
	options.n_ports = o->n_ports;
	check_host(&options, findings, &kernel);
	r = check_ports(&options, &kernel, findings);
	if (r < 0) {
		tool_complain("the ports cannot be looked at", strerror(-r));
		return EXIT_REFUSED;
	}
	distribution_add_tools(options.root, findings);
	print(findings, o);
	if (findings->error < 0) {
		tool_complain("out of memory", NULL);
		return EXIT_REFUSED;
	}
	status = tool_finish();
	if (status != EXIT_FINE)
		return status;
	return findings_count(findings, FINDING_PROBLEM) > 0 ? EXIT_REFUSED : EXIT_FINE;
}

enum exit_status check_main(const char *socket_path, int argc, char **argv)
{
	_cleanup_(findings_free) struct findings findings = {};
	struct options o = {};

	(void)socket_path;
	if (!read_options(&o, argc, argv))
		return tool_usage(argv[0]);
	if (o.is_help) {
		help();
		return tool_finish();
	}
	return check(&o, &findings);
}
