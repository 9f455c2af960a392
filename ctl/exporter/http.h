/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The web server: /metrics, /status.json and the page, for GET and HEAD. libmicrohttpd serves each listening
 * socket in a thread; who asks for news waits there, without holding up others, until the poller has some.
 */
#pragma once

#include <stdint.h>

struct http;

/* Asks at `socket_path`, which is borrowed. 0 or -errno. */
int http_new(const char *socket_path, struct http **ret_http);
/* Serves a listening socket, and owns it also if that fails. 0 or -errno. */
int http_serve(struct http *http, int listening_fd);
/* Accepts NULL. */
void http_free(struct http *http);
/* To be called about once a second. */
void http_tick(struct http *http, uint64_t now_mono_ns);
