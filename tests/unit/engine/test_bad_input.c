// SPDX-License-Identifier: GPL-2.0-or-later
/* Malformed and foreign messages: a counter by reason, and nothing else. */
#include "tests/unit/engine/rig.h"

#include "util/unaligned.h"

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

struct octets {
	uint8_t data[PTP_MESSAGE_MAX];
	size_t len;
};

static struct octets octets_of(const struct bc_msg *msg)
{
	struct octets o = {};

	o.len = bc_msg_write(msg, o.data);
	return o;
}

static struct octets good_sync(void)
{
	struct bc_msg msg = rig_sync_msg(&rig, master, master->sync_sequence_id);

	return octets_of(&msg);
}

/* Both ports get it, many times; one counter rises by exactly as much, and the clock does not care. */
static void assert_refused(const struct octets *o, enum bc_counter counter)
{
	rig_snapshot(&rig);
	for (int i = 0; i < 100; i++) {
		rig_inject_octets(&rig, 0, o->data, o->len);
		rig_run_ns(&rig, NSEC_PER_MSEC);
	}
	rig_assert_only(&rig, 0, counter, 100);
	for (int i = 0; i < 100; i++)
		rig_inject_octets(&rig, 1, o->data, o->len);
	assert_int_equal(rig_counted(&rig, 1, counter), 100);
	rig_assert_follows(&rig, 1, NEAR_NS);
	assert_int_equal(rig_state_changes(&rig, 0), 0);
	assert_int_equal(rig_state_changes(&rig, 1), 0);
}

static void a_frame_shorter_than_a_header_is_counted(void **state)
{
	struct octets o = good_sync();

	(void)state;
	o.len = 33;
	assert_refused(&o, BC_COUNTER_RX_SHORT);
	o.len = 0;
	assert_refused(&o, BC_COUNTER_RX_SHORT);
}

static void a_wrong_message_length_is_counted(void **state)
{
	static const uint16_t lengths[] = {0, 33, 43, 45, 0xffff};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct octets o = good_sync();

		put_be16(o.data + 2, lengths[i]);
		assert_refused(&o, BC_COUNTER_RX_LENGTH);
	}
}

static void version_1_is_counted(void **state)
{
	struct octets o = good_sync();

	(void)state;
	o.data[1] = 1;
	assert_refused(&o, BC_COUNTER_RX_VERSION);
}

static void reserved_types_are_counted(void **state)
{
	struct octets o = good_sync();

	(void)state;
	o.data[0] = (uint8_t)((o.data[0] & 0xf0) | 5);
	assert_refused(&o, BC_COUNTER_RX_TYPE);
}

static void another_domain_is_counted(void **state)
{
	struct octets o = good_sync();

	(void)state;
	o.data[4] = 127;
	assert_refused(&o, BC_COUNTER_RX_DOMAIN);
}

static void another_major_or_minor_sdo_id_is_counted(void **state)
{
	struct octets o = good_sync();

	(void)state;
	o.data[0] |= 0x10;
	assert_refused(&o, BC_COUNTER_RX_SDO_ID);
	o = good_sync();
	o.data[5] = 1;
	assert_refused(&o, BC_COUNTER_RX_SDO_ID);
}

static void an_alternate_master_is_counted(void **state)
{
	struct bc_msg msg = rig_announce_msg(&rig, master, 9);
	struct octets o;

	(void)state;
	msg.flags |= PTP_FLAG_ALTERNATE_MASTER;
	o = octets_of(&msg);
	assert_refused(&o, BC_COUNTER_RX_ALTERNATE_MASTER);
}

static void another_transport_is_counted(void **state)
{
	struct octets o = good_sync();
	struct bc_rx rx = {.message = o.data,
			   .len = o.len,
			   .has_stamp = true,
			   .stamp_mono_ns = rig.now_mono_ns,
			   .transport = EBC_TRANSPORT_UDP_IPV4};

	(void)state;
	bc_engine_handle_rx(rig.engine, 0, &rx, rig.now_mono_ns);
	rig_assert_only(&rig, 0, BC_COUNTER_RX_TRANSPORT, 1);
}

static void timestamps_beyond_their_range_are_counted(void **state)
{
	static const struct {
		uint64_t s;
		uint32_t ns;
	} wrong[] = {{5, 1000000000}, {5, 0xffffffff}, {(1ULL << 48) - 1, 0}, {1ULL << 34, 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct octets o = good_sync();

		put_be48(o.data + 34, wrong[i].s);
		put_be32(o.data + 40, wrong[i].ns);
		assert_refused(&o, BC_COUNTER_RX_TIMESTAMP);
	}
}

static void malformed_tlvs_are_counted(void **state)
{
	static const uint16_t lengths[] = {0, 3, 0xffff, 6};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct bc_msg msg = rig_announce_msg(&rig, master, 9);
		struct octets o = octets_of(&msg);

		put_be16(o.data + o.len, 8);
		put_be16(o.data + o.len + 2, lengths[i]);
		o.len += 8;
		put_be16(o.data + 2, (uint16_t)o.len);
		assert_refused(&o, BC_COUNTER_RX_TLV);
	}
}

static void five_hundred_tlvs_are_counted_as_one_refusal(void **state)
{
	struct bc_msg msg = rig_announce_msg(&rig, master, 9);
	struct octets o = octets_of(&msg);

	(void)state;
	while (o.len + 6 <= sizeof(o.data) && o.len < 64 + 6 * 500) {
		put_be16(o.data + o.len + 2, 2);
		o.len += 6;
	}
	put_be16(o.data + 2, (uint16_t)o.len);
	assert_refused(&o, BC_COUNTER_RX_TLV);
}

static void a_frame_that_lay_for_more_than_a_second_is_counted_and_not_used(void **state)
{
	struct bc_msg msg = rig_sync_msg(&rig, master, master->sync_sequence_id);

	(void)state;
	rig_inject_stamped(&rig, 0, &msg, rig.now_mono_ns - NSEC_PER_SEC - 1);
	rig_assert_only(&rig, 0, BC_COUNTER_RX_STALE, 1);
	rig_assert_follows(&rig, 1, NEAR_NS);
}

static void types_that_are_not_used_are_counted_and_change_nothing(void **state)
{
	static const struct {
		uint8_t type;
		enum bc_counter counter;
	} unused[] = {
		{PTP_SIGNALING, BC_COUNTER_RX_SIGNALING},
		{PTP_MANAGEMENT, BC_COUNTER_RX_MANAGEMENT},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(unused); i++) {
		struct bc_msg msg = rig_sync_msg(&rig, master, 1);

		msg.type = unused[i].type;
		rig_snapshot(&rig);
		for (int n = 0; n < 10; n++)
			rig_inject(&rig, 0, &msg);
		assert_int_equal(rig_counted(&rig, 0, unused[i].counter), 10);
		rig_assert_nothing_refused(&rig);
		rig_assert_follows(&rig, 1, NEAR_NS);
	}
}

static uint64_t seed = 2008;

static unsigned int pick(unsigned int n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(seed >> 33) % n;
}

/* Anything may come from anyone: the sanitizers are the judge, the interfaces must go on. */
static void a_storm_of_random_messages_leaves_a_working_clock(void **state)
{
	static const uint8_t types[] = {0, 1, 2, 3, 8, 9, 10, 11, 12, 13};
	struct rig_master *m = master;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct bc_msg msg = rig_announce_msg(&rig, m, (uint16_t)pick(65536));
		struct octets o;

		msg.type = types[pick(ARRAY_SIZE(types))];
		msg.source.clock_identity[7] = (uint8_t)pick(4);
		msg.source.clock_identity[0] = pick(3) ? 0xa0 : 0x02;
		msg.source.port_number = (uint16_t)pick(4);
		msg.flags = (uint16_t)(pick(2) ? 0x0200 : pick(65536));
		msg.correction_sns = pick(2) ? 0 : (int64_t)((uint64_t)pick(1u << 31) << pick(34));
		msg.timestamp_ns =
			pick(2) ? rig_master_ptp_ns(m, rig.now_mono_ns) : (int64_t)pick(1u << 31) << pick(31);
		msg.announce.grandmaster_priority1 = (uint8_t)pick(256);
		msg.announce.steps_removed = (uint16_t)pick(300);
		msg.announce.grandmaster_identity[7] = (uint8_t)pick(4);
		msg.log_message_interval = (int8_t)(pick(256) - 128);
		msg.requesting.port_number = (uint16_t)pick(3);
		memcpy(msg.requesting.clock_identity, rig.config.clock_identity, 8);
		o = octets_of(&msg);
		if (pick(8) == 0)
			o.data[pick((unsigned int)o.len)] = (uint8_t)pick(256);
		rig_inject_octets(&rig, pick(2), o.data, o.len);
		rig_run_ns(&rig, pick(4 * NSEC_PER_MSEC));
	}
	/* Quiet again: the old master is followed as before. */
	rig_run_s(&rig, 60);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	rig_assert_follows(&rig, 10, 100);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_frame_shorter_than_a_header_is_counted),
		T(a_wrong_message_length_is_counted),
		T(version_1_is_counted),
		T(reserved_types_are_counted),
		T(another_domain_is_counted),
		T(another_major_or_minor_sdo_id_is_counted),
		T(an_alternate_master_is_counted),
		T(another_transport_is_counted),
		T(timestamps_beyond_their_range_are_counted),
		T(malformed_tlvs_are_counted),
		T(five_hundred_tlvs_are_counted_as_one_refusal),
		T(a_frame_that_lay_for_more_than_a_second_is_counted_and_not_used),
		T(types_that_are_not_used_are_counted_and_change_nothing),
		T(a_storm_of_random_messages_leaves_a_working_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
