/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loader where something is missing, the other stamp points, and the published stamps. */
#include <bpf/bpf.h>
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
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

#include "bpf/loader_internal.h"
#include "tests/bpf/frames.h"
#include "tests/bpf/rig.h"
#include "util/cleanup.h"
#include "util/macros.h"

static int try_new(const struct ebc_loader_options *options, char *reason, size_t size)
{
	struct ebc_loader *loader = NULL;
	int r = ebc_loader_new(options, &loader, reason, size);

	assert_true((r == 0) == (loader != NULL));
	ebc_loader_free(loader);
	return r;
}

static void wrong_options_are_refused_with_a_reason(void **state)
{
	struct ebc_loader_options options = rig_options();
	char reason[256];

	(void)state;
	options.rx_ring_bytes = 5000;
	assert_int_equal(try_new(&options, reason, sizeof(reason)), -EINVAL);
	assert_non_null(strstr(reason, "ring"));
	options = rig_options();
	options.tx_ring_bytes = 0;
	assert_int_equal(try_new(&options, reason, sizeof(reason)), -EINVAL);
	options = rig_options();
	options.sdo_id = 0x1000;
	assert_int_equal(try_new(&options, reason, sizeof(reason)), -EINVAL);
	assert_non_null(strstr(reason, "sdoId"));
	assert_int_equal(try_new(&options, reason, 8), -EINVAL);
	assert_true(strlen(reason) < 8);
	assert_int_equal(try_new(&options, NULL, 0), -EINVAL);
}

static void without_privilege_the_reason_names_it(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0) {
		struct ebc_loader_options options = rig_options();
		struct ebc_loader *loader = NULL;
		char reason[256];
		int r;

		if (setuid(65534) < 0)
			_exit(1);
		r = ebc_loader_new(&options, &loader, reason, sizeof(reason));
		_exit(r == -EPERM && !loader && strstr(reason, "CAP_BPF") ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int saved_stderr = -1;

static int restore_stderr(void **state)
{
	(void)state;
	if (saved_stderr >= 0)
		dup2(saved_stderr, 2);
	saved_stderr = close_fd(saved_stderr);
	return 0;
}

static void nothing_is_printed(void **state)
{
	char path[] = "/tmp/ebc-loader-test-XXXXXX";
	int file = mkstemp(path);
	struct ebc_loader_options options = rig_options();
	struct ebc_port_conf conf = {};
	struct ebc_loader *loader;
	struct netlab lab;
	struct stat info;
	uint32_t none = 54321;

	(void)state;
	saved_stderr = dup(2);
	assert_true(file >= 0 && saved_stderr >= 0);
	unlink(path);
	assert_int_equal(dup2(file, 2), 2);
	netlab_new(&lab);
	options.attach_mode = EBC_ATTACH_CLSACT;
	loader = rig_loader(&options);
	assert_int_equal(ebc_loader_attach_port(loader, none, &conf, &none, 1), -ENODEV);
	rig_attach(loader, &lab);
	assert_int_equal(netlab_run("tc qdisc del dev port0 clsact"), 0);
	ebc_loader_check_port(loader, lab.port_ifindex);
	ebc_loader_free(loader);
	netlab_free(&lab);
	assert_int_equal(fstat(file, &info), 0);
	assert_int_equal(info.st_size, 0);
	close(file);
}

static void send_event(struct ebc_loader *loader, const struct netlab *lab)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_IEEE_802_3);
	uint8_t frame[FRAME_OCTETS];
	int fd = rig_daemon_socket(loader);

	assert_true(rig_send(fd, lab->port_ifindex, frame, frame_build(&spec, frame, NULL)));
	close(fd);
}

/* The record is there when send() returns. */
static void check_tc_stamp(struct ebc_loader *loader, const struct netlab *lab)
{
	uint64_t before = rig_mono_ns();
	struct ebc_tx_record record;

	rig_attach(loader, lab);
	send_event(loader, lab);
	assert_true(rig_wait_tx(loader, 0, &record));
	assert_int_equal(record.stamp_source, EBC_STAMP_TC);
	assert_int_equal(record.stamp_mono_ns, record.tc_mono_ns);
	assert_true(before <= record.stamp_mono_ns && record.stamp_mono_ns <= rig_mono_ns());
	assert_int_equal(record.sequence_id, 4711);
	assert_false(rig_wait_tx(loader, 20, &record));
	assert_int_equal(rig_counter(loader, EBC_COUNTER_TX_STAMP), 1);
}

static int show_btf(void **state)
{
	(void)state;
	umount("/sys/kernel/btf");
	return 0;
}

static void without_btf_the_tc_stamp_is_used_and_the_reason_said(void **state)
{
	struct ebc_loader_options options = rig_options();
	struct ebc_loader *loader;
	const char *reason;
	struct netlab lab;

	(void)state;
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mount("none", "/sys/kernel/btf", "tmpfs", 0, NULL), 0);
	netlab_new(&lab);
	loader = rig_loader(&options);
	assert_int_equal(ebc_loader_tx_stamp(loader, &reason), EBC_STAMP_TC);
	assert_string_equal(reason, "kernel without BTF");
	check_tc_stamp(loader, &lab);
	ebc_loader_free(loader);
	netlab_free(&lab);
}

static void the_tc_stamp_can_be_wished(void **state)
{
	struct ebc_loader_options options = rig_options();
	struct ebc_loader *loader;
	struct netlab lab;

	(void)state;
	options.tx_stamp = EBC_STAMP_TC;
	netlab_new(&lab);
	loader = rig_loader(&options);
	assert_int_equal(ebc_loader_tx_stamp(loader, NULL), EBC_STAMP_TC);
	check_tc_stamp(loader, &lab);
	ebc_loader_free(loader);
	netlab_free(&lab);
}

static void with_driver_stamps_the_programs_report_none(void **state)
{
	struct ebc_loader_options options = rig_options();
	struct ebc_tx_record record;
	struct ebc_loader *loader;
	struct netlab lab;

	(void)state;
	options.tx_stamp = EBC_STAMP_DRIVER;
	netlab_new(&lab);
	loader = rig_loader(&options);
	assert_int_equal(ebc_loader_tx_stamp(loader, NULL), EBC_STAMP_DRIVER);
	rig_attach(loader, &lab);
	send_event(loader, &lab);
	assert_false(rig_wait_tx(loader, 20, &record));
	assert_int_equal(rig_counter(loader, EBC_COUNTER_TX_EVENT), 1);
	assert_int_equal(rig_counter(loader, EBC_COUNTER_TX_STAMP), 0);
	ebc_loader_free(loader);
	netlab_free(&lab);
}

static struct ebc_stamp_key key_of_sync(const struct netlab *lab, enum ebc_direction direction)
{
	struct ebc_stamp_key key = {
		.ifindex = lab->port_ifindex, .direction = (uint8_t)direction, .sequence_id = 4711};

	memcpy(key.source_port_identity, "\x00\x11\x22\xFF\xFE\x33\x44\x55\x00\x01", 10);
	return key;
}

/* The stamp of an event that leaves and of one that comes in, found by the path in a bpf file system. */
static void stamps_are_published_where_they_are_pinned(void **state)
{
	struct ebc_loader_options options = rig_options();
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_IEEE_802_3);
	char folder[] = "/tmp/ebc-loader-test-XXXXXX", made[48], path[64];
	struct ebc_stamp_key key;
	struct ebc_stamp_value value;
	struct ebc_tx_record record;
	struct ebc_loader *loader, *successor;
	uint8_t frame[FRAME_OCTETS];
	struct netlab lab;
	struct rig_rx rx;
	int map, fd;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(mount("none", folder, "bpf", 0, NULL), 0);
	snprintf(made, sizeof(made), "%s/made", folder);
	snprintf(path, sizeof(path), "%s/stamps", made);
	options.publish_stamps = true;
	options.stamps_pin_path = path;
	options.made_directory = made;
	netlab_new(&lab);
	loader = rig_loader(&options);
	assert_true(ebc_loader_made_directory(loader));
	successor = rig_loader(&options); /* a pin that is there gives way ... */
	assert_false(ebc_loader_made_directory(successor));
	ebc_loader_free(loader); /* ... and what came in its place stays */
	assert_int_equal(access(path, F_OK), 0);
	loader = successor;
	rig_attach(loader, &lab);
	map = bpf_obj_get(path);
	assert_true(map >= 0);

	send_event(loader, &lab);
	assert_true(rig_wait_tx(loader, RIG_PATIENCE_MS, &record));
	key = key_of_sync(&lab, EBC_DIRECTION_TX);
	assert_int_equal(bpf_map_lookup_elem(map, &key, &value), 0);
	assert_int_equal(value.stamp_mono_ns, record.stamp_mono_ns);
	assert_int_equal(value.stamp_source, EBC_STAMP_XMIT);

	netlab_enter(lab.peer_fd);
	fd = rig_socket();
	assert_true(rig_send(fd, lab.peer_ifindex, frame, frame_build(&spec, frame, NULL)));
	assert_true(rig_wait_rx(loader, RIG_PATIENCE_MS, &rx));
	netlab_enter(lab.box_fd);
	key = key_of_sync(&lab, EBC_DIRECTION_RX);
	assert_int_equal(bpf_map_lookup_elem(map, &key, &value), 0);
	assert_int_equal(value.stamp_mono_ns, rx.head.stamp_mono_ns);

	close(fd);
	close(map);
	ebc_loader_free(loader);
	assert_true(access(path, F_OK) < 0);
	assert_int_equal(rmdir(made), 0);
	netlab_free(&lab);
	assert_int_equal(umount(folder), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void pinning_needs_a_bpf_file_system(void **state)
{
	struct ebc_loader_options options = rig_options();
	char reason[256];

	(void)state;
	options.publish_stamps = true;
	options.stamps_pin_path = "/tmp/ebc-loader-test-stamps";
	assert_int_equal(try_new(&options, reason, sizeof(reason)), -EINVAL);
	assert_non_null(strstr(reason, "/tmp/ebc-loader-test-stamps"));
	assert_non_null(strstr(reason, "bpf file system"));
	/* Nothing is left of it. */
	options.made_directory = "/tmp/ebc-loader-test-made";
	options.stamps_pin_path = "/tmp/ebc-loader-test-made/stamps";
	assert_int_equal(try_new(&options, reason, sizeof(reason)), -EINVAL);
	assert_true(access(options.made_directory, F_OK) < 0);
	options.made_directory = NULL;
	options.stamps_pin_path = "/nonexistent/stamps";
	assert_int_equal(try_new(&options, reason, sizeof(reason)), -ENOENT);
	assert_non_null(strstr(reason, "/nonexistent/stamps"));
}

static void wrong_ports_are_refused(void **state)
{
	struct ebc_loader_options options = rig_options();
	struct ebc_port_conf conf = {.port_index = EBC_MAX_PORTS};
	uint32_t lowest[EBC_LOWEST_DEVICES + 1] = {1};
	struct ebc_counters counters;
	struct ebc_loader *loader;

	(void)state;
	close(netlab_new_namespace());
	loader = rig_loader(&options);
	assert_int_equal(ebc_loader_attach_port(loader, 1, &conf, lowest, 1), -EINVAL);
	conf.port_index = 0;
	assert_int_equal(ebc_loader_attach_port(loader, 1, &conf, lowest, ARRAY_SIZE(lowest)), -E2BIG);
	assert_int_equal(ebc_loader_update_port(loader, 1, &conf, lowest, 1), -ENOENT);
	assert_int_equal(ebc_loader_check_port(loader, 1), -ENOENT);
	assert_true(ebc_loader_counters(loader, EBC_MAX_PORTS, &counters) < 0);
	ebc_loader_detach_port(loader, 1);
	ebc_loader_free(loader);
	ebc_loader_free(NULL);
}

static void counters_have_names_of_their_own(void **state)
{
	(void)state;
	for (int i = 0; i < EBC_COUNTER_MAX; i++) {
		assert_true(strncmp(ebc_counter_name(i), "bpf_", 4) == 0);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(ebc_counter_name(i), ebc_counter_name(j));
	}
	assert_string_equal(ebc_counter_name(EBC_COUNTER_MAX), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_options_are_refused_with_a_reason),
		cmocka_unit_test(without_privilege_the_reason_names_it),
		cmocka_unit_test_teardown(nothing_is_printed, restore_stderr),
		cmocka_unit_test_teardown(without_btf_the_tc_stamp_is_used_and_the_reason_said, show_btf),
		cmocka_unit_test(the_tc_stamp_can_be_wished),
		cmocka_unit_test(with_driver_stamps_the_programs_report_none),
		cmocka_unit_test(stamps_are_published_where_they_are_pinned),
		cmocka_unit_test(pinning_needs_a_bpf_file_system),
		cmocka_unit_test(wrong_ports_are_refused),
		cmocka_unit_test(counters_have_names_of_their_own),
	};

	if (geteuid() != 0) {
		puts("needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
