// SPDX-License-Identifier: GPL-2.0-or-later
/* Samples as chronyd and ntpd read them: of both, the layout is spelled out here anew. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "bc/daemon/refclock.h"
#include "util/macros.h"

#define REAL_NS (1700000000LL * NSEC_PER_SEC + 123456789)

struct chrony_sample {
	struct timeval tv;
	double offset;
	int pulse, leap, pad, magic;
};

struct ntpd_segment {
	int mode, count;
	time_t clock_s;
	int clock_us;
	time_t receive_s;
	int receive_us, leap, precision, n_samples, valid;
	unsigned int clock_ns, receive_ns;
	int dummy[8];
};

struct server {
	char directory[32], path[64];
	int fd;
};

static struct server server;

static void serve(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	server.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", server.path);
	assert_int_equal(bind(server.fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void end_serving(void)
{
	if (server.fd >= 0)
		close(server.fd);
	server.fd = -1;
	unlink(server.path);
}

static int setup(void **state)
{
	(void)state;
	server.fd = -1;
	snprintf(server.directory, sizeof(server.directory), "/tmp/refclock.XXXXXX");
	assert_non_null(mkdtemp(server.directory));
	snprintf(server.path, sizeof(server.path), "%s/sock", server.directory);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	end_serving();
	rmdir(server.directory);
	return 0;
}

static void chronyd_gets_the_offset_of_utc_from_the_system_clock(void **state)
{
	static const struct {
		int64_t ahead_ns;
		int leap, code;
	} rows[] = {{250000000, 0, 0}, {-37 * NSEC_PER_SEC, 1, 1}, {100, -1, 2}};
	struct refclock refclock;

	(void)state;
	serve();
	assert_int_equal(refclock_open(&refclock, REFCLOCK_SOCK, server.path, 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct chrony_sample sample;

		assert_int_equal(refclock_tell(&refclock, REAL_NS, REAL_NS + rows[i].ahead_ns, rows[i].leap),
				 0);
		assert_int_equal(recv(server.fd, &sample, sizeof(sample), 0), sizeof(sample));
		assert_int_equal(sample.magic, 0x534f434b);
		assert_int_equal(sample.tv.tv_sec, 1700000000);
		assert_int_equal(sample.tv.tv_usec, 123456);
		assert_true(fabs(sample.offset - (double)rows[i].ahead_ns * 1e-9) < 1e-12);
		assert_int_equal(sample.leap, rows[i].code);
		assert_int_equal(sample.pulse, 0);
	}
	refclock_close(&refclock);
}

static void a_server_that_comes_later_goes_and_comes_again_is_served(void **state)
{
	struct refclock refclock;

	(void)state;
	assert_int_equal(refclock_open(&refclock, REFCLOCK_SOCK, server.path, 0), 0);
	assert_int_equal(refclock_tell(&refclock, REAL_NS, REAL_NS, 0), -ENOENT);
	for (int i = 0; i < 2; i++) {
		serve();
		assert_int_equal(refclock_tell(&refclock, REAL_NS, REAL_NS, 0), 0);
		close(server.fd);
		server.fd = -1;
		assert_int_equal(refclock_tell(&refclock, REAL_NS, REAL_NS, 0), -ECONNREFUSED);
		end_serving();
	}
	refclock_close(&refclock);
}

static void a_server_that_does_not_read_never_holds_us_up(void **state)
{
	struct refclock refclock;
	int r = 0;

	(void)state;
	serve();
	assert_int_equal(refclock_open(&refclock, REFCLOCK_SOCK, server.path, 0), 0);
	for (int i = 0; i < 100000 && r == 0; i++)
		r = refclock_tell(&refclock, REAL_NS, REAL_NS, 0);
	assert_int_equal(r, -EAGAIN);
	refclock_close(&refclock);
}

static void a_path_that_no_socket_can_have_is_refused(void **state)
{
	struct refclock refclock;
	char path[256];

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(refclock_open(&refclock, REFCLOCK_SOCK, path, 0), -ENAMETOOLONG);
	assert_int_equal(refclock.type, REFCLOCK_NONE);
	refclock_close(&refclock);
}

static void ntpd_finds_the_same_in_its_segment(void **state)
{
	int unit = 100000 + (int)getpid(), id;
	const struct ntpd_segment *segment;
	struct refclock refclock;
	struct shmid_ds info;

	(void)state;
	assert_int_equal(refclock_open(&refclock, REFCLOCK_SHM, "", unit), 0);
	id = shmget(0x4e545030 + unit, sizeof(*segment), 0);
	assert_true(id >= 0);
	segment = shmat(id, NULL, SHM_RDONLY);
	assert_int_equal(shmctl(id, IPC_STAT, &info), 0);
	assert_int_equal(shmctl(id, IPC_RMID, NULL), 0);
	assert_int_equal(info.shm_segsz, 96);
	assert_int_equal(info.shm_perm.mode & 0777, 0666);
	assert_int_equal(segment->mode, 1);
	assert_int_equal(segment->valid, 0);

	assert_int_equal(refclock_tell(&refclock, REAL_NS, REAL_NS + 250000000, -1), 0);
	assert_int_equal(segment->count, 2);
	assert_int_equal(segment->valid, 1);
	assert_int_equal(segment->clock_s, 1700000000);
	assert_int_equal(segment->clock_us, 373456);
	assert_int_equal(segment->clock_ns, 373456789);
	assert_int_equal(segment->receive_s, 1700000000);
	assert_int_equal(segment->receive_us, 123456);
	assert_int_equal(segment->receive_ns, 123456789);
	assert_int_equal(segment->leap, 2);
	assert_true(segment->precision < -10);
	refclock_close(&refclock);
	/* What is left in it is not the time any more. */
	assert_int_equal(segment->valid, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(chronyd_gets_the_offset_of_utc_from_the_system_clock),
		T(a_server_that_comes_later_goes_and_comes_again_is_served),
		T(a_server_that_does_not_read_never_holds_us_up),
		T(a_path_that_no_socket_can_have_is_refused),
		T(ntpd_finds_the_same_in_its_segment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
