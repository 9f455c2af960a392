/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes namespaces and a veth pair with unshare(2) and ip(8). */
#include "tests/bpf/netlab.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "util/cleanup.h"

#define WAIT_US	      1000
#define CARRIER_WAITS 30000

int netlab_new_namespace(void)
{
	int fd;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

void netlab_enter(int namespace_fd)
{
	assert_int_equal(setns(namespace_fd, CLONE_NEWNET), 0);
}

static int run(char *output, size_t size, const char *command)
{
	FILE *pipe = popen(command, "r");
	size_t n;

	assert_non_null(pipe);
	n = fread(output, 1, size - 1, pipe);
	output[n] = '\0';
	return pclose(pipe);
}

int netlab_run(const char *format, ...)
{
	char command[512], output[4096];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	return run(output, sizeof(output), command);
}

int netlab_read(char *output, unsigned long size, const char *format, ...)
{
	char command[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	return run(output, size, command);
}

uint32_t netlab_ifindex(const char *name)
{
	uint32_t ifindex = if_nametoindex(name);

	assert_true(ifindex > 0);
	return ifindex;
}

void netlab_mac(const char *name, uint8_t *ret_mac)
{
	_cleanup_fd_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	assert_int_equal(ioctl(fd, SIOCGIFHWADDR, &request), 0);
	memcpy(ret_mac, request.ifr_hwaddr.sa_data, 6);
}

void netlab_wait_for_carrier(const char *name)
{
	_cleanup_fd_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {};
	int waits = 0;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	for (;;) {
		assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &request), 0);
		if (request.ifr_flags & IFF_RUNNING)
			break;
		assert_true(waits++ < CARRIER_WAITS);
		usleep(WAIT_US);
	}
	/* The queues are switched on right after the flag, under a lock that this needs, too. */
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
}

int netlab_new_quiet_namespace(void)
{
	int fd = netlab_new_namespace();

	assert_int_equal(
		netlab_run("ip link set lo up && echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6"), 0);
	return fd;
}

void netlab_new(struct netlab *ret_lab)
{
	ret_lab->peer_fd = netlab_new_quiet_namespace();
	ret_lab->box_fd = netlab_new_quiet_namespace();
	assert_int_equal(netlab_run("ip link add port0 type veth "
				    "peer name peer0 netns /proc/%d/fd/%d && ip link set port0 up",
				    getpid(), ret_lab->peer_fd),
			 0);
	ret_lab->port_ifindex = netlab_ifindex("port0");
	netlab_mac("port0", ret_lab->port_mac);
	netlab_enter(ret_lab->peer_fd);
	assert_int_equal(netlab_run("ip link set peer0 up"), 0);
	ret_lab->peer_ifindex = netlab_ifindex("peer0");
	netlab_mac("peer0", ret_lab->peer_mac);
	netlab_enter(ret_lab->box_fd);
	netlab_wait_for_carrier("port0");
}

void netlab_free(struct netlab *lab)
{
	close_fd(netlab_new_namespace());
	lab->box_fd = close_fd(lab->box_fd);
	lab->peer_fd = close_fd(lab->peer_fd);
}
