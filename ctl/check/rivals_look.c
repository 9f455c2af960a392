// SPDX-License-Identifier: GPL-2.0-or-later
/* Looks through the processes for those that keep a clock. */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/check/look.h"
#include "ctl/check/rivals.h"
#include "util/cleanup.h"
#include "util/macros.h"

#define COMMAND_SIZE 4096
#define UDP_SIZE     65536
#define FILE_SIZE    65536
#define INODES_MAX   8
#define PTP_EVENT    319
#define PTP_GENERAL  320

/* Of ptp4l and ebpf-bc, which have no long options without. */
#define SHORT_OPTIONS_WITH_VALUE "fipl"

struct known {
	const char *comm; /* the kernel keeps 15 characters */
	const char *unit; /* part of the names of services that are for it */
	enum rival_kind kind;
	bool slews_visibly;
};

/* ntpd-rs' ntp-daemon and phc2sys set the frequency, like chronyd. timemaster has others do it. */
static const struct known known[] = {
	{"chronyd", "chrony", RIVAL_CLOCK, true},
	{"ntp-daemon", "ntp", RIVAL_CLOCK, true},
	{"phc2sys", "phc2sys", RIVAL_CLOCK, true},
	{"timemaster", "timemaster", RIVAL_CLOCK, true},
	{"ntpd", "ntp", RIVAL_CLOCK, false},
	{"openntpd", "ntp", RIVAL_CLOCK, false},
	{"systemd-timesyn", "timesyncd", RIVAL_CLOCK, false},
	{"vmtoolsd", "tools", RIVAL_TOOLS, false},
	{"VBoxService", "virtualbox", RIVAL_TOOLS, false},
	{"ptp4l", "ptp4l", RIVAL_PTP, true},
	{"ptpd", "ptpd", RIVAL_PTP, true},
	{"ptpd2", "ptpd", RIVAL_PTP, true},
	{"statime", "statime", RIVAL_PTP, true},
	{"nqptp", "nqptp", RIVAL_PTP, true},
	{"sfptpd", "sfptpd", RIVAL_PTP, true},
	{"sptp", "sptp", RIVAL_PTP, true},
	{"ebpf-bc", "ebpf-bc", RIVAL_SELF, true},
};

static void cleanup_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static void cleanup_config(struct ebc_config **config)
{
	ebc_config_free(*config);
}

static const struct known *find_known(const char *comm)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (strcmp(known[i].comm, comm) == 0)
			return &known[i];
	return NULL;
}

static void add_port(struct rival *rival, const char *name)
{
	if (rival->n_ports == RIVALS_PORTS_MAX || !*name || strlen(name) >= IFNAMSIZ)
		return;
	strcpy(rival->ports[rival->n_ports++], name);
}

/* Whoever names a file there may be anybody: no device is opened, and nothing waits. */
static bool read_regular_file(const char *root, const char *path, char text[static FILE_SIZE])
{
	char whole[LOOK_PATH_SIZE];
	struct stat status;

	if (*path != '/' || snprintf(whole, sizeof(whole), "%s%s", root, path) >= (int)sizeof(whole))
		return false;
	return stat(whole, &status) == 0 && S_ISREG(status.st_mode) &&
	       look_text(root, text, FILE_SIZE, "%s", path) == 0;
}

/* As the process sees it, if we may look there, else as we do. */
static bool read_its_file(const struct rival *rival, const char *root, const char *path,
			  char text[static FILE_SIZE])
{
	char seen[LOOK_PATH_SIZE];
	int n = snprintf(seen, sizeof(seen), "/proc/%d/%s%s", rival->pid, *path == '/' ? "root" : "cwd/",
			 path);

	return (n < (int)sizeof(seen) && read_regular_file(root, seen, text)) ||
	       read_regular_file(root, path, text);
}

/* ptp4l's files are of our form. One that is not, or that cannot be read, leaves its ports unknown. */
static void read_file(struct rival *rival, const char *root, const char *path)
{
	_cleanup_(cleanup_config) struct ebc_config *config = NULL;
	_cleanup_free_ char *text = malloc(FILE_SIZE);

	if (!text || !read_its_file(rival, root, path, text) || ebc_config_new(&config) < 0 ||
	    ebc_config_read_text(config, path, text, strlen(text)) < 0)
		return;
	for (size_t i = 0; i < ebc_config_n_ports(config); i++)
		add_port(rival, ebc_config_port_name(config, i));
	rival->domain = (int)ebc_config_int(config, EBC_CONFIG_GLOBAL, EBC_OPT_DOMAIN_NUMBER);
}

static const char *next_argument(const char *arg)
{
	return arg + strlen(arg) + 1;
}

/* The last option of a word like -mSi and its value, in the word or in the next one; else '\0' and NULL. */
static char short_option(const char *arg, const char **ret_value)
{
	const char *option = arg + strcspn(arg, SHORT_OPTIONS_WITH_VALUE);

	*ret_value = NULL;
	if (*option)
		*ret_value = option[1] ? option + 1 : next_argument(arg);
	return *option;
}

/* As getopt_long(3) reads them. What the command line says goes before what the file does, in any order. */
static void read_ptp_command(struct rival *rival, const char *root, const char *arg)
{
	const char *domain = NULL, *value;

	while (*arg) {
		if (strncmp(arg, "--", 2) == 0) {
			size_t len = strcspn(arg, "=");

			value = arg[len] ? arg + len + 1 : next_argument(arg);
			if (len == strlen("--domainNumber") && strncmp(arg, "--domainNumber", len) == 0)
				domain = value;
		} else if (*arg == '-') {
			char option = short_option(arg, &value);

			if (option == 'f')
				read_file(rival, root, value);
			else if (option == 'i')
				add_port(rival, value);
		} else {
			value = NULL;
		}
		/* A value that is a word of its own is no option. */
		arg = next_argument(value == next_argument(arg) && *value ? value : arg);
	}
	if (domain && *domain)
		rival->domain = atoi(domain);
}

/* `command`: arguments, each with its NUL, and one more NUL behind the last. */
static void read_command(struct rival *rival, const char *root, const char *command)
{
	const char *first = next_argument(command);

	if (rival->kind == RIVAL_PTP || rival->kind == RIVAL_SELF)
		read_ptp_command(rival, root, first);
	if (strcmp(rival->name, "chronyd") == 0)
		for (const char *arg = first; *arg; arg = next_argument(arg))
			rival->leaves_clock |= strcmp(arg, "-x") == 0;
}

static size_t read_command_line(const char *root, const char *pid, char command[static COMMAND_SIZE])
{
	char path[LOOK_PATH_SIZE];
	_cleanup_file_ FILE *file = NULL;
	size_t len = 0;

	memset(command, 0, COMMAND_SIZE);
	if (snprintf(path, sizeof(path), "%s/proc/%s/cmdline", root, pid) < (int)sizeof(path))
		file = fopen(path, "re");
	if (file)
		len = fread(command, 1, COMMAND_SIZE - 2, file);
	return len;
}

static void look_at_place(const char *root, struct rival *rival)
{
	char ours[64], theirs[64];

	rival->is_place_known = look_link(root, ours, sizeof(ours), "/proc/self/ns/net") == 0 &&
				look_link(root, theirs, sizeof(theirs), "/proc/%d/ns/net", rival->pid) == 0;
	rival->is_elsewhere = rival->is_place_known && strcmp(ours, theirs) != 0;
}

/* What a name may have that is put into a command; the backslash is quoted there. */
static const char name_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@";

/* The last part of a path like /system.slice/system-ptp4l.slice/ptp4l@eth0.service; a user's are not for
 * systemctl alone. */
static const char *unit_of(const char *path)
{
	static const char ending[] = ".service";
	const char *last = strrchr(path, '/');
	size_t len = last ? strlen(++last) : 0;

	if (len <= strlen(ending) || strcmp(last + len - strlen(ending), ending) != 0 ||
	    strspn(last, name_letters) != len || strstr(path, "/user.slice/"))
		return NULL;
	return last;
}

/* The part behind /services/ of a path of procd's, like /services/sysntpd/instance1; false: there is none. */
static bool get_procd_service(const char *line, char *name, size_t size)
{
	static const char folder[] = ":/services/";
	const char *found = strstr(line, folder);
	size_t len;

	if (!found)
		return false;
	found += strlen(folder);
	len = strcspn(found, "/");
	if (len == 0 || len >= size || strspn(found, name_letters) < len || memchr(found, '\\', len))
		return false;
	snprintf(name, size, "%.*s", (int)len, found);
	return true;
}

/* systemd's unit, or procd's service. */
static bool get_service(const char *line, char *name, size_t size)
{
	const char *unit = unit_of(line);

	if (!unit || strlen(unit) >= size)
		return get_procd_service(line, name, size);
	strcpy(name, unit);
	return true;
}

/* OpenWrt's script for a service; BusyBox' ntpd has sysntpd. */
static void look_at_script(const char *root, struct rival *rival)
{
	const char *const names[] = {rival->is_unit_its_own ? rival->unit : rival->name,
				     strcmp(rival->name, "ntpd") == 0 ? "sysntpd" : NULL};

	if (!look_exists(root, "/etc/rc.common") || (*rival->unit && !rival->is_unit_its_own))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(names) && names[i]; i++)
		if (strlen(names[i]) < sizeof(rival->script) &&
		    look_exists(root, "/etc/init.d/%s", names[i])) {
			strcpy(rival->script, names[i]);
			return;
		}
}

static void look_at_service(const char *root, const char *part_of_name, struct rival *rival)
{
	char text[4096], *line, *rest = text;

	look_text(root, text, sizeof(text), "/proc/%d/cgroup", rival->pid);
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (!get_service(line, rival->unit, sizeof(rival->unit)))
			continue;
		rival->is_unit_its_own = strstr(rival->unit, part_of_name);
		break;
	}
	look_at_script(root, rival);
}

/* Ports of other network namespaces are not ours: of those daemons little more than the number is told. */
static bool is_far(const struct rival *rival)
{
	return rival->is_elsewhere && (rival->kind == RIVAL_PTP || rival->kind == RIVAL_SELF);
}

/* In a crowd one that is far makes room for one that is not. NULL: there is none. */
static struct rival *find_room(struct rivals_facts *facts, const struct rival *rival)
{
	if (facts->n < RIVALS_MAX)
		return &facts->list[facts->n++];
	for (size_t i = 0; i < facts->n && !is_far(rival); i++)
		if (is_far(&facts->list[i]))
			return &facts->list[i];
	return NULL;
}

static void look_at_process(const char *root, const char *pid, struct rivals_facts *facts)
{
	char comm[32], command[COMMAND_SIZE];
	const struct known *program;
	struct rival rival, *room;

	if (look_text(root, comm, sizeof(comm), "/proc/%.16s/comm", pid) < 0)
		return;
	program = find_known(comm);
	/* One that ends has no command line any more. */
	if (!program || read_command_line(root, pid, command) == 0)
		return;
	rival = (struct rival){.name = program->comm,
			       .kind = program->kind,
			       .pid = atoi(pid),
			       .slews_visibly = program->slews_visibly};
	look_at_place(root, &rival);
	room = find_room(facts, &rival);
	if (!room)
		return;
	look_at_service(root, program->unit, &rival);
	read_command(&rival, root, command);
	*room = rival;
}

/* The inodes of sockets at 319 and 320 in the kernel's table; returns how many now. */
static size_t find_sockets(const char *root, const char *path, uint64_t inodes[INODES_MAX], size_t n)
{
	_cleanup_free_ char *table = malloc(UDP_SIZE);
	char *line, *rest = table;

	if (!table || look_text(root, table, UDP_SIZE, "%s", path) < 0)
		return n;
	while ((line = strsep(&rest, "\n")) != NULL) {
		unsigned long long inode;
		unsigned int port;

		/* sl: local:port remote:port state queues timer retransmits uid timeout inode */
		if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*s %*s %*s %*s %*s %*s %*s %llu", &port, &inode) ==
			    2 &&
		    (port == PTP_EVENT || port == PTP_GENERAL) && n < INODES_MAX)
			inodes[n++] = inode;
	}
	return n;
}

static bool is_one_of(const char *link, const uint64_t inodes[INODES_MAX], size_t n)
{
	unsigned long long inode;

	if (sscanf(link, "socket:[%llu]", &inode) != 1)
		return false;
	for (size_t i = 0; i < n; i++)
		if (inodes[i] == inode)
			return true;
	return false;
}

static bool has_open(const char *root, const char *pid, const uint64_t inodes[INODES_MAX], size_t n)
{
	_cleanup_(cleanup_directory) DIR *fds = NULL;
	char path[LOOK_PATH_SIZE], link[64];
	struct dirent *entry;

	if (snprintf(path, sizeof(path), "%s/proc/%.16s/fd", root, pid) < (int)sizeof(path))
		fds = opendir(path);
	while (fds && (entry = readdir(fds)) != NULL) {
		if (look_link(root, link, sizeof(link), "/proc/%.16s/fd/%.16s", pid, entry->d_name) == 0 &&
		    is_one_of(link, inodes, n))
			return true;
	}
	return false;
}

static void look_at_holder(const char *root, const char *pid, const uint64_t inodes[INODES_MAX], size_t n,
			   struct rivals_facts *facts)
{
	if (n == 0 || facts->udp_pid || !has_open(root, pid, inodes, n))
		return;
	facts->udp_pid = atoi(pid);
	look_text(root, facts->udp_name, sizeof(facts->udp_name), "/proc/%.16s/comm", pid);
}

void rivals_look(const char *root, struct rivals_facts *ret)
{
	_cleanup_(cleanup_directory) DIR *processes = NULL;
	uint64_t inodes[INODES_MAX];
	char path[LOOK_PATH_SIZE];
	struct dirent *entry;
	size_t n;

	*ret = (struct rivals_facts){};
	n = find_sockets(root, "/proc/self/net/udp", inodes, 0);
	n = find_sockets(root, "/proc/self/net/udp6", inodes, n);
	ret->is_udp_open = n > 0;
	if (snprintf(path, sizeof(path), "%s/proc", root) < (int)sizeof(path))
		processes = opendir(path);
	while (processes && (entry = readdir(processes)) != NULL) {
		if (!isdigit((unsigned char)*entry->d_name))
			continue;
		look_at_process(root, entry->d_name, ret);
		look_at_holder(root, entry->d_name, inodes, n, ret);
	}
}
