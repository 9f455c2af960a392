// SPDX-License-Identifier: GPL-2.0-or-later
/* See claim.h. Names are "ebpf-bc/SDO-ID/DOMAIN/INTERFACE", or "ebpf-bc/all/INTERFACE". */
#include "bc/daemon/claim.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "util/cleanup.h"

#define PREFIX "@ebpf-bc/"

static int write_name(const struct claim *claim, const char *interface, char *ret, size_t size)
{
	if (claim->is_all_domains)
		return snprintf(ret, size, "ebpf-bc/all/%s", interface);
	return snprintf(ret, size, "ebpf-bc/%x/%u/%s", claim->sdo_id, claim->domain_number, interface);
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* Whether somebody else's claim, as /proc/net/unix shows it, covers some of ours. */
static bool overlaps(const struct claim *claim, const char *interface, const char *other, const char *own)
{
	char suffix[64], name[108];

	if (claim->is_all_domains && claim->leaves_own_domain) {
		const struct claim left = {.sdo_id = claim->sdo_id, .domain_number = claim->domain_number};

		write_name(&left, interface, name, sizeof(name));
		if (strcmp(other + 1, name) == 0)
			return false;
	}
	snprintf(suffix, sizeof(suffix), "/%s", interface);
	if (strncmp(other, PREFIX, strlen(PREFIX)) != 0 || !ends_with(other, suffix) ||
	    strcmp(other + 1, own) == 0)
		return false;
	return claim->is_all_domains || strncmp(other, PREFIX "all/", strlen(PREFIX "all/")) == 0;
}

static int look_for_others(const struct claim *claim, const char *interface, const char *own)
{
	FILE *file = fopen("/proc/thread-self/net/unix", "re");
	char line[512];
	int r = 0;

	if (!file)
		return -errno;
	while (r == 0 && fgets(line, sizeof(line), file)) {
		const char *name = strstr(line, PREFIX);

		line[strcspn(line, "\n")] = '\0';
		if (name && overlaps(claim, interface, name, own))
			r = -EADDRINUSE;
	}
	fclose(file);
	return r;
}

int claim_interface(const struct claim *claim, const char *name)
{
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int len = write_name(claim, name, address.sun_path + 1, sizeof(address.sun_path) - 1), r;

	if (fd < 0)
		return -errno;
	/* First the own claim, then the look at others: of two that start at once at least one sees the
	 * other. */
	if (bind(fd, (struct sockaddr *)&address,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)) < 0)
		return -errno;
	r = look_for_others(claim, name, address.sun_path + 1);
	return r < 0 ? r : TAKE_FD(fd);
}
