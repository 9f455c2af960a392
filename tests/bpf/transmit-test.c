/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The transmit stamp on a real (veth) path: behind each kind of qdisc, beside the filters of others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/bpf/foreign.h"
#include "tests/bpf/frames.h"
#include "tests/bpf/rig.h"
#include "util/cleanup.h"
#include "util/macros.h"

static void check_stamps(const char *qdisc, bool with_foreign_filter)
{
	struct ebc_loader_options options = rig_options();
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_IEEE_802_3);
	struct ebc_loader *loader;
	struct foreign_filter foreign;
	struct netlab lab;
	uint8_t frame[FRAME_OCTETS];
	int fd;

	netlab_new(&lab);
	foreign_filter_new(TC_ACT_OK, &foreign);
	loader = rig_loader(&options);
	assert_int_equal(ebc_loader_tx_stamp(loader, NULL), EBC_STAMP_START_XMIT);
	if (qdisc)
		assert_int_equal(netlab_run("tc qdisc replace dev port0 root %s", qdisc), 0);
	if (with_foreign_filter)
		foreign_filter_attach(&foreign, lab.port_ifindex, EBC_DIRECTION_TX);
	rig_attach(loader, &lab);
	fd = rig_daemon_socket(loader);
	for (uint16_t i = 0; i < 50; i++) {
		struct ebc_tx_record record;
		uint64_t before, after;

		spec.sequence_id = i;
		before = rig_mono_ns();
		assert_true(rig_send(fd, lab.port_ifindex, frame, frame_build(&spec, frame, NULL)));
		assert_true(rig_wait_tx(loader, 1000, &record));
		after = rig_mono_ns();
		assert_int_equal(record.sequence_id, i);
		assert_int_equal(record.ifindex, lab.port_ifindex);
		assert_int_equal(record.stamp_source, EBC_STAMP_START_XMIT);
		assert_true(before <= record.tc_mono_ns);
		assert_true(record.tc_mono_ns <= record.stamp_mono_ns);
		assert_true(record.stamp_mono_ns <= after);
	}
	assert_int_equal(rig_counter(loader, EBC_COUNTER_TX_EVENT), 50);
	assert_int_equal(rig_counter(loader, EBC_COUNTER_TX_STAMP), 50);
	if (with_foreign_filter)
		assert_true(foreign_filter_count(&foreign) >= 50);
	foreign_filter_free(&foreign);
	close(fd);
	ebc_loader_free(loader);
	netlab_free(&lab);
}

static void stamp_comes_without_qdisc(void **state)
{
	(void)state;
	check_stamps(NULL, false);
	check_stamps(NULL, true);
}

static void stamp_comes_behind_pfifo_fast(void **state)
{
	(void)state;
	check_stamps("pfifo_fast", false);
	check_stamps("pfifo_fast", true);
}

static void stamp_comes_behind_tbf(void **state)
{
	(void)state;
	check_stamps("tbf rate 100mbit burst 10k latency 50ms", false);
	check_stamps("tbf rate 100mbit burst 10k latency 50ms", true);
}

static void stamp_comes_behind_htb(void **state)
{
	(void)state;
	check_stamps("handle 1: htb default 0", false);
	check_stamps("handle 1: htb default 0", true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stamp_comes_without_qdisc),
		cmocka_unit_test(stamp_comes_behind_pfifo_fast),
		cmocka_unit_test(stamp_comes_behind_tbf),
		cmocka_unit_test(stamp_comes_behind_htb),
	};

	if (geteuid() != 0) {
		puts("needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
