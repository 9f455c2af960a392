/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is measured of messages that pass: histograms and samples, of a transparent clock and of a monitor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/bpf/box.h"
#include "util/macros.h"

static const enum ebc_transport transports[] = {EBC_TRANSPORT_IEEE_802_3, EBC_TRANSPORT_UDP_IPV4,
						EBC_TRANSPORT_UDP_IPV6};
static const uint8_t event_types[] = {TYPE_SYNC, TYPE_DELAY_REQ, TYPE_PDELAY_REQ, TYPE_PDELAY_RESP};

/* A monitor of ports that somebody else joins: a bridge, or with none this test. */
static int set_up_monitor(void **state, enum box_kind kind)
{
	static struct box box;
	struct ebc_loader_options options = box_options();

	options.mode = EBC_MODE_MONITOR;
	box_new(&box, kind);
	for (int i = 0; i < BOX_PORTS; i++)
		box.conf[i].forward = EBC_FORWARD_NONE;
	box_load(&box, &options);
	*state = &box;
	return 0;
}

static int setup_monitor_bridge(void **state)
{
	return set_up_monitor(state, BOX_BRIDGE);
}

static int setup_monitor_alone(void **state)
{
	return set_up_monitor(state, BOX_DIRECT);
}

struct samples {
	struct ebc_sample last;
	uint64_t n, sum_total_ns;
	int out_port;
	uint8_t message_type;
};

static void add_sample(void *context, const struct ebc_sample *sample)
{
	struct samples *samples = context;

	if (sample->out_port_index != samples->out_port || sample->message_type != samples->message_type)
		return;
	samples->last = *sample;
	samples->n++;
	samples->sum_total_ns += sample->before_ns + sample->queued_ns;
}

/* The histogram of one way and type; false: there is none. */
static bool find_residence(const struct box *box, int in, int out, uint8_t type, struct ebc_residence *ret)
{
	struct ebc_residence_key key;
	bool has_key = false;

	while (ebc_loader_next_residence(box->loader, &has_key, &key, ret) == 1)
		if (key.in_port_index == in && key.out_port_index == out && key.message_type == type)
			return true;
	return false;
}

/* The bounds of a bucket, by the rule that the programs and the tools share. */
static bool is_in_bucket(uint64_t ns, int bucket)
{
	int octave = bucket / 16, place = bucket % 16;

	if (octave == 0)
		return ns == (uint64_t)bucket;
	return ns >= (16ULL + (uint64_t)place) << (octave - 1) && ns < (17ULL + (uint64_t)place)
										  << (octave - 1);
}

static void check_histogram(const struct ebc_histogram *histogram, uint64_t n)
{
	uint64_t in_buckets = 0;
	bool has_min = false, has_max = false;

	for (int i = 0; i < EBC_HISTOGRAM_BUCKETS; i++) {
		in_buckets += histogram->bucket[i];
		if (histogram->bucket[i]) {
			has_min |= is_in_bucket(histogram->min_ns, i);
			has_max |= is_in_bucket(histogram->max_ns, i);
		}
	}
	assert_int_equal(histogram->count, n);
	assert_int_equal(in_buckets, n);
	assert_true(has_min && has_max);
	assert_true(histogram->min_ns <= histogram->sum_ns / n && histogram->sum_ns / n <= histogram->max_ns);
	assert_true(histogram->sum_squares_high == 0 && histogram->sum_squares_low >= histogram->max_ns);
}

static void every_message_is_in_histogram_and_samples(void **state)
{
	struct box *box = *state;
	static struct ebc_residence residence;
	struct samples samples = {.out_port = 1};
	uint64_t start_mono_ns = rig_mono_ns();
	const uint64_t n = 40;

	ebc_loader_ctl(box->loader)->wants_samples = 1;
	for (size_t t = 0; t < ARRAY_SIZE(event_types); t++) {
		samples = (struct samples){.out_port = 1, .message_type = event_types[t]};
		assert_int_equal(ebc_loader_clear_residences(box->loader), 0);
		for (uint64_t i = 0; i < n; i++) {
			struct message sent, out;

			message_new(EBC_TRANSPORT_UDP_IPV4, event_types[t], box_next_sequence_id(box), &sent);
			message_set_two_step(&sent, true);
			box_pass(box, 0, 1, &sent, &out);
			box_expect(box, 2, &sent, &out);
		}
		assert_true(ebc_loader_consume_samples(box->loader, 10000, add_sample, &samples) > 0);
		assert_int_equal(samples.n, n);
		assert_int_equal(samples.last.sequence_id, box->sequence_id);
		assert_int_equal(samples.last.in_port_index, 0);
		assert_memory_equal(samples.last.source_port_identity,
				    "\x00\x11\x22\xFF\xFE\x33\x44\x55\x00\x01", 10);
		assert_true(samples.last.rx_mono_ns > start_mono_ns &&
			    samples.last.rx_mono_ns < rig_mono_ns());
		assert_true(find_residence(box, 0, 1, event_types[t], &residence));
		check_histogram(&residence.total, n);
		check_histogram(&residence.before, n);
		check_histogram(&residence.queued, n);
		assert_int_equal(residence.total.sum_ns, samples.sum_total_ns);
		assert_int_equal(residence.total.sum_ns, residence.before.sum_ns + residence.queued.sum_ns);
		assert_true(find_residence(box, 0, 2, event_types[t], &residence));
		assert_false(find_residence(box, 1, 0, event_types[t], &residence));
	}
	ebc_loader_ctl(box->loader)->wants_samples = 0;
}

static void general_messages_are_not_measured(void **state)
{
	struct box *box = *state;
	static struct ebc_residence residence;
	struct message sent, out;

	assert_int_equal(ebc_loader_clear_residences(box->loader), 0);
	for (uint8_t type = TYPE_FOLLOW_UP; type < 16; type++) {
		message_new(EBC_TRANSPORT_UDP_IPV4, type, box_next_sequence_id(box), &sent);
		box_pass(box, 0, 1, &sent, &out);
		assert_false(find_residence(box, 0, 1, type, &residence));
	}
}

static void the_queue_is_measured_apart(void **state)
{
	struct box *box = *state;
	static struct ebc_residence residence;
	struct message sent, out;
	struct queue_wait wait;
	uint64_t start_mono_ns;

	assert_int_equal(ebc_loader_clear_residences(box->loader), 0);
	box_hold(box, 1);
	start_mono_ns = rig_mono_ns();
	message_new(EBC_TRANSPORT_UDP_IPV6, TYPE_DELAY_REQ, box_next_sequence_id(box), &sent);
	box_send(box, 0, &sent);
	wait = box_release_later(box, 1, 1);
	box_expect(box, 1, &sent, &out);
	/* Read only when it is there: written behind the driver's back. */
	while (!find_residence(box, 0, 1, TYPE_DELAY_REQ, &residence))
		assert_true(rig_mono_ns() - start_mono_ns < RIG_PATIENCE_MS * (uint64_t)NSEC_PER_MSEC);
	assert_true(residence.queued.sum_ns > wait.to_mono_ns - wait.from_mono_ns);
	assert_true(residence.before.sum_ns < wait.from_mono_ns - start_mono_ns);
	assert_true(residence.total.sum_ns < rig_mono_ns() - start_mono_ns);
	box_remove_queue(box, 1);
}

static void lost_samples_are_counted(void **state)
{
	struct box *box = *state;
	uint64_t lost = box_counter(box, 1, EBC_COUNTER_TX_SAMPLE_LOST);
	uint64_t room = 1048576 / (sizeof(struct ebc_sample) + 8);
	struct samples samples = {.out_port = 1, .message_type = TYPE_DELAY_REQ};
	struct message sent;

	ebc_loader_ctl(box->loader)->wants_samples = 1;
	for (uint64_t i = 0; i < room + 50; i++) {
		message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_DELAY_REQ, box_next_sequence_id(box), &sent);
		box_send(box, 0, &sent);
	}
	assert_true(box_counter(box, 1, EBC_COUNTER_TX_SAMPLE_LOST) > lost);
	assert_true(ebc_loader_consume_samples(box->loader, 2 * room, add_sample, &samples) > (int)room / 2);
	ebc_loader_ctl(box->loader)->wants_samples = 0;
}

static void a_monitor_changes_no_octet(void **state)
{
	struct box *box = *state;
	static struct ebc_residence residence;

	for (size_t t = 0; t < ARRAY_SIZE(transports); t++)
		for (uint8_t type = 0; type < 16; type++) {
			struct message sent, out;

			message_new(transports[t], type, box_next_sequence_id(box), &sent);
			memcpy(sent.octets, "\x01\x1B\x19\x00\x00\x00", 6); /* the bridge carries it */
			box_send(box, 0, &sent);
			for (int to = 1; to < BOX_PORTS; to++) {
				assert_int_equal(box_expect(box, to, &sent, &out), 0);
				assert_memory_equal(out.octets, sent.octets, sent.len);
			}
			if (type < 4)
				assert_true(find_residence(box, 0, 1, type, &residence));
		}
}

/* What a program takes from one socket and sends by another has no mark: the message's key tells. */
static void a_forwarder_in_user_space_is_measured(void **state)
{
	struct box *box = *state;
	static struct ebc_residence residence;
	int in = rig_listen(box->port_ifindex[0]);
	struct message sent, out;
	uint8_t frame[FRAME_OCTETS];

	for (size_t t = 0; t < ARRAY_SIZE(transports); t++)
		for (size_t i = 0; i < ARRAY_SIZE(event_types); i++) {
			uint64_t start_mono_ns, sent_mono_ns, between_ns;
			size_t len;

			assert_int_equal(ebc_loader_clear_residences(box->loader), 0);
			message_new(transports[t], event_types[i], box_next_sequence_id(box), &sent);
			start_mono_ns = rig_mono_ns();
			box_send(box, 0, &sent);
			len = rig_receive(in, frame, sizeof(frame), RIG_PATIENCE_MS, NULL);
			assert_int_equal(len, sent.len);
			between_ns = rig_mono_ns();
			while (rig_mono_ns() - between_ns < 50 * NSEC_PER_USEC)
				; /* the forwarder's own work */
			assert_true(rig_send(box->filler, box->port_ifindex[1], frame, len));
			assert_int_equal(box_expect(box, 1, &sent, &out), 0);
			assert_memory_equal(out.octets, sent.octets, sent.len);
			sent_mono_ns = rig_mono_ns();
			assert_true(find_residence(box, 0, 1, event_types[i], &residence));
			assert_int_equal(residence.total.count, 1);
			assert_true(residence.total.sum_ns > 50 * NSEC_PER_USEC);
			assert_true(residence.total.sum_ns < sent_mono_ns - start_mono_ns);
		}
	close(in);
}

static void what_never_came_in_is_not_measured(void **state)
{
	struct box *box = *state;
	uint64_t unmarked = box_counter(box, 1, EBC_COUNTER_TX_UNMARKED);
	struct message sent, out;

	message_new(EBC_TRANSPORT_UDP_IPV4, TYPE_SYNC, box_next_sequence_id(box), &sent);
	assert_true(rig_send(box->filler, box->port_ifindex[1], sent.octets, sent.len));
	assert_int_equal(box_expect(box, 1, &sent, &out), 0);
	assert_int_equal(box_counter(box, 1, EBC_COUNTER_TX_UNMARKED) - unmarked, 1);
}

#define reset_test(f) cmocka_unit_test_setup(f, box_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		reset_test(every_message_is_in_histogram_and_samples),
		reset_test(general_messages_are_not_measured),
		reset_test(the_queue_is_measured_apart),
		reset_test(lost_samples_are_counted),
	};
	const struct CMUnitTest monitor_bridge_tests[] = {
		reset_test(a_monitor_changes_no_octet),
		reset_test(the_queue_is_measured_apart),
	};
	const struct CMUnitTest monitor_alone_tests[] = {
		reset_test(a_forwarder_in_user_space_is_measured),
		reset_test(what_never_came_in_is_not_measured),
	};

	if (geteuid() != 0) {
		puts("needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, box_setup_direct, box_teardown) +
	       cmocka_run_group_tests(monitor_bridge_tests, setup_monitor_bridge, box_teardown) +
	       cmocka_run_group_tests(monitor_alone_tests, setup_monitor_alone, box_teardown);
}
