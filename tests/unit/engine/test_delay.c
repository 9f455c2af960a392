// SPDX-License-Identifier: GPL-2.0-or-later
/* Delay_Req and Delay_Resp: asked, answered, spoofed, late. */
#include <stdlib.h>

#include "tests/unit/engine/rig.h"

#define NEAR_NS 5

static struct rig rig;
static struct rig_master *master;

static int setup(void **state)
{
	(void)state;
	rig_init(&rig, 2);
	master = rig_start_following(&rig);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

/* The master is silent about delays; the engine's next request goes out and is returned. */
static struct bc_msg next_request(void)
{
	unsigned int n = rig.port[0].n_sent[PTP_DELAY_REQ];

	master->is_answering = false;
	while (rig.port[0].n_sent[PTP_DELAY_REQ] == n)
		rig_run_ns(&rig, 100 * NSEC_PER_USEC);
	return rig.port[0].last_sent[PTP_DELAY_REQ];
}

static struct bc_msg response_to(const struct bc_msg *request, int64_t t4_ptp_ns)
{
	return (struct bc_msg){
		.type = PTP_DELAY_RESP,
		.minor_version = 1,
		.source = master->identity,
		.sequence_id = request->sequence_id,
		.requesting = request->source,
		.timestamp_ns = t4_ptp_ns,
	};
}

static void a_response_from_another_than_the_parent_is_ignored(void **state)
{
	struct bc_msg request = next_request();
	struct bc_msg msg = response_to(&request, rig_master_ptp_ns(master, rig.now_mono_ns) + 100000000);

	(void)state;
	msg.source.clock_identity[7] = 0x66;
	for (int i = 0; i < 20; i++)
		rig_inject(&rig, 0, &msg);
	rig_assert_only(&rig, 0, BC_COUNTER_RX_NOT_PARENT, 20);
	assert_int_equal(rig_status(&rig).mean_path_delay_ns, 1000);
	rig_assert_follows(&rig, 2, NEAR_NS);
}

static void a_response_with_a_guessed_sequence_number_is_ignored(void **state)
{
	struct bc_msg request = next_request();
	struct bc_msg msg = response_to(&request, rig_master_ptp_ns(master, rig.now_mono_ns) + 100000000);

	(void)state;
	for (int i = 1; i <= 20; i++) {
		msg.sequence_id = (uint16_t)(request.sequence_id + i);
		rig_inject(&rig, 0, &msg);
	}
	rig_assert_only(&rig, 0, BC_COUNTER_DELAY_RESP_UNMATCHED, 20);
	assert_int_equal(rig_status(&rig).mean_path_delay_ns, 1000);
}

static void a_response_to_another_client_is_none_of_ours(void **state)
{
	struct bc_msg request = next_request();
	struct bc_msg msg = response_to(&request, 0);

	(void)state;
	msg.requesting.clock_identity[0] ^= 1;
	rig_inject(&rig, 0, &msg);
	msg.requesting.clock_identity[0] ^= 1;
	msg.requesting.port_number++;
	rig_inject(&rig, 0, &msg);
	rig_assert_nothing_refused(&rig);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_RX_DELAY_RESP), 2);
	assert_int_equal(rig_status(&rig).mean_path_delay_ns, 1000);
}

static void the_second_of_two_responses_is_counted_and_not_used(void **state)
{
	struct bc_msg request = next_request(), msg;
	uint64_t t3_mono_ns = rig.port[0].last_sent_mono_ns[PTP_DELAY_REQ];

	(void)state;
	msg = response_to(&request, rig_master_ptp_ns(master, t3_mono_ns + 1000));
	rig_inject(&rig, 0, &msg);
	msg.timestamp_ns += 50000000;
	for (int i = 0; i < 30; i++)
		rig_inject(&rig, 0, &msg);
	rig_assert_only(&rig, 0, BC_COUNTER_DELAY_RESP_UNMATCHED, 30);
	assert_int_equal(rig_status(&rig).mean_path_delay_ns, 1000);
	rig_assert_follows(&rig, 2, NEAR_NS);
}

static void the_second_of_two_responses_before_the_transmit_stamp_is_not_used(void **state)
{
	struct bc_msg request, msg;
	uint64_t t3_mono_ns;

	(void)state;
	rig.port[0].holds_stamps = true;
	request = next_request();
	t3_mono_ns = rig.port[0].last_sent_mono_ns[PTP_DELAY_REQ];
	msg = response_to(&request, rig_master_ptp_ns(master, t3_mono_ns + 1000));
	rig_inject(&rig, 0, &msg);
	msg.timestamp_ns += 50000000;
	rig_inject(&rig, 0, &msg);
	rig_assert_only(&rig, 0, BC_COUNTER_DELAY_RESP_UNMATCHED, 1);
	bc_engine_handle_tx_stamp(rig.engine, 0, PTP_DELAY_REQ, request.sequence_id, t3_mono_ns);
	rig_drain(&rig);
	assert_int_equal(rig_status(&rig).mean_path_delay_ns, 1000);
}

static void a_response_that_comes_before_the_transmit_stamp_is_used(void **state)
{
	int64_t old_delay_ns = rig_status(&rig).mean_path_delay_ns;

	(void)state;
	rig.port[0].stamp_delay_ns = 30 * NSEC_PER_MSEC;
	master->delay_back_ns = 3000;
	rig_run_s(&rig, 30);
	assert_int_equal(old_delay_ns, 1000);
	assert_int_equal(rig_status(&rig).mean_path_delay_ns, 2000);
	rig_assert_nothing_refused(&rig);
}

static void a_response_after_more_than_a_second_is_not_waited_for(void **state)
{
	struct bc_msg request = next_request();
	struct bc_msg msg = response_to(&request, rig_master_ptp_ns(master, rig.now_mono_ns));

	(void)state;
	rig_run_ns(&rig, 1100 * NSEC_PER_MSEC);
	rig_snapshot(&rig);
	rig_inject(&rig, 0, &msg);
	rig_assert_only(&rig, 0, BC_COUNTER_DELAY_RESP_UNMATCHED, 1);
}

static void a_path_delay_of_more_than_a_second_is_refused(void **state)
{
	struct bc_msg request = next_request();
	struct bc_msg msg =
		response_to(&request, rig_master_ptp_ns(master, rig.now_mono_ns) + 3 * NSEC_PER_SEC);

	(void)state;
	rig_inject(&rig, 0, &msg);
	rig_assert_only(&rig, 0, BC_COUNTER_DELAY_REFUSED, 1);
	assert_int_equal(rig_status(&rig).mean_path_delay_ns, 1000);
}

static void a_request_whose_stamp_is_missing_is_lost_alone(void **state)
{
	(void)state;
	rig.port[0].stamp_loss_every = 3;
	rig_assert_follows(&rig, 60, NEAR_NS);
	assert_true(rig_counted(&rig, 0, BC_COUNTER_TX_STAMP_MISSING) > 10);
	rig_assert_only(&rig, 0, BC_COUNTER_TX_STAMP_MISSING,
			rig_counted(&rig, 0, BC_COUNTER_TX_STAMP_MISSING));
	assert_int_equal(rig_status(&rig).mean_path_delay_ns, 1000);
}

static void a_master_that_answers_no_request_is_followed_on(void **state)
{
	(void)state;
	master->is_answering = false;
	rig_assert_follows(&rig, 60, NEAR_NS);
}

static struct bc_msg client_request(uint16_t sequence_id)
{
	return (struct bc_msg){
		.type = PTP_DELAY_REQ,
		.minor_version = 1,
		.source = {{0xc0, 0, 0, 0xff, 0xfe, 0, 0, 9}, 3},
		.sequence_id = sequence_id,
		.log_message_interval = 127,
		.correction_sns = 123456789,
	};
}

static void a_request_is_answered_with_its_stamp_identity_and_correction(void **state)
{
	struct bc_msg request = client_request(777);
	const struct bc_msg *response = &rig.port[1].last_sent[PTP_DELAY_RESP];

	(void)state;
	rig_inject_stamped(&rig, 1, &request, rig.now_mono_ns - 5000);
	assert_int_equal(rig.port[1].n_sent[PTP_DELAY_RESP], 1);
	assert_int_equal(response->sequence_id, 777);
	assert_true(bc_port_identity_equal(&response->requesting, &request.source));
	assert_int_equal(response->correction_sns, 123456789);
	assert_int_equal(response->source.port_number, 2);
	assert_int_equal(response->log_message_interval, 0);
	assert_int_equal(response->flags & PTP_FLAG_UNICAST, 0);
	assert_false(rig.port[1].last_send[PTP_DELAY_RESP].send.is_unicast);
	assert_in_range(response->timestamp_ns - rig_master_ptp_ns(master, rig.now_mono_ns - 5000) + NEAR_NS,
			0, 2 * NEAR_NS);
}

static void the_receive_time_in_an_answer_is_that_at_the_wire(void **state)
{
	struct bc_msg request = client_request(1);

	(void)state;
	rig_stop(&rig);
	rig_init(&rig, 2);
	rig.ports[1].ingress_latency_ns = 700;
	master = rig_start_following(&rig);
	rig_inject_stamped(&rig, 1, &request, rig.now_mono_ns - 5000);
	assert_in_range(rig.port[1].last_sent[PTP_DELAY_RESP].timestamp_ns -
				rig_master_ptp_ns(master, rig.now_mono_ns - 5700) + NEAR_NS,
			0, 2 * NEAR_NS);
}

static void a_unicast_request_is_answered_to_its_sender(void **state)
{
	struct bc_msg request = client_request(1);
	const struct bc_action *action = &rig.port[1].last_send[PTP_DELAY_RESP];

	(void)state;
	request.flags = PTP_FLAG_UNICAST;
	rig_inject(&rig, 1, &request);
	assert_true(action->send.is_unicast);
	assert_memory_equal(action->send.destination.mac, ((uint8_t[]){0x02, 0xaa, 0, 0, 0, 0x55}), 6);
	assert_int_equal(rig.port[1].last_sent[PTP_DELAY_RESP].flags, PTP_FLAG_UNICAST);
}

static void the_interval_is_told_in_multicast_and_not_in_unicast(void **state)
{
	struct bc_msg request = client_request(1);

	(void)state;
	rig_stop(&rig);
	rig_init(&rig, 2);
	rig.ports[1].log_min_delay_req_interval = -4;
	master = rig_start_following(&rig);
	for (int i = 0; i < 2; i++) {
		request.flags = 0;
		rig_inject(&rig, 1, &request);
		assert_int_equal(rig.port[1].last_sent[PTP_DELAY_RESP].log_message_interval, -4);
		request.sequence_id++;
		request.flags = PTP_FLAG_UNICAST;
		rig_inject(&rig, 1, &request);
		request.sequence_id++;
		assert_int_equal(rig.port[1].last_sent[PTP_DELAY_RESP].log_message_interval, 0x7f);
	}
	assert_int_equal(rig.port[1].n_sent[PTP_DELAY_RESP], 4);
}

static void every_request_has_one_answer_however_often_it_comes(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct bc_msg request = client_request((uint16_t)(i / 2));

		rig_inject(&rig, 1, &request);
	}
	assert_int_equal(rig.port[1].n_sent[PTP_DELAY_RESP], 500);
	assert_int_equal(rig_counted(&rig, 1, BC_COUNTER_TX_DELAY_RESP), 500);
	rig_assert_only(&rig, 1, BC_COUNTER_DELAY_REQ_DUPLICATE, 500);
}

static void a_port_that_is_not_master_answers_nobody(void **state)
{
	struct bc_msg request = client_request(1);

	(void)state;
	rig_inject(&rig, 0, &request);
	assert_int_equal(rig.port[0].n_sent[PTP_DELAY_RESP], 0);
	rig_assert_only(&rig, 0, BC_COUNTER_RX_STATE, 1);
}

static void a_request_without_stamp_is_not_answered(void **state)
{
	struct bc_msg request = client_request(1);
	uint8_t octets[BC_MSG_TX_MAX];
	struct bc_rx rx = {.message = octets, .transport = EBC_TRANSPORT_IEEE_802_3};

	(void)state;
	rx.len = bc_msg_write(&request, octets);
	bc_engine_handle_rx(rig.engine, 1, &rx, rig.now_mono_ns);
	rig_drain(&rig);
	assert_int_equal(rig.port[1].n_sent[PTP_DELAY_RESP], 0);
	rig_assert_only(&rig, 1, BC_COUNTER_RX_NO_STAMP, 1);
}

/* Between two Delay_Req of a settled clock, in `n` of them. */
static void measure_intervals(int n, int64_t *ret_min_ns, int64_t *ret_max_ns)
{
	*ret_min_ns = INT64_MAX;
	*ret_max_ns = 0;
	for (int i = 0; i < n; i++) {
		uint64_t last_mono_ns = rig.port[0].last_sent_mono_ns[PTP_DELAY_REQ];
		unsigned int n_sent = rig.port[0].n_sent[PTP_DELAY_REQ];
		int64_t ns;

		while (rig.port[0].n_sent[PTP_DELAY_REQ] == n_sent)
			rig_run_ns(&rig, NSEC_PER_MSEC);
		ns = (int64_t)(rig.port[0].last_sent_mono_ns[PTP_DELAY_REQ] - last_mono_ns);
		*ret_min_ns = MIN(*ret_min_ns, ns);
		*ret_max_ns = MAX(*ret_max_ns, ns);
	}
}

/* Another one than setup() made. */
static void restart(void (*configure)(struct bc_port_config *))
{
	rig_stop(&rig);
	rig_init(&rig, 2);
	configure(&rig.ports[0]);
	rig.config.servo.type = BC_SERVO_PI;
	master = rig_start_following(&rig);
}

static void set_no_variability(struct bc_port_config *config)
{
	config->delay_request_variability = 0;
}

static void set_half_variability(struct bc_port_config *config)
{
	config->delay_request_variability = 0.5;
}

static void the_interval_between_requests_varies_by_as_much_as_is_told(void **state)
{
	int64_t mean_ns, min_ns, max_ns;

	(void)state;
	restart(set_no_variability);
	measure_intervals(3, &min_ns, &max_ns);
	measure_intervals(30, &min_ns, &max_ns);
	mean_ns = (min_ns + max_ns) / 2;
	assert_true(max_ns - min_ns <= 2 * NSEC_PER_MSEC);
	restart(set_half_variability);
	measure_intervals(3, &min_ns, &max_ns);
	measure_intervals(100, &min_ns, &max_ns);
	assert_in_range(min_ns, mean_ns * 49 / 100, mean_ns * 6 / 10);
	assert_in_range(max_ns, mean_ns * 14 / 10, mean_ns * 151 / 100);
}

static void set_response_timeout(struct bc_port_config *config)
{
	config->delay_response_timeout = 3;
}

static void too_many_unanswered_requests_in_a_row_end_being_a_slave(void **state)
{
	(void)state;
	restart(set_response_timeout);
	for (int i = 0; i < 10; i++) {
		rig_run_s(&rig, 5);
		next_request();
		master->is_answering = true;
	}
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_DELAY_RESP_TIMEOUT), 0);
	master->is_answering = false;
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_UNCALIBRATED);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_DELAY_RESP_TIMEOUT), 1);
	master->is_answering = true;
	rig_run_s(&rig, 30); /* the servo begins anew */
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
}

static enum bc_tsproc_mode mode;

static void set_mode(struct bc_port_config *config)
{
	config->tsproc_mode = mode;
}

/* The path becomes 100 us longer: by the filter the offset is off for a while. */
static int64_t offset_after_a_change(enum bc_tsproc_mode wanted)
{
	int64_t max_ns = 0;

	mode = wanted;
	restart(set_mode);
	rig_run_s(&rig, 20);
	master->delay_out_ns += 100000;
	master->delay_back_ns += 100000;
	/* Until the first answer by the new path each mode is wrong. */
	next_request();
	master->is_answering = true;
	next_request();
	master->is_answering = true;
	rig_run_s(&rig, 1);
	for (unsigned int n = rig.n_syncs; rig.n_syncs < n + 4; rig_run_ns(&rig, NSEC_PER_MSEC))
		max_ns = MAX(max_ns, llabs(rig.last_sync.sync.path_delay_ns - master->delay_out_ns));
	return max_ns;
}

static void raw_modes_take_the_delay_of_now_and_filters_the_usual_one(void **state)
{
	(void)state;
	assert_true(offset_after_a_change(BC_TSPROC_FILTER) > 50000);
	assert_true(offset_after_a_change(BC_TSPROC_FILTER_WEIGHT) > 50000);
	assert_true(offset_after_a_change(BC_TSPROC_RAW) < 50000);
	assert_true(offset_after_a_change(BC_TSPROC_RAW_WEIGHT) < 50000);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_response_from_another_than_the_parent_is_ignored),
		T(a_response_with_a_guessed_sequence_number_is_ignored),
		T(a_response_to_another_client_is_none_of_ours),
		T(the_second_of_two_responses_is_counted_and_not_used),
		T(the_second_of_two_responses_before_the_transmit_stamp_is_not_used),
		T(a_response_that_comes_before_the_transmit_stamp_is_used),
		T(a_response_after_more_than_a_second_is_not_waited_for),
		T(a_path_delay_of_more_than_a_second_is_refused),
		T(a_request_whose_stamp_is_missing_is_lost_alone),
		T(a_master_that_answers_no_request_is_followed_on),
		T(a_request_is_answered_with_its_stamp_identity_and_correction),
		T(the_receive_time_in_an_answer_is_that_at_the_wire),
		T(a_unicast_request_is_answered_to_its_sender),
		T(the_interval_is_told_in_multicast_and_not_in_unicast),
		T(every_request_has_one_answer_however_often_it_comes),
		T(a_port_that_is_not_master_answers_nobody),
		T(a_request_without_stamp_is_not_answered),
		T(the_interval_between_requests_varies_by_as_much_as_is_told),
		T(too_many_unanswered_requests_in_a_row_end_being_a_slave),
		T(raw_modes_take_the_delay_of_now_and_filters_the_usual_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
