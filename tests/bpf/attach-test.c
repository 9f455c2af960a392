/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs at the hooks of an interface: one each, found missing, taken away, and nobody else's touched. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "bpf/clsact.h"
#include "bpf/loader_internal.h"
#include "tests/bpf/foreign.h"
#include "tests/bpf/frames.h"
#include "tests/bpf/rig.h"
#include "util/macros.h"

#define HANDLE 0xEBC00000U /* of sdoId 0, domain 0 */
#define TCX    46	   /* ingress; egress is the next */

static const enum ebc_attach_mode modes[] = {EBC_ATTACH_CLSACT, EBC_ATTACH_TCX};
static size_t n_modes = ARRAY_SIZE(modes); /* of them: kernels before 6.6 have the first only */

static int look_for_tcx(void **state)
{
	struct ebc_loader_options options = rig_options();
	struct ebc_loader *loader = rig_loader(&options);

	(void)state;
	if (!ebc_loader_uses_tcx(loader))
		n_modes = 1;
	ebc_loader_free(loader);
	return 0;
}

static struct ebc_loader *new_loader(enum ebc_attach_mode mode)
{
	struct ebc_loader_options options = rig_options();

	options.attach_mode = mode;
	return rig_loader(&options);
}

static uint32_t tcx_programs(const struct netlab *lab, enum ebc_direction direction)
{
	uint32_t ids[16], n = ARRAY_SIZE(ids), flags;

	if (n_modes == 1)
		return 0;
	assert_int_equal(bpf_prog_query((int)lab->port_ifindex, (enum bpf_attach_type)(TCX + direction), 0,
					&flags, ids, &n),
			 0);
	return n;
}

/* Asserts that `n` programs of ours and `n_others` filters of others hang at each of the hooks. */
static void assert_attached(const struct netlab *lab, enum ebc_attach_mode mode, size_t n, size_t n_others)
{
	for (int direction = 0; direction < EBC_DIRECTIONS; direction++) {
		struct ebc_clsact_filters filters;

		assert_int_equal(ebc_clsact_list(lab->port_ifindex, direction, HANDLE, &filters), 0);
		assert_int_equal(filters.n_others, n_others);
		assert_int_equal(filters.n_ours, mode == EBC_ATTACH_CLSACT ? n : 0);
		assert_int_equal(tcx_programs(lab, direction), mode == EBC_ATTACH_TCX ? n : 0);
	}
}

static bool has_clsact(void)
{
	return netlab_run("tc qdisc show dev port0 | grep -q clsact") == 0;
}

static void attaching_twice_leaves_one_program(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_modes; i++) {
		struct ebc_loader *loader;
		struct netlab lab;

		netlab_new(&lab);
		loader = new_loader(modes[i]);
		assert_int_equal(ebc_loader_uses_tcx(loader), modes[i] == EBC_ATTACH_TCX);
		assert_attached(&lab, modes[i], 0, 0);
		rig_attach(loader, &lab);
		assert_attached(&lab, modes[i], 1, 0);
		rig_attach(loader, &lab);
		assert_attached(&lab, modes[i], 1, 0);
		assert_int_equal(ebc_loader_check_port(loader, lab.port_ifindex), 0);
		ebc_loader_free(loader);
		netlab_free(&lab);
	}
}

static void detaching_leaves_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_modes; i++) {
		struct ebc_loader *loader;
		struct netlab lab;

		netlab_new(&lab);
		loader = new_loader(modes[i]);
		rig_attach(loader, &lab);
		ebc_loader_detach_port(loader, lab.port_ifindex);
		assert_attached(&lab, modes[i], 0, 0);
		assert_false(has_clsact());
		assert_int_equal(ebc_loader_check_port(loader, lab.port_ifindex), -ENOENT);
		ebc_loader_detach_port(loader, lab.port_ifindex);
		rig_attach(loader, &lab);
		assert_attached(&lab, modes[i], 1, 0);
		ebc_loader_free(loader);
		assert_attached(&lab, modes[i], 0, 0);
		assert_false(has_clsact());
		netlab_free(&lab);
	}
}

static bool is_gone(int (*open_by_id)(uint32_t id), uint32_t id)
{
	for (int i = 0; i < RIG_PATIENCE_MS / 10; i++) { /* the kernel frees after a grace period */
		int fd = open_by_id(id);

		if (fd < 0)
			return fd == -ENOENT;
		close(fd);
		usleep(10000);
	}
	return false;
}

static void freeing_leaves_no_program_and_no_map(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_modes; i++) {
		struct ebc_loader *loader;
		uint32_t program_ids[EBC_DIRECTIONS], map_ids[32];
		struct bpf_prog_info info = {.nr_map_ids = ARRAY_SIZE(map_ids),
					     .map_ids = (uintptr_t)map_ids};
		uint32_t len = sizeof(info);
		struct netlab lab;

		netlab_new(&lab);
		loader = new_loader(modes[i]);
		rig_attach(loader, &lab);
		memcpy(program_ids, loader->programs.id, sizeof(program_ids));
		assert_int_equal(bpf_obj_get_info_by_fd(loader->programs.fd[EBC_DIRECTION_TX], &info, &len),
				 0);
		assert_true(info.nr_map_ids > 3);
		ebc_loader_free(loader);
		for (int direction = 0; direction < EBC_DIRECTIONS; direction++)
			assert_true(is_gone(bpf_prog_get_fd_by_id, program_ids[direction]));
		for (uint32_t m = 0; m < info.nr_map_ids; m++)
			assert_true(is_gone(bpf_map_get_fd_by_id, map_ids[m]));
		netlab_free(&lab);
	}
}

static void filters_of_others_run_and_remain(void **state)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_IEEE_802_3);
	uint8_t frame[FRAME_OCTETS];

	(void)state;
	for (size_t i = 0; i < n_modes; i++) {
		struct ebc_loader *loader;
		struct foreign_filter foreign;
		struct netlab lab;
		struct rig_rx rx;
		uint64_t seen;
		int fd = -1;

		netlab_new(&lab);
		loader = new_loader(modes[i]);
		foreign_filter_new(TC_ACT_OK, &foreign);
		foreign_filter_attach(&foreign, lab.port_ifindex, EBC_DIRECTION_RX);
		foreign_filter_attach(&foreign, lab.port_ifindex, EBC_DIRECTION_TX);
		rig_attach(loader, &lab);
		assert_attached(&lab, modes[i], 1, 1);

		netlab_enter(lab.peer_fd);
		fd = rig_socket();
		/* A frame of our domain is ours alone, one of another domain is seen by the other filter. */
		seen = foreign_filter_count(&foreign);
		spec.domain_number = 99;
		assert_true(rig_send(fd, lab.peer_ifindex, frame, frame_build(&spec, frame, NULL)));
		spec.domain_number = 0;
		assert_true(rig_send(fd, lab.peer_ifindex, frame, frame_build(&spec, frame, NULL)));
		assert_true(rig_wait_rx(loader, RIG_PATIENCE_MS, &rx));
		assert_int_equal(rig_counter(loader, EBC_COUNTER_RX_PASSED_DOMAIN), 1);
		assert_true(foreign_filter_count(&foreign) > seen);
		netlab_enter(lab.box_fd);

		ebc_loader_free(loader);
		assert_attached(&lab, modes[i], 0, 1);
		assert_true(has_clsact());
		close(fd);
		foreign_filter_free(&foreign);
		netlab_free(&lab);
	}
}

static void consumed_frames_are_hidden_from_the_filters_of_others(void **state)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_UDP_IPV4);
	uint8_t frame[FRAME_OCTETS];

	(void)state;
	for (size_t i = 0; i < n_modes; i++) {
		struct ebc_loader *loader;
		struct foreign_filter foreign;
		struct netlab lab;
		struct rig_rx rx;
		int fd;

		netlab_new(&lab);
		loader = new_loader(modes[i]);
		foreign_filter_new(TC_ACT_OK, &foreign);
		rig_attach(loader, &lab);
		netlab_enter(lab.peer_fd);
		foreign_filter_attach(&foreign, lab.peer_ifindex, EBC_DIRECTION_TX);
		foreign_filter_free(&foreign);
		foreign_filter_new(TC_ACT_OK, &foreign);
		netlab_enter(lab.box_fd);
		foreign_filter_attach(&foreign, lab.port_ifindex, EBC_DIRECTION_RX);
		netlab_enter(lab.peer_fd);
		fd = rig_socket();
		for (int n = 0; n < 20; n++) {
			assert_true(rig_send(fd, lab.peer_ifindex, frame, frame_build(&spec, frame, NULL)));
			assert_true(rig_wait_rx(loader, RIG_PATIENCE_MS, &rx));
		}
		assert_int_equal(foreign_filter_count(&foreign), 0);
		netlab_enter(lab.box_fd);
		ebc_loader_free(loader);
		close(fd);
		foreign_filter_free(&foreign);
		netlab_free(&lab);
	}
}

static void a_clsact_that_was_there_stays(void **state)
{
	struct ebc_loader *loader;
	struct netlab lab;

	(void)state;
	netlab_new(&lab);
	loader = new_loader(EBC_ATTACH_CLSACT);
	assert_int_equal(netlab_run("tc qdisc add dev port0 clsact"), 0);
	rig_attach(loader, &lab);
	ebc_loader_free(loader);
	assert_attached(&lab, EBC_ATTACH_CLSACT, 0, 0);
	assert_true(has_clsact());
	netlab_free(&lab);
}

static void a_taken_priority_is_no_obstacle(void **state)
{
	struct ebc_loader *loader;
	struct netlab lab;

	(void)state;
	netlab_new(&lab);
	loader = new_loader(EBC_ATTACH_CLSACT);
	assert_int_equal(
		netlab_run("tc qdisc add dev port0 clsact && for d in ingress egress; do "
			   "tc filter add dev port0 $d pref 1 protocol ip u32 match u32 0 0 flowid :1; done"),
		0);
	rig_attach(loader, &lab);
	rig_attach(loader, &lab);
	assert_int_equal(
		netlab_run("tc filter show dev port0 ingress | grep -q 'pref 2 bpf.*handle 0xebc00000'"), 0);
	assert_int_equal(ebc_loader_check_port(loader, lab.port_ifindex), 0);
	ebc_loader_free(loader);
	assert_int_equal(netlab_run("tc filter show dev port0 ingress | grep -q u32"), 0);
	assert_int_not_equal(netlab_run("tc filter show dev port0 ingress | grep -q bpf"), 0);
	netlab_free(&lab);
}

static void detach_link(int link_fd)
{
	struct bpf_link_info info = {};
	uint32_t len = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(link_fd, &info, &len), 0);
	assert_int_equal(netlab_run("bpftool link detach id %u", info.id), 0);
}

/* Each command takes something of ours away; the check must notice, and attaching again must heal. */
static void what_others_take_away_is_noticed(void **state)
{
	static const struct {
		enum ebc_attach_mode mode;
		const char *command;
	} thefts[] = {
		{EBC_ATTACH_CLSACT, "tc qdisc del dev port0 clsact"},
		{EBC_ATTACH_CLSACT, "tc filter del dev port0 ingress"},
		{EBC_ATTACH_CLSACT, "tc filter del dev port0 egress"},
		{EBC_ATTACH_CLSACT, "tc filter replace dev port0 egress pref 1 handle 0xebc00000 bpf da "
				    "bytecode '1,6 0 0 0'"},
		{EBC_ATTACH_TCX, NULL}, /* bpftool link detach; last */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(thefts) - (n_modes == 1); i++)
		for (int direction = 0; direction < EBC_DIRECTIONS; direction++) {
			struct ebc_loader *loader;
			struct netlab lab;

			netlab_new(&lab);
			loader = new_loader(thefts[i].mode);
			rig_attach(loader, &lab);
			assert_int_equal(ebc_loader_check_port(loader, lab.port_ifindex), 0);
			if (thefts[i].mode == EBC_ATTACH_TCX)
				detach_link(loader->ports[0].hooks.link_fd[direction]);
			else
				assert_int_equal(netlab_run("%s", thefts[i].command), 0);
			assert_int_equal(ebc_loader_check_port(loader, lab.port_ifindex), -ENOENT);
			rig_attach(loader, &lab);
			assert_int_equal(ebc_loader_check_port(loader, lab.port_ifindex), 0);
			assert_attached(&lab, thefts[i].mode, 1, 0);
			ebc_loader_free(loader);
			assert_attached(&lab, thefts[i].mode, 0, 0);
			netlab_free(&lab);
		}
}

static void a_lost_interface_is_noticed(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_modes; i++)
		for (int is_deleted = 0; is_deleted < 2; is_deleted++) {
			struct ebc_loader *loader;
			struct ebc_port_conf conf = {};
			struct netlab lab;

			netlab_new(&lab);
			loader = new_loader(modes[i]);
			rig_attach(loader, &lab);
			if (is_deleted)
				assert_int_equal(netlab_run("ip link del port0"), 0);
			else
				assert_int_equal(netlab_run("ip link set port0 netns /proc/%d/fd/%d",
							    getpid(), lab.peer_fd),
						 0);
			assert_int_equal(ebc_loader_check_port(loader, lab.port_ifindex), -ENODEV);
			assert_int_equal(
				ebc_loader_attach_port(loader, lab.port_ifindex, &conf, &lab.port_ifindex, 1),
				-ENODEV);
			ebc_loader_detach_port(loader, lab.port_ifindex);
			ebc_loader_detach_port(loader, lab.port_ifindex);
			ebc_loader_free(loader);
			netlab_free(&lab);
		}
}

static void leave_a_dead_instance(enum ebc_attach_mode mode, const struct netlab *lab)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct ebc_loader_options options = rig_options();
		struct ebc_port_conf conf = {};
		struct ebc_loader *loader;
		char reason[256];

		options.attach_mode = mode;
		if (ebc_loader_new(&options, &loader, reason, sizeof(reason)) < 0 ||
		    ebc_loader_attach_port(loader, lab->port_ifindex, &conf, &lab->port_ifindex, 1) < 0)
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

static void a_killed_process_with_tcx_leaves_nothing(void **state)
{
	struct netlab lab;

	(void)state;
	if (n_modes == 1)
		return;
	netlab_new(&lab);
	leave_a_dead_instance(EBC_ATTACH_TCX, &lab);
	assert_attached(&lab, EBC_ATTACH_TCX, 0, 0);
	assert_false(has_clsact());
	netlab_free(&lab);
}

static uint32_t link_id(int fd)
{
	struct bpf_link_info info = {};
	uint32_t len = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &len), 0);
	return info.id;
}

/* Ends `loader`, one of whose links may be detached; returns its successor. */
static struct ebc_loader *succeed(struct ebc_loader *loader, const struct netlab *lab)
{
	struct ebc_left_hooks *left = ebc_loader_leave_hooks(loader);
	struct ebc_loader_options options = rig_options();

	assert_non_null(left);
	ebc_loader_free(loader);
	assert_int_equal(tcx_programs(lab, EBC_DIRECTION_RX), 1);
	options.left_hooks = left;
	loader = rig_loader(&options);
	rig_attach(loader, lab);
	ebc_loader_remove_predecessors(loader);
	ebc_left_hooks_free(left);
	assert_attached(lab, EBC_ATTACH_TCX, 1, 0);
	assert_int_equal(ebc_loader_check_port(loader, lab->port_ifindex), 0);
	return loader;
}

/* Our own frames are stamped by the programs of this loader. */
static void assert_stamps(struct ebc_loader *loader, const struct netlab *lab)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_IEEE_802_3);
	int fd = rig_daemon_socket(loader);
	struct ebc_tx_record record;
	uint8_t frame[FRAME_OCTETS];

	assert_true(rig_send(fd, lab->port_ifindex, frame, frame_build(&spec, frame, NULL)));
	assert_true(rig_wait_tx(loader, RIG_PATIENCE_MS, &record));
	close(fd);
}

static void a_successor_takes_the_place_of_programs_that_were_left(void **state)
{
	struct ebc_loader *loader;
	struct netlab lab;
	uint32_t id;

	(void)state;
	if (n_modes == 1)
		return;
	netlab_new(&lab);
	loader = new_loader(EBC_ATTACH_TCX);
	rig_attach(loader, &lab);
	id = link_id(loader->ports[0].hooks.link_fd[EBC_DIRECTION_RX]);
	loader = succeed(loader, &lab);
	assert_int_equal(link_id(loader->ports[0].hooks.link_fd[EBC_DIRECTION_RX]), id);
	assert_stamps(loader, &lab);

	/* Somebody detaches one meanwhile. */
	detach_link(loader->ports[0].hooks.link_fd[EBC_DIRECTION_TX]);
	loader = succeed(loader, &lab);
	assert_stamps(loader, &lab);

	ebc_left_hooks_free(ebc_loader_leave_hooks(loader));
	assert_attached(&lab, EBC_ATTACH_TCX, 0, 0);
	ebc_loader_free(loader);
	netlab_free(&lab);
}

static void left_over_filters_are_replaced(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_modes; i++) {
		struct ebc_loader *loader;
		struct netlab lab;

		netlab_new(&lab);
		loader = new_loader(modes[i]);
		leave_a_dead_instance(EBC_ATTACH_CLSACT, &lab);
		assert_attached(&lab, EBC_ATTACH_CLSACT, 1, 0);
		rig_attach(loader, &lab);
		assert_attached(&lab, modes[i], 1, 0);
		assert_int_equal(ebc_loader_check_port(loader, lab.port_ifindex), 0);
		ebc_loader_free(loader);
		assert_attached(&lab, modes[i], 0, 0);
		assert_false(has_clsact());
		netlab_free(&lab);
	}
}

static void instances_of_two_domains_share_a_port(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_modes; i++) {
		struct ebc_loader_options options = rig_options();
		struct ebc_loader *first, *second;
		struct netlab lab;

		options.attach_mode = modes[i];
		netlab_new(&lab);
		first = rig_loader(&options);
		options.domain_number = 1;
		second = rig_loader(&options);
		rig_attach(first, &lab);
		rig_attach(second, &lab);
		assert_int_equal(ebc_loader_check_port(first, lab.port_ifindex), 0);
		assert_int_equal(ebc_loader_check_port(second, lab.port_ifindex), 0);
		ebc_loader_free(first);
		assert_int_equal(ebc_loader_check_port(second, lab.port_ifindex), 0);
		ebc_loader_free(second);
		assert_attached(&lab, modes[i], 0, 0);
		netlab_free(&lab);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attaching_twice_leaves_one_program),
		cmocka_unit_test(detaching_leaves_nothing),
		cmocka_unit_test(freeing_leaves_no_program_and_no_map),
		cmocka_unit_test(filters_of_others_run_and_remain),
		cmocka_unit_test(consumed_frames_are_hidden_from_the_filters_of_others),
		cmocka_unit_test(a_clsact_that_was_there_stays),
		cmocka_unit_test(a_taken_priority_is_no_obstacle),
		cmocka_unit_test(what_others_take_away_is_noticed),
		cmocka_unit_test(a_lost_interface_is_noticed),
		cmocka_unit_test(a_killed_process_with_tcx_leaves_nothing),
		cmocka_unit_test(a_successor_takes_the_place_of_programs_that_were_left),
		cmocka_unit_test(left_over_filters_are_replaced),
		cmocka_unit_test(instances_of_two_domains_share_a_port),
	};

	if (geteuid() != 0) {
		puts("needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, look_for_tcx, NULL);
}
