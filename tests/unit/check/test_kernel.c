// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said of kernels that have, miss or refuse what the programs need. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/check/kernel.h"
#include "tests/unit/check/tree.h"
#include "util/macros.h"

struct box {
	struct kernel_facts facts;
	struct plan plan;
};

/* A kernel that has all, seen by root. */
static int setup(void **state)
{
	static struct box box;

	box = (struct box){
		.plan = {.leap_path = ""},
		.facts =
			{
				.release = "6.12.1",
				.is_root = true,
				.may_bpf = true,
				.may_perfmon = true,
				.may_net_admin = true,
				.may_net_raw = true,
				.may_bind = true,
				.may_set_time = true,
				.has_tc_programs = ANSWER_YES,
				.has_ring_buffer = ANSWER_YES,
				.has_lru_hash = ANSWER_YES,
				.has_set_hash = ANSWER_YES,
				.has_atomics = ANSWER_YES,
				.has_tcx = ANSWER_YES,
				.has_start_xmit = ANSWER_YES,
				.has_sysfs = true,
				.has_btf = true,
				.is_bpffs_mounted = true,
				.is_bpffs_writable = ANSWER_YES,
				.is_jit_on = ANSWER_YES,
				.lockdown = LOCKDOWN_NONE,
			},
	};
	*state = &box;
	return tree_setup(state);
}

static void judge_kernel(void *facts)
{
	struct box *box = facts;

	kernel_judge(&box->facts, &box->plan, &told);
}

static void judge(struct box *box)
{
	judge_everywhere(judge_kernel, box);
}

static void nothing_is_tried(struct box *box, int error)
{
	box->facts.bpf_error = error;
	box->facts.has_tc_programs = ANSWER_UNKNOWN;
	box->facts.has_ring_buffer = ANSWER_UNKNOWN;
	box->facts.has_lru_hash = ANSWER_UNKNOWN;
	box->facts.has_set_hash = ANSWER_UNKNOWN;
	box->facts.has_atomics = ANSWER_UNKNOWN;
	box->facts.has_tcx = ANSWER_UNKNOWN;
	box->facts.has_start_xmit = ANSWER_UNKNOWN;
}

static void a_kernel_with_all_is_good(void **state)
{
	struct box *box = *state;

	judge(box);
	for (size_t i = 0; i < told.n; i++)
		assert_int_equal(told.list[i].level, FINDING_GOOD);
	assert_finding(&told, "bpf", FINDING_GOOD);
}

static void what_the_programs_cannot_do_without_is_a_problem(void **state)
{
	struct box *box = *state;
	const struct finding *f;

	box->facts.has_atomics = ANSWER_NO;
	box->facts.has_ring_buffer = ANSWER_NO;
	judge(box);
	f = assert_finding(&told, "bpf", FINDING_PROBLEM);
	assert_non_null(strstr(f->text, "ring buffers (5.8), atomic operations"));
	assert_null(strstr(f->text, "LRU"));
}

static void sockets_need_no_bpf(void **state)
{
	struct box *box = *state;

	nothing_is_tried(box, -ENOSYS);
	box->plan =
		(struct plan){.is_known = true, .uses_sockets = true, .has_udp_port = true, .leap_path = ""};
	judge(box);
	assert_null(findings_get(&told, "bpf", ""));
	box->facts.may_bind = false;
	box->facts.may_bpf = false;
	judge(box);
	assert_string_equal(assert_finding(&told, "capabilities", FINDING_PROBLEM)->text,
			    "this user misses CAP_NET_BIND_SERVICE");
	box->plan.has_udp_port = false;
	box->plan.has_ethernet_port = true;
	box->facts.may_net_raw = false;
	judge(box);
	assert_string_equal(assert_finding(&told, "capabilities", FINDING_PROBLEM)->text,
			    "this user misses CAP_NET_RAW");
}

static void a_missing_capability_is_a_problem_where_the_clock_would_not_start(void **state)
{
	struct box *box = *state;

	box->plan.has_udp_port = true;
	box->facts.may_net_raw = false;
	judge(box);
	assert_non_null(strstr(assert_finding(&told, "capabilities", FINDING_NOTE)->why, "by sockets"));
	box->facts.may_bind = false;
	judge(box);
	assert_string_equal(assert_finding(&told, "capabilities", FINDING_PROBLEM)->text,
			    "this user misses CAP_NET_RAW, CAP_NET_BIND_SERVICE");
	box->facts.may_bind = true;
	box->plan.has_ethernet_port = true;
	judge(box);
	assert_finding(&told, "capabilities", FINDING_PROBLEM);
	box->facts.may_net_raw = true;
	box->facts.may_perfmon = false;
	judge(box);
	assert_finding(&told, "capabilities", FINDING_NOTE);
	box->plan.is_transparent = true;
	judge(box);
	assert_finding(&told, "capabilities", FINDING_PROBLEM);
	box->plan = (struct plan){.demands_bpf = true, .leap_path = ""};
	judge(box);
	assert_finding(&told, "capabilities", FINDING_PROBLEM);
	box->facts.is_root = false; /* the service is another user */
	judge(box);
	assert_finding(&told, "capabilities", FINDING_NOTE);
}

static void stamps_are_behind_the_queue_where_that_was_tried(void **state)
{
	struct box *box = *state;

	assert_true(kernel_stamps_behind_queue(&box->facts));
	box->facts.has_start_xmit = ANSWER_NO; /* though there is BTF */
	assert_false(kernel_stamps_behind_queue(&box->facts));
	box->facts.has_start_xmit = ANSWER_UNKNOWN;
	assert_false(kernel_stamps_behind_queue(&box->facts));
	box->facts.is_root = false;
	assert_true(kernel_stamps_behind_queue(&box->facts));
}

static void without_bpf_a_boundary_clock_has_sockets_and_a_transparent_clock_nothing(void **state)
{
	struct box *box = *state;

	nothing_is_tried(box, -EPERM);
	judge(box);
	assert_finding(&told, "bpf", FINDING_NOTE);
	box->plan.is_transparent = true;
	judge(box);
	assert_finding(&told, "bpf", FINDING_PROBLEM);
	box->plan = (struct plan){.demands_bpf = true, .leap_path = ""};
	judge(box);
	assert_finding(&told, "bpf", FINDING_PROBLEM);
}

static void who_may_not_try_is_told_to_be_root(void **state)
{
	struct box *box = *state;

	nothing_is_tried(box, -EPERM);
	box->facts.is_root = false;
	box->facts.may_bpf = false;
	box->plan.is_transparent = true;
	judge(box);
	assert_memory_equal(assert_finding(&told, "bpf", FINDING_NOTE)->text, "as root:", 8);
	assert_null(findings_get(&told, "tcx", ""));
	assert_string_equal(assert_finding(&told, "capabilities", FINDING_NOTE)->mend,
			    "systemctl start ebpf-bc  # as root");
	assert_mend_on_router(judge_kernel, box, "capabilities", "", "/etc/init.d/ebpf-bc start");
	assert_null(findings_get(&told, "btf", ""));
}

static void a_router_without_btf_is_told_what_that_costs(void **state)
{
	struct box *box = *state;
	const struct finding *f;

	box->facts.has_btf = false;
	box->facts.has_start_xmit = ANSWER_NO;
	box->facts.has_tcx = ANSWER_NO;
	judge(box);
	assert_finding(&told, "bpf", FINDING_GOOD);
	assert_finding(&told, "tcx", FINDING_NOTE);
	f = assert_finding(&told, "btf", FINDING_NOTE);
	assert_non_null(strstr(f->why, "drivers' own"));
	assert_mend_on_router(
		judge_kernel, box, "btf", "",
		"a build of OpenWrt with KERNEL_DEBUG_INFO_BTF, KERNEL_BPF_EVENTS and EBPF_BC_TRACING");
	box->plan.is_transparent = true;
	judge(box);
	f = assert_finding(&told, "btf", FINDING_NOTE);
	assert_non_null(strstr(f->why, "is not corrected"));
	box->facts.has_sysfs = false; /* nor what is in it */
	judge(box);
	assert_string_equal(assert_finding(&told, "btf", FINDING_NOTE)->mend, "mount -t sysfs sysfs /sys");
	assert_finding(&told, "sysfs", FINDING_NOTE);
	box->facts.has_sysfs = box->facts.has_btf = true;
	judge(box);
	assert_non_null(strstr(assert_finding(&told, "btf", FINDING_NOTE)->text, "is refused"));
}

static void pins_need_a_file_system_that_can_be_written(void **state)
{
	struct box *box = *state;

	box->facts.is_bpffs_writable = ANSWER_NO;
	judge(box);
	assert_non_null(strstr(assert_finding(&told, "bpffs", FINDING_NOTE)->mend, "remount"));
	box->facts.is_bpffs_writable = ANSWER_UNKNOWN;
	judge(box);
	assert_finding(&told, "bpffs", FINDING_GOOD);
	box->facts.is_bpffs_mounted = false;
	judge(box);
	assert_non_null(strstr(assert_finding(&told, "bpffs", FINDING_NOTE)->mend, "-t bpf"));
}

static void only_a_lockdown_that_refuses_programs_is_a_note(void **state)
{
	static const char *const levels[] = {"[none] integrity confidentiality\n",
					     "none [integrity] confidentiality\n",
					     "none integrity [confidentiality]\n"};
	struct box *box = *state;

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		struct kernel_facts looked;

		tree_write("/sys/kernel/security/lockdown", levels[i]);
		kernel_look(tree_root, &looked);
		assert_int_equal(looked.lockdown, LOCKDOWN_NONE + i);
		box->facts.lockdown = looked.lockdown;
		box->facts.has_start_xmit = ANSWER_YES;
		judge(box);
		assert_finding(&told, "lockdown", FINDING_GOOD);
		box->facts.has_start_xmit = ANSWER_NO;
		judge(box);
		assert_finding(&told, "lockdown", i == 2 ? FINDING_NOTE : FINDING_GOOD);
	}
	nothing_is_tried(box, -EPERM);
	judge(box);
	assert_non_null(strstr(assert_finding(&told, "lockdown", FINDING_NOTE)->why, "could not be tried"));
	box->facts.lockdown = LOCKDOWN_UNKNOWN;
	judge(box);
	assert_null(findings_get(&told, "lockdown", ""));
}

static void only_the_system_clock_needs_the_right_to_set_it(void **state)
{
	struct box *box = *state;

	box->facts.may_set_time = false;
	judge(box);
	assert_finding(&told, "capabilities", FINDING_GOOD);
	box->plan.is_system_clock = true;
	judge(box);
	assert_non_null(strstr(assert_finding(&told, "capabilities", FINDING_PROBLEM)->text, "CAP_SYS_TIME"));
}

static void files_tell_of_jit_btf_and_pins(void **state)
{
	struct box *box = *state;

	tree_write("/proc/sys/kernel/osrelease", "5.10.0-28\n");
	tree_write("/proc/sys/net/core/bpf_jit_enable", "0\n");
	tree_write("/proc/self/mounts", "proc /proc proc rw 0 0\nnone /sys/fs/bpf bpf ro 0 0\n");
	kernel_look(tree_root, &box->facts);
	assert_string_equal(box->facts.release, "5.10.0-28");
	assert_int_equal(box->facts.is_jit_on, ANSWER_NO);
	assert_true(box->facts.is_bpffs_mounted);
	assert_false(box->facts.has_btf);
	assert_false(box->facts.may_bind);
	tree_write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "319\n");
	judge(box);
	assert_finding(&told, "jit", FINDING_NOTE);
	tree_write("/sys/kernel/btf/vmlinux", "");
	tree_write("/proc/self/mounts", "proc /proc proc rw 0 0\n");
	kernel_look(tree_root, &box->facts);
	assert_true(box->facts.has_btf);
	assert_true(box->facts.may_bind);
	assert_false(box->facts.is_bpffs_mounted);
}

static void the_running_kernel_answers_or_refuses(void **state)
{
	struct box *box = *state;

	kernel_look("", &box->facts);
	kernel_try(&box->facts);
	assert_true(box->facts.bpf_error == 0 || box->facts.bpf_error == -EPERM ||
		    box->facts.bpf_error == -ENOSYS);
	assert_true(*box->facts.release);
	judge(box);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_kernel_with_all_is_good),
		TEST(what_the_programs_cannot_do_without_is_a_problem),
		TEST(sockets_need_no_bpf),
		TEST(a_missing_capability_is_a_problem_where_the_clock_would_not_start),
		TEST(stamps_are_behind_the_queue_where_that_was_tried),
		TEST(without_bpf_a_boundary_clock_has_sockets_and_a_transparent_clock_nothing),
		TEST(who_may_not_try_is_told_to_be_root),
		TEST(a_router_without_btf_is_told_what_that_costs),
		TEST(pins_need_a_file_system_that_can_be_written),
		TEST(only_a_lockdown_that_refuses_programs_is_a_note),
		TEST(only_the_system_clock_needs_the_right_to_set_it),
		TEST(files_tell_of_jit_btf_and_pins),
		TEST(the_running_kernel_answers_or_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
