// SPDX-License-Identifier: GPL-2.0-or-later
/* Who else keeps a clock, found in trees of processes, and what is said of it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "ctl/check/rivals.h"
#include "tests/unit/check/tree.h"
#include "util/cleanup.h"
#include "util/macros.h"

#define UDP_HEAD \
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
#define UDP_319 \
	" 12: 00000000:013F 00000000:0000 07 00000000:00000000 00:00000000 00000000   102        0 4711 2\n"

#define UDP_320 \
	" 13: 00000000:0140 00000000:0000 07 00000000:00000000 00:00000000 00000000   102        0 4711 2\n"

struct rig {
	struct rivals_facts facts;
	struct plan plan;
	struct check_options options;
};

static const char *const our_ports[] = {"eth0", "eth1"};

static int setup(void **state)
{
	static struct rig rig;

	rig = (struct rig){
		.plan = {.is_known = true, .leap_path = ""},
		.options = {.ports = our_ports, .n_ports = ARRAY_SIZE(our_ports)},
	};
	*state = &rig;
	tree_setup(state);
	tree_link("/proc/self/ns/net", "net:[1]");
	return 0;
}

/* The arguments separated by spaces. */
static void add_process(int pid, const char *comm, const char *command, const char *net)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	tree_write(path, comm);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	tree_link(path, net);
	snprintf(path, sizeof(path), "%s/proc/%d/cmdline", tree_root, pid);
	file = fopen(path, "w");
	assert_non_null(file);
	for (; *command; command++)
		putc(*command == ' ' ? '\0' : *command, file);
	if (command[-1] != ' ')
		putc('\0', file);
	fclose(file);
}

static void put_in_cgroup(int pid, const char *cgroup)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	tree_write(path, cgroup);
}

static void judge(void *data)
{
	struct rig *rig = data;

	rivals_judge(&rig->facts, &rig->plan, &rig->options, &told);
}

static void look_and_judge(struct rig *rig)
{
	rivals_look(tree_root, &rig->facts);
	judge_everywhere(judge, rig);
}

static void nobody_else_is_good(void **state)
{
	struct rig *rig = *state;

	add_process(7, "chronyc\n", "chronyc", "net:[1]");
	look_and_judge(rig);
	assert_int_equal(rig->facts.n, 0);
	assert_finding(&told, "rivals", FINDING_GOOD);
}

static void an_ntp_daemon_fights_only_over_the_system_clock(void **state)
{
	struct rig *rig = *state;
	const struct finding *f;

	add_process(20, "chronyd\n", "/usr/sbin/chronyd -F 1", "net:[1]");
	add_process(21, "chronyd\n", "/usr/sbin/chronyd -F 1", "net:[1]");
	look_and_judge(rig);
	assert_int_equal(told.n, 1);
	assert_finding(&told, "rivals", FINDING_NOTE);
	rig->plan.is_system_clock = true;
	look_and_judge(rig);
	f = assert_finding(&told, "rivals", FINDING_PROBLEM);
	assert_memory_equal(f->mend, "kill 2", 6);
	put_in_cgroup(20, "0::/system.slice/chrony.service\n");
	put_in_cgroup(21, "0::/system.slice/chrony.service\n");
	look_and_judge(rig);
	f = assert_finding(&told, "rivals", FINDING_PROBLEM);
	assert_string_equal(f->mend, "systemctl disable --now chrony.service");
	rig->plan = (struct plan){.is_known = true, .exports_time = true, .leap_path = ""};
	look_and_judge(rig);
	assert_finding(&told, "rivals", FINDING_GOOD);
}

static void a_chronyd_that_only_serves_is_good(void **state)
{
	struct rig *rig = *state;

	add_process(20, "chronyd\n", "/usr/sbin/chronyd -x", "net:[1]");
	rig->plan.is_system_clock = true;
	look_and_judge(rig);
	assert_finding(&told, "rivals", FINDING_GOOD);
}

static void only_slews_that_the_kernel_tells_are_fed_forward(void **state)
{
	static const struct {
		const char *name;
		bool is_told;
	} clocks[] = {{"chronyd", true}, {"ntpd", false}, {"openntpd", false}, {"systemd-timesyn", false}};
	struct rig *rig = *state;

	add_process(20, "", "clock", "net:[1]");
	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++) {
		const struct finding *f;

		tree_write("/proc/20/comm", clocks[i].name);
		look_and_judge(rig);
		f = assert_finding(&told, "rivals", FINDING_NOTE);
		assert_int_equal(strstr(f->why, "feeds forward") != NULL, clocks[i].is_told);
		assert_string_equal(f->mend, clocks[i].is_told ? "" : "apt install chrony  # in its place");
		assert_string_equal(rivals_keeper(&rig->facts), clocks[i].name);
	}
}

static void a_service_is_stopped_only_if_it_is_the_rivals(void **state)
{
	static const struct {
		const char *cgroup, *mend;
	} cases[] = {
		{"0::/system.slice/system-ptp4l.slice/ptp4l@eth1.service\n",
		 "systemctl disable --now ptp4l@eth1.service"},
		{"0::/system.slice/system-ptp4l.slice/ptp4l@a\\x2db.service\n",
		 "systemctl disable --now 'ptp4l@a\\x2db.service'"},
		{"12:cpu:/\n1:name=systemd:/system.slice/ptp4l.service\n",
		 "systemctl disable --now ptp4l.service"},
		{"0::/system.slice/cron.service\n",
		 "kill 30  # and see that cron.service does not start it again"},
		{"0::/user.slice/user-0.slice/user@0.service\n",
		 "kill 30  # and see that nothing starts it again"},
		{"0::/system.slice/ptp4l;reboot.service\n",
		 "kill 30  # and see that nothing starts it again"},
	};
	struct rig *rig = *state;

	add_process(30, "ptp4l\n", "ptp4l -i eth1", "net:[1]");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		put_in_cgroup(30, cases[i].cgroup);
		look_and_judge(rig);
		assert_string_equal(assert_finding(&told, "rivals", FINDING_PROBLEM)->mend, cases[i].mend);
	}
}

static void a_routers_script_is_stopped_if_it_is_the_rivals(void **state)
{
	static const struct {
		const char *cgroup, *mend;
	} cases[] = {
		{"0::/services/sysntpd/instance1\n",
		 "/etc/init.d/sysntpd stop && /etc/init.d/sysntpd disable"},
		{"0::/\n", "/etc/init.d/sysntpd stop && /etc/init.d/sysntpd disable"},
		{"0::/services/cron/instance1\n", "kill 30  # and see that cron does not start it again"},
		{"0::/services/ntp;reboot/instance1\n",
		 "/etc/init.d/sysntpd stop && /etc/init.d/sysntpd disable"},
		{"0::/services/\n", "/etc/init.d/sysntpd stop && /etc/init.d/sysntpd disable"},
	};
	struct rig *rig = *state;

	add_process(30, "ntpd\n", "/usr/sbin/ntpd -n", "net:[1]");
	tree_write("/etc/rc.common", "");
	tree_write("/etc/init.d/sysntpd", "");
	rivals_look(tree_root, &rig->facts);
	assert_mend_on_router(judge, rig, "rivals", "",
			      "opkg update && opkg install chrony && /etc/init.d/sysntpd stop && "
			      "/etc/init.d/sysntpd disable");
	rig->plan.is_system_clock = true;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		put_in_cgroup(30, cases[i].cgroup);
		rivals_look(tree_root, &rig->facts);
		assert_mend_on_router(judge, rig, "rivals", "", cases[i].mend);
	}
}

static void a_hypervisors_tools_may_set_the_clock(void **state)
{
	struct rig *rig = *state;

	add_process(20, "vmtoolsd\n", "/usr/bin/vmtoolsd", "net:[1]");
	look_and_judge(rig);
	assert_string_equal(assert_finding(&told, "rivals", FINDING_NOTE)->mend,
			    "vmware-toolbox-cmd timesync disable");
	assert_null(rivals_keeper(&rig->facts));
	rig->plan.is_system_clock = true;
	look_and_judge(rig);
	assert_finding(&told, "rivals", FINDING_NOTE);
}

static void the_name_that_the_kernel_cuts_is_known(void **state)
{
	struct rig *rig = *state;

	add_process(20, "systemd-timesyn\n", "/lib/systemd/systemd-timesyncd", "net:[1]");
	put_in_cgroup(20, "0::/system.slice/systemd-timesyncd.service\n");
	rig->plan.is_system_clock = true;
	look_and_judge(rig);
	assert_non_null(strstr(assert_finding(&told, "rivals", FINDING_PROBLEM)->mend,
			       "disable --now systemd-timesyncd.service"));
}

static void a_ptp_daemon_on_our_port_and_domain_is_a_problem(void **state)
{
	struct rig *rig = *state;
	const struct finding *f;

	add_process(30, "ptp4l\n", "ptp4l -i eth1 -m", "net:[1]");
	look_and_judge(rig);
	f = assert_finding(&told, "rivals", FINDING_PROBLEM);
	assert_non_null(strstr(f->text, "ptp4l (pid 30) on eth1, domain 0"));
	rig->plan.domain = 24;
	look_and_judge(rig);
	assert_finding(&told, "rivals", FINDING_NOTE);
}

static void its_ports_and_domain_are_read_from_its_file(void **state)
{
	struct rig *rig = *state;

	tree_write("/etc/ptp4l.conf", "[global]\ndomainNumber 24\n[eth7]\n[eth0]\n");
	add_process(30, "ptp4l\n", "/usr/sbin/ptp4l -f /etc/ptp4l.conf", "net:[1]");
	look_and_judge(rig);
	assert_int_equal(rig->facts.list[0].n_ports, 2);
	assert_int_equal(rig->facts.list[0].domain, 24);
	assert_finding(&told, "rivals", FINDING_NOTE);
	rig->plan.domain = 24;
	look_and_judge(rig);
	assert_finding(&told, "rivals", FINDING_PROBLEM);
}

static void its_file_is_read_where_it_sees_it(void **state)
{
	struct rig *rig = *state;

	tree_write("/p.conf", "[eth7]\n");
	tree_write("/proc/30/cwd/p.conf", "[eth0]\n");
	tree_write("/proc/31/root/p.conf", "[eth1]\n");
	add_process(30, "ptp4l\n", "ptp4l -f p.conf", "net:[1]");
	add_process(31, "ptp4l\n", "ptp4l -f /p.conf", "net:[1]");
	rivals_look(tree_root, &rig->facts);
	for (size_t i = 0; i < 2; i++) {
		const struct rival *rival = &rig->facts.list[i];

		assert_int_equal(rival->n_ports, 1);
		assert_string_equal(rival->ports[0], rival->pid == 30 ? "eth0" : "eth1");
	}
}

static void what_is_no_file_is_neither_read_nor_waited_for(void **state)
{
	struct rig *rig = *state;
	_cleanup_fd_ int fifo = -1;
	char path[128];

	snprintf(path, sizeof(path), "%s/fifo", tree_root);
	assert_int_equal(mkfifo(path, 0600), 0);
	fifo = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(write(fifo, "[eth0]\n", 7), 7);
	add_process(30, "ptp4l\n", "ptp4l -f /fifo", "net:[1]");
	add_process(31, "ptp4l\n", "ptp4l -f /gone", "net:[1]");
	add_process(32, "ptp4l\n", "ptp4l -f", "net:[1]");
	look_and_judge(rig);
	assert_int_equal(rig->facts.n, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(rig->facts.list[i].n_ports, 0);
	assert_int_equal(read(fifo, path, sizeof(path)), 7);
}

static void options_are_read_in_all_their_forms(void **state)
{
	struct rig *rig = *state;

	add_process(30, "ptp4l\n", "ptp4l -ieth0 --domainNumber=5 -i eth1 -i", "net:[1]");
	add_process(31, "ptp4l\n", "ptp4l --domainNumber 6", "net:[1]");
	rivals_look(tree_root, &rig->facts);
	for (size_t i = 0; i < 2; i++) {
		const struct rival *rival = &rig->facts.list[i];

		assert_int_equal(rival->domain, rival->pid == 30 ? 5 : 6);
		assert_int_equal(rival->n_ports, rival->pid == 30 ? 2 : 0);
	}
}

static void short_options_may_be_one_word(void **state)
{
	struct rig *rig = *state;

	add_process(30, "ptp4l\n", "ptp4l -mSi eth1 -qieth0 -ml6 -p -i -2", "net:[1]");
	look_and_judge(rig);
	assert_int_equal(rig->facts.list[0].n_ports, 2);
	assert_string_equal(rig->facts.list[0].ports[0], "eth1");
	assert_string_equal(rig->facts.list[0].ports[1], "eth0");
	assert_finding(&told, "rivals", FINDING_PROBLEM);
}

static void the_command_line_goes_before_the_file(void **state)
{
	struct rig *rig = *state;

	tree_write("/p.conf", "[global]\ndomainNumber 0\n[eth0]\n");
	add_process(30, "ptp4l\n", "ptp4l --domainNumber 5 -f /p.conf", "net:[1]");
	look_and_judge(rig);
	assert_int_equal(rig->facts.list[0].domain, 5);
	assert_finding(&told, "rivals", FINDING_NOTE);
}

static void what_only_root_can_place_is_no_problem(void **state)
{
	struct rig *rig = *state;
	char path[128];

	add_process(30, "ptp4l\n", "ptp4l -i eth1", "net:[1]");
	snprintf(path, sizeof(path), "%s/proc/30/ns/net", tree_root);
	assert_int_equal(unlink(path), 0);
	look_and_judge(rig);
	assert_int_equal(told.n, 1);
	assert_string_equal(assert_finding(&told, "rivals", FINDING_NOTE)->text,
			    "as root: whether 1 PTP daemon that runs is in this network namespace");
}

static void a_process_without_a_command_line_is_none(void **state)
{
	struct rig *rig = *state;

	tree_write("/proc/30/comm", "ptp4l\n");
	tree_write("/proc/30/cmdline", "");
	look_and_judge(rig);
	assert_int_equal(rig->facts.n, 0);
}

static void another_namespaces_ports_are_others(void **state)
{
	struct rig *rig = *state;

	add_process(30, "ptp4l\n", "ptp4l -i eth0", "net:[2]");
	add_process(31, "ebpf-bc\n", "ebpf-bc -i eth0", "net:[3]");
	look_and_judge(rig);
	assert_non_null(strstr(assert_finding(&told, "rivals", FINDING_NOTE)->text,
			       "2 PTP daemons run in other network namespaces"));
}

static void our_own_daemon_is_no_rival(void **state)
{
	struct rig *rig = *state;

	add_process(31, "ebpf-bc\n", "ebpf-bc -i eth0 -i eth1", "net:[1]");
	look_and_judge(rig);
	assert_int_equal(told.n, 1);
	assert_non_null(strstr(assert_finding(&told, "rivals", FINDING_GOOD)->text,
			       "ebpf-bc (pid 31) on eth0 eth1, domain 0"));
}

static void who_has_the_ports_of_ptp_open_is_named(void **state)
{
	struct rig *rig = *state;

	tree_write("/proc/self/net/udp", UDP_HEAD UDP_319);
	look_and_judge(rig);
	assert_non_null(strstr(assert_finding(&told, "ptp-sockets", FINDING_NOTE)->text, "only root"));
	add_process(40, "shairport\n", "shairport", "net:[1]");
	tree_link("/proc/40/fd/3", "socket:[4710]");
	tree_link("/proc/40/fd/4", "socket:[4711]");
	look_and_judge(rig);
	assert_non_null(
		strstr(assert_finding(&told, "ptp-sockets", FINDING_NOTE)->text, "shairport (pid 40)"));
	tree_write("/proc/self/net/udp", UDP_HEAD UDP_320);
	look_and_judge(rig);
	assert_finding(&told, "ptp-sockets", FINDING_NOTE);
}

static void a_ptp_daemon_that_is_told_already_is_not_told_for_its_sockets(void **state)
{
	struct rig *rig = *state;

	tree_write("/proc/self/net/udp6", UDP_HEAD UDP_319);
	add_process(30, "ptp4l\n", "ptp4l -i eth7", "net:[1]");
	tree_link("/proc/30/fd/4", "socket:[4711]");
	look_and_judge(rig);
	assert_true(rig->facts.is_udp_open);
	assert_int_equal(rig->facts.udp_pid, 30);
	assert_null(findings_get(&told, "ptp-sockets", ""));
}

static void a_crowd_of_rivals_is_bounded(void **state)
{
	struct rig *rig = *state;

	for (int pid = 100; pid < 100 + 2 * RIVALS_MAX; pid++)
		add_process(pid, "ptp4l\n", "ptp4l -i eth7", "net:[1]");
	look_and_judge(rig);
	assert_int_equal(rig->facts.n, RIVALS_MAX);
}

static void a_crowd_elsewhere_hides_none_that_is_here(void **state)
{
	struct rig *rig = *state;
	size_t n_here = 0;

	for (int pid = 100; pid < 100 + 2 * RIVALS_MAX; pid++)
		add_process(pid, "ptp4l\n", "ptp4l -i eth7", "net:[2]");
	for (int pid = 1000; pid < 1010; pid++)
		add_process(pid, "ptp4l\n", "ptp4l -i eth7", "net:[1]");
	add_process(2000, "chronyd\n", "chronyd", "net:[2]");
	look_and_judge(rig);
	assert_int_equal(rig->facts.n, RIVALS_MAX);
	for (size_t i = 0; i < RIVALS_MAX; i++)
		n_here += !rig->facts.list[i].is_elsewhere;
	assert_int_equal(n_here, 10);
	assert_string_equal(rivals_keeper(&rig->facts), "chronyd");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nobody_else_is_good),
		TEST(an_ntp_daemon_fights_only_over_the_system_clock),
		TEST(a_chronyd_that_only_serves_is_good),
		TEST(only_slews_that_the_kernel_tells_are_fed_forward),
		TEST(a_service_is_stopped_only_if_it_is_the_rivals),
		TEST(a_routers_script_is_stopped_if_it_is_the_rivals),
		TEST(a_hypervisors_tools_may_set_the_clock),
		TEST(its_file_is_read_where_it_sees_it),
		TEST(short_options_may_be_one_word),
		TEST(the_command_line_goes_before_the_file),
		TEST(what_only_root_can_place_is_no_problem),
		TEST(the_name_that_the_kernel_cuts_is_known),
		TEST(a_ptp_daemon_on_our_port_and_domain_is_a_problem),
		TEST(its_ports_and_domain_are_read_from_its_file),
		TEST(what_is_no_file_is_neither_read_nor_waited_for),
		TEST(options_are_read_in_all_their_forms),
		TEST(a_process_without_a_command_line_is_none),
		TEST(another_namespaces_ports_are_others),
		TEST(our_own_daemon_is_no_rival),
		TEST(who_has_the_ports_of_ptp_open_is_named),
		TEST(a_ptp_daemon_that_is_told_already_is_not_told_for_its_sockets),
		TEST(a_crowd_of_rivals_is_bounded),
		TEST(a_crowd_elsewhere_hides_none_that_is_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
