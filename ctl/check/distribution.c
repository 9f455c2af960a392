// SPDX-License-Identifier: GPL-2.0-or-later
/* The distribution, and the packages that its tools are in. */
#include "ctl/check/distribution.h"

#include <stdio.h>
#include <string.h>

#include "ctl/check/finding.h"
#include "ctl/check/look.h"
#include "util/macros.h"

#define OPENWRT_IP "/sbin/ip"

/* Tools that a machine may be without, and the package of each; NULL: in none. */
static const struct tool {
	const char *name, *debian, *openwrt;
} tools[] = {
	{"adjtimex", "adjtimex", NULL},
	{"bpftool", "bpftool", "bpftool-minimal"},
	{"bridge", "iproute2", "ip-bridge"},
	{"chronyc", "chrony", "chrony"},
	{"cpupower", "linux-cpupower", NULL},
	{"ethtool", "ethtool", "ethtool"},
	{"hwclock", "util-linux-extra", NULL},
	{"ip", "iproute2", "ip-full"},
	{"iw", "iw", "iw"},
	{"nft", "nftables", "nftables"},
	{"ss", "iproute2", "ss"},
	{"sysctl", "procps", NULL},
	{"tc", "iproute2", "tc-full"},
	{"taskset", "util-linux", "taskset"},
	{"teamdctl", "libteam-utils", NULL},
};

/* Tools that go with the kernel there, which Debian has packages of their own for. */
static const char *const of_ubuntus_kernel[] = {"bpftool", "cpupower"};

/* A line NAME=VALUE or NAME="VALUE" of os-release(5); "" if there is none. */
static void get_value(const char *text, const char *name, char *value, size_t size)
{
	size_t len = strlen(name);

	*value = '\0';
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) != 0 || line[len] != '=')
			continue;
		line += len + 1;
		line += *line == '"' || *line == '\'';
		snprintf(value, size, "%.*s", (int)strcspn(line, "\"'\n"), line);
		return;
	}
}

static bool is_like(const char *release, const char *name)
{
	char id[64], like[128];

	get_value(release, "ID", id, sizeof(id));
	get_value(release, "ID_LIKE", like, sizeof(like));
	return strcmp(id, name) == 0 || look_has_word(like, name);
}

void distribution_look(const char *root, struct distribution *ret)
{
	char release[4096];

	if (look_text(root, release, sizeof(release), "/etc/os-release") < 0)
		look_text(root, release, sizeof(release), "/usr/lib/os-release");
	*ret = (struct distribution){
		.has_systemd = look_exists(root, "/run/systemd/system"),
		.has_apk = look_exists(root, "/usr/bin/apk") || look_exists(root, "/sbin/apk"),
	};
	if (look_exists(root, "/etc/openwrt_release") || is_like(release, "openwrt"))
		ret->family = FAMILY_OPENWRT;
	else if (is_like(release, "debian") || is_like(release, "ubuntu"))
		ret->family = FAMILY_DEBIAN;
	ret->is_ubuntu = is_like(release, "ubuntu");
	if (ret->family == FAMILY_OPENWRT)
		strcpy(ret->uci_clock, "main");
}

void distribution_set_configuration(struct distribution *distribution, const char *path)
{
	/* /var is a link to /tmp there. */
	static const char *const folders[] = {"/var/run/ebpf-bc/", "/tmp/run/ebpf-bc/"};
	char name[sizeof(distribution->uci_clock)] = "", rest[8] = "";

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (strncmp(path, folders[i], strlen(folders[i])) == 0)
			sscanf(path + strlen(folders[i]), "%31[A-Za-z0-9_]%7s", name, rest);
	distribution->uci_clock[0] = '\0';
	if (distribution->family == FAMILY_OPENWRT && strcmp(rest, ".conf") == 0)
		strcpy(distribution->uci_clock, name);
}

const char *distribution_choose(const struct distribution *distribution, const char *debian,
				const char *openwrt, const char *other)
{
	switch (distribution->family) {
	case FAMILY_DEBIAN:
		return debian;
	case FAMILY_OPENWRT:
		return openwrt;
	default:
		return other;
	}
}

const char *distribution_install(const struct distribution *distribution)
{
	return distribution_choose(distribution, "apt install",
				   distribution->has_apk ? "apk add" : "opkg update && opkg install", "");
}

static const struct tool *tool_of(const char *command)
{
	size_t len = strcspn(command, " ");

	for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
		if (strlen(tools[i].name) == len && strncmp(tools[i].name, command, len) == 0)
			return &tools[i];
	return NULL;
}

/* BusyBox and ip-tiny know of no more than addresses, flags and masters. */
static bool needs_full_ip(const char *command)
{
	static const char *const words[] = {" type ", " xdp", " addrgenmode ", " netns "};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(command, words[i]))
			return true;
	return false;
}

static bool is_there(const char *root, const struct distribution *distribution, const struct tool *tool,
		     const char *command)
{
	static const char *const folders[] = {"/usr/sbin", "/usr/bin",	      "/sbin",
					      "/bin",	   "/usr/local/sbin", "/usr/local/bin"};
	char target[64];

	if (distribution->family == FAMILY_OPENWRT && strcmp(tool->name, "ip") == 0 &&
	    needs_full_ip(command) && look_link(root, target, sizeof(target), OPENWRT_IP) == 0)
		return strstr(target, "ip-full") != NULL;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (look_exists(root, "%s/%s", folders[i], tool->name))
			return true;
	return false;
}

static const char *debian_package(const struct distribution *distribution, const struct tool *tool)
{
	for (size_t i = 0; distribution->is_ubuntu && i < ARRAY_SIZE(of_ubuntus_kernel); i++)
		if (strcmp(tool->name, of_ubuntus_kernel[i]) == 0)
			return "linux-tools-generic";
	return tool->debian;
}

static void add_tool(const struct distribution *distribution, const struct tool *tool,
		     struct finding *finding)
{
	const char *package =
		distribution_choose(distribution, debian_package(distribution, tool), tool->openwrt, NULL);
	char command[sizeof(finding->mend)];

	memcpy(command, finding->mend, sizeof(command));
	if (package)
		finding_mend(finding, "%s %s && %s", distribution_install(distribution), package, command);
	else
		finding_mend(finding, "%s%s (%s was not found)", command, strchr(command, '#') ? "" : "  #",
			     tool->name);
}

void distribution_add_tools(const char *root, struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		struct finding *finding = &findings->list[i];
		const struct tool *tool = tool_of(finding->mend);

		if (tool && !is_there(root, &findings->distribution, tool, finding->mend))
			add_tool(&findings->distribution, tool, finding);
	}
}
