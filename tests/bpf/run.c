/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Test runs and their accounting: see run.h. */
#include "tests/bpf/run.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "bpf/loader_internal.h"

void run_new(struct run *run, const struct ebc_loader_options *options)
{
	memset(run, 0, sizeof(*run));
	netlab_new(&run->lab);
	run->loader = rig_loader(options);
	memcpy(run->conf.mac, run->lab.port_mac, sizeof(run->conf.mac));
	memcpy(run->conf.bridge_mac, "\x02\x00\x00\x00\xBB\xBB", 6);
	run->conf.ipv4_be32[0] = __builtin_bswap32(0xC0000202);
	run->conf.ipv4_be32[3] = __builtin_bswap32(0xC0000203);
	memcpy(run->conf.ipv6[0], "\xFE\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x02", 16);
	memcpy(run->conf.ipv6[3], "\xFE\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x03", 16);
	assert_int_equal(ebc_loader_attach_port(run->loader, run->lab.port_ifindex, &run->conf,
						&run->lab.port_ifindex, 1),
			 0);
	run->first_conf = run->conf;
	run->first_ctl = *ebc_loader_ctl(run->loader);
}

int run_reset(void **state)
{
	struct run *run = *state;
	struct ebc_tx_record record;

	netlab_enter(run->lab.box_fd);
	run->lab.port_ifindex = netlab_ifindex("port0");
	*ebc_loader_ctl(run->loader) = run->first_ctl;
	run->conf = run->first_conf;
	run_update(run);
	run->skb_age_ns = 0;
	run->has_no_skb_stamp = false;
	while (rig_wait_rx(run->loader, 0, &run->rx) || rig_wait_tx(run->loader, 0, &record))
		;
	return 0;
}

void run_free(struct run *run)
{
	ebc_loader_free(run->loader);
	netlab_free(&run->lab);
}

void run_update(struct run *run)
{
	assert_int_equal(ebc_loader_update_port(run->loader, run->lab.port_ifindex, &run->conf,
						&run->lab.port_ifindex, 1),
			 0);
}

int run_frame(struct run *run, enum ebc_direction direction, const uint8_t *frame, size_t len)
{
	struct __sk_buff context = {.ifindex = run->lab.port_ifindex};
	uint64_t start_mono_ns = rig_mono_ns();
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = (uint32_t)len,
		    .ctx_in = &context, .ctx_size_in = sizeof(context));

	if (!run->has_no_skb_stamp)
		context.tstamp = rig_mono_ns() + (uint64_t)(rig_real_minus_mono_ns() - run->skb_age_ns);
	assert_int_equal(bpf_prog_test_run_opts(run->loader->programs.fd[direction], &options), 0);
	run->run_ns = rig_mono_ns() - start_mono_ns;
	return (int)options.retval;
}

bool run_stamp_was_fresh(const struct run *run)
{
	return run->skb_age_ns + (int64_t)run->run_ns < (int64_t)EBC_RX_STAMP_MAX_AGE_NS;
}

static int expected_drop(const struct run *run)
{
	return ebc_loader_uses_tcx(run->loader) ? TC_ACT_SHOT : TC_ACT_STOLEN;
}

static struct ebc_counters counters_of(struct run *run)
{
	struct ebc_counters counters;

	assert_int_equal(ebc_loader_counters(run->loader, 0, &counters), 0);
	return counters;
}

/* Runs; the named counter must go up by one, and no other may move. */
static int run_and_count(struct run *run, const uint8_t *frame, size_t len, enum ebc_counter which)
{
	struct ebc_counters before = counters_of(run), after;
	int verdict = run_frame(run, EBC_DIRECTION_RX, frame, len);

	after = counters_of(run);
	for (int i = 0; i < EBC_COUNTER_MAX; i++) {
		if (i == EBC_COUNTER_RX_STAMP_REPLACED && !run_stamp_was_fresh(run))
			continue;
		if (after.value[i] - before.value[i] != (i == (int)which))
			fail_msg("%s moved by %llu, expected of %s", ebc_counter_name(i),
				 (unsigned long long)(after.value[i] - before.value[i]),
				 which == NO_COUNTER ? "none" : ebc_counter_name(which));
	}
	return verdict;
}

void expect_octets_dropped(struct run *run, const uint8_t *frame, size_t len, enum ebc_counter which)
{
	assert_int_equal(run_and_count(run, frame, len, which), expected_drop(run));
	assert_false(rig_wait_rx(run->loader, 0, &run->rx));
}

void expect_octets_passed(struct run *run, const uint8_t *frame, size_t len, enum ebc_counter which)
{
	assert_int_equal(run_and_count(run, frame, len, which), TC_ACT_UNSPEC);
	assert_false(rig_wait_rx(run->loader, 0, &run->rx));
}

void expect_dropped(struct run *run, const struct frame_spec *spec, enum ebc_counter which)
{
	uint8_t frame[FRAME_OCTETS];

	expect_octets_dropped(run, frame, frame_build(spec, frame, NULL), which);
}

void expect_passed(struct run *run, const struct frame_spec *spec, enum ebc_counter which)
{
	uint8_t frame[FRAME_OCTETS];

	expect_octets_passed(run, frame, frame_build(spec, frame, NULL), which);
}

void expect_consumed(struct run *run, const struct frame_spec *spec)
{
	bool is_event = spec->message_type < 8;
	uint8_t frame[FRAME_OCTETS];
	size_t ptp_offset, len = frame_build(spec, frame, &ptp_offset);
	size_t udp_padding = spec->transport == EBC_TRANSPORT_IEEE_802_3 ? spec->padding : 0;
	const struct ebc_rx_record *head = &run->rx.head;
	uint64_t before = rig_mono_ns();

	assert_int_equal(
		run_and_count(run, frame, len, is_event ? EBC_COUNTER_RX_EVENT : EBC_COUNTER_RX_GENERAL),
		expected_drop(run));
	assert_true(rig_wait_rx(run->loader, 0, &run->rx));
	assert_int_equal(head->frame_len, len);
	assert_memory_equal(run->rx.frame, frame, len);
	assert_int_equal(head->ptp_offset, ptp_offset);
	assert_int_equal(head->ptp_len, spec->ptp_octets + udp_padding);
	assert_int_equal(head->transport, spec->transport);
	assert_int_equal(head->ifindex, run->lab.port_ifindex);
	assert_int_equal(head->port_index, run->conf.port_index);
	assert_true(head->tc_mono_ns >= before && head->tc_mono_ns <= rig_mono_ns());
	assert_false(rig_wait_rx(run->loader, 0, &run->rx));
}
