/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the egress program stops: multicast into the clock's domain that the clock did not send. */
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/bpf/run.h"
#include "util/macros.h"

static const enum ebc_transport transports[] = {EBC_TRANSPORT_IEEE_802_3, EBC_TRANSPORT_UDP_IPV4,
						EBC_TRANSPORT_UDP_IPV6};

static struct run run;

static int setup(void **state)
{
	struct ebc_loader_options options = rig_options();

	run_new(&run, &options);
	*state = &run;
	return 0;
}

static int teardown(void **state)
{
	run_free(&run);
	(void)state;
	return 0;
}

/* Runs a frame of a socket that is not the daemon's; whether the counter agrees is checked. */
static bool is_stopped(const struct frame_spec *spec)
{
	uint64_t before = rig_counter(run.loader, EBC_COUNTER_TX_DROPPED_FOREIGN);
	uint8_t frame[FRAME_OCTETS];
	int verdict = run_frame(&run, EBC_DIRECTION_TX, frame, frame_build(spec, frame, NULL));
	uint64_t counted = rig_counter(run.loader, EBC_COUNTER_TX_DROPPED_FOREIGN) - before;

	assert_int_equal(counted, verdict == TC_ACT_SHOT);
	assert_true(verdict == TC_ACT_SHOT || verdict == TC_ACT_UNSPEC);
	return verdict == TC_ACT_SHOT;
}

static void multicast_of_the_domain_is_stopped(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++)
		for (uint8_t type = 0; type < 16; type++) {
			struct frame_spec spec = frame_sync(transports[i]);

			spec.message_type = type;
			spec.dst_port = type < 8 ? 319 : 320;
			assert_true(is_stopped(&spec));
			spec.tags[0] = (struct frame_tag){0x8100, 0xE000}; /* a priority only */
			assert_true(is_stopped(&spec));
		}
}

static void everything_else_leaves(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		struct frame_spec spec = frame_sync(transports[i]);

		spec.domain_number = 1;
		assert_false(is_stopped(&spec));
		spec = frame_sync(transports[i]);
		spec.sdo_id = 0x100;
		assert_false(is_stopped(&spec));
		spec = frame_sync(transports[i]);
		spec.version = 1;
		assert_false(is_stopped(&spec));
		spec = frame_sync(transports[i]);
		spec.tags[0] = (struct frame_tag){0x8100, 9};
		assert_false(is_stopped(&spec));
		spec = frame_sync(transports[i]);
		memcpy(spec.dst_mac, run.conf.mac, 6);
		assert_false(is_stopped(&spec)); /* unicast */
		spec = frame_sync(transports[i]);
		spec.ptp_octets = 33;
		assert_false(is_stopped(&spec));
	}
}

static void fragments_and_other_ports_leave(void **state)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_UDP_IPV4);

	(void)state;
	spec.ipv4_fragment = 0x2000;
	assert_false(is_stopped(&spec));
	spec = frame_sync(EBC_TRANSPORT_UDP_IPV6);
	spec.dst_port = 321;
	assert_false(is_stopped(&spec));
}

static void nothing_is_stopped_without_a_lease(void **state)
{
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(run.loader);
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_UDP_IPV4);
	uint64_t lease = ctl->lease_until_mono_ns;

	(void)state;
	ctl->lease_until_mono_ns = rig_mono_ns();
	assert_false(is_stopped(&spec));
	ctl->lease_until_mono_ns = lease;
	assert_true(is_stopped(&spec));
}

static void other_interfaces_are_left_alone(void **state)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_IEEE_802_3);
	uint32_t port = run.lab.port_ifindex;

	(void)state;
	run.lab.port_ifindex = 1;
	assert_false(is_stopped(&spec));
	run.lab.port_ifindex = port;
}

/* On the wire: the peer sees the daemon's frame and not the other one. */
static void only_the_daemon_s_multicast_reaches_the_wire(void **state)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_IEEE_802_3);
	uint8_t frame[FRAME_OCTETS];
	int daemon_fd = rig_daemon_socket(run.loader), other_fd = rig_socket(), peer_fd;
	size_t len;

	(void)state;
	netlab_enter(run.lab.peer_fd);
	peer_fd = rig_listen(run.lab.peer_ifindex);
	netlab_enter(run.lab.box_fd);
	spec.sequence_id = 1;
	assert_false(rig_send(other_fd, run.lab.port_ifindex, frame, frame_build(&spec, frame, NULL)));
	assert_int_equal(rig_counter(run.loader, EBC_COUNTER_TX_EVENT), 0);
	spec.sequence_id = 2;
	assert_true(rig_send(daemon_fd, run.lab.port_ifindex, frame, frame_build(&spec, frame, NULL)));
	do
		len = rig_receive(peer_fd, frame, sizeof(frame), RIG_PATIENCE_MS, NULL);
	while (len > 0 && !(frame[12] == 0x88 && frame[13] == 0xF7));
	assert_true(len > 0);
	assert_int_equal(frame[14 + 31], 2);
	assert_int_equal(rig_counter(run.loader, EBC_COUNTER_TX_EVENT), 1);
	close(daemon_fd);
	close(other_fd);
	close(peer_fd);
}

#define reset_test(f) cmocka_unit_test_setup(f, run_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		reset_test(multicast_of_the_domain_is_stopped),
		reset_test(everything_else_leaves),
		reset_test(fragments_and_other_ports_leave),
		reset_test(nothing_is_stopped_without_a_lease),
		reset_test(other_interfaces_are_left_alone),
		reset_test(only_the_daemon_s_multicast_reaches_the_wire),
	};

	if (geteuid() != 0) {
		puts("needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
