// SPDX-License-Identifier: GPL-2.0-or-later
/* Ports of an engine that measure peer to peer: followed by it, answered, switched to, gone. */
#include <stdlib.h>

#include "bc/engine/link_delay.h"
#include "tests/unit/engine/rig.h"
#include "util/unaligned.h"

#define NEAR_NS	      5
#define LINK_DELAY_NS 4000
#define STAY_NS	      100000

static struct rig rig;
static struct rig_master *master;
/* The neighbour on port 0 and what it does. */
static struct {
	bool is_silent;
	unsigned int n_others; /* more of them on the same segment */
	int64_t delay_ns;
	uint16_t last_answered;
	bool has_answered;
} neighbor;

static void configure(enum bc_delay_mechanism mechanism)
{
	memset(&neighbor, 0, sizeof(neighbor));
	neighbor.delay_ns = LINK_DELAY_NS;
	rig_init(&rig, 2);
	for (size_t i = 0; i < 2; i++) {
		rig.ports[i].delay_mechanism = mechanism;
		rig.ports[i].log_min_pdelay_req_interval = -3;
		rig.ports[i].neighbor_prop_delay_thresh_ns = 20 * NSEC_PER_MSEC;
		rig.ports[i].min_neighbor_prop_delay_ns = -20 * NSEC_PER_MSEC;
		rig.ports[i].allowed_lost_responses = 3;
	}
}

static struct bc_msg answer_msg(uint8_t type, unsigned int who, int64_t ptp_ns)
{
	const struct bc_msg *request = &rig.port[0].last_sent[PTP_PDELAY_REQ];
	struct bc_msg msg = {
		.type = type,
		.minor_version = 1,
		.sdo_id = rig.config.sdo_id,
		.flags = type == PTP_PDELAY_RESP ? PTP_FLAG_TWO_STEP : 0,
		.source = master->identity,
		.sequence_id = request->sequence_id,
		.requesting = request->source,
		.log_message_interval = 0x7f,
		.timestamp_ns = ptp_ns,
	};

	msg.source.clock_identity[6] = (uint8_t)who;
	return msg;
}

static void answer(unsigned int who)
{
	uint64_t t1_mono_ns = rig.port[0].last_sent_mono_ns[PTP_PDELAY_REQ];
	uint64_t t2_mono_ns = t1_mono_ns + (uint64_t)neighbor.delay_ns;
	struct bc_msg resp = answer_msg(PTP_PDELAY_RESP, who, rig_master_ptp_ns(master, t2_mono_ns));
	struct bc_msg follow_up =
		answer_msg(PTP_PDELAY_RESP_FOLLOW_UP, who, rig_master_ptp_ns(master, t2_mono_ns + STAY_NS));

	rig_inject_stamped(&rig, 0, &resp, t2_mono_ns + STAY_NS + (uint64_t)neighbor.delay_ns);
	rig_inject(&rig, 0, &follow_up);
}

/* As rig_run_ns(), with a neighbour on port 0 that answers within 2 ms. */
static void run_ms(int64_t ms)
{
	for (int64_t i = 0; i < ms; i += 2) {
		rig_run_ns(&rig, 2 * NSEC_PER_MSEC);
		if (neighbor.is_silent || rig.port[0].n_sent[PTP_PDELAY_REQ] == 0 ||
		    (neighbor.has_answered &&
		     neighbor.last_answered == rig.port[0].last_sent[PTP_PDELAY_REQ].sequence_id))
			continue;
		neighbor.has_answered = true;
		neighbor.last_answered = rig.port[0].last_sent[PTP_PDELAY_REQ].sequence_id;
		for (unsigned int who = 0; who <= neighbor.n_others; who++)
			answer(who);
	}
}

static void start(void)
{
	master = rig_master(&rig, 0, 0);
	master->delay_out_ns = LINK_DELAY_NS;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_snapshot(&rig);
}

static struct bc_link_delay_status status(size_t port)
{
	struct bc_link_delay_status ret;

	bc_engine_link_delay(rig.engine, port, &ret);
	return ret;
}

static void assert_near(int64_t limit_ns)
{
	int64_t error_ns = rig_error_ns(&rig, master);

	if (llabs(error_ns) > limit_ns)
		fail_msg("off by %lld ns", (long long)error_ns);
}

static struct bc_msg peer_request(uint8_t who, uint16_t sequence_id)
{
	return (struct bc_msg){
		.type = PTP_PDELAY_REQ,
		.minor_version = 1,
		.source = {{0xc0, 0, 0, 0xff, 0xfe, 0, 0, who}, 3},
		.sequence_id = sequence_id,
		.log_message_interval = 0x7f,
	};
}

static int teardown(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

static void a_master_is_followed_by_the_links_delay_alone(void **state)
{
	(void)state;
	configure(BC_DELAY_P2P);
	start();
	run_ms(20000);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_near(NEAR_NS);
	assert_int_equal(rig_status(&rig).mean_path_delay_ns, LINK_DELAY_NS);
	assert_int_equal(rig.port[0].n_sent[PTP_DELAY_REQ], 0);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_TX_PDELAY_REQ), rig.port[0].n_sent[PTP_PDELAY_REQ]);
	assert_in_range(rig.port[0].n_sent[PTP_PDELAY_REQ], 155, 165);
	assert_in_range(rig_counted(&rig, 0, BC_COUNTER_RX_PDELAY_RESP), 155, 165);
	assert_in_range(rig_counted(&rig, 0, BC_COUNTER_RX_PDELAY_RESP_FOLLOW_UP), 155, 165);
	assert_int_equal(rig.port[0].n_notes[BC_LINK_DELAY_KNOWN], 1);
	rig_snapshot(&rig);
	run_ms(5000);
	rig_assert_nothing_refused(&rig);
}

/* 500 ppm: what the neighbour's stay is scaled by, and the offset must come out right all the same. */
static void a_clock_of_another_rate_is_followed_as_well(void **state)
{
	(void)state;
	configure(BC_DELAY_P2P);
	start();
	master->rate_ppb = 300000;
	neighbor.delay_ns = master->delay_out_ns = NSEC_PER_MSEC;
	run_ms(40000);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	/* A millisecond is 300 ns longer in the master's time. */
	assert_in_range(rig_status(&rig).mean_path_delay_ns, NSEC_PER_MSEC + 295, NSEC_PER_MSEC + 305);
	assert_near(10);
}

static void no_offset_is_told_before_the_links_delay_is_known(void **state)
{
	(void)state;
	configure(BC_DELAY_P2P);
	start();
	neighbor.is_silent = true;
	run_ms(10000);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_UNCALIBRATED);
	assert_int_equal(rig.n_syncs, 0);
	assert_int_equal(rig.port[0].n_notes[BC_LINK_DELAY_NONE], 1);
	neighbor.is_silent = false;
	run_ms(3000);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_int_equal(rig.port[0].n_notes[BC_LINK_DELAY_KNOWN], 1);
	assert_int_equal(rig.port[0].n_notes[BC_LINK_DELAY_LOST], 0);
}

static void a_neighbour_that_falls_silent_is_told_and_its_last_delay_kept(void **state)
{
	(void)state;
	configure(BC_DELAY_P2P);
	start();
	run_ms(20000);
	neighbor.is_silent = true;
	run_ms(10000);
	assert_int_equal(rig.port[0].n_notes[BC_LINK_DELAY_LOST], 1);
	assert_int_equal(rig.port[0].n_notes[BC_LINK_DELAY_NONE], 0);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_int_equal(rig_status(&rig).mean_path_delay_ns, LINK_DELAY_NS);
	assert_near(NEAR_NS);
}

static void a_neighbour_beyond_the_threshold_is_not_believed_and_told(void **state)
{
	(void)state;
	configure(BC_DELAY_P2P);
	rig.ports[0].neighbor_prop_delay_thresh_ns = 800;
	start();
	run_ms(10000);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_UNCALIBRATED);
	assert_true(bc_engine_peer_delay_count(rig.engine, 0, BC_PEER_DELAY_COUNTER_OUT_OF_RANGE) > 50);
	assert_int_equal(rig.port[0].n_notes[BC_LINK_DELAY_LOST], 1);
}

static void several_responders_are_told_once_and_the_port_goes_on(void **state)
{
	(void)state;
	configure(BC_DELAY_P2P);
	start();
	run_ms(20000);
	neighbor.n_others = 1;
	run_ms(20000);
	assert_int_equal(rig.port[0].n_notes[BC_LINK_SEVERAL_RESPONDERS], 1);
	assert_true(status(0).peer.has_several_responders);
	assert_in_range(bc_engine_peer_delay_count(rig.engine, 0, BC_PEER_DELAY_COUNTER_SEVERAL_RESPONDERS),
			155, 165);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_near(NEAR_NS);
	neighbor.n_others = 0;
	run_ms(2000);
	assert_false(status(0).peer.has_several_responders);
	assert_true(status(0).peer.is_valid);
	assert_int_equal(rig.port[0].n_faults, 0);
}

static void two_requesters_get_one_answer_a_request_and_the_port_stays(void **state)
{
	(void)state;
	configure(BC_DELAY_P2P);
	start();
	run_ms(20000);
	for (uint16_t i = 0; i < 100; i++)
		for (uint8_t who = 1; who <= 2; who++)
			for (int copy = 0; copy < 2; copy++) {
				struct bc_msg request = peer_request(who, i);

				rig_inject(&rig, 1, &request);
				rig_run_ns(&rig, NSEC_PER_MSEC);
			}
	assert_int_equal(rig.port[1].n_sent[PTP_PDELAY_RESP], 200);
	assert_int_equal(rig.port[1].n_sent[PTP_PDELAY_RESP_FOLLOW_UP], 200);
	assert_int_equal(rig_counted(&rig, 1, BC_COUNTER_TX_PDELAY_RESP), 200);
	assert_int_equal(rig_counted(&rig, 1, BC_COUNTER_TX_PDELAY_RESP_FOLLOW_UP), 200);
	assert_int_equal(rig_counted(&rig, 1, BC_COUNTER_RX_PDELAY_REQ), 400);
	assert_int_equal(bc_engine_peer_delay_count(rig.engine, 1, BC_PEER_DELAY_COUNTER_DUPLICATE), 200);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_MASTER);
	assert_int_equal(rig.port[1].n_faults, 0);
}

static void a_delay_request_on_a_p2p_port_is_not_answered_and_told_once(void **state)
{
	struct bc_msg request = peer_request(1, 1);

	(void)state;
	configure(BC_DELAY_P2P);
	start();
	run_ms(20000);
	rig_snapshot(&rig);
	request.type = PTP_DELAY_REQ;
	for (int i = 0; i < 20; i++) {
		request.sequence_id++;
		rig_inject(&rig, 1, &request);
	}
	assert_int_equal(rig.port[1].n_sent[PTP_DELAY_RESP], 0);
	assert_int_equal(rig.port[1].n_notes[BC_LINK_DELAY_REQ_ON_P2P], 1);
	rig_assert_only(&rig, 1, BC_COUNTER_RX_MECHANISM, 20);
}

static void a_peer_request_on_an_e2e_port_is_not_answered_and_told_once(void **state)
{
	(void)state;
	configure(BC_DELAY_E2E);
	start();
	run_ms(20000);
	rig_snapshot(&rig);
	for (uint16_t i = 0; i < 20; i++) {
		struct bc_msg request = peer_request(1, i);

		rig_inject(&rig, 1, &request);
	}
	assert_int_equal(rig.port[1].n_sent[PTP_PDELAY_RESP], 0);
	assert_int_equal(rig.port[1].n_notes[BC_LINK_PDELAY_ON_E2E], 1);
	rig_assert_only(&rig, 1, BC_COUNTER_RX_MECHANISM, 20);
}

static void an_auto_port_measures_end_to_end_until_a_neighbour_asks(void **state)
{
	struct bc_msg request = peer_request(1, 1);
	unsigned int n;

	(void)state;
	configure(BC_DELAY_AUTO);
	start();
	run_ms(20000);
	assert_int_equal(status(0).mechanism, BC_DELAY_E2E);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_true(rig.port[0].n_sent[PTP_DELAY_REQ] > 4);
	assert_int_equal(rig.port[0].n_sent[PTP_PDELAY_REQ], 0);

	rig_inject(&rig, 0, &request);
	assert_int_equal(status(0).mechanism, BC_DELAY_P2P);
	assert_int_equal(rig.port[0].n_sent[PTP_PDELAY_RESP], 1);
	assert_int_equal(rig.port[0].n_notes[BC_LINK_PEER_FOUND], 1);
	n = rig.port[0].n_sent[PTP_DELAY_REQ];
	run_ms(10000);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_int_equal(rig.port[0].n_sent[PTP_DELAY_REQ], n);
	assert_int_equal(rig_status(&rig).mean_path_delay_ns, LINK_DELAY_NS);
	assert_near(NEAR_NS);
	/* The other port has heard nobody. */
	assert_int_equal(status(1).mechanism, BC_DELAY_E2E);

	bc_engine_handle_link(rig.engine, 0, BC_LINK_DOWN, rig.now_mono_ns);
	rig_drain(&rig);
	assert_int_equal(status(0).mechanism, BC_DELAY_E2E);
	bc_engine_handle_link(rig.engine, 0, BC_LINK_UP, rig.now_mono_ns);
	rig_drain(&rig);
	run_ms(10000);
	assert_true(rig.port[0].n_sent[PTP_DELAY_REQ] > n);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
}

static void an_auto_port_that_nobody_answers_goes_back(void **state)
{
	struct bc_msg request = peer_request(1, 1);

	(void)state;
	configure(BC_DELAY_AUTO);
	start();
	run_ms(1000);
	/* There is nobody on the second port but the one who forged this. */
	rig_inject(&rig, 1, &request);
	assert_int_equal(status(1).mechanism, BC_DELAY_P2P);
	run_ms(20000);
	assert_int_equal(status(1).mechanism, BC_DELAY_E2E);
	assert_int_equal(rig.port[1].n_notes[BC_LINK_PEER_LOST], 1);
	/* Not again for a minute. */
	request.sequence_id++;
	rig_inject(&rig, 1, &request);
	assert_int_equal(status(1).mechanism, BC_DELAY_E2E);
	run_ms(60000);
	request.sequence_id++;
	rig_inject(&rig, 1, &request);
	assert_int_equal(status(1).mechanism, BC_DELAY_P2P);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
}

static void without_a_mechanism_the_configured_delay_is_it(void **state)
{
	(void)state;
	configure(BC_DELAY_NONE);
	rig.ports[0].initial_delay_ns = LINK_DELAY_NS;
	start();
	run_ms(10000);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_near(NEAR_NS);
	assert_int_equal(rig.port[0].n_sent[PTP_DELAY_REQ], 0);
	assert_int_equal(rig.port[0].n_sent[PTP_PDELAY_REQ], 0);
}

static void lost_stamps_of_requests_make_a_port_faulty_and_it_comes_back(void **state)
{
	(void)state;
	configure(BC_DELAY_P2P);
	start();
	run_ms(20000);
	rig.port[0].stamp_loss_every = 1;
	run_ms(10000);
	assert_true(rig.port[0].n_faults >= 1);
	rig.port[0].stamp_loss_every = 0;
	run_ms(20000);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_true(status(0).peer.is_valid);
}

/* The information of IEEE 802.1AS, 11.4.4.3, as a grandmaster sends it. */
static const struct bc_tlv_buffer *information(int32_t rate, uint16_t time_base, int32_t frequency)
{
	static struct bc_tlv_buffer tlvs;
	uint8_t *value;

	tlvs.len = 0;
	value = bc_tlv_add(&tlvs, PTP_TLV_ORGANIZATION_EXTENSION, 28);
	memcpy(value, (uint8_t[]){0x00, 0x80, 0xc2, 0x00, 0x00, 0x01}, 6);
	put_be32(value + 6, (uint32_t)rate);
	put_be16(value + 10, time_base);
	memcpy(value + 12, "phase change", 12);
	put_be32(value + 24, (uint32_t)frequency);
	return &tlvs;
}

static void configure_802_1as(void)
{
	configure(BC_DELAY_P2P);
	for (size_t i = 0; i < 2; i++)
		rig.ports[i].follow_up_info = true;
}

static void an_802_1as_port_is_used_once_its_neighbour_has_shown_itself(void **state)
{
	(void)state;
	configure_802_1as();
	start();
	master->follow_up_tlvs = information(0, 0, 0);
	neighbor.is_silent = true;
	run_ms(10000);
	assert_false(status(0).is_capable);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_RX_ANNOUNCE), 0);
	assert_true(rig_counted(&rig, 0, BC_COUNTER_RX_NOT_CAPABLE) > 50);
	/* It has made itself a master, and says nothing of it. */
	for (size_t i = 0; i < 2; i++) {
		assert_int_not_equal(rig_state(&rig, i), BC_STATE_SLAVE);
		assert_int_equal(rig.port[i].n_sent[PTP_ANNOUNCE], 0);
		assert_int_equal(rig.port[i].n_sent[PTP_SYNC], 0);
	}
	neighbor.is_silent = false;
	run_ms(20000);
	assert_int_equal(rig.port[0].n_notes[BC_LINK_CAPABLE], 1);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_near(NEAR_NS);
	assert_int_equal(rig.port[1].n_sent[PTP_ANNOUNCE], 0);
	/* Too far away for one hop. */
	neighbor.delay_ns = 30 * NSEC_PER_MSEC;
	run_ms(10000);
	assert_int_equal(rig.port[0].n_notes[BC_LINK_NOT_CAPABLE], 1);
	assert_int_not_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
}

static void a_neighbour_that_is_silent_or_not_alone_is_capable_no_more(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		configure_802_1as();
		start();
		master->follow_up_tlvs = information(0, 0, 0);
		run_ms(20000);
		assert_true(status(0).is_capable);
		neighbor.is_silent = i == 0;
		neighbor.n_others = i == 1;
		run_ms(10000);
		assert_false(status(0).is_capable);
		assert_int_equal(rig.port[0].n_notes[BC_LINK_NOT_CAPABLE], 1);
		assert_int_not_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
		if (i == 0)
			rig_stop(&rig);
	}
}

static void as_many_answers_may_be_lost_as_are_configured(void **state)
{
	(void)state;
	configure_802_1as();
	start();
	master->follow_up_tlvs = information(0, 0, 0);
	run_ms(20000);
	for (int i = 0; i < 20; i++) {
		neighbor.is_silent = true;
		run_ms(300); /* two or three requests */
		neighbor.is_silent = false;
		run_ms(300);
	}
	assert_int_equal(rig.port[0].n_notes[BC_LINK_NOT_CAPABLE], 0);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
}

static void a_grandmaster_passes_nothing_on(void **state)
{
	const struct bc_action *action = &rig.port[1].last_send[PTP_FOLLOW_UP];
	static const uint8_t none[18];
	struct bc_msg sent;

	(void)state;
	configure_802_1as();
	rig.ports[1].is_always_capable = true;
	start();
	master->follow_up_tlvs = information(-1234, 0x5678, 99);
	run_ms(20000);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_MASTER);
	master->is_on = false;
	run_ms(20000);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_GRAND_MASTER);
	assert_int_equal(bc_msg_parse(action->send.message, action->send.len, &sent), BC_MSG_OK);
	assert_int_equal(sent.tlvs_len, 32);
	assert_memory_equal(sent.tlvs + 14, none, sizeof(none));
}

static void information_is_taken_and_passed_on_with_the_rate_against_our_clock(void **state)
{
	const struct bc_action *action = &rig.port[1].last_send[PTP_FOLLOW_UP];
	struct bc_follow_up_info info;
	struct bc_msg sent;
	double rate_ppb;

	(void)state;
	configure_802_1as();
	rig.ports[0].is_always_capable = rig.ports[1].is_always_capable = true;
	start();
	master->rate_ppb = 50000;
	master->follow_up_tlvs = information(-1234, 0x5678, 99);
	run_ms(20000);
	assert_near(NEAR_NS);
	info = rig_status(&rig).follow_up_info;
	assert_int_equal(info.cumulative_scaled_rate_offset, -1234);
	assert_int_equal(info.gm_time_base_indicator, 0x5678);
	assert_memory_equal(info.last_gm_phase_change, "phase change", 12);
	assert_int_equal(info.scaled_last_gm_freq_change, 99);

	assert_int_equal(bc_msg_parse(action->send.message, action->send.len, &sent), BC_MSG_OK);
	assert_int_equal(sent.tlvs_len, 32);
	assert_memory_equal(sent.tlvs, "\0\3\0\x1c\0\x80\xc2\0\0\1", 10);
	rate_ppb = (int32_t)get_be32(sent.tlvs + 10) * 0x1p-41 * 1e9;
	if (rate_ppb < 49990 || rate_ppb > 50010)
		fail_msg("rate %f ppb", rate_ppb);
	assert_memory_equal(sent.tlvs + 14, master->follow_up_tlvs->data + 14, 18);
}

static void an_802_1as_port_takes_no_follow_up_without_sound_information(void **state)
{
	static struct bc_tlv_buffer truncated;

	(void)state;
	configure_802_1as();
	rig.ports[0].is_always_capable = true;
	start();
	memcpy(bc_tlv_add(&truncated, PTP_TLV_ORGANIZATION_EXTENSION, 26),
	       (uint8_t[]){0x00, 0x80, 0xc2, 0x00, 0x00, 0x01}, 6);
	run_ms(5000);
	assert_true(rig_counted(&rig, 0, BC_COUNTER_FOLLOW_UP_NO_INFO) > 20);
	master->follow_up_tlvs = &truncated;
	run_ms(5000);
	assert_int_equal(rig.n_syncs, 0);
	master->follow_up_tlvs = information(0, 0, 0);
	run_ms(5000);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
}

static void a_jump_and_a_drift_of_the_links_delay_are_alarms(void **state)
{
	uint64_t begin_mono_ns;

	(void)state;
	configure(BC_DELAY_P2P);
	start();
	run_ms(30000);
	neighbor.delay_ns += 10000;
	begin_mono_ns = rig.now_mono_ns;
	run_ms(5000);
	assert_int_equal(rig.port[0].n_path_events[BC_PATH_JUMPED], 1);
	assert_true(rig.port[0].last_path_event_mono_ns - begin_mono_ns <= NSEC_PER_SEC);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_PATH_DELAY_JUMP), 1);
	for (int i = 0; i < 450; i++) {
		neighbor.delay_ns += 100;
		run_ms(100);
	}
	assert_int_equal(rig.port[0].n_path_events[BC_PATH_DRIFTS], 1);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_PATH_DELAY_DRIFT), 1);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_PATH_DELAY_JUMP), 1);
}

#define T(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_master_is_followed_by_the_links_delay_alone),
		T(a_clock_of_another_rate_is_followed_as_well),
		T(no_offset_is_told_before_the_links_delay_is_known),
		T(a_neighbour_that_falls_silent_is_told_and_its_last_delay_kept),
		T(a_neighbour_beyond_the_threshold_is_not_believed_and_told),
		T(several_responders_are_told_once_and_the_port_goes_on),
		T(two_requesters_get_one_answer_a_request_and_the_port_stays),
		T(a_delay_request_on_a_p2p_port_is_not_answered_and_told_once),
		T(a_peer_request_on_an_e2e_port_is_not_answered_and_told_once),
		T(an_auto_port_measures_end_to_end_until_a_neighbour_asks),
		T(an_auto_port_that_nobody_answers_goes_back),
		T(without_a_mechanism_the_configured_delay_is_it),
		T(lost_stamps_of_requests_make_a_port_faulty_and_it_comes_back),
		T(an_802_1as_port_is_used_once_its_neighbour_has_shown_itself),
		T(a_neighbour_that_is_silent_or_not_alone_is_capable_no_more),
		T(as_many_answers_may_be_lost_as_are_configured),
		T(a_grandmaster_passes_nothing_on),
		T(information_is_taken_and_passed_on_with_the_rate_against_our_clock),
		T(an_802_1as_port_takes_no_follow_up_without_sound_information),
		T(a_jump_and_a_drift_of_the_links_delay_are_alarms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
