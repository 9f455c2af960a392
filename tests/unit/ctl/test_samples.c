// SPDX-License-Identifier: GPL-2.0-or-later
/* The stream of samples: only while somebody wants it, whole for who reads, honest for who does not. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "bc/daemon/control_rows.h"
#include "tests/unit/ctl/rig.h"
#include "tests/unit/ctl/stub_loader.h"
#include "util/paths.h"

#define ON	     "{\"request\":\"samples\",\"on\":true}"
#define OFF	     "{\"request\":\"samples\",\"on\":false}"
#define ROUNDS	     100
#define A_ROUND	     512
#define QUEUE_OCTETS 131072
#define LOST_LOOKUP  20 /* ticks */

struct reader {
	uint64_t last;		    /* number of the last sample */
	uint64_t n_samples, n_lost; /* received, and told as lost */
	size_t octets;
	bool has_ended;
	uint64_t end_delivered, end_lost;
};

static bool wants_samples(void)
{
	return ebc_loader_ctl(stub_loader())->wants_samples;
}

static void take_samples(struct reader *reader, struct json_object *rows)
{
	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);
		uint64_t number =
			json_object_get_uint64(json_object_array_get_idx(row, 0)) - STUB_SAMPLES_AFTER;

		/* What is missing was told before. */
		assert_int_equal(number, reader->n_samples + reader->n_lost + 1);
		reader->n_samples++;
		reader->last = number;
	}
}

static void read_all(struct rig *rig, int fd, struct reader *reader)
{
	struct json_object *message;

	for (rig_pump(rig); (message = rig_receive(fd, NULL)); rig_pump(rig)) {
		struct json_object *member;

		if (json_object_object_get_ex(message, "samples", &member)) {
			take_samples(reader, member);
		} else if (json_object_object_get_ex(message, "end", &member)) {
			reader->has_ended = true;
			reader->end_delivered = rig_number(message, "delivered");
			reader->end_lost = rig_number(message, "lost");
		} else if (json_object_object_get_ex(message, "lost", &member)) {
			reader->n_lost += json_object_get_uint64(member);
		}
		reader->octets += strlen(json_object_to_json_string_ext(message, JSON_C_TO_STRING_PLAIN));
		json_object_put(message);
	}
}

/* What the kernel takes for a connection at most. */
static size_t socket_octets(int fd)
{
	int octets = 0;
	socklen_t len = sizeof(octets);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &octets, &len), 0);
	return (size_t)octets;
}

static void start(struct rig *rig, int fd)
{
	struct json_object *answer = rig_answer(rig, fd, ON);

	assert_int_equal(json_object_array_length(json_object_object_get(answer, "fields")), 10);
	json_object_put(answer);
}

static void samples_are_wanted_only_while_somebody_asks(void **state)
{
	struct rig *rig = *state;
	int one = rig_connect(rig), two = rig_connect(rig);
	struct reader reader = {};

	assert_false(wants_samples());
	start(rig, one);
	assert_true(wants_samples() && control_wants_ticks(rig->control));
	start(rig, two);
	start(rig, two);
	rig_ask(one, OFF);
	read_all(rig, one, &reader);
	assert_true(reader.has_ended);
	assert_true(wants_samples());
	close(two);
	rig_pump(rig);
	assert_false(wants_samples() || control_wants_ticks(rig->control));
	close(one);
}

static void a_sample_is_told_in_full(void **state)
{
	struct rig *rig = *state;
	int fd = rig_connect(rig);
	struct json_object *message, *rows;

	start(rig, fd);
	stub_loader_add_samples(2);
	control_tick(rig->control);
	message = rig_receive(fd, NULL);
	rows = json_object_object_get(message, "samples");
	assert_int_equal(json_object_array_length(rows), 2);
	assert_string_equal(
		json_object_to_json_string_ext(json_object_array_get_idx(rows, 0), JSON_C_TO_STRING_PLAIN),
		"[1000000000000000001,0,1,1,24,683,\"001122.fffe.334455-258\",1,1000,500]");
	assert_string_equal(
		json_object_to_json_string_ext(json_object_array_get_idx(rows, 1), JSON_C_TO_STRING_PLAIN),
		"[1000000000000000002,0,1,1,24,683,\"001122.fffe.334455-258\",2,1000,null]");
	json_object_put(message);
	close(fd);
}

static void the_longest_batch_fits_a_message(void **state)
{
	static struct ebc_sample samples[CONTROL_ROWS_MAX];
	struct control_message *message;
	struct json_object *parsed, *rows, *row;
	char *text;

	(void)state;
	/* All ones but for what would make it shorter. */
	memset(samples, 0xff, sizeof(samples));
	for (size_t i = 0; i < CONTROL_ROWS_MAX; i++)
		samples[i].queued_ns--;
	message = control_rows_samples(samples, CONTROL_ROWS_MAX);
	assert_non_null(message);
	assert_true(message->len <= EBC_CONTROL_ANSWER_MAX);
	text = strndup(message->text, message->len);
	parsed = json_tokener_parse(text);
	rows = json_object_object_get(parsed, "samples");
	assert_int_equal(json_object_array_length(rows), CONTROL_ROWS_MAX);
	row = json_object_array_get_idx(rows, CONTROL_ROWS_MAX - 1);
	assert_string_equal(
		json_object_to_json_string_ext(row, JSON_C_TO_STRING_PLAIN),
		"[18446744073709551615,65535,65535,255,255,65535,\"ffffff.ffff.ffffff-65535\",65535,"
		"4294967295,4294967294]");
	json_object_put(parsed);
	free(text);
	control_message_unref(message);
}

static void what_was_left_of_an_earlier_stream_is_not_told(void **state)
{
	struct rig *rig = *state;
	int fd = rig_connect(rig);

	stub_loader_add_samples(700);
	start(rig, fd);
	control_tick(rig->control);
	assert_null(rig_receive(fd, NULL));
	close(fd);
}

static void who_stalls_loses_and_is_told(void **state)
{
	struct rig *rig = *state;
	int stalled = rig_connect(rig), good = rig_connect(rig);
	struct reader of_stalled = {}, of_good = {};

	start(rig, stalled);
	start(rig, good);
	for (int i = 0; i < ROUNDS; i++) {
		stub_loader_add_samples(A_ROUND);
		control_tick(rig->control);
		read_all(rig, good, &of_good);
	}
	assert_int_equal(of_good.n_samples, ROUNDS * A_ROUND);
	assert_int_equal(of_good.n_lost, 0);

	read_all(rig, stalled, &of_stalled);
	assert_true(of_stalled.n_samples > A_ROUND && of_stalled.n_samples < ROUNDS * A_ROUND / 2);
	assert_true(of_stalled.octets <= QUEUE_OCTETS + socket_octets(stalled));
	assert_int_equal(of_stalled.n_lost, 0);
	control_tick(rig->control);
	read_all(rig, stalled, &of_stalled);
	assert_int_equal(of_stalled.n_samples + of_stalled.n_lost, ROUNDS * A_ROUND);

	/* From now on it reads, and misses nothing. */
	stub_loader_add_samples(A_ROUND);
	control_tick(rig->control);
	read_all(rig, stalled, &of_stalled);
	assert_int_equal(of_stalled.last, (ROUNDS + 1) * A_ROUND);
	rig_ask(stalled, OFF);
	read_all(rig, stalled, &of_stalled);
	assert_true(of_stalled.has_ended);
	assert_int_equal(of_stalled.end_delivered, of_stalled.n_samples);
	assert_int_equal(of_stalled.end_lost, of_stalled.n_lost);
	close(stalled);
	close(good);
}

static void a_burst_reaches_who_reads(void **state)
{
	struct rig *rig = *state;
	int fd = rig_connect(rig);
	struct reader reader = {};

	start(rig, fd);
	/* More at once than is queued, less than queue and kernel hold. */
	stub_loader_add_samples(5 * A_ROUND);
	control_tick(rig->control);
	read_all(rig, fd, &reader);
	assert_int_equal(reader.n_samples, 5 * A_ROUND);
	close(fd);
}

static void the_end_brings_what_was_still_waiting(void **state)
{
	struct rig *rig = *state;
	int fd = rig_connect(rig);
	struct reader reader = {};

	start(rig, fd);
	stub_loader_add_samples(3);
	rig_ask(fd, OFF);
	read_all(rig, fd, &reader);
	assert_int_equal(reader.n_samples, 3);
	assert_true(reader.has_ended);
	assert_int_equal(reader.end_delivered, 3);
	assert_int_equal(reader.end_lost, 0);
	close(fd);
}

static void what_the_kernel_lost_is_told_too(void **state)
{
	struct rig *rig = *state;
	int fd = rig_connect(rig);
	struct reader reader = {};

	stub_loader_set_lost(1000); /* before anybody asked */
	start(rig, fd);
	stub_loader_set_lost(1007);
	for (int i = 0; i < LOST_LOOKUP; i++)
		control_tick(rig->control);
	read_all(rig, fd, &reader);
	assert_int_equal(reader.n_lost, 7);
	stub_loader_set_lost(1009);
	rig_ask(fd, OFF);
	read_all(rig, fd, &reader);
	assert_int_equal(reader.end_lost, 9);
	close(fd);
}

static void who_stalls_is_served_again_also_when_it_asks(void **state)
{
	struct rig *rig = *state;
	int fd = rig_connect(rig);
	struct reader reader = {};

	start(rig, fd);
	for (int i = 0; i < ROUNDS; i++) {
		stub_loader_add_samples(A_ROUND);
		control_tick(rig->control);
	}
	for (int i = 0; i < 30; i++)
		rig_ask(fd, "{\"request\":\"ports\"}");
	rig_ask(fd, OFF);
	while (!reader.has_ended) {
		read_all(rig, fd, &reader);
		if (!reader.has_ended)
			rig_wait(rig);
	}
	assert_int_equal(reader.end_delivered, reader.n_samples);
	assert_int_equal(reader.end_delivered + reader.end_lost, ROUNDS * A_ROUND);
	assert_false(wants_samples());
	close(fd);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		CASE(samples_are_wanted_only_while_somebody_asks),
		CASE(a_sample_is_told_in_full),
		cmocka_unit_test(the_longest_batch_fits_a_message),
		CASE(what_was_left_of_an_earlier_stream_is_not_told),
		CASE(who_stalls_loses_and_is_told),
		CASE(a_burst_reaches_who_reads),
		CASE(the_end_brings_what_was_still_waiting),
		CASE(what_the_kernel_lost_is_told_too),
		CASE(who_stalls_is_served_again_also_when_it_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
