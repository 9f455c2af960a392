// SPDX-License-Identifier: GPL-2.0-or-later
/* The web server. */
#include "ctl/exporter/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/exporter/answers.h"
#include "ctl/exporter/listen.h"
#include "ctl/exporter/poller.h"
#include "ctl/exporter/visitors.h"
#include "ctl/pause.h"
#include "util/cleanup.h"

#define SERVERS_MAX	  8
#define CONNECTIONS_MAX	  32U		  /* of a listening socket */
#define CONNECTION_MEMORY ((size_t)16384) /* request line and headers, and of the answer what is in hand */
#define SILENCE_MAX_S	  15U

struct request;

/* One listening socket. */
struct server {
	struct http *http;
	struct MHD_Daemon *daemon;
	struct visitors *visitors;
	bool is_loopback;
};

struct http {
	struct poller *poller;
	struct server servers[SERVERS_MAX];
	size_t n_servers;
	struct answers *answers;

	pthread_mutex_t lock;
	bool is_stopping;
	struct request *waiting; /* for the poller's next round */
	uint64_t n_requests;
};

struct request {
	struct request *next;
	struct MHD_Connection *connection;
	bool has_waited;
};

/* ----- requests ----- */

/* Missing: 0, all. */
static bool get_since(struct MHD_Connection *connection, uint64_t *ret_since)
{
	const char *text = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "since");

	*ret_since = 0;
	if (!text)
		return true;
	if (!*text || strlen(text) > 18 || strspn(text, "0123456789") != strlen(text))
		return false;
	*ret_since = strtoull(text, NULL, 10);
	return true;
}

static enum MHD_Result answer_metrics(struct http *http, struct MHD_Connection *connection)
{
	uint64_t n_requests;

	pthread_mutex_lock(&http->lock);
	n_requests = http->n_requests;
	pthread_mutex_unlock(&http->lock);
	return answers_queue_metrics(http->answers, n_requests, connection);
}

static enum MHD_Result answer_status(struct http *http, struct MHD_Connection *connection)
{
	uint64_t since;

	if (!get_since(connection, &since))
		return answers_refuse(connection, MHD_HTTP_BAD_REQUEST, "since must be a number\n");
	return answers_queue_status(http->answers, since, connection);
}

/* True: it waits, and comes here again after the poller's round. */
static bool wait_for_news(struct http *http, struct request *request)
{
	bool waits;

	if (request->has_waited)
		return false;
	/* Under the lock the round cannot end between asking for it and waiting for it. */
	pthread_mutex_lock(&http->lock);
	waits = !poller_is_fresh(http->poller) && !http->is_stopping;
	if (waits) {
		request->has_waited = true;
		request->next = http->waiting;
		http->waiting = request;
		MHD_suspend_connection(request->connection);
	}
	pthread_mutex_unlock(&http->lock);
	return waits;
}

static void wake_waiting(void *context)
{
	struct http *http = context;

	pthread_mutex_lock(&http->lock);
	while (http->waiting) {
		struct request *request = http->waiting;

		http->waiting = request->next;
		MHD_resume_connection(request->connection);
	}
	pthread_mutex_unlock(&http->lock);
}

/* A page of elsewhere, open in a browser on this machine, may have its own name lead to our loopback, and
 * then read us as if we were its own server: but it asks by that name. */
static bool is_asked_by_foreign_name(const struct server *server, struct MHD_Connection *connection)
{
	const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);

	return server->is_loopback && host && !listen_is_own_name(host);
}

static enum MHD_Result begin_request(const struct server *server, struct MHD_Connection *connection,
				     const char *method, void **request_context)
{
	struct request *request = calloc(1, sizeof(*request));
	struct http *http = server->http;

	if (!request)
		return MHD_NO;
	request->connection = connection;
	*request_context = request;
	pthread_mutex_lock(&http->lock);
	http->n_requests++;
	pthread_mutex_unlock(&http->lock);
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return answers_refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
	if (is_asked_by_foreign_name(server, connection))
		return answers_refuse(connection, MHD_HTTP_MISDIRECTED_REQUEST,
				      "this server is localhost, and known by no other name\n");
	return MHD_YES;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path,
			      const char *method, const char *version, const char *body, size_t *body_len,
			      void **request_context)
{
	struct server *server = context;
	struct http *http = server->http;
	bool is_metrics = strcmp(path, "/metrics") == 0, is_status = strcmp(path, "/status.json") == 0;

	(void)version;
	(void)body;
	/* The first call is for the headers alone. */
	if (!*request_context)
		return begin_request(server, connection, method, request_context);
	if (*body_len) {
		*body_len = 0;
		return MHD_YES;
	}
	if (strcmp(path, "/") == 0)
		return answers_queue_page(http->answers, connection);
	if (!is_metrics && !is_status)
		return answers_refuse(connection, MHD_HTTP_NOT_FOUND,
				      "there are /, /metrics and /status.json\n");
	if (wait_for_news(http, *request_context))
		return MHD_YES;
	return is_metrics ? answer_metrics(http, connection) : answer_status(http, connection);
}

static void request_ended(void *context, struct MHD_Connection *connection, void **request_context,
			  enum MHD_RequestTerminationCode why)
{
	(void)context;
	(void)connection;
	(void)why;
	free(*request_context);
	*request_context = NULL;
}

static void connection_changed(void *context, struct MHD_Connection *connection, void **socket_context,
			       enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct server *server = context;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		visitors_leave(server->visitors, *socket_context);
		*socket_context = NULL;
	} else if (info) {
		*socket_context = visitors_enter(server->visitors, info->connect_fd, now_mono_ns());
	}
}

/* ----- life ----- */

int http_new(const char *socket_path, struct http **ret_http)
{
	_cleanup_free_ struct http *http = calloc(1, sizeof(*http));
	int r;

	if (!http)
		return -ENOMEM;
	pthread_mutex_init(&http->lock, NULL);
	r = poller_new(socket_path, wake_waiting, http, &http->poller);
	if (r < 0)
		return r;
	http->answers = answers_new(http->poller);
	if (!http->answers) {
		poller_free(http->poller);
		return -ENOMEM;
	}
	*ret_http = TAKE_PTR(http);
	return 0;
}

static void ignore_log(void *context, const char *format, va_list arguments)
{
	(void)context;
	(void)format;
	(void)arguments;
}

/* No path of ours has an escape, and one with a NUL in it is not the path before that. */
static size_t keep_escapes(void *context, struct MHD_Connection *connection, char *text)
{
	(void)context;
	(void)connection;
	return strlen(text);
}

int http_serve(struct http *http, int listening_fd)
{
	struct server *server = &http->servers[http->n_servers];

	if (http->n_servers == SERVERS_MAX) {
		close(listening_fd);
		return -E2BIG;
	}
	*server = (struct server){.http = http,
				  .visitors = visitors_new(CONNECTIONS_MAX),
				  .is_loopback = listen_is_at_loopback(listening_fd)};
	if (server->visitors)
		server->daemon = MHD_start_daemon(
			MHD_USE_AUTO_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle,
			server, MHD_OPTION_EXTERNAL_LOGGER, ignore_log, NULL, MHD_OPTION_UNESCAPE_CALLBACK,
			keep_escapes, NULL, MHD_OPTION_LISTEN_SOCKET, listening_fd,
			MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
			CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, SILENCE_MAX_S,
			MHD_OPTION_NOTIFY_COMPLETED, request_ended, NULL, MHD_OPTION_NOTIFY_CONNECTION,
			connection_changed, server, MHD_OPTION_END);
	if (!server->daemon) {
		visitors_free(server->visitors);
		close(listening_fd);
		return -ENOMEM;
	}
	http->n_servers++;
	return 0;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	/* No connection may wait when its server stops. */
	pthread_mutex_lock(&http->lock);
	http->is_stopping = true;
	pthread_mutex_unlock(&http->lock);
	wake_waiting(http);
	for (size_t i = 0; i < http->n_servers; i++) {
		MHD_stop_daemon(http->servers[i].daemon);
		visitors_free(http->servers[i].visitors);
	}
	answers_free(http->answers);
	poller_free(http->poller);
	pthread_mutex_destroy(&http->lock);
	free(http);
}

void http_tick(struct http *http, uint64_t now_mono_ns)
{
	bool is_hurried = answers_are_many(http->answers);

	for (size_t i = 0; i < http->n_servers; i++)
		visitors_hang_up_on_slow(http->servers[i].visitors, is_hurried, now_mono_ns);
}
