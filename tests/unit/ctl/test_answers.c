// SPDX-License-Identifier: GPL-2.0-or-later
/* What is answered about clock, ports, counters, offsets, log and stamps, whoever asks and however. */
#include <malloc.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/ctl/rig.h"
#include "tests/unit/ctl/stub_loader.h"
#include "tests/unit/ctl/stub_state.h"
#include "util/macros.h"
#include "util/paths.h"

#define MESSAGES_MAX 2000

/* The messages of one answer, the end or error included. */
static struct json_object *messages[MESSAGES_MAX];

static void forget_answer(size_t n)
{
	for (size_t i = 0; i < n; i++)
		json_object_put(messages[i]);
}

static bool is_last(struct json_object *message)
{
	return json_object_object_get_ex(message, "end", NULL) ||
	       json_object_object_get_ex(message, "error", NULL);
}

static size_t read_answer(struct rig *rig, int fd)
{
	size_t n = 0;

	do {
		while (!(messages[n] = rig_receive(fd, NULL)))
			rig_wait(rig);
	} while (!is_last(messages[n++]));
	return n;
}

static size_t ask(struct rig *rig, int fd, const char *request)
{
	rig_ask(fd, request);
	rig_pump(rig);
	return read_answer(rig, fd);
}

/* By a path of members like "status.time.leap". */
static struct json_object *member(struct json_object *object, const char *path)
{
	char name[64];
	size_t len;

	while (*path) {
		len = strcspn(path, ".");
		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		if (!json_object_object_get_ex(object, name, &object))
			fail_msg("no member %s", name);
		path += len + (path[len] == '.');
	}
	return object;
}

static void assert_member(struct json_object *object, const char *path, const char *json)
{
	assert_string_equal(json_object_to_json_string_ext(member(object, path), JSON_C_TO_STRING_PLAIN),
			    json);
}

static struct json_object *cell(struct json_object *rows, size_t row, size_t column)
{
	return json_object_array_get_idx(json_object_array_get_idx(rows, row), column);
}

static struct json_object *ask_status(struct rig *rig)
{
	int fd = rig_connect(rig);
	struct json_object *answer = rig_answer(rig, fd, "{\"request\":\"status\"}");

	close(fd);
	return answer;
}

/* --- the clock --- */

static void the_status_of_a_clock_that_follows(void **state)
{
	struct json_object *s = ask_status(*state);

	assert_member(s, "status.pid", "4711");
	assert_member(s, "status.clock_type", "\"MONITOR\"");
	assert_member(s, "status.state", "\"locked\"");
	assert_member(s, "status.time.ptp_ns", "1795000000000000000");
	assert_member(s, "status.time.mono_ns", "81234567890123");
	assert_member(s, "status.time.time_source", "\"0x20\"");
	assert_member(
		s, "status.grandmaster",
		"{\"identity\":\"aabbcc.fffe.ddeeff\",\"is_self\":false,\"clock_class\":6,"
		"\"clock_accuracy\":\"0x21\",\"offset_scaled_log_variance\":\"0x4e5d\",\"priority1\":128,"
		"\"priority2\":127}");
	assert_member(s, "status.parent", "{\"identity\":\"aabbcc.fffe.ddeeff-1\",\"port\":\"p0\"}");
	assert_member(s, "status.offset",
		      "{\"last_ns\":-34,\"rms_ns\":51,\"max_ns\":160,\"n\":16,\"age_ns\":31000000,"
		      "\"frequency_ppb\":-1203.1,\"path_delay_ns\":412}");
	assert_member(s, "status.holdover", "null");
	assert_member(s, "status.rate", "null");
	assert_member(s, "status.alarms", "[]");
	json_object_put(s);
}

static void what_there_is_not_is_null(void **state)
{
	static const char *const nulls[] = {"status.local_clock",   "status.time",   "status.grandmaster",
					    "status.parent",	    "status.offset", "status.steps_removed",
					    "status.clock_identity"};
	struct json_object *s;

	*stub_state_status() =
		(struct control_status){.stamping = "bpf",
					.state = "forwarding",
					.has_rate = true,
					.rate = {.ratio_ppb = -12.34, .grandmaster = "aabbcc.fffe.ddeeff"}};
	s = ask_status(*state);
	for (size_t i = 0; i < ARRAY_SIZE(nulls); i++)
		assert_member(s, nulls[i], "null");
	assert_member(s, "status.rate", "{\"ratio_ppb\":-12.3,\"grandmaster\":\"aabbcc.fffe.ddeeff\"}");
	json_object_put(s);
}

static void holdover_tells_its_age_and_error(void **state)
{
	struct json_object *s;

	stub_state_status()->is_holdover = true;
	stub_state_status()->holdover.age_ns = 5000000000;
	s = ask_status(*state);
	assert_member(s, "status.holdover", "{\"age_ns\":5000000000,\"expected_error_ns\":null}");
	json_object_put(s);
	stub_state_status()->holdover.expected_error_ns = 1700;
	s = ask_status(*state);
	assert_member(s, "status.holdover.expected_error_ns", "1700");
	json_object_put(s);
}

static void values_that_are_no_numbers_are_null(void **state)
{
	struct json_object *s;

	stub_state_status()->offset.rms_ns = 0.0 / 0.0;
	stub_state_status()->offset.frequency_ppb = 1e300 * 1e300;
	s = ask_status(*state);
	assert_member(s, "status.offset.rms_ns", "null");
	assert_member(s, "status.offset.frequency_ppb", "null");
	json_object_put(s);
}

static void all_alarms_at_once_fit_a_message(void **state)
{
	struct control_status *told = stub_state_status();
	struct json_object *s, *alarms;

	told->n_alarms = CONTROL_ALARMS_MAX;
	for (size_t i = 0; i < CONTROL_ALARMS_MAX; i++) {
		struct control_alarm *alarm = &told->alarms[i];

		*alarm = (struct control_alarm){.kind = "stamps_before_queue",
						.port = (int)(i % RIG_PORTS) - 1,
						.since_mono_ns = UINT64_MAX};
		memset(alarm->text, '"', sizeof(alarm->text) - 1);
	}
	s = ask_status(*state);
	alarms = member(s, "status.alarms");
	assert_int_equal(json_object_array_length(alarms), CONTROL_ALARMS_MAX);
	assert_member(json_object_array_get_idx(alarms, 0), "port", "null");
	assert_member(json_object_array_get_idx(alarms, 1), "port", "\"p0\"");
	assert_int_equal(
		json_object_get_uint64(member(json_object_array_get_idx(alarms, 1), "since_mono_ns")),
		UINT64_MAX);
	json_object_put(s);
}

static void what_would_be_too_long_is_an_error(void **state)
{
	struct control_status *told = stub_state_status();

	told->n_alarms = CONTROL_ALARMS_MAX;
	for (size_t i = 0; i < CONTROL_ALARMS_MAX; i++) {
		told->alarms[i] = (struct control_alarm){.kind = "rival", .port = -1};
		memset(told->alarms[i].text, 1, sizeof(told->alarms[i].text) - 1); /* six octets each */
	}
	rig_expect_error(*state, rig_connect(*state), "{\"request\":\"status\"}", "answer too long");
}

/* --- ports and counters --- */

static void every_port_is_told_and_then_the_end(void **state)
{
	struct rig *rig = *state;
	int fd = rig_connect(rig);
	size_t n = ask(rig, fd, "{\"request\":\"port_status\"}");

	assert_int_equal(n, RIG_PORTS + 1);
	assert_string_equal(
		json_object_to_json_string_ext(messages[1], JSON_C_TO_STRING_PLAIN),
		"{\"port\":{\"number\":2,\"name\":\"p1\",\"state\":\"SLAVE\",\"since_mono_ns\":81000000000,"
		"\"is_usable\":true,\"reason\":\"\",\"mac\":\"00:11:22:33:44:55\",\"ifindex\":11,"
		"\"driver\":\"igb\",\"transport\":\"UDPv4\",\"delay_mechanism\":\"E2E\",\"delay_ns\":412,"
		"\"tx_stamp\":\"driver\",\"one_step\":false,\"forward\":null,"
		"\"peer\":\"aabbcc.fffe.ddeeff-1\",\"log_announce_interval\":1,\"log_sync_interval\":0,"
		"\"log_min_delay_req_interval\":0}}");
	assert_member(messages[RIG_PORTS - 1], "port.name", "\"p\\\"15\"");
	assert_string_equal(json_object_to_json_string_ext(messages[RIG_PORTS], JSON_C_TO_STRING_PLAIN),
			    "{\"end\":true}");
	forget_answer(n);
	close(fd);
}

static void a_port_of_which_nothing_is_known(void **state)
{
	static const char *const nulls[] = {
		"port.mac",	"port.delay_ns",	  "port.peer",		 "port.driver",
		"port.forward", "port.log_sync_interval", "port.delay_mechanism"};
	struct rig *rig = *state;
	int fd = rig_connect(rig);
	size_t n;

	*stub_state_port() = (struct control_port_status){
		.state = "FAULTY", .reason = "no such interface", .transport = "L2"};
	n = ask(rig, fd, "{\"request\":\"port_status\"}");
	for (size_t i = 0; i < ARRAY_SIZE(nulls); i++)
		assert_member(messages[0], nulls[i], "null");
	assert_member(messages[0], "port.reason", "\"no such interface\"");
	forget_answer(n);
	close(fd);
}

static void names_of_any_octets_make_valid_answers(void **state)
{
	static const char *const requests[] = {"{\"request\":\"ports\"}", "{\"request\":\"status\"}",
					       "{\"request\":\"port_status\"}", "{\"request\":\"stats\"}"};
	/* A backslash, a control character, UTF-8, and what is none. */
	static const char *const names[] = {"a\\b\"c", "\x01\x7f", "\xc3\xa9th", "\xff\xc3+\xed\xa0\x80"};
	static const char *const told[] = {"a\\b\"c", "\x01\x7f", "\xc3\xa9th", "??+???"};
	struct control_sources sources = rig_sources();
	struct json_tokener *strict = json_tokener_new();
	struct rig *rig = *state;

	sources.n_ports = ARRAY_SIZE(names);
	sources.port_names = names;
	stub_state_status()->parent.port = 3;
	assert_int_equal(rig_restart(rig, &sources), 0);
	json_tokener_set_flags(strict, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		int fd = rig_connect(rig);
		char text[65536];
		ssize_t len;

		rig_ask(fd, requests[i]);
		rig_pump(rig);
		while ((len = recv(fd, text, sizeof(text), 0)) > 0) {
			struct json_object *parsed = json_tokener_parse_ex(strict, text, (int)len);

			assert_int_equal(json_tokener_get_error(strict), json_tokener_success);
			json_object_put(parsed);
			json_tokener_reset(strict);
		}
		close(fd);
	}
	json_tokener_free(strict);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int fd = rig_connect(rig);
		size_t n = ask(rig, fd, "{\"request\":\"port_status\"}");

		assert_string_equal(json_object_get_string(member(messages[i], "port.name")), told[i]);
		forget_answer(n);
		close(fd);
	}
}

static void counters_are_all_told_and_those_of_one_name_added(void **state)
{
	struct rig *rig = *state;
	int fd = rig_connect(rig);
	size_t n = ask(rig, fd, "{\"request\":\"stats\"}");

	assert_int_equal(n, RIG_PORTS + 1);
	assert_string_equal(json_object_to_json_string_ext(messages[2], JSON_C_TO_STRING_PLAIN),
			    "{\"stats\":{\"number\":3,\"name\":\"p2\",\"counters\":{\"rx_sync\":300,"
			    "\"rx_refused_stale\":7,\"tx_sync\":0}}}");
	forget_answer(n);
	close(fd);
}

static void list_other(void *context, size_t port, struct counter_list *list)
{
	(void)context;
	counter_list_add(list, "bpf_tx_corrected", 5 + port);
}

static void a_second_instance_has_counters_of_its_own(void **state)
{
	struct control_sources sources = rig_sources();
	struct rig *rig = *state;
	size_t n;
	int fd;

	sources.state.list_other_counters = list_other;
	assert_int_equal(rig_restart(rig, &sources), 0);
	fd = rig_connect(rig);
	n = ask(rig, fd, "{\"request\":\"stats\"}");
	assert_member(messages[1], "stats.other_domains", "{\"bpf_tx_corrected\":6}");
	assert_member(messages[1], "stats.counters.rx_sync", "200");
	forget_answer(n);
	close(fd);
}

/* --- offsets and log --- */

static void add_offsets(size_t n)
{
	for (size_t i = 0; i < n; i++)
		history_add(stub_state_history(), &(struct history_row){.mono_ns = 1000 + i,
									.offset_ns = -(int64_t)i,
									.path_delay_ns = 412,
									.frequency_ppb = -1203.1,
									.port_number = 2,
									.servo_state = 2});
}

/* Asks for what came after `since`; fails unless rows `first` to `last` come, and `lost` are missing. */
static void expect_rows(struct rig *rig, const char *request, const char *name, uint64_t since,
			uint64_t first, uint64_t last, uint64_t lost)
{
	int fd = rig_connect(rig);
	uint64_t number = first;
	char text[96];
	size_t n;

	snprintf(text, sizeof(text), "{\"request\":\"%s\",\"since\":%llu}", request,
		 (unsigned long long)since);
	n = ask(rig, fd, text);
	assert_true(n >= 2);
	assert_true(json_object_object_get_ex(messages[0], "fields", NULL));
	for (size_t i = 1; i + 1 < n; i++) {
		struct json_object *rows = member(messages[i], name);

		assert_in_range(json_object_array_length(rows), 1, 512);
		for (size_t k = 0; k < json_object_array_length(rows); k++)
			assert_int_equal(json_object_get_uint64(cell(rows, k, 0)), number++);
	}
	assert_int_equal(number, last + 1);
	assert_int_equal(rig_number(messages[n - 1], "next"), last);
	assert_int_equal(rig_number(messages[n - 1], "lost"), lost);
	forget_answer(n);
	close(fd);
}

static void offsets_come_with_their_fields(void **state)
{
	struct rig *rig = *state;
	int fd = rig_connect(rig);
	size_t n;

	add_offsets(1);
	n = ask(rig, fd, "{\"request\":\"offsets\"}");
	assert_int_equal(n, 3);
	assert_member(messages[0], "fields",
		      "[\"number\",\"mono_ns\",\"port\",\"offset_ns\",\"frequency_ppb\",\"path_delay_ns\","
		      "\"servo_state\"]");
	assert_member(messages[1], "offsets", "[[1,1000,2,0,-1203.1,412,2]]");
	forget_answer(n);
	close(fd);
}

static void who_follows_offsets_gets_each_once(void **state)
{
	struct rig *rig = *state;

	expect_rows(rig, "offsets", "offsets", 0, 1, 0, 0);
	add_offsets(700);
	expect_rows(rig, "offsets", "offsets", 0, 1, 700, 0);
	expect_rows(rig, "offsets", "offsets", 700, 701, 700, 0);
	add_offsets(2);
	expect_rows(rig, "offsets", "offsets", 700, 701, 702, 0);
	/* An earlier daemon's number. */
	expect_rows(rig, "offsets", "offsets", 703, 1, 702, 0);
}

static void offsets_that_are_kept_no_longer_are_told(void **state)
{
	struct rig *rig = *state;

	add_offsets(HISTORY_ROWS + 100);
	expect_rows(rig, "offsets", "offsets", 0, 101, HISTORY_ROWS + 100, 100);
	expect_rows(rig, "offsets", "offsets", 40, 101, HISTORY_ROWS + 100, 60);
	expect_rows(rig, "offsets", "offsets", 100, 101, HISTORY_ROWS + 100, 0);
}

static void what_is_lost_while_a_client_reads_is_told(void **state)
{
	struct rig *rig = *state;
	int fd = rig_connect(rig);
	uint64_t n_rows = 0;
	size_t n;

	add_offsets(HISTORY_ROWS);
	rig_ask(fd, "{\"request\":\"offsets\"}");
	rig_pump(rig);
	add_offsets(2 * HISTORY_ROWS);
	n = read_answer(rig, fd);
	for (size_t i = 1; i + 1 < n; i++)
		n_rows += json_object_array_length(member(messages[i], "offsets"));
	assert_in_range(n_rows, 512, HISTORY_ROWS - 512);
	assert_int_equal(n_rows + rig_number(messages[n - 1], "lost"), HISTORY_ROWS);
	assert_int_equal(rig_number(messages[n - 1], "next"), HISTORY_ROWS);
	forget_answer(n);
	close(fd);
}

static void add_wide_offsets(size_t n)
{
	for (size_t i = 0; i < n; i++)
		history_add(stub_state_history(), &(struct history_row){.mono_ns = UINT64_MAX,
									.offset_ns = INT64_MIN,
									.path_delay_ns = INT64_MIN,
									.frequency_ppb = -1e300,
									.port_number = UINT16_MAX,
									.servo_state = UINT8_MAX});
}

static void the_widest_rows_fit_a_message(void **state)
{
	struct rig *rig = *state;

	add_wide_offsets(600);
	expect_rows(rig, "offsets", "offsets", 0, 1, 600, 0); /* the rig looks at the length */
}

static void lines_of_the_log_come_as_they_are(void **state)
{
	struct rig *rig = *state;
	int fd = rig_connect(rig);
	char text[LOG_RING_TEXT];
	size_t n;

	log_ring_add(stub_state_log(), 81000000123, 5, "port 1 (et\"h\xff): x");
	n = ask(rig, fd, "{\"request\":\"log\"}");
	assert_member(messages[0], "fields", "[\"number\",\"mono_ns\",\"level\",\"text\"]");
	assert_member(messages[1], "log", "[[1,81000000123,5,\"port 1 (et\\\"h?): x\"]]");
	forget_answer(n);
	close(fd);
	memset(text, 1, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 300; i++)
		log_ring_add(stub_state_log(), UINT64_MAX, 5, text);
	expect_rows(rig, "log", "log", 0, 301 - LOG_RING_LINES + 1, 301, 301 - LOG_RING_LINES);
}

/* --- stamps --- */

static void published_stamps_come_in_batches(void **state)
{
	struct rig *rig = *state;
	int fd = rig_connect(rig);
	size_t n;

	stub_loader_set_stamps(1000);
	n = ask(rig, fd, "{\"request\":\"stamps\"}");
	assert_int_equal(n, 4);
	assert_member(
		messages[0], "fields",
		"[\"mono_ns\",\"port\",\"direction\",\"type\",\"domain\",\"sdo_id\",\"source_port_identity\","
		"\"sequence_id\",\"source\"]");
	assert_int_equal(json_object_array_length(member(messages[1], "stamps")), 512);
	assert_int_equal(json_object_array_length(member(messages[2], "stamps")), 488);
	assert_string_equal(
		json_object_to_json_string_ext(json_object_array_get_idx(member(messages[1], "stamps"), 0),
					       JSON_C_TO_STRING_PLAIN),
		"[1,1,\"tx\",\"sync\",24,0,\"001122.fffe.334455-258\",17,\"start_xmit\"]");
	/* Of an interface that no port has now. */
	assert_null(cell(member(messages[1], "stamps"), 1, 1));
	forget_answer(n);
	close(fd);
}

/* --- errors --- */

static void what_is_not_there_is_refused_with_the_reason(void **state)
{
	struct control_sources sources = rig_sources();
	struct rig *rig = *state;
	int fd;

	sources.history = NULL;
	sources.stamps_loader = NULL;
	assert_int_equal(rig_restart(rig, &sources), 0);
	fd = rig_connect(rig);
	rig_expect_error(rig, fd, "{\"request\":\"offsets\"}",
			 "nothing is measured: this clock follows nobody");
	rig_expect_error(rig, fd, "{\"request\":\"stamps\"}",
			 "no stamps are published: publish_stamps is off");
	rig_expect_error(rig, fd, "{\"request\":\"offsets\",\"since\":\"x\"}", "malformed request");
	close(fd);
}

static void stamps_that_cannot_be_read_are_an_error(void **state)
{
	struct rig *rig = *state;
	int fd = rig_connect(rig);
	size_t n;

	stub_loader_set_stamps(-1);
	n = ask(rig, fd, "{\"request\":\"stamps\"}");
	assert_member(messages[n - 1], "error", "\"stamps cannot be read\"");
	forget_answer(n);
	rig_expect_error(rig, fd, "{\"request\":\"ports\"}", NULL);
	close(fd);
}

static void a_since_that_is_no_count_is_malformed(void **state)
{
	static const char *const wrong[] = {"-1", "1.5", "\"1\"", "null", "true", "[1]", "{}"};
	struct rig *rig = *state;
	int fd = rig_connect(rig);
	char text[96];

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		snprintf(text, sizeof(text), "{\"request\":\"%s\",\"since\":%s}", i % 2 ? "log" : "offsets",
			 wrong[i]);
		rig_expect_error(rig, fd, text, "malformed request");
	}
	close(fd);
	add_offsets(3);
	expect_rows(rig, "offsets", "offsets", UINT64_MAX, 1, 3, 0);
}

/* --- everybody at once --- */

static const char *const walks[] = {"{\"request\":\"port_status\"}", "{\"request\":\"stats\"}",
				    "{\"request\":\"offsets\"}",     "{\"request\":\"log\"}",
				    "{\"request\":\"stamps\"}",	     "{\"request\":\"residence\"}"};

static void who_stalls_in_a_walk_holds_up_nobody(void **state)
{
	struct rig *rig = *state;
	int stalled[ARRAY_SIZE(walks)], fd;

	add_offsets(HISTORY_ROWS);
	stub_loader_set_residences(EBC_RESIDENCES);
	stub_loader_set_stamps(16384);
	for (size_t i = 0; i < ARRAY_SIZE(walks); i++) {
		stalled[i] = rig_connect(rig);
		/* One after the other, which it does not read. */
		for (int k = 0; k < 30; k++)
			(void)!send(stalled[i], walks[i], strlen(walks[i]), MSG_NOSIGNAL);
	}
	fd = rig_connect(rig);
	for (int k = 0; k < 5; k++)
		rig_expect_error(rig, fd, "{\"request\":\"ports\"}", NULL);
	for (size_t i = 0; i < ARRAY_SIZE(walks); i++) {
		forget_answer(read_answer(rig, stalled[i]));
		close(stalled[i]);
	}
	close(fd);
}

static size_t allocated(void)
{
	return mallinfo2().uordblks;
}

static void one_message_waits_for_a_client_that_does_not_read(void **state)
{
	struct rig *rig = *state;
	struct pollfd polled = {.fd = control_fd(rig->control), .events = POLLIN};
	int fds[12];
	size_t before;

	add_wide_offsets(HISTORY_ROWS);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = rig_connect(rig);
	before = allocated();
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		rig_ask(fds[i], "{\"request\":\"offsets\"}");
		rig_ask(fds[i], "{\"request\":\"offsets\"}");
	}
	/* Until nothing more is made, though there is time for it. */
	while (poll(&polled, 1, 200) > 0)
		control_dispatch(rig->control);
	assert_true(allocated() < before + ARRAY_SIZE(fds) * EBC_CONTROL_ANSWER_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
}

static uint32_t random_state = 2463534242;

static uint32_t random_below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % n;
}

/* A request, spoiled here and there. */
static size_t spoil(char *text, size_t size)
{
	static const char *const pieces[] = {"{\"request\":\"status\"}",
					     "{\"request\":\"offsets\",\"since\":12}",
					     "{\"request\":\"samples\",\"on\":true}",
					     "{\"request\":\"log\",\"since\":99999999999999999999}",
					     "{\"request\":\"residence\",\"clear\":false}",
					     "[[[[[[",
					     "\"\\ud800\"",
					     "\0\0",
					     "{\"request\":null}"};
	const char *piece = pieces[random_below(ARRAY_SIZE(pieces))];
	size_t len = strlen(piece) + 1;

	memcpy(text, piece, len);
	for (uint32_t i = random_below(4); i > 0; i--)
		text[random_below((uint32_t)len)] = (char)random_below(256);
	len -= random_below(3) ? 1 : random_below((uint32_t)len);
	return MIN(MAX(len, 1), size);
}

static size_t count_answers(int fd)
{
	struct json_object *answer;
	size_t n = 0;

	for (; (answer = rig_receive(fd, NULL)); n++)
		json_object_put(answer);
	return n;
}

static void spoiled_requests_are_answered_or_refused(void **state)
{
	struct rig *rig = *state;
	for (int client = 0; client < 60; client++) {
		int fd = rig_connect(rig);
		size_t n_answers = 0;

		for (int i = 0; i < 20; i++) {
			char text[128];
			size_t len = spoil(text, sizeof(text));

			assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), len);
			rig_pump(rig);
			n_answers += count_answers(fd);
		}
		while (n_answers == 0) {
			rig_wait(rig);
			n_answers += count_answers(fd);
		}
		close(fd);
		rig_pump(rig);
	}
	rig_expect_error(rig, rig_connect(rig), "{\"request\":\"ports\"}", NULL);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		CASE(the_status_of_a_clock_that_follows),
		CASE(what_there_is_not_is_null),
		CASE(holdover_tells_its_age_and_error),
		CASE(values_that_are_no_numbers_are_null),
		CASE(all_alarms_at_once_fit_a_message),
		CASE(what_would_be_too_long_is_an_error),
		CASE(every_port_is_told_and_then_the_end),
		CASE(a_port_of_which_nothing_is_known),
		CASE(names_of_any_octets_make_valid_answers),
		CASE(counters_are_all_told_and_those_of_one_name_added),
		CASE(a_second_instance_has_counters_of_its_own),
		CASE(offsets_come_with_their_fields),
		CASE(who_follows_offsets_gets_each_once),
		CASE(offsets_that_are_kept_no_longer_are_told),
		CASE(what_is_lost_while_a_client_reads_is_told),
		CASE(the_widest_rows_fit_a_message),
		CASE(lines_of_the_log_come_as_they_are),
		CASE(published_stamps_come_in_batches),
		CASE(what_is_not_there_is_refused_with_the_reason),
		CASE(stamps_that_cannot_be_read_are_an_error),
		CASE(a_since_that_is_no_count_is_malformed),
		CASE(who_stalls_in_a_walk_holds_up_nobody),
		CASE(one_message_waits_for_a_client_that_does_not_read),
		CASE(spoiled_requests_are_answered_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
