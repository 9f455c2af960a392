// SPDX-License-Identifier: GPL-2.0-or-later
/* Names the network namespace that we are in, as the kernel's programs see it. */
#include "netlink/link.h"

#include <errno.h>
#include <sys/stat.h>

int ebc_netns_inum(uint32_t *ret_inum)
{
	struct stat st;

	/* Of the thread: a namespace is entered by one, not by the whole process. */
	if (stat("/proc/thread-self/ns/net", &st) < 0)
		return -errno;
	*ret_inum = (uint32_t)st.st_ino;
	return 0;
}
