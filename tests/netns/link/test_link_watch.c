// SPDX-License-Identifier: GPL-2.0-or-later
/* Events of real interfaces, in a namespace that is new for each test. */
#include "netlink/link.h"

#include "tests/netns/link/private_netns.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int set_up(void **state)
{
	struct ebc_links *links = NULL;

	if (private_netns_enter() < 0 || ebc_links_new(&links) < 0)
		return -1;
	*state = links;
	return 0;
}

static int tear_down(void **state)
{
	ebc_links_free(*state);
	return 0;
}

static void drain(struct ebc_links *links)
{
	struct ebc_link_event event;

	assert_int_equal(ebc_links_dispatch(links), 0);
	while (ebc_links_pop_event(links, &event))
		;
}

static int make_veth(struct ebc_links *links)
{
	RUN("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
	RUN("ip", "link", "set", "v0", "addrgenmode", "none");
	RUN("ip", "link", "set", "v1", "addrgenmode", "none");
	drain(links);
	return (int)if_nametoindex("v0");
}

/*
 * The first event of that interface; others that wait with it are thrown away. Fails if none comes: the
 * kernel tells of an IPv6 address some time after it is there.
 */
static struct ebc_link_event event_of(struct ebc_links *links, int ifindex)
{
	struct pollfd pollfd = {.fd = ebc_links_fd(links), .events = POLLIN};
	struct ebc_link_event event, found = {0};

	while (found.type == 0) {
		assert_int_equal(poll(&pollfd, 1, 5000), 1);
		assert_int_equal(ebc_links_dispatch(links), 0);
		while (ebc_links_pop_event(links, &event))
			if (event.ifindex == ifindex && found.type == 0)
				found = event;
	}
	return found;
}

static bool is_readable(struct ebc_links *links)
{
	struct pollfd pollfd = {.fd = ebc_links_fd(links), .events = POLLIN};

	return poll(&pollfd, 1, 0) == 1;
}

static void nothing_happens_in_a_quiet_namespace(void **state)
{
	struct ebc_links *links = *state;
	struct ebc_link_event event;

	assert_false(is_readable(links));
	assert_int_equal(ebc_links_dispatch(links), 0);
	assert_false(ebc_links_pop_event(links, &event));
}

static void new_interface_is_a_change_with_its_name(void **state)
{
	struct ebc_links *links = *state;
	struct ebc_link_event event;

	RUN("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
	assert_true(is_readable(links));
	event = event_of(links, (int)if_nametoindex("v0"));
	assert_int_equal(event.type, EBC_LINK_EVENT_CHANGED);
	assert_string_equal(event.name, "v0");
	assert_false(is_readable(links));
}

static void each_kind_of_change_is_an_event(void **state)
{
	struct ebc_links *links = *state;
	int ifindex = make_veth(links);

	RUN("ip", "link", "set", "v0", "up");
	assert_int_equal(event_of(links, ifindex).type, EBC_LINK_EVENT_CHANGED);
	RUN("ip", "link", "set", "v0", "address", "02:00:00:00:00:01");
	assert_int_equal(event_of(links, ifindex).type, EBC_LINK_EVENT_CHANGED);
	RUN("ip", "addr", "add", "192.0.2.1/24", "dev", "v0");
	assert_int_equal(event_of(links, ifindex).type, EBC_LINK_EVENT_CHANGED);
	RUN("ip", "addr", "add", "2001:db8::1/64", "dev", "v0", "nodad");
	assert_int_equal(event_of(links, ifindex).type, EBC_LINK_EVENT_CHANGED);
	RUN("ip", "addr", "del", "192.0.2.1/24", "dev", "v0");
	assert_int_equal(event_of(links, ifindex).type, EBC_LINK_EVENT_CHANGED);
	RUN("ip", "link", "set", "v0", "down");
	assert_int_equal(event_of(links, ifindex).type, EBC_LINK_EVENT_CHANGED);
}

static void joining_and_leaving_a_bridge_are_changes_and_no_removal(void **state)
{
	struct ebc_links *links = *state;
	int ifindex = make_veth(links);

	RUN("ip", "link", "add", "br0", "type", "bridge");
	RUN("ip", "link", "set", "v0", "master", "br0");
	assert_int_equal(event_of(links, ifindex).type, EBC_LINK_EVENT_CHANGED);
	RUN("ip", "link", "set", "v0", "nomaster");
	assert_int_equal(event_of(links, ifindex).type, EBC_LINK_EVENT_CHANGED);
}

static void rename_is_a_change_with_the_new_name(void **state)
{
	struct ebc_links *links = *state;
	int ifindex = make_veth(links);
	struct ebc_link_event event;

	RUN("ip", "link", "set", "v0", "name", "uplink");
	event = event_of(links, ifindex);
	assert_int_equal(event.type, EBC_LINK_EVENT_CHANGED);
	assert_string_equal(event.name, "uplink");
}

static void deletion_is_one_removal(void **state)
{
	struct ebc_links *links = *state;
	int ifindex = make_veth(links);
	struct ebc_link_event event;

	RUN("ip", "addr", "add", "192.0.2.1/24", "dev", "v0");
	RUN("ip", "link", "del", "v0");
	event = event_of(links, ifindex);
	assert_int_equal(event.type, EBC_LINK_EVENT_REMOVED);
	assert_string_equal(event.name, "v0");
}

static void recreation_is_a_removal_and_a_change_of_another_ifindex(void **state)
{
	struct ebc_links *links = *state;
	int old_ifindex = make_veth(links), new_ifindex;
	struct ebc_link_event event, removed = {0}, changed = {0};

	RUN("ip", "link", "del", "v0");
	RUN("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
	new_ifindex = (int)if_nametoindex("v0");
	assert_int_not_equal(old_ifindex, new_ifindex);
	assert_int_equal(ebc_links_dispatch(links), 0);
	while (ebc_links_pop_event(links, &event)) {
		if (event.ifindex == old_ifindex) {
			assert_int_equal(changed.type, 0);
			removed = event;
		} else if (event.ifindex == new_ifindex) {
			changed = event;
		}
	}
	assert_int_equal(removed.type, EBC_LINK_EVENT_REMOVED);
	assert_int_equal(changed.type, EBC_LINK_EVENT_CHANGED);
	assert_string_equal(changed.name, "v0");
}

static void move_to_another_namespace_and_back_is_a_removal_and_a_change(void **state)
{
	struct ebc_links *links = *state;
	int ifindex = make_veth(links);
	struct private_netns_holder holder;
	struct ebc_link_event event;
	char pid[16], our_pid[16], inner_net[32];

	assert_int_equal(private_netns_hold(&holder), 0);
	snprintf(pid, sizeof(pid), "%d", holder.pid);
	snprintf(our_pid, sizeof(our_pid), "%d", getpid());
	snprintf(inner_net, sizeof(inner_net), "--net=/proc/%d/ns/net", holder.pid);

	RUN("ip", "link", "set", "v0", "netns", pid);
	event = event_of(links, ifindex);
	assert_int_equal(event.type, EBC_LINK_EVENT_REMOVED);
	assert_string_equal(event.name, "v0");

	RUN("nsenter", inner_net, "ip", "link", "set", "v0", "netns", our_pid);
	event = event_of(links, (int)if_nametoindex("v0"));
	assert_int_equal(event.type, EBC_LINK_EVENT_CHANGED);
	assert_string_equal(event.name, "v0");
	private_netns_release(&holder);
}

static void many_changes_of_one_interface_are_one_event(void **state)
{
	struct ebc_links *links = *state;
	int ifindex = make_veth(links);
	struct ebc_link_event event;

	for (int i = 0; i < 50; i++) {
		RUN("ip", "link", "set", "v0", "mtu", i % 2 ? "1400" : "1300");
		assert_int_equal(ebc_links_dispatch(links), 0);
	}
	assert_true(ebc_links_pop_event(links, &event));
	assert_int_equal(event.ifindex, ifindex);
	assert_int_equal(event.type, EBC_LINK_EVENT_CHANGED);
	assert_false(ebc_links_pop_event(links, &event));
}

/* Thousands of messages by an ioctl that changes the interface each time: no process for each. */
static void flip(const char *name, int n)
{
	struct ifreq ifr = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	memcpy(ifr.ifr_name, name, strlen(name) + 1);
	for (int i = 0; i < n; i++) {
		ifr.ifr_mtu = i % 2 ? 1400 : 1300;
		assert_int_equal(ioctl(fd, SIOCSIFMTU, &ifr), 0);
	}
	close(fd);
}

static void flood_nobody_reads_ends_in_one_overrun(void **state)
{
	struct ebc_links *links = *state;
	struct ebc_link_event event;
	struct ebc_link link;

	make_veth(links);
	flip("v0", 20000);
	for (int i = 0; is_readable(links); i++) {
		assert_true(i < 100);
		assert_int_equal(ebc_links_dispatch(links), 0);
	}
	assert_true(ebc_links_pop_event(links, &event));
	assert_int_equal(event.type, EBC_LINK_EVENT_OVERRUN);
	assert_false(ebc_links_pop_event(links, &event));

	/* Afterwards everything works as before. */
	RUN("ip", "link", "set", "v0", "name", "after");
	assert_int_equal(event_of(links, (int)if_nametoindex("after")).type, EBC_LINK_EVENT_CHANGED);
	assert_int_equal(ebc_link_get_by_name(links, "after", &link), 0);
}

static void more_interfaces_than_the_queue_holds_end_in_one_overrun(void **state)
{
	struct ebc_links *links = *state;
	struct ebc_link_event event;
	FILE *batch;

	batch = popen("ip -batch -", "w");
	assert_non_null(batch);
	for (int i = 0; i < 150; i++)
		fprintf(batch, "link add a%d type veth peer name b%d\n", i, i);
	assert_int_equal(pclose(batch), 0);
	assert_int_equal(ebc_links_dispatch(links), 0);
	assert_true(ebc_links_pop_event(links, &event));
	assert_int_equal(event.type, EBC_LINK_EVENT_OVERRUN);
	assert_false(ebc_links_pop_event(links, &event));
}

static void look_ups_do_not_eat_events(void **state)
{
	struct ebc_links *links = *state;
	int ifindex = make_veth(links);
	struct ebc_link link;

	RUN("ip", "link", "set", "v0", "up");
	assert_int_equal(ebc_link_get_by_name(links, "v0", &link), 0);
	assert_int_equal(event_of(links, ifindex).type, EBC_LINK_EVENT_CHANGED);
}

#define WATCH_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WATCH_TEST(nothing_happens_in_a_quiet_namespace),
		WATCH_TEST(new_interface_is_a_change_with_its_name),
		WATCH_TEST(each_kind_of_change_is_an_event),
		WATCH_TEST(joining_and_leaving_a_bridge_are_changes_and_no_removal),
		WATCH_TEST(rename_is_a_change_with_the_new_name),
		WATCH_TEST(deletion_is_one_removal),
		WATCH_TEST(recreation_is_a_removal_and_a_change_of_another_ifindex),
		WATCH_TEST(move_to_another_namespace_and_back_is_a_removal_and_a_change),
		WATCH_TEST(many_changes_of_one_interface_are_one_event),
		WATCH_TEST(flood_nobody_reads_ends_in_one_overrun),
		WATCH_TEST(more_interfaces_than_the_queue_holds_end_in_one_overrun),
		WATCH_TEST(look_ups_do_not_eat_events),
	};

	if (!private_netns_is_permitted())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
