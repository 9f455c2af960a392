// SPDX-License-Identifier: GPL-2.0-or-later
/* The thread that asks, and its one connection. */
#include "ctl/exporter/poller.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "ctl/pause.h"
#include "util/cleanup.h"
#include "util/macros.h"

#define FRESH_NS NSEC_PER_SEC
#define IDLE_NS	 (10 * NSEC_PER_SEC)
/* For all of a round: those who wait for it are answered before a scrape each five seconds gives up. */
#define ROUND_NS (4 * NSEC_PER_SEC)
/* Histograms are most of what there is to tell, and change little in a second. */
#define RESIDENCE_NS (5 * NSEC_PER_SEC)

struct poller {
	const char *socket_path;
	poller_done_fn done;
	void *context;
	pthread_t thread;

	pthread_mutex_t lock; /* of all that follows up to the next comment */
	pthread_cond_t changed;
	bool is_stopping, is_wanted;
	struct client *client; /* NULL: not connected. Only the thread sets it. */
	struct known known;

	/* The thread's own. */
	struct offsets_place place;
	struct trace incoming;
	uint64_t residences_mono_ns; /* asked for last */
	char told[256];		     /* the error that was logged last; "": that the daemon is there */
	bool has_told;
};

/* Why there is no connection. */
static void explain(int error, const char *path, char *text, size_t size)
{
	if (error == -ENOENT || error == -ECONNREFUSED)
		snprintf(text, size, "%s: no daemon there", path);
	else if (error == -EPROTOTYPE)
		snprintf(text, size, "%s: the socket is not ebpf-bc's", path);
	else if (error == -EAGAIN)
		snprintf(text, size, "%s: the daemon does not answer", path);
	else
		snprintf(text, size, "%s: %s", path, strerror(-error));
}

static void set_client(struct poller *poller, struct client *client)
{
	pthread_mutex_lock(&poller->lock);
	client_free(poller->client);
	poller->client = client;
	pthread_mutex_unlock(&poller->lock);
}

static int connect_to_daemon(struct poller *poller, uint64_t deadline_mono_ns, struct snapshot *ret_snapshot)
{
	struct client *client;
	int r = client_new_until(poller->socket_path, deadline_mono_ns, &client);

	if (r < 0) {
		explain(r, poller->socket_path, ret_snapshot->error, sizeof(ret_snapshot->error));
		return r;
	}
	set_client(poller, client);
	return 0;
}

/* 0 or -errno, and then the reason is there and the connection is not. */
static int ask_connected(struct poller *poller, bool has_residences, struct snapshot *ret_snapshot)
{
	int r = snapshot_take(poller->client, has_residences, &poller->place, &poller->incoming,
			      ret_snapshot);
	char words[128];

	snprintf(words, sizeof(words), "%.127s", r < 0 ? client_error(poller->client) : ret_snapshot->error);
	if (*words)
		snprintf(ret_snapshot->error, sizeof(ret_snapshot->error), "%s: %s", poller->socket_path,
			 words);
	/* Whatever else it still sends would be taken for the next answer. */
	if (r < 0)
		set_client(poller, NULL);
	return r;
}

/* An empty snapshot with the reason where the daemon does not tell. */
static void ask(struct poller *poller, bool *has_residences, struct snapshot *ret_snapshot)
{
	uint64_t deadline_mono_ns = now_mono_ns() + ROUND_NS;

	if (poller->client) {
		client_set_deadline(poller->client, deadline_mono_ns);
		/* A daemon that begins anew, as it does to take another configuration, hangs up on all. */
		if (ask_connected(poller, *has_residences, ret_snapshot) != -EPIPE)
			return;
		*ret_snapshot = (struct snapshot){};
	}
	*has_residences = true;
	if (connect_to_daemon(poller, deadline_mono_ns, ret_snapshot) == 0)
		ask_connected(poller, true, ret_snapshot);
}

/* Where both are one clock the way of the answer does not count. */
static int64_t daemon_ahead_ns(const struct snapshot *snapshot)
{
	struct json_object *now = json_object_object_get(snapshot->status, "now_mono_ns");
	uint64_t now_mono_ns;
	int64_t ahead_ns;

	if (!json_get_u64(now, &now_mono_ns))
		return 0;
	ahead_ns = (int64_t)(now_mono_ns - snapshot->taken_mono_ns);
	return ahead_ns <= 0 && ahead_ns > -10 * NSEC_PER_SEC ? 0 : ahead_ns;
}

static void note_daemon(struct known *known, const struct snapshot *snapshot)
{
	struct json_object *started = json_object_object_get(snapshot->status, "started_mono_ns");
	uint64_t started_mono_ns = json_object_get_uint64(started);

	known->n_restarts +=
		known->daemon_started_mono_ns && known->daemon_started_mono_ns != started_mono_ns;
	known->daemon_started_mono_ns = started_mono_ns;
	known->daemon_ahead_ns = daemon_ahead_ns(snapshot);
}

uint64_t known_daemon_mono_ns(const struct known *known, uint64_t mono_ns)
{
	return mono_ns + (uint64_t)known->daemon_ahead_ns;
}

static void move_offsets(struct trace *to, struct trace *incoming)
{
	uint64_t first = incoming->n > TRACE_ROWS ? incoming->n - TRACE_ROWS + 1 : 1;

	for (uint64_t i = first; i <= incoming->n; i++)
		trace_add(to, trace_get(incoming, i));
	incoming->n = 0;
}

/* Under the lock. */
static void publish(struct poller *poller, struct snapshot *snapshot, bool has_residences)
{
	struct known *known = &poller->known;

	snapshot->taken_mono_ns = now_mono_ns();
	if (snapshot->is_up)
		note_daemon(known, snapshot);
	known->n_errors += *snapshot->error != '\0';
	if (snapshot->is_up && !has_residences) {
		snapshot->residences = known->snapshot.residences;
		known->snapshot.residences = (struct residences){};
	}
	move_offsets(&known->trace, &poller->incoming);
	snapshot_clear(&known->snapshot);
	known->snapshot = *snapshot;
}

/* Once for each change, and it changes once a second at most. */
static void tell(struct poller *poller, const struct snapshot *snapshot)
{
	if (poller->has_told && strcmp(poller->told, snapshot->error) == 0)
		return;
	poller->has_told = true;
	strcpy(poller->told, snapshot->error);
	if (*snapshot->error)
		fprintf(stderr, "ebpf-bc-exporter: %s; asking on\n", snapshot->error);
	else
		fprintf(stderr, "ebpf-bc-exporter: %s: a daemon answers\n", poller->socket_path);
}

static void run_round(struct poller *poller)
{
	uint64_t now = now_mono_ns();
	bool has_residences = now >= poller->residences_mono_ns + RESIDENCE_NS;
	struct snapshot snapshot = {};

	ask(poller, &has_residences, &snapshot);
	/* What could not be told is asked for again, so that the reason stays one as long as it is one. */
	if (has_residences)
		poller->residences_mono_ns = *snapshot.error ? 0 : now;
	tell(poller, &snapshot);
	pthread_mutex_lock(&poller->lock);
	publish(poller, &snapshot, has_residences);
	pthread_mutex_unlock(&poller->lock);
	poller->done(poller->context);
}

static bool is_fresh(const struct poller *poller, uint64_t age_ns)
{
	uint64_t taken_mono_ns = poller->known.snapshot.taken_mono_ns;

	return taken_mono_ns && now_mono_ns() < taken_mono_ns + age_ns;
}

/* Until a round is due; false: the end. */
static bool wait_for_work(struct poller *poller)
{
	bool is_stopping;

	pthread_mutex_lock(&poller->lock);
	while (!poller->is_stopping && !poller->is_wanted && is_fresh(poller, IDLE_NS)) {
		uint64_t due_mono_ns = poller->known.snapshot.taken_mono_ns + IDLE_NS;
		struct timespec due = {.tv_sec = (time_t)(due_mono_ns / NSEC_PER_SEC),
				       .tv_nsec = (long)(due_mono_ns % NSEC_PER_SEC)};

		pthread_cond_timedwait(&poller->changed, &poller->lock, &due);
	}
	poller->is_wanted = false;
	is_stopping = poller->is_stopping;
	pthread_mutex_unlock(&poller->lock);
	return !is_stopping;
}

static void *run(void *argument)
{
	struct poller *poller = argument;

	while (wait_for_work(poller))
		run_round(poller);
	return NULL;
}

static int init_lock(struct poller *poller)
{
	pthread_condattr_t attributes;
	int r;

	pthread_mutex_init(&poller->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	r = pthread_cond_init(&poller->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	return -r;
}

int poller_new(const char *socket_path, poller_done_fn done, void *context, struct poller **ret_poller)
{
	_cleanup_free_ struct poller *poller = calloc(1, sizeof(*poller));
	int r;

	if (!poller)
		return -ENOMEM;
	poller->socket_path = socket_path;
	poller->done = done;
	poller->context = context;
	r = init_lock(poller);
	if (r == 0)
		r = -pthread_create(&poller->thread, NULL, run, poller);
	if (r < 0)
		return r;
	*ret_poller = TAKE_PTR(poller);
	return 0;
}

void poller_free(struct poller *poller)
{
	if (!poller)
		return;
	pthread_mutex_lock(&poller->lock);
	poller->is_stopping = true;
	/* Who waits for an answer gets an end of file. */
	if (poller->client)
		shutdown(client_fd(poller->client), SHUT_RDWR);
	pthread_cond_signal(&poller->changed);
	pthread_mutex_unlock(&poller->lock);
	pthread_join(poller->thread, NULL);
	pthread_cond_destroy(&poller->changed);
	pthread_mutex_destroy(&poller->lock);
	client_free(poller->client);
	snapshot_clear(&poller->known.snapshot);
	free(poller);
}

bool poller_is_fresh(struct poller *poller)
{
	bool fresh;

	pthread_mutex_lock(&poller->lock);
	fresh = is_fresh(poller, FRESH_NS);
	if (!fresh) {
		poller->is_wanted = true;
		pthread_cond_signal(&poller->changed);
	}
	pthread_mutex_unlock(&poller->lock);
	return fresh;
}

struct known *poller_lock(struct poller *poller)
{
	pthread_mutex_lock(&poller->lock);
	return &poller->known;
}

void poller_unlock(struct poller *poller)
{
	pthread_mutex_unlock(&poller->lock);
}
