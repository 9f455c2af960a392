/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where to listen: ADDRESS:PORT as text, as an address, as a socket. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

#define LISTEN_TEXT_SIZE 64

struct listen_address {
	struct sockaddr_storage address;
	socklen_t len;
};

/* 192.0.2.1:9977 or [2001:db8::1]:9977, numbers only; port 0: any free one. False: it is no such thing. */
bool listen_parse(const char *text, struct listen_address *ret_address);
/* 0 or -errno. The caller closes *ret_fd. */
int listen_open(const struct listen_address *address, int *ret_fd);
bool listen_is_loopback(const struct listen_address *address);
/* The same of a listening socket. */
bool listen_is_at_loopback(int fd);
/* Whether a Host header is one that nobody else can own: localhost, or an address in numbers. */
bool listen_is_own_name(const char *host);
/* Where a listening socket really is, as in a URL. */
void listen_format(int fd, char text[static LISTEN_TEXT_SIZE]);
