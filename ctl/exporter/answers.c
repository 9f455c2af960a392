// SPDX-License-Identifier: GPL-2.0-or-later
/* Responses, and how much of them is on its way. */
#include "ctl/exporter/answers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/exporter/metrics.h"
#include "ctl/exporter/page.h"
#include "ctl/exporter/status_json.h"
#include "ctl/exporter/text.h"
#include "ctl/pause.h"
#include "util/cleanup.h"

/* A box of 64 ports has up to 3.5 MB of metrics, if all pairs of ports pass messages. */
#define OCTETS_MAX ((size_t)24 << 20)

struct answers {
	struct poller *poller;
	struct MHD_Response *page;
	_Atomic size_t n_octets; /* of texts that are on their way */

	pthread_mutex_t lock;	      /* texts are made one at a time, as each takes memory of its own then */
	struct MHD_Response *metrics; /* of the last round for which they were asked; NULL: none */
	uint64_t metrics_taken_mono_ns;
};

/* A text on its way. */
struct sent {
	struct answers *answers;
	char *data;
	size_t len;
};

static void add_headers(struct MHD_Response *response, const char *content_type)
{
	static const char *const headers[][2] = {
		/* One request each: who asks quickly on one connection would have one of few places for ever.
		 */
		{MHD_HTTP_HEADER_CONNECTION, "close"}, {MHD_HTTP_HEADER_CACHE_CONTROL, "no-store"},
		{"X-Content-Type-Options", "nosniff"}, {"X-Frame-Options", "DENY"},
		{"Referrer-Policy", "no-referrer"},    {"Cross-Origin-Resource-Policy", "same-origin"},
	};

	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		MHD_add_response_header(response, headers[i][0], headers[i][1]);
}

/* No response is a connection that is closed: no memory. */
static enum MHD_Result queue_and_forget(struct MHD_Connection *connection, unsigned int status,
					struct MHD_Response *response)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

enum MHD_Result answers_refuse(struct MHD_Connection *connection, unsigned int status, const char *words)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(words), (void *)words, MHD_RESPMEM_PERSISTENT);

	if (response) {
		add_headers(response, "text/plain; charset=utf-8");
		if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
			MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	}
	return queue_and_forget(connection, status, response);
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

enum MHD_Result answers_queue_page(struct answers *answers, struct MHD_Connection *connection)
{
	return MHD_queue_response(connection, MHD_HTTP_OK, answers->page);
}

/* ----- texts ----- */

static void forget_sent(void *context)
{
	struct sent *sent = context;

	atomic_fetch_sub(&sent->answers->n_octets, sent->len);
	free(sent->data);
	free(sent);
}

/* Takes the text. NULL: no memory. */
static struct MHD_Response *respond_with(struct answers *answers, struct text *text, const char *content_type)
{
	struct MHD_Response *response;
	struct sent *sent;

	if (text_finish(text) < 0)
		return NULL;
	sent = malloc(sizeof(*sent));
	if (!sent) {
		free(text->data);
		return NULL;
	}
	*sent = (struct sent){.answers = answers, .data = text->data, .len = text->len};
	atomic_fetch_add(&answers->n_octets, sent->len);
	response = MHD_create_response_from_buffer_with_free_callback_cls(sent->len, sent->data, forget_sent,
									  sent);
	if (response)
		add_headers(response, content_type);
	else
		forget_sent(sent);
	return response;
}

/* With all that is on its way already the last text may be one too many. */
static enum MHD_Result queue_if_it_fits(struct answers *answers, struct MHD_Connection *connection,
					struct MHD_Response *response)
{
	if (response && atomic_load(&answers->n_octets) > OCTETS_MAX)
		return answers_refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
				      "too many read too slowly; ask again\n");
	return response ? MHD_queue_response(connection, MHD_HTTP_OK, response) : MHD_NO;
}

static void forget_metrics(struct answers *answers)
{
	if (answers->metrics)
		MHD_destroy_response(answers->metrics);
	answers->metrics = NULL;
}

static void make_metrics(struct answers *answers, uint64_t n_requests)
{
	const struct known *known;
	struct text text;

	if (text_begin(&text) < 0)
		return;
	known = poller_lock(answers->poller);
	answers->metrics_taken_mono_ns = known->snapshot.taken_mono_ns;
	metrics_print(known, now_mono_ns(), n_requests, text.to);
	poller_unlock(answers->poller);
	answers->metrics = respond_with(answers, &text, "text/plain; version=0.0.4; charset=utf-8");
}

static bool is_of_last_round(const struct answers *answers)
{
	bool is_of_last =
		poller_lock(answers->poller)->snapshot.taken_mono_ns == answers->metrics_taken_mono_ns;

	poller_unlock(answers->poller);
	return is_of_last;
}

enum MHD_Result answers_queue_metrics(struct answers *answers, uint64_t n_requests,
				      struct MHD_Connection *connection)
{
	enum MHD_Result result;

	pthread_mutex_lock(&answers->lock);
	if (!answers->metrics || !is_of_last_round(answers)) {
		forget_metrics(answers);
		make_metrics(answers, n_requests);
	}
	result = queue_if_it_fits(answers, connection, answers->metrics);
	pthread_mutex_unlock(&answers->lock);
	return result;
}

enum MHD_Result answers_queue_status(struct answers *answers, uint64_t since,
				     struct MHD_Connection *connection)
{
	struct MHD_Response *response;
	enum MHD_Result result;
	struct text text;

	if (text_begin(&text) < 0)
		return MHD_NO;
	pthread_mutex_lock(&answers->lock);
	status_json_print(poller_lock(answers->poller), since, now_mono_ns(), text.to);
	poller_unlock(answers->poller);
	response = respond_with(answers, &text, "application/json");
	result = queue_if_it_fits(answers, connection, response);
	if (response)
		MHD_destroy_response(response);
	pthread_mutex_unlock(&answers->lock);
	return result;
}

bool answers_are_many(const struct answers *answers)
{
	return atomic_load(&answers->n_octets) > OCTETS_MAX / 2;
}

/* ----- life ----- */

struct answers *answers_new(struct poller *poller)
{
	struct answers *answers = calloc(1, sizeof(*answers));

	if (!answers)
		return NULL;
	answers->poller = poller;
	answers->page = new_page();
	if (!answers->page) {
		free(answers);
		return NULL;
	}
	pthread_mutex_init(&answers->lock, NULL);
	return answers;
}

void answers_free(struct answers *answers)
{
	if (!answers)
		return;
	forget_metrics(answers);
	MHD_destroy_response(answers->page);
	pthread_mutex_destroy(&answers->lock);
	free(answers);
}
