// SPDX-License-Identifier: GPL-2.0-or-later
/* The web server. */
#include "ctl/exporter/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/exporter/metrics.h"
#include "ctl/exporter/page.h"
#include "ctl/exporter/poller.h"
#include "ctl/exporter/status_json.h"
#include "ctl/exporter/text.h"
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
};

struct http {
	struct poller *poller;
	struct server servers[SERVERS_MAX];
	size_t n_servers;
	struct MHD_Response *page;

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

/* ----- answers ----- */

static void add_headers(struct MHD_Response *response, const char *content_type)
{
	static const char *const headers[][2] = {
		{MHD_HTTP_HEADER_CACHE_CONTROL, "no-store"},
		{"X-Content-Type-Options", "nosniff"},
		{"X-Frame-Options", "DENY"},
		{"Referrer-Policy", "no-referrer"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
	};

	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		MHD_add_response_header(response, headers[i][0], headers[i][1]);
}

/* No response is a connection that is closed: no memory. */
static enum MHD_Result answer_with(struct MHD_Connection *connection, unsigned int status,
				   struct MHD_Response *response)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned int status, const char *words)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(words), (void *)words, MHD_RESPMEM_PERSISTENT);

	if (response) {
		add_headers(response, "text/plain; charset=utf-8");
		if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
			MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	}
	return answer_with(connection, status, response);
}

static struct MHD_Response *new_page(void)
{
	struct MHD_Response *page = MHD_create_response_from_buffer(exporter_page_len, (void *)exporter_page,
								    MHD_RESPMEM_PERSISTENT);

	if (page) {
		add_headers(page, "text/html; charset=utf-8");
		MHD_add_response_header(page, "Content-Security-Policy", exporter_page_policy);
	}
	return page;
}

static enum MHD_Result answer_text(struct MHD_Connection *connection, struct text *text,
				   const char *content_type)
{
	struct MHD_Response *response;

	if (text_finish(text) < 0)
		return MHD_NO;
	response = MHD_create_response_from_buffer(text->len, text->data, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(text->data);
		return MHD_NO;
	}
	add_headers(response, content_type);
	return answer_with(connection, MHD_HTTP_OK, response);
}

static enum MHD_Result answer_metrics(struct http *http, struct MHD_Connection *connection)
{
	uint64_t n_requests;
	struct text text;

	pthread_mutex_lock(&http->lock);
	n_requests = http->n_requests;
	pthread_mutex_unlock(&http->lock);
	if (text_begin(&text) < 0)
		return MHD_NO;
	metrics_print(poller_lock(http->poller), now_mono_ns(), n_requests, text.to);
	poller_unlock(http->poller);
	return answer_text(connection, &text, "text/plain; version=0.0.4; charset=utf-8");
}

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

static enum MHD_Result answer_status(struct http *http, struct MHD_Connection *connection)
{
	uint64_t since;
	struct text text;

	if (!get_since(connection, &since))
		return refuse(connection, MHD_HTTP_BAD_REQUEST, "since must be a number\n");
	if (text_begin(&text) < 0)
		return MHD_NO;
	status_json_print(poller_lock(http->poller), since, now_mono_ns(), text.to);
	poller_unlock(http->poller);
	return answer_text(connection, &text, "application/json");
}

/* ----- requests ----- */

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

static enum MHD_Result begin_request(struct http *http, struct MHD_Connection *connection,
				     void **request_context)
{
	struct request *request = calloc(1, sizeof(*request));

	if (!request)
		return MHD_NO;
	request->connection = connection;
	*request_context = request;
	pthread_mutex_lock(&http->lock);
	http->n_requests++;
	pthread_mutex_unlock(&http->lock);
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
	if (!*request_context) {
		enum MHD_Result result = begin_request(http, connection, request_context);

		if (result == MHD_YES && strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
		    strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
			return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
		return result;
	}
	if (*body_len) {
		*body_len = 0;
		return MHD_YES;
	}
	if (strcmp(path, "/") == 0)
		return MHD_queue_response(connection, MHD_HTTP_OK, http->page);
	if (!is_metrics && !is_status)
		return refuse(connection, MHD_HTTP_NOT_FOUND, "there are /, /metrics and /status.json\n");
	if (wait_for_news(http, *request_context))
		return MHD_YES;
	return is_metrics ? answer_metrics(http, connection) : answer_status(http, connection);
}

static void request_ended(void *context, struct MHD_Connection *connection, void **request_context,
			  enum MHD_RequestTerminationCode why)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct server *server = context;

	(void)why;
	if (info)
		visitors_served(server->visitors, info->socket_context, now_mono_ns());
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
	http->page = new_page();
	if (!http->page)
		return -ENOMEM;
	pthread_mutex_init(&http->lock, NULL);
	r = poller_new(socket_path, wake_waiting, http, &http->poller);
	if (r < 0) {
		MHD_destroy_response(http->page);
		return r;
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
	*server = (struct server){.http = http, .visitors = visitors_new(CONNECTIONS_MAX)};
	if (server->visitors)
		server->daemon = MHD_start_daemon(
			MHD_USE_AUTO_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle,
			server, MHD_OPTION_EXTERNAL_LOGGER, ignore_log, NULL, MHD_OPTION_UNESCAPE_CALLBACK,
			keep_escapes, NULL, MHD_OPTION_LISTEN_SOCKET, listening_fd,
			MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
			CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, SILENCE_MAX_S,
			MHD_OPTION_NOTIFY_COMPLETED, request_ended, server, MHD_OPTION_NOTIFY_CONNECTION,
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
	poller_free(http->poller);
	MHD_destroy_response(http->page);
	pthread_mutex_destroy(&http->lock);
	free(http);
}

void http_tick(struct http *http, uint64_t now_mono_ns)
{
	for (size_t i = 0; i < http->n_servers; i++)
		visitors_hang_up_on_slow(http->servers[i].visitors, now_mono_ns);
}
