// SPDX-License-Identifier: GPL-2.0-or-later
/* What the daemon measured arrives in the tool as it was, through the real socket and both ends of it. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "ctl/fetch.h"
#include "tests/unit/ctl/rig.h"
#include "tests/unit/ctl/stub_loader.h"
#include "util/macros.h"

struct bench {
	struct rig *rig;
	pthread_t server;
	int stop_fd;
	struct client *client;
};

static struct bench bench;

static void *serve(void *context)
{
	struct bench *b = context;
	struct pollfd polled[] = {{.fd = control_fd(b->rig->control), .events = POLLIN},
				  {.fd = b->stop_fd, .events = POLLIN}};

	while (poll(polled, ARRAY_SIZE(polled), -1) > 0 && !polled[1].revents)
		control_dispatch(b->rig->control);
	return NULL;
}

static int setup(void **state)
{
	void *rig;

	if (rig_setup(&rig) < 0)
		return -1;
	bench = (struct bench){.rig = rig, .stop_fd = eventfd(0, EFD_CLOEXEC)};
	*state = &bench;
	if (pthread_create(&bench.server, NULL, serve, &bench) != 0)
		return -1;
	return client_new(bench.rig->path, &bench.client);
}

static int teardown(void **state)
{
	const uint64_t one = 1;
	void *rig = bench.rig;

	(void)state;
	client_free(bench.client);
	if (write(bench.stop_fd, &one, sizeof(one)) < 0)
		return -1;
	pthread_join(bench.server, NULL);
	close(bench.stop_fd);
	return rig_teardown(&rig);
}

static void fill(size_t i, struct ebc_residence_key key, uint64_t seed)
{
	struct ebc_residence *r = stub_loader_residence(i);

	*stub_loader_key(i) = key;
	for (uint64_t k = 0; k < 3000; k++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		stub_histogram_add(&r->before, seed >> 40);
		stub_histogram_add(&r->total, (seed >> 40) + (seed >> 32 & 0xffff));
		if (k % 3)
			stub_histogram_add(&r->queued, seed >> 32 & 0xffff);
	}
	/* Beyond what JSON's numbers hold. */
	r->total.sum_ns = UINT64_MAX - i;
	r->total.sum_squares_high = UINT64_MAX - 5 - i;
}

static const struct residence_filter all;

static void residences_arrive_as_they_were(void **state)
{
	/* As they are to come out: by port, a master's messages first. */
	static const struct ebc_residence_key keys[] = {
		{0, 2, 1, {}}, {0, 2, 0, {}}, {0, 10, 0, {}}, {2, 0, 3, {}}, {20, 0, 5, {}}};
	static const size_t order[] = {1, 0, 2, 3, 4};
	struct residences got = {};

	(void)state;
	stub_loader_set_residences(ARRAY_SIZE(keys));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		fill(i, keys[i], i + 1);
	assert_int_equal(fetch_residences(bench.client, &all, &got), 0);
	assert_int_equal(got.n, ARRAY_SIZE(keys));
	for (size_t i = 0; i < got.n; i++)
		assert_memory_equal(&got.list[i].measured, stub_loader_residence(order[i]),
				    sizeof(got.list[i].measured));
	assert_string_equal(got.list[0].ingress, "p0");
	assert_string_equal(got.list[0].egress, "p2");
	assert_string_equal(got.list[0].type, "sync");
	assert_string_equal(got.list[2].egress, "p10");
	assert_string_equal(got.list[4].ingress, "port-21");
	assert_string_equal(got.list[4].type, "type-5");
	residences_free(&got);
}

/* Some with as many octets as there can be; all of them would take long under the sanitizers. */
static void a_table_that_is_full_arrives_whole(void **state)
{
	struct residences got = {};
	size_t n_large = 0;

	(void)state;
	stub_loader_set_residences(EBC_RESIDENCES);
	for (size_t i = 0; i < EBC_RESIDENCES; i++) {
		struct ebc_residence *r = stub_loader_residence(i);

		r->total.count = UINT64_MAX;
		r->total.max_ns = UINT64_MAX;
		for (size_t k = 0; i % 32 == 31 && k < EBC_HISTOGRAM_BUCKETS; k++)
			r->total.bucket[k] = r->before.bucket[k] = r->queued.bucket[k] = UINT64_MAX - k;
	}
	assert_int_equal(fetch_residences(bench.client, &all, &got), 0);
	assert_int_equal(got.n, EBC_RESIDENCES);
	for (size_t i = 0; i < got.n; i++) {
		bool is_large = got.list[i].measured.total.bucket[0] != 0;

		assert_memory_equal(&got.list[i].measured, stub_loader_residence(is_large ? 31 : 0),
				    sizeof(struct ebc_residence));
		n_large += is_large;
	}
	assert_int_equal(n_large, EBC_RESIDENCES / 32);
	residences_free(&got);
}

static void filters_choose(void **state)
{
	struct residence_filter port = {.port = "p3"}, type = {.type = "pdelay_req"};
	struct residences got = {};

	(void)state;
	stub_loader_set_residences(256);
	for (size_t i = 0; i < 256; i++)
		stub_histogram_add(&stub_loader_residence(i)->total, 5);
	/* 16 x 4 pairs of ports with 4 types each. */
	assert_int_equal(fetch_residences(bench.client, &port, &got), 0);
	assert_int_equal(got.n, (16 + 4 - 1) * 4);
	residences_free(&got);
	assert_int_equal(fetch_residences(bench.client, &type, &got), 0);
	assert_int_equal(got.n, 64);
	residences_free(&got);
}

static void what_came_since_is_told_by_key(void **state)
{
	struct residences earlier = {}, now = {}, since = {};

	(void)state;
	stub_loader_set_residences(3);
	for (size_t i = 0; i < 2; i++)
		stub_histogram_add(&stub_loader_residence(i)->total, 1000);
	assert_int_equal(fetch_residences(bench.client, &all, &earlier), 0);
	stub_histogram_add(&stub_loader_residence(1)->total, 2000);
	stub_histogram_add(&stub_loader_residence(2)->total, 3000);
	assert_int_equal(fetch_residences(bench.client, &all, &now), 0);
	assert_int_equal(residences_since(&now, &earlier, &since), 0);
	assert_int_equal(since.n, 2);
	for (size_t i = 0; i < since.n; i++) {
		bool is_old = strcmp(since.list[i].type, "delay_req") == 0;

		assert_int_equal(since.list[i].measured.total.count, 1);
		assert_int_equal(since.list[i].measured.total.sum_ns, is_old ? 2000 : 3000);
	}
	residences_free(&earlier);
	residences_free(&now);
	residences_free(&since);
}

/* As many came after as there were before, or more: no count tells it. */
static void what_somebody_else_cleared_is_all_new(void **state)
{
	static const uint64_t later[] = {3, 4};
	struct residences earlier = {}, now = {}, since = {};

	(void)state;
	stub_loader_set_residences(2);
	for (size_t i = 0; i < 2; i++) {
		for (size_t k = 0; k < 3; k++)
			stub_histogram_add(&stub_loader_residence(i)->total, 10000000);
		/* A part that shows nothing goes with one that does. */
		stub_histogram_add(&stub_loader_residence(i)->queued, 10);
	}
	assert_int_equal(fetch_residences(bench.client, &all, &earlier), 0);
	for (size_t i = 0; i < 2; i++) {
		*stub_loader_residence(i) = (struct ebc_residence){};
		for (size_t k = 0; k < later[i]; k++)
			stub_histogram_add(&stub_loader_residence(i)->total, 10000);
		stub_histogram_add(&stub_loader_residence(i)->queued, 10);
	}
	assert_int_equal(fetch_residences(bench.client, &all, &now), 0);
	assert_int_equal(residences_since(&now, &earlier, &since), 0);
	assert_int_equal(since.n, 2);
	for (size_t i = 0; i < since.n; i++) {
		assert_memory_equal(&since.list[i].measured, &now.list[i].measured,
				    sizeof(since.list[i].measured));
		assert_int_equal(since.list[i].measured.queued.count, 1);
	}
	residences_free(&earlier);
	residences_free(&now);
	residences_free(&since);
}

static void the_box_is_told(void **state)
{
	struct box box;

	(void)state;
	assert_int_equal(fetch_box(bench.client, &box), 0);
	assert_string_equal(box.clock_type, "MONITOR");
	assert_int_equal(box.ports.n, RIG_PORTS);
	assert_true(names_have(&box.ports, "p\"15") && !names_have(&box.ports, "p16"));
	assert_true(names_have(&box.message_types, "pdelay_resp"));
}

/* Of any octets, as Linux has them. */
static void a_name_that_is_not_ascii_arrives(void **state)
{
	static const char *const names[] = {"eth0", "lan\xc3\xa9", "a\033[2J", "sixteen_letters"};
	struct json_object *list = json_object_new_array();
	char name[NAME_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		json_object_array_add(list, json_object_new_string(names[i]));
		assert_true(json_get_name(json_object_array_get_idx(list, i), name));
		assert_string_equal(name, names[i]);
	}
	json_object_put(list);
}

/* Another server at a path of its own, that says what it is told to. */
static int answer_with(const char *text, struct residences *ret_residences)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listening = socket(AF_UNIX, SOCK_SEQPACKET, 0), fd, r;
	struct client *client;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s.odd", bench.rig->path);
	assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listening, 1), 0);
	assert_int_equal(client_new(address.sun_path, &client), 0);
	fd = accept(listening, NULL, NULL);
	assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
	close(fd);
	r = fetch_residences(client, &all, ret_residences);
	assert_true(r == 0 || strlen(client_error(client)) > 0);
	client_free(client);
	close(listening);
	unlink(address.sun_path);
	return r;
}

#define HISTOGRAM(buckets)                                                                                 \
	"{\"count\":1,\"sum_ns\":5,\"sum_squares\":\"25\",\"min_ns\":5,\"max_ns\":5,\"buckets\":[" buckets \
	"]}"
#define RESIDENCE(name, buckets)                                                                            \
	"{\"residence\":{\"ingress\":\"" name "\",\"egress\":\"b\",\"type\":\"sync\",\"total\":" HISTOGRAM( \
		buckets) ",\"before\":" HISTOGRAM("") ",\"queued\":" HISTOGRAM("") "}}"

static void answers_that_make_no_sense_are_refused(void **state)
{
	static const char *const odd[] = {"x",
					  "[]",
					  "{}",
					  "{\"residence\":7}",
					  "{\"residence\":{}}",
					  RESIDENCE("a", "[528,1]"),
					  RESIDENCE("a", "[-1,1]"),
					  RESIDENCE("a", "[1]"),
					  RESIDENCE("a", "7"),
					  RESIDENCE("a", "[1,1.5]"),
					  RESIDENCE("", "[5,1]"),
					  RESIDENCE("sixteen_letters_", "[5,1]")};
	struct residences got = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
		assert_int_equal(answer_with(odd[i], &got), -EBADMSG);
	assert_int_equal(answer_with("{\"error\":\"no\"}", &got), -EPROTO);
	/* This one is well, and then the daemon is gone. */
	assert_int_equal(answer_with(RESIDENCE("a", "[5,1]"), &got), -EPIPE);
	assert_int_equal(got.n, 0);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(residences_arrive_as_they_were),
		CASE(a_table_that_is_full_arrives_whole),
		CASE(filters_choose),
		CASE(what_came_since_is_told_by_key),
		CASE(what_somebody_else_cleared_is_all_new),
		CASE(the_box_is_told),
		CASE(a_name_that_is_not_ascii_arrives),
		CASE(answers_that_make_no_sense_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
