/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes on when the daemon is killed, and how the next one takes its place. */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "bpf/clsact.h"
#include "bpf/loader_internal.h"
#include "tests/bpf/box.h"
#include "util/macros.h"

#define TCX    46	   /* ingress; egress is the next */
#define HANDLE 0xEBD00000U /* of all domains */

static struct box box;
static char folder[] = "/tmp/ebc-life-test-XXXXXX";

static int mount_folder(void **state)
{
	(void)state;
	return !mkdtemp(folder) || mount("none", folder, "bpf", 0, NULL) < 0;
}

static int unmount_folder(void **state)
{
	(void)state;
	return umount(folder) < 0 || rmdir(folder) < 0;
}

static int setup(void **state)
{
	box_new(&box, BOX_DIRECT);
	(void)state;
	return 0;
}

/* Whatever a test that failed leaves pinned would be taken over by the next. */
static int teardown(void **state)
{
	box_free(&box);
	(void)state;
	return netlab_run("rm -rf %s/tc_*", folder);
}

static struct ebc_loader_options pinned_options(void)
{
	struct ebc_loader_options options = box_options();

	options.set_pin_directory = folder;
	options.set_ifindexes = box.port_ifindex;
	options.n_set_ifindexes = BOX_PORTS;
	return options;
}

/* In the child: no assertions, whose jumps would run the other tests there. */
static void live_until_killed(const struct ebc_loader_options *options, int ready_fd)
{
	struct ebc_loader *loader;

	if (ebc_loader_new(options, &loader, NULL, 0) < 0)
		_exit(1);
	ebc_loader_ctl(loader)->real_minus_mono_ns = rig_real_minus_mono_ns();
	ebc_loader_ctl(loader)->lease_until_mono_ns = rig_mono_ns() + 3600 * NSEC_PER_SEC;
	for (int i = 0; i < BOX_PORTS; i++)
		if (ebc_loader_attach_port(loader, box.port_ifindex[i], &box.conf[i], &box.port_ifindex[i],
					   1))
			_exit(1);
	if (write(ready_fd, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/* A process loads, attaches, says so and is killed. */
static void leave_a_dead_instance(const struct ebc_loader_options *options)
{
	int pipe_fd[2], status;
	char octet;
	pid_t child;

	assert_int_equal(pipe(pipe_fd), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		live_until_killed(options, pipe_fd[1]);
	close(pipe_fd[1]);
	assert_int_equal(read(pipe_fd[0], &octet, 1), 1);
	close(pipe_fd[0]);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

static int pinned_sets(void)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	int n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		n += strncmp(entry->d_name, "tc_", 3) == 0;
	closedir(dir);
	return n;
}

static bool has_tcx(void)
{
	struct ebc_loader_options options = box_options();
	struct ebc_loader *loader = rig_loader(&options);
	bool uses_tcx = ebc_loader_uses_tcx(loader);

	ebc_loader_free(loader);
	return uses_tcx;
}

static uint32_t programs_at(int port, int direction)
{
	uint32_t ids[16], n = ARRAY_SIZE(ids), flags;
	struct ebc_clsact_filters filters;

	assert_int_equal(ebc_clsact_list(box.port_ifindex[port], direction, HANDLE, &filters), 0);
	if (bpf_prog_query((int)box.port_ifindex[port], (enum bpf_attach_type)(TCX + direction), 0, &flags,
			   ids, &n) < 0)
		n = 0;
	return n + (uint32_t)filters.n_ours;
}

/* The kernel takes a link whose pin is gone from its hook a little later. */
static void expect_programs_at(int port, uint32_t n)
{
	for (int direction = 0; direction < EBC_DIRECTIONS; direction++) {
		for (int i = 0; i < RIG_PATIENCE_MS / 10 && programs_at(port, direction) > n; i++)
			usleep(10000);
		assert_int_equal(programs_at(port, direction), n);
	}
}

static void expect_programs(uint32_t n)
{
	for (int port = 0; port < BOX_PORTS; port++)
		expect_programs_at(port, n);
}

static void build_sync(struct message *ret)
{
	message_new(EBC_TRANSPORT_UDP_IPV4, TYPE_SYNC, box_next_sequence_id(&box), ret);
	message_set_two_step(ret, true);
}

static void expect_corrected(void)
{
	struct message sync, out;

	build_sync(&sync);
	assert_true(box_pass(&box, 0, 1, &sync, &out) > 0);
	assert_true(box_expect(&box, 2, &sync, &out) > 0);
}

static struct ebc_loader *take_over(const struct ebc_loader_options *options, bool is_same)
{
	struct ebc_loader *loader = rig_loader(options);
	const char *reason;

	assert_int_equal(ebc_loader_took_over(loader), is_same);
	assert_true(ebc_loader_is_pinned(loader, &reason));
	return loader;
}

static void kill_take_over_and_leave(struct ebc_loader_options options)
{
	struct ebc_loader *loader;

	leave_a_dead_instance(&options);
	expect_programs(1);
	assert_int_equal(pinned_sets(), 1);
	for (int i = 0; i < 5; i++)
		expect_corrected();

	loader = take_over(&options, true);
	expect_programs(1);
	expect_corrected(); /* they never stopped */
	box_attach(&box, loader);
	ebc_loader_remove_predecessors(loader);
	expect_programs(1);
	assert_int_equal(pinned_sets(), 1);
	expect_corrected();
	for (int port = 0; port < BOX_PORTS; port++)
		assert_int_equal(ebc_loader_check_port(loader, box.port_ifindex[port]), 0);
	ebc_loader_free(loader);
	expect_programs(0);
	assert_int_equal(pinned_sets(), 0);
}

static void a_killed_daemon_s_programs_go_on_and_are_taken_over(void **state)
{
	(void)state;
	kill_take_over_and_leave(pinned_options());
}

static void with_clsact_too(void **state)
{
	struct ebc_loader_options options = pinned_options();

	(void)state;
	options.attach_mode = EBC_ATTACH_CLSACT;
	kill_take_over_and_leave(options);
}

static void without_tracepoints_too(void **state)
{
	struct ebc_loader_options options = pinned_options();

	(void)state;
	options.tx_stamp = EBC_STAMP_TC;
	kill_take_over_and_leave(options);
}

/* Without a daemon nobody renews the lease. */
static void nothing_waits_for_the_dead(void **state)
{
	struct ebc_loader_options options = pinned_options();
	struct message sync, follow_up, out;
	struct ebc_loader *loader;

	(void)state;
	leave_a_dead_instance(&options);
	loader = take_over(&options, true);
	ebc_loader_ctl(loader)->lease_until_mono_ns = 0;
	box_attach(&box, loader);
	expect_corrected();
	build_sync(&sync);
	message_set_two_step(&sync, false); /* one-step: kept */
	assert_true(box_pass(&box, 0, 1, &sync, &out) > 0);
	box_expect(&box, 2, &sync, &out);
	build_sync(&sync);
	message_new(EBC_TRANSPORT_UDP_IPV4, TYPE_FOLLOW_UP, box.sequence_id, &follow_up);
	box_hold(&box, 1);
	box_send(&box, 0, &sync);
	box_expect(&box, 2, &sync, &out);
	box_send(&box, 0, &follow_up); /* overtakes: goes on as it is */
	box_release_later(&box, 1, 2);
	assert_true(box_expect(&box, 1, &sync, &out) > 0);
	assert_int_equal(box_expect(&box, 1, &follow_up, &out), 0);
	ebc_loader_free(loader);
}

/* The tracepoints go on too: what the queue adds comes with the follower. */
static void followers_are_corrected_after_the_kill(void **state)
{
	struct ebc_loader_options options = pinned_options();
	struct message sync, follow_up, out;
	struct ebc_loader *loader;
	struct queue_wait wait;

	(void)state;
	leave_a_dead_instance(&options);
	box_wait_for_departures(&box);
	build_sync(&sync);
	message_new(EBC_TRANSPORT_UDP_IPV4, TYPE_FOLLOW_UP, box.sequence_id, &follow_up);
	box_hold(&box, 1);
	box_send(&box, 0, &sync);
	wait = box_release_later(&box, 1, 1);
	box_expect(&box, 1, &sync, &out);
	assert_true(box_pass(&box, 0, 1, &follow_up, &out) >> 16 >
		    (int64_t)(wait.to_mono_ns - wait.from_mono_ns));
	loader = take_over(&options, true);
	box_attach(&box, loader);
	ebc_loader_free(loader);
	expect_programs(0);
}

static void another_version_replaces_the_whole_set(void **state)
{
	struct ebc_loader_options options = pinned_options();
	struct ebc_loader *loader;

	(void)state;
	leave_a_dead_instance(&options);
	options.rx_ring_bytes *= 2; /* as good as another program text */
	loader = take_over(&options, false);
	assert_int_equal(pinned_sets(), 2);
	expect_corrected();
	box_attach(&box, loader);
	ebc_loader_remove_predecessors(loader);
	expect_programs(1);
	assert_int_equal(pinned_sets(), 1);
	expect_corrected();
	ebc_loader_free(loader);
	expect_programs(0);
	assert_int_equal(pinned_sets(), 0);
}

/* Attaches the ports of `options`, numbered in its order. */
static void attach_some(struct ebc_loader *loader, const struct ebc_loader_options *options)
{
	for (uint32_t i = 0; i < options->n_set_ifindexes; i++) {
		uint32_t ifindex = options->set_ifindexes[i];
		struct ebc_port_conf conf = {.port_index = i, .forward = EBC_FORWARD_DIRECT};

		assert_int_equal(ebc_loader_attach_port(loader, ifindex, &conf, &ifindex, 1), 0);
	}
	ebc_loader_remove_predecessors(loader);
}

/* Each of two messages comes once to the one port that is left besides port 0. */
static void expect_once_at(int port)
{
	struct message sync, out;

	for (int i = 0; i < 2; i++) {
		build_sync(&sync);
		assert_true(box_pass(&box, 0, port, &sync, &out) > 0);
	}
}

static void a_port_that_is_no_longer_configured_is_left(void **state)
{
	struct ebc_loader_options options = pinned_options();
	struct ebc_loader *loader;

	(void)state;
	leave_a_dead_instance(&options);
	options.n_set_ifindexes = 2;
	loader = take_over(&options, true);
	attach_some(loader, &options);
	expect_programs_at(0, 1);
	expect_programs_at(1, 1);
	expect_programs_at(2, 0);
	expect_once_at(1);
	ebc_loader_free(loader);
	box_expect_silence(&box, 2);
	assert_int_equal(pinned_sets(), 0);
}

/* Counters and histograms are by port number: a set with other numbers is replaced. */
static void ports_with_other_numbers_start_anew(void **state)
{
	struct ebc_loader_options options = pinned_options();
	const uint32_t now[] = {box.port_ifindex[0], box.port_ifindex[2]};
	struct ebc_loader *loader;

	(void)state;
	leave_a_dead_instance(&options);
	options.set_ifindexes = now;
	options.n_set_ifindexes = ARRAY_SIZE(now);
	loader = take_over(&options, false);
	attach_some(loader, &options);
	expect_programs_at(0, 1);
	expect_programs_at(1, 0);
	expect_programs_at(2, 1);
	expect_once_at(2);
	ebc_loader_free(loader);
	box_expect_silence(&box, 1);
	assert_int_equal(pinned_sets(), 0);
}

/* Set of other ports, of somebody who may be alive: not ours to judge. */
static void sets_on_other_ports_stay(void **state)
{
	struct ebc_loader_options options = pinned_options();
	uint32_t other = box.port_ifindex[2];
	struct ebc_loader *first, *second;

	(void)state;
	options.n_set_ifindexes = 2;
	first = rig_loader(&options);
	for (int i = 0; i < 2; i++)
		assert_int_equal(ebc_loader_attach_port(first, box.port_ifindex[i], &box.conf[i],
							&box.port_ifindex[i], 1),
				 0);
	options.rx_ring_bytes *= 2;
	options.set_ifindexes = &other;
	options.n_set_ifindexes = 1;
	second = take_over(&options, false);
	ebc_loader_remove_predecessors(second);
	assert_int_equal(pinned_sets(), 2);
	assert_int_equal(ebc_loader_check_port(first, box.port_ifindex[0]), 0);
	ebc_loader_free(second);
	assert_int_equal(pinned_sets(), 1);
	ebc_loader_free(first);
	assert_int_equal(pinned_sets(), 0);
}

/* It may be another version's, or of another configuration: whoever lives is left alone. */
static void sets_of_the_living_stay(void **state)
{
	struct ebc_loader_options options = pinned_options();
	struct ebc_loader *first, *second;

	(void)state;
	first = rig_loader(&options);
	box_attach(&box, first);
	options.rx_ring_bytes *= 2;
	second = take_over(&options, false);
	ebc_loader_remove_predecessors(second);
	assert_int_equal(pinned_sets(), 2);
	ebc_loader_free(second);
	assert_int_equal(pinned_sets(), 1);
	expect_programs(1);
	expect_corrected();
	ebc_loader_free(first);
	assert_int_equal(pinned_sets(), 0);
}

/* Whatever keeps a daemon from starting must not end what its predecessor's programs do. */
static void a_start_that_fails_leaves_what_it_took_over(void **state)
{
	struct ebc_loader_options options = pinned_options();
	struct ebc_loader *loader;

	(void)state;
	leave_a_dead_instance(&options);
	ebc_loader_free(take_over(&options, true));
	expect_programs(1);
	expect_corrected();
	loader = take_over(&options, true);
	box_attach(&box, loader);
	ebc_loader_free(loader);
	expect_programs(0);
	assert_int_equal(pinned_sets(), 0);
}

/* Filters of clsact outlive the process; the lease does not. */
static void unpinned_clsact_programs_change_nothing_after_the_lease(void **state)
{
	struct ebc_loader_options options = box_options();
	struct ebc_loader *loader;
	struct message sync, out;

	(void)state;
	options.attach_mode = EBC_ATTACH_CLSACT;
	leave_a_dead_instance(&options);
	expect_programs(1);
	expect_corrected();
	/* Time passes for the lease of what is left there. */
	loader = rig_loader(&options);
	ebc_loader_ctl(loader)->lease_until_mono_ns = 0;
	box.loader = loader;
	box_attach(&box, loader);
	expect_programs(1);
	assert_int_equal(
		netlab_run("ip link add br0 type bridge mcast_snooping 0 forward_delay 0 && "
			   "ip link set br0 up && for i in 0 1 2; do ip link set port$i master br0; done"),
		0);
	box_set_bridge_netfilter(false);
	build_sync(&sync);
	assert_int_equal(box_pass(&box, 0, 1, &sync, &out), 0);
	box_unload(&box);
	expect_programs(0);
}

static void unpinned_tcx_programs_go_with_the_process(void **state)
{
	struct ebc_loader_options options = box_options();

	(void)state;
	if (!has_tcx())
		skip();
	leave_a_dead_instance(&options);
	expect_programs(0);
}

static void without_a_bpf_file_system_it_is_said(void **state)
{
	struct ebc_loader_options options = pinned_options();
	struct ebc_loader *loader;
	const char *reason;

	(void)state;
	options.set_pin_directory = "/tmp";
	loader = rig_loader(&options);
	assert_false(ebc_loader_is_pinned(loader, &reason));
	assert_non_null(strstr(reason, "/tmp"));
	assert_int_equal(ebc_loader_ctl(loader)->corrects_without_lease, 0);
	ebc_loader_free(loader);
}

#define life_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		life_test(a_killed_daemon_s_programs_go_on_and_are_taken_over),
		life_test(with_clsact_too),
		life_test(without_tracepoints_too),
		life_test(nothing_waits_for_the_dead),
		life_test(followers_are_corrected_after_the_kill),
		life_test(another_version_replaces_the_whole_set),
		life_test(a_port_that_is_no_longer_configured_is_left),
		life_test(ports_with_other_numbers_start_anew),
		life_test(sets_on_other_ports_stay),
		life_test(sets_of_the_living_stay),
		life_test(a_start_that_fails_leaves_what_it_took_over),
		life_test(unpinned_clsact_programs_change_nothing_after_the_lease),
		life_test(unpinned_tcx_programs_go_with_the_process),
		life_test(without_a_bpf_file_system_it_is_said),
	};

	if (geteuid() != 0) {
		puts("needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, mount_folder, unmount_folder);
}
