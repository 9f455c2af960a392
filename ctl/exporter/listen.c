// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses and listening sockets. */
#include "ctl/exporter/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "util/cleanup.h"

#define BACKLOG 64

/* The address without its brackets, which an IPv6 one must have; NULL: malformed. */
static const char *split(char *text, char **ret_port)
{
	char *colon = strrchr(text, ':');
	size_t len;

	if (!colon || colon == text)
		return NULL;
	*colon = '\0';
	*ret_port = colon + 1;
	len = strlen(text);
	if (text[0] != '[')
		return strchr(text, ':') ? NULL : text;
	if (text[len - 1] != ']')
		return NULL;
	text[len - 1] = '\0';
	return text + 1;
}

static bool is_port(const char *text)
{
	return *text && strlen(text) <= 5 && strspn(text, "0123456789") == strlen(text) &&
	       atoi(text) <= 65535;
}

static bool is_v4_mapped(const struct listen_address *address)
{
	const struct sockaddr_in6 *v6 = (const void *)&address->address;

	return address->address.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
}

bool listen_parse(const char *text, struct listen_address *ret_address)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM},
			*found;
	_cleanup_free_ char *copy = strdup(text);
	const char *host;
	char *port;

	if (!copy)
		return false;
	host = split(copy, &port);
	if (!host || !*host || !is_port(port) || getaddrinfo(host, port, &hints, &found) != 0)
		return false;
	memcpy(&ret_address->address, found->ai_addr, found->ai_addrlen);
	ret_address->len = found->ai_addrlen;
	freeaddrinfo(found);
	/* No socket of IPv6 alone can have one. */
	return !is_v4_mapped(ret_address);
}

int listen_open(const struct listen_address *address, int *ret_fd)
{
	_cleanup_fd_ int fd =
		socket(address->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int yes = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	/* What is asked for and no more. */
	if (address->address.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
	if (bind(fd, (const struct sockaddr *)&address->address, address->len) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

bool listen_is_loopback(const struct listen_address *address)
{
	const struct sockaddr_in *v4 = (const void *)&address->address;
	const struct sockaddr_in6 *v6 = (const void *)&address->address;

	if (address->address.ss_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

bool listen_is_at_loopback(int fd)
{
	struct listen_address address = {.len = sizeof(address.address)};

	return getsockname(fd, (struct sockaddr *)&address.address, &address.len) == 0 &&
	       listen_is_loopback(&address);
}

bool listen_is_own_name(const char *host)
{
	size_t len = strcspn(host, ":");
	struct listen_address address;
	char text[LISTEN_TEXT_SIZE];

	if (len == strlen("localhost") && strncasecmp(host, "localhost", len) == 0)
		return true;
	/* The port may be left out. */
	snprintf(text, sizeof(text), "%s:0", host);
	return listen_parse(host, &address) || listen_parse(text, &address);
}

void listen_format(int fd, char text[static LISTEN_TEXT_SIZE])
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	char host[INET6_ADDRSTRLEN + 1], port[8];

	strcpy(text, "?");
	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0 ||
	    getnameinfo((struct sockaddr *)&address, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return;
	snprintf(text, LISTEN_TEXT_SIZE, address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}
