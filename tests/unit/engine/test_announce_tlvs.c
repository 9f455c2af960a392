// SPDX-License-Identifier: GPL-2.0-or-later
/* What follows the fixed part of an Announce: the path it took, and the power profile's inaccuracies. */
#include "tests/unit/engine/two_port_bench.h"

#include "bc/engine/path_trace.h"
#include "util/unaligned.h"

#define ROOM (BC_MSG_TX_MAX - 64)

/* A path of n identities, of which `own` is at `own_at`. */
static void make_path(struct bc_tlv_buffer *tlvs, size_t n, const uint8_t *own, size_t own_at)
{
	uint8_t *value = bc_tlv_add(tlvs, PTP_TLV_PATH_TRACE, 8 * n);

	assert_non_null(value);
	for (size_t i = 0; i < n; i++)
		value[8 * i + 7] = (uint8_t)(i + 1);
	if (own)
		memcpy(value + 8 * own_at, own, 8);
}

static void announce_with(struct rig_master *m, const struct bc_tlv_buffer *tlvs)
{
	struct bc_msg msg = rig_announce_msg(&rig, m, m->announce_sequence_id++);

	msg.tlvs = tlvs->data;
	msg.tlvs_len = tlvs->len;
	rig_inject(&rig, m->port, &msg);
}

/* Follows master 0 on port 0 by Announces that carry these TLVs, until port 1 has told so. */
static void follow_with(const struct bc_tlv_buffer *tlvs)
{
	struct rig_master *m = rig_master(&rig, 0, 0);

	m->is_announcing = false;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_snapshot(&rig);
	for (int i = 0; i < 12; i++) {
		announce_with(m, tlvs);
		rig_run_s(&rig, 1);
	}
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_MASTER);
}

/* The Announce that port 1 sent last; its TLVs are those of the action that is kept. */
static struct bc_msg last_announce(size_t port)
{
	const struct bc_action *action = &rig.port[port].last_send[PTP_ANNOUNCE];
	struct bc_msg msg;

	assert_int_equal(bc_msg_parse(action->send.message, action->send.len, &msg), BC_MSG_OK);
	return msg;
}

static void a_grandmaster_starts_the_path(void **state)
{
	struct bc_msg msg;
	struct bc_tlv tlv;

	(void)state;
	rig.ports[0].is_path_traced = true;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 10);
	msg = last_announce(0);
	assert_true(bc_tlv_find(&msg, PTP_TLV_PATH_TRACE, &tlv));
	assert_int_equal(tlv.len, 8);
	assert_memory_equal(tlv.value, rig.config.clock_identity, 8);
	/* And where the option is off, none. */
	assert_int_equal(last_announce(1).tlvs_len, 0);
}

static void the_path_of_the_parent_is_passed_on_with_ours_at_the_end(void **state)
{
	struct bc_tlv_buffer tlvs = {};
	struct bc_msg msg;
	struct bc_tlv tlv;

	(void)state;
	make_path(&tlvs, 3, NULL, 0);
	rig.ports[0].is_path_traced = rig.ports[1].is_path_traced = true;
	follow_with(&tlvs);
	msg = last_announce(1);
	assert_true(bc_tlv_find(&msg, PTP_TLV_PATH_TRACE, &tlv));
	assert_int_equal(tlv.len, 4 * 8);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(tlv.value[8 * i + 7], i + 1);
	assert_memory_equal(tlv.value + 24, rig.config.clock_identity, 8);
}

static void a_path_that_has_us_is_a_loop(void **state)
{
	struct bc_tlv_buffer tlvs = {};
	struct rig_master *m = rig_master(&rig, 0, 0);

	(void)state;
	make_path(&tlvs, 3, rig.config.clock_identity, 2);
	rig.ports[0].is_path_traced = true;
	m->is_announcing = m->is_syncing = false;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_snapshot(&rig);
	for (int i = 0; i < 5; i++) {
		announce_with(m, &tlvs);
		rig_run_s(&rig, 1);
	}
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_ANNOUNCE_PATH_LOOP), 5);
	assert_int_equal(rig.n_announces_refused, 5);
	assert_int_equal(bc_engine_n_foreign_masters(rig.engine, 0), 0);
	assert_int_not_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
}

static void without_the_option_nobody_looks_at_the_path(void **state)
{
	struct bc_tlv_buffer tlvs = {};

	(void)state;
	make_path(&tlvs, 3, rig.config.clock_identity, 2);
	follow_with(&tlvs);
	assert_int_equal(last_announce(1).tlvs_len, 0);
}

static void a_path_too_long_to_pass_on_is_left_out_whole(void **state)
{
	struct bc_tlv_buffer tlvs = {};

	(void)state;
	make_path(&tlvs, BC_PATH_MAX + 1, NULL, 0);
	rig.ports[0].is_path_traced = rig.ports[1].is_path_traced = true;
	follow_with(&tlvs);
	assert_int_equal(last_announce(1).tlvs_len, 0);
}

static void the_longest_path_that_is_kept_fits_beside_the_power_profile(void **state)
{
	struct bc_power_profile settings = {.version = BC_POWER_PROFILE_2017};
	struct bc_path path = {.n = BC_PATH_MAX};
	struct bc_tlv_buffer tlvs = {};
	size_t len;

	(void)state;
	bc_power_profile_append(&tlvs, ROOM, &settings, NULL);
	len = tlvs.len;
	assert_int_equal(len, 22);
	bc_path_trace_append(&tlvs, ROOM, &path, rig.config.clock_identity);
	assert_int_equal(tlvs.len, len + 4 + 8 * (BC_PATH_MAX + 1));
	/* Only once. */
	len = tlvs.len;
	bc_path_trace_append(&tlvs, ROOM, &path, rig.config.clock_identity);
	assert_int_equal(tlvs.len, len);
	bc_power_profile_append(&tlvs, len + 21, &settings, NULL);
	assert_int_equal(tlvs.len, len);
}

static void odd_paths_are_read_within_their_length(void **state)
{
	struct bc_tlv_buffer tlvs = {};
	struct bc_msg msg;
	struct bc_path path;
	uint8_t *value;

	(void)state;
	value = bc_tlv_add(&tlvs, PTP_TLV_PATH_TRACE, 14);
	memcpy(value + 8, rig.config.clock_identity, 6);
	msg = (struct bc_msg){.type = PTP_ANNOUNCE, .tlvs = tlvs.data, .tlvs_len = tlvs.len};
	assert_false(bc_path_trace_has(&msg, rig.config.clock_identity));
	bc_path_trace_read(&msg, &path);
	assert_int_equal(path.n, 1);
}

/* Octets as the two versions of the standard lay them out. */
static void the_power_profile_of_a_grandmaster_is_what_was_configured(void **state)
{
	static const uint8_t tlv_2011[] = {0, 3, 0, 18, 0x1c, 0x12, 0x9d, 0, 0, 1, 0,
					   7, 0, 0, 0,	100,  0,    0,	  1, 0, 0, 0};
	static const uint8_t tlv_2017[] = {0, 3, 0, 18, 0x1c, 0x12, 0x9d, 0,	0,    2, 0,
					   8, 0, 0, 0,	0,    0xff, 0xff, 0xff, 0xff, 0, 0};

	(void)state;
	rig.ports[0].power_profile = (struct bc_power_profile){
		.version = BC_POWER_PROFILE_2011,
		.grandmaster_id = 7,
		.grandmaster_inaccuracy_ns = 100,
		.network_inaccuracy_ns = 256,
	};
	rig.ports[1].power_profile = (struct bc_power_profile){
		.version = BC_POWER_PROFILE_2017,
		.grandmaster_id = 8,
		.total_inaccuracy_ns = BC_INACCURACY_UNKNOWN,
	};
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 10);
	assert_int_equal(last_announce(0).tlvs_len, sizeof(tlv_2011));
	assert_memory_equal(last_announce(0).tlvs, tlv_2011, sizeof(tlv_2011));
	assert_int_equal(last_announce(1).tlvs_len, sizeof(tlv_2017));
	assert_memory_equal(last_announce(1).tlvs, tlv_2017, sizeof(tlv_2017));
}

static struct bc_power_profile pass_on(enum bc_power_profile_version version, uint32_t parent_ns,
				       uint32_t own_ns)
{
	struct bc_power_profile theirs = {version, 9, parent_ns, parent_ns, parent_ns};
	struct bc_power_profile ours = {version, 1, own_ns, own_ns, own_ns}, passed;
	struct bc_tlv_buffer tlvs = {};
	struct bc_msg msg;

	rig_init(&rig, 2);
	bc_power_profile_append(&tlvs, ROOM, &theirs, NULL);
	rig.ports[0].power_profile = rig.ports[1].power_profile = ours;
	follow_with(&tlvs);
	msg = last_announce(1);
	bc_power_profile_read(&msg, version, &passed);
	rig_stop(&rig);
	assert_int_equal(passed.version, version);
	assert_int_equal(passed.grandmaster_id, 9);
	return passed;
}

static void a_boundary_clock_adds_its_inaccuracy_to_its_parents(void **state)
{
	struct bc_power_profile passed;

	(void)state;
	passed = pass_on(BC_POWER_PROFILE_2011, 200, 50);
	assert_int_equal(passed.grandmaster_inaccuracy_ns, 200);
	assert_int_equal(passed.network_inaccuracy_ns, 250);
	passed = pass_on(BC_POWER_PROFILE_2017, 200, 50);
	assert_int_equal(passed.total_inaccuracy_ns, 250);
	passed = pass_on(BC_POWER_PROFILE_2017, 200, BC_INACCURACY_UNKNOWN);
	assert_int_equal(passed.total_inaccuracy_ns, BC_INACCURACY_UNKNOWN);
	passed = pass_on(BC_POWER_PROFILE_2017, 0xfffffff0, 50);
	assert_int_equal(passed.total_inaccuracy_ns, BC_INACCURACY_UNKNOWN);
}

static void a_power_profile_tlv_that_is_short_is_none(void **state)
{
	struct bc_tlv_buffer tlvs = {};
	struct bc_power_profile profile;
	struct bc_msg msg;

	(void)state;
	put_be32(bc_tlv_add(&tlvs, PTP_TLV_ORGANIZATION_EXTENSION, 16), 0x1c129d00);
	tlvs.data[4 + 5] = 2;
	msg = (struct bc_msg){.type = PTP_ANNOUNCE, .tlvs = tlvs.data, .tlvs_len = tlvs.len};
	bc_power_profile_read(&msg, BC_POWER_PROFILE_2017, &profile);
	assert_int_equal(profile.version, BC_POWER_PROFILE_NONE);
}

/* Mostly sound in their lengths, so that they are looked into; the sanitizers watch. */
static void random_tlvs_do_no_harm(void **state)
{
	static const uint8_t types[] = {PTP_TLV_ORGANIZATION_EXTENSION, PTP_TLV_PATH_TRACE};
	static const uint8_t organizations[][6] = {{0x1c, 0x12, 0x9d, 0, 0, 1}, {0x00, 0x80, 0xc2, 0, 0, 2}};
	struct rig_master *m = rig_master(&rig, 0, 0);
	uint64_t seed = 16;

	(void)state;
	m->is_announcing = m->is_syncing = false;
	rig.ports[0].is_path_traced = rig.ports[1].is_path_traced = true;
	rig.ports[0].power_profile.version = rig.ports[1].power_profile.version = BC_POWER_PROFILE_2011;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	for (int i = 0; i < 20000; i++) {
		struct bc_msg msg = rig_announce_msg(&rig, m, m->announce_sequence_id++);
		uint8_t octets[BC_MSG_TX_MAX] = {};
		size_t len = 0, n;

		for (size_t t = 0; t < 3; t++) {
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			n = 2 * (seed >> 33) % 140;
			put_be16(octets + len, types[(seed >> 50) % 2]);
			put_be16(octets + len + 2, (uint16_t)n);
			memcpy(octets + len + 4, organizations[(seed >> 51) % 2], MIN(n, 6));
			if (n > 6)
				octets[len + 4 + (seed >> 40) % n] ^= (uint8_t)(seed >> 55);
			len += 4 + n;
		}
		if (i % 2) {
			msg.type = PTP_SIGNALING;
			memset(&msg.requesting, 0xff, sizeof(msg.requesting));
		}
		msg.tlvs = octets;
		msg.tlvs_len = len - (seed >> 60) % 3;
		rig_inject(&rig, 0, &msg);
		rig_run_ns(&rig, 10 * NSEC_PER_MSEC);
	}
	assert_int_not_equal(rig.port[1].n_sent[PTP_ANNOUNCE], 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_grandmaster_starts_the_path),
		T(the_path_of_the_parent_is_passed_on_with_ours_at_the_end),
		T(a_path_that_has_us_is_a_loop),
		T(without_the_option_nobody_looks_at_the_path),
		T(a_path_too_long_to_pass_on_is_left_out_whole),
		T(the_longest_path_that_is_kept_fits_beside_the_power_profile),
		T(odd_paths_are_read_within_their_length),
		T(the_power_profile_of_a_grandmaster_is_what_was_configured),
		T(a_boundary_clock_adds_its_inaccuracy_to_its_parents),
		T(a_power_profile_tlv_that_is_short_is_none),
		T(random_tlvs_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
