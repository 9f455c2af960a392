/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports that are not the device on the wire: the stamp comes from the device below, once, and a frame
 * belongs to the port of its tag. What the kernel has no driver for is skipped.
 */
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/bpf/queue.h"
#include "tests/bpf/sender.h"
#include "util/cleanup.h"
#include "util/macros.h"

static void attach(struct sender *sender, uint32_t ifindex, uint32_t port_index, const uint32_t *lowest,
		   size_t n_lowest)
{
	struct ebc_port_conf conf = {.port_index = port_index};

	assert_int_equal(ebc_loader_attach_port(sender->loader, ifindex, &conf, lowest, n_lowest), 0);
}

/* It waits in the lower device's qdisc: a stamp above would miss the wait. */
static void check_stamped_below(struct sender *sender, uint32_t upper)
{
	uint32_t lower = sender->lab.port_ifindex;
	struct ebc_tx_record record;
	struct queue_wait wait;

	queue_hold(sender->fd, lower);
	sender_send_event(sender, upper, 5);
	wait = queue_release_later(sender->fd, lower, 1);
	record = sender_expect(sender, upper, 5);
	assert_true(record.tc_mono_ns < wait.from_mono_ns && record.stamp_mono_ns > wait.to_mono_ns);
	assert_false(rig_wait_tx(sender->loader, 20, &record));
	queue_remove(lower);
}

static void a_macvlan_port_is_stamped_at_the_device_below(void **state)
{
	struct sender *sender = *state;
	uint32_t upper;

	if (netlab_run("ip link add upper0 link port0 type macvlan mode private && ip link set upper0 up"))
		skip();
	upper = netlab_ifindex("upper0");
	ebc_loader_detach_port(sender->loader, sender->lab.port_ifindex);
	attach(sender, upper, 0, &sender->lab.port_ifindex, 1);
	check_stamped_below(sender, upper);
}

/* Without the offload the tag is put into the frame on the way: it gets longer. */
static void switch_tag_offload_off(const char *name)
{
	_cleanup_fd_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ethtool_value flags = {.cmd = ETHTOOL_GFLAGS};
	struct ifreq request = {.ifr_data = (void *)&flags};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	assert_int_equal(ioctl(fd, SIOCETHTOOL, &request), 0);
	flags.cmd = ETHTOOL_SFLAGS;
	flags.data &= ~(uint32_t)ETH_FLAG_TXVLAN;
	assert_int_equal(ioctl(fd, SIOCETHTOOL, &request), 0);
}

static void a_vlan_port_and_the_port_below_do_not_mix(void **state)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_IEEE_802_3);
	struct sender *sender = *state;
	uint8_t frame[FRAME_OCTETS];
	uint32_t lower = sender->lab.port_ifindex, upper;
	struct ebc_counters counters;
	struct rig_rx rx;
	int peer_fd;

	if (netlab_run("ip link add upper0 link port0 type vlan id 5 && ip link set upper0 up"))
		skip();
	upper = netlab_ifindex("upper0");
	attach(sender, upper, 1, &lower, 1);
	for (int offload = 1; offload >= 0; offload--) {
		if (!offload)
			switch_tag_offload_off("port0");
		check_stamped_below(sender, upper);
		check_stamped_below(sender, lower);
	}
	assert_int_equal(rig_counter(sender->loader, EBC_COUNTER_TX_EVENT), 2);
	assert_int_equal(ebc_loader_counters(sender->loader, 1, &counters), 0);
	assert_int_equal(counters.value[EBC_COUNTER_TX_EVENT], 2);

	netlab_enter(sender->lab.peer_fd);
	peer_fd = rig_socket();
	spec.tags[0] = (struct frame_tag){0x8100, 5};
	assert_true(rig_send(peer_fd, sender->lab.peer_ifindex, frame, frame_build(&spec, frame, NULL)));
	netlab_enter(sender->lab.box_fd);
	assert_true(rig_wait_rx(sender->loader, RIG_PATIENCE_MS, &rx));
	assert_int_equal(rx.head.ifindex, upper);
	assert_int_equal(rx.head.port_index, 1);
	assert_int_equal(rig_counter(sender->loader, EBC_COUNTER_RX_PASSED_VLAN), 1);
	close(peer_fd);
}

static void a_bond_port_is_stamped_at_its_members(void **state)
{
	struct sender *sender = *state;
	uint32_t members[2], upper;

	if (netlab_run("ip link add upper0 type bond mode active-backup"))
		skip();
	assert_int_equal(netlab_run("ip link add port1 type veth peer name end1 && ip link set end1 up && "
				    "ip link set port0 down && ip link set port0 master upper0 && "
				    "ip link set port1 master upper0 && ip link set upper0 up"),
			 0);
	members[0] = sender->lab.port_ifindex;
	members[1] = netlab_ifindex("port1");
	upper = netlab_ifindex("upper0");
	ebc_loader_detach_port(sender->loader, members[0]);
	attach(sender, upper, 0, members, 2);
	for (uint16_t i = 0; i < 2; i++) {
		struct ebc_tx_record record;

		assert_int_equal(netlab_run("ip link set upper0 type bond active_slave port%u", i), 0);
		sender_send_event(sender, upper, i);
		sender_expect(sender, upper, i);
		assert_false(rig_wait_tx(sender->loader, 20, &record));
	}
}

static void devices_below_can_change(void **state)
{
	struct ebc_port_conf conf = {.port_index = 0};
	struct sender *sender = *state;
	uint32_t port = sender->lab.port_ifindex, other = 4242;
	struct ebc_tx_record record;

	assert_int_equal(ebc_loader_update_port(sender->loader, port, &conf, &other, 1), 0);
	sender_send_event(sender, port, 1);
	assert_false(rig_wait_tx(sender->loader, 20, &record));
	assert_int_equal(ebc_loader_update_port(sender->loader, port, &conf, &port, 1), 0);
	sender_send_event(sender, port, 2);
	sender_expect(sender, port, 2);
}

static uint32_t namespace_inum(void)
{
	struct stat namespace;

	assert_int_equal(stat("/proc/thread-self/ns/net", &namespace), 0);
	return (uint32_t) namespace.st_ino;
}

/*
 * The peer bridges the frame, mark and all, to a device whose number is that of the device below our
 * port. It counts only for a clock in the peer's namespace.
 */
static void a_device_of_another_namespace_with_the_same_number_does_not_count(void **state)
{
	struct ebc_port_conf conf = {.port_index = 0};
	struct sender *sender = *state;
	uint32_t port = sender->lab.port_ifindex;
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(sender->loader);
	const uint32_t lowest = 7777;
	struct ebc_tx_record record;
	uint16_t tries = 0;
	uint32_t inum;

	netlab_enter(sender->lab.peer_fd);
	assert_int_equal(netlab_run("ip link add br0 type bridge && ip link set br0 up && "
				    "ip link add fwd0 index 7777 type veth peer name end0 && "
				    "ip link set peer0 master br0 && ip link set fwd0 master br0 && "
				    "ip link set end0 up && ip link set fwd0 up"),
			 0);
	inum = namespace_inum();
	netlab_enter(sender->lab.box_fd);
	assert_int_equal(ebc_loader_update_port(sender->loader, port, &conf, &lowest, 1), 0);

	/* As if we lived there: so the frame does pass by, as soon as the devices are ready. */
	ctl->netns_inum = inum;
	do {
		assert_true(tries++ < 100);
		sender_send_event(sender, port, tries);
	} while (!rig_wait_tx(sender->loader, 50, &record));
	ctl->netns_inum = namespace_inum();
	for (int i = 0; i < 3; i++) {
		sender_send_event(sender, port, 1);
		assert_false(rig_wait_tx(sender->loader, 50, &record));
	}
}

#define sender_test(f) cmocka_unit_test_setup_teardown(f, sender_setup, sender_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		sender_test(a_macvlan_port_is_stamped_at_the_device_below),
		sender_test(a_vlan_port_and_the_port_below_do_not_mix),
		sender_test(a_bond_port_is_stamped_at_its_members),
		sender_test(devices_below_can_change),
		sender_test(a_device_of_another_namespace_with_the_same_number_does_not_count),
	};

	if (geteuid() != 0) {
		puts("needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
