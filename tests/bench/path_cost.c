/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a bridged frame that is not PTP costs over its whole path, with and without what the clock switches
 * on: bench-path-cost -o TX_OBJECT [-p link|stack] [-r ROUNDS] [-t MILLISECONDS] [-c CPU]
 * [-m boundary|transparent|monitor] VARIANT...
 *
 * Three namespaces on veth, a - box - b; the box bridges. One thread, pinned to a CPU, sends UDP frames from
 * a in a tight loop. Each frame's whole way runs inside its send, so the thread's CPU time is the path's.
 *
 *     link    from a packet socket past the qdisc of a, which keeps the tracepoints to one run a frame, and
 *             dropped by b as soon as IP sees that it is for somebody else: as little as can be beside the
 * box stack   from a UDP socket of a to one of b, whose buffer is full: the tracepoints run in a as well
 *
 * Receive stamps are taken in the box and in b, on both paths.
 *
 * A VARIANT is a sum of rx, start_xmit, xmit, tc, as in "rx+tc"; or "plain". A line for each leg:
 *
 *     leg ROUND VARIANT FRAMES CPU_NS WALL_NS LOST
 *
 * Receive stamps belong to the whole machine: if somebody else has them on, that is waited for, then refused.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/bpf/rig.h"
#include "util/cleanup.h"
#include "util/macros.h"

#define UDP_PAYLOAD  18
#define DISCARD_PORT 9
#define BATCH	     64
#define WARM_UP_NS   (20 * NSEC_PER_MSEC)
#define SWITCH_NS    (60 * NSEC_PER_SEC) /* how long a change of the receive stamps is waited for */
#define RING_FRAME   256
#define RING_FRAMES  16
#define VARIANTS_MAX 16
#define TX_MARK	     0xABCD0000U /* no frame has it */
#define RODATA	     ".rodata"

enum {
	WITH_RX_STAMPS = 1,
	WITH_START_XMIT = 2,
	WITH_XMIT = 4,
	WITH_TC = 8,
};

static const struct {
	const char *name;
	unsigned int bit;
} parts[] = {{"rx", WITH_RX_STAMPS}, {"start_xmit", WITH_START_XMIT}, {"xmit", WITH_XMIT}, {"tc", WITH_TC}};

/* UDP from 192.0.2.1 to the discard port of 192.0.2.2, 64 octets with the check sequence. */
static const uint8_t udp_frame[60] = {
	0x02, 0,  0,  0,    0,	  0x0b, 0x02, 0, 0, 0,	 0, 0x0a, 0x08, 0x00, 0x45, 0, 0, 46, 0,  0, 0,
	0,    64, 17, 0xf6, 0xbb, 192,	0,    2, 1, 192, 0, 2,	  2,	0,    9,    0, 9, 0,  26, 0, 0,
};

struct bench {
	const char *tx_object;
	enum ebc_mode mode;
	bool has_stack;
	int a_fd, box_fd, b_fd; /* namespaces */
	uint32_t port_ifindex[2];
	int sender_fd, receiver_fd; /* receiver: of the stack only */
};

/* What is switched on for one leg. */
struct leg {
	int stamping_fd;
	struct bpf_object *tx;
	struct bpf_link *links[2];
	struct ebc_loader *loader;
};

static uint64_t thread_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

static void make_hosts(struct bench *bench)
{
	bench->a_fd = netlab_new_namespace();
	bench->b_fd = netlab_new_namespace();
	bench->box_fd = netlab_new_namespace();
	assert_int_equal(
		netlab_run("set -e; for end in a:%d b:%d; do"
			   " ip link add p${end%%%%:*} type veth peer name eth0 netns /proc/%d/fd/${end#*:};"
			   " done; ip link add br0 type bridge stp_state 0 mcast_snooping 0;"
			   " for port in pa pb; do ip link set $port master br0; ip link set $port up; done;"
			   " ip link set br0 up; bridge fdb add 02:00:00:00:00:0b dev pb master static",
			   bench->a_fd, bench->b_fd, getpid()),
		0);
	bench->port_ifindex[0] = netlab_ifindex("pa");
	bench->port_ifindex[1] = netlab_ifindex("pb");
	netlab_enter(bench->b_fd);
	assert_int_equal(netlab_run("ip link set eth0 up"), 0);
	netlab_enter(bench->a_fd);
	assert_int_equal(netlab_run("ip link set eth0 up"), 0);
}

/* The thread is in a. */
static void open_link_sender(struct bench *bench)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = (int)netlab_ifindex("eth0")};
	int one = 1;

	bench->sender_fd = rig_socket();
	assert_int_equal(setsockopt(bench->sender_fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)), 0);
	assert_int_equal(bind(bench->sender_fd, (const struct sockaddr *)&address, sizeof(address)), 0);
}

static int udp_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	return fd;
}

static void open_stack_sender(struct bench *bench)
{
	struct sockaddr_in b = {
		.sin_family = AF_INET, .sin_port = htons(DISCARD_PORT), .sin_addr.s_addr = htonl(0xC0000202)};
	int least = 0;

	netlab_enter(bench->b_fd);
	assert_int_equal(
		netlab_run("ip link set eth0 address 02:00:00:00:00:0b && ip addr add 192.0.2.2/24 dev eth0"),
		0);
	bench->receiver_fd = udp_socket();
	assert_int_equal(setsockopt(bench->receiver_fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), 0);
	assert_int_equal(bind(bench->receiver_fd, (const struct sockaddr *)&b, sizeof(b)), 0);
	netlab_enter(bench->a_fd);
	assert_int_equal(
		netlab_run("ip addr add 192.0.2.1/24 dev eth0 &&"
			   " ip neigh replace 192.0.2.2 lladdr 02:00:00:00:00:0b dev eth0 nud permanent"),
		0);
	bench->sender_fd = udp_socket();
	assert_int_equal(connect(bench->sender_fd, (const struct sockaddr *)&b, sizeof(b)), 0);
}

static void send_batch(const struct bench *bench)
{
	const size_t skipped = bench->has_stack ? sizeof(udp_frame) - UDP_PAYLOAD : 0;
	struct iovec iov = {.iov_base = (uint8_t *)udp_frame + skipped,
			    .iov_len = sizeof(udp_frame) - skipped};
	struct mmsghdr messages[BATCH];

	for (int i = 0; i < BATCH; i++)
		messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &iov, .msg_iovlen = 1}};
	assert_int_equal(sendmmsg(bench->sender_fd, messages, BATCH, 0), BATCH);
}

/* Whether the kernel stamps what it receives: a ring says so of each frame, and switches nothing on. */
static bool is_stamping(const struct bench *bench)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)bench->port_ifindex[0],
	};
	struct tpacket_req ring = {
		.tp_block_size = RING_FRAME * RING_FRAMES,
		.tp_block_nr = 1,
		.tp_frame_size = RING_FRAME,
		.tp_frame_nr = RING_FRAMES,
	};
	int version = TPACKET_V2, stamp = SOF_TIMESTAMPING_SOFTWARE;
	_cleanup_fd_ int fd = rig_socket();
	volatile struct tpacket2_hdr *head;
	uint32_t status;

	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)), 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_TIMESTAMP, &stamp, sizeof(stamp)), 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)), 0);
	head = mmap(NULL, ring.tp_block_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(head, MAP_FAILED);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	send_batch(bench);
	for (int i = 0; i < 1000 && !(head->tp_status & TP_STATUS_USER); i++)
		usleep(100);
	status = head->tp_status;
	assert_true(status & TP_STATUS_USER);
	munmap((void *)head, ring.tp_block_size);
	return status & TP_STATUS_TS_SOFTWARE;
}

/* The kernel switches them from a work queue. */
static void wait_for_stamping(const struct bench *bench, bool wanted)
{
	uint64_t deadline_mono_ns = rig_mono_ns() + SWITCH_NS;

	while (is_stamping(bench) != wanted) {
		if (rig_mono_ns() > deadline_mono_ns)
			fail_msg("%s", wanted ? "no receive stamps" : "somebody else has receive stamps on");
		usleep(1000);
	}
}

static int open_stamping(void)
{
	int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
	int fd = udp_socket();

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)), 0);
	return fd;
}

/* Without its mark a tracepoint would take every frame whose hash is 0 for ours. */
static void set_mark(struct bpf_object *object)
{
	const struct btf *btf = bpf_object__btf(object);
	const struct btf_type *section =
		btf__type_by_id(btf, (uint32_t)btf__find_by_name_kind(btf, RODATA, BTF_KIND_DATASEC));
	const struct btf_var_secinfo *info = btf_var_secinfos(section);
	struct bpf_map *map = bpf_object__find_map_by_name(object, RODATA);
	_cleanup_free_ uint8_t *data = NULL;
	uint32_t mark = TX_MARK;
	const void *initial;
	size_t len;

	assert_non_null(map);
	initial = bpf_map__initial_value(map, &len);
	data = malloc(len);
	assert_true(initial && data);
	memcpy(data, initial, len);
	for (int i = 0; i < btf_vlen(section); i++) {
		const struct btf_type *variable = btf__type_by_id(btf, info[i].type);

		if (strcmp(btf__name_by_offset(btf, variable->name_off), "ebc_tx_mark") == 0) {
			assert_true(info[i].offset + sizeof(mark) <= len);
			memcpy(data + info[i].offset, &mark, sizeof(mark));
			assert_int_equal(bpf_map__set_initial_value(map, data, len), 0);
			return;
		}
	}
	fail_msg("the object has no ebc_tx_mark");
}

static void attach_tracepoints(struct leg *leg, const char *path, unsigned int variant)
{
	const struct {
		const char *name;
		unsigned int bit;
	} programs[] = {{"ebc_start_xmit", WITH_START_XMIT}, {"ebc_xmit", WITH_XMIT}};

	leg->tx = bpf_object__open_file(path, NULL);
	if (!leg->tx)
		fail_msg("%s: %s", path, strerror(errno));
	set_mark(leg->tx);
	assert_int_equal(bpf_object__load(leg->tx), 0);
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		if (!(variant & programs[i].bit))
			continue;
		leg->links[i] =
			bpf_program__attach(bpf_object__find_program_by_name(leg->tx, programs[i].name));
		assert_non_null(leg->links[i]);
	}
}

static void attach_programs(struct leg *leg, const struct bench *bench, bool with_tracepoints)
{
	struct ebc_loader_options options = rig_options();

	options.mode = bench->mode;
	options.tx_stamp = with_tracepoints ? EBC_STAMP_XMIT : EBC_STAMP_TC;
	leg->loader = rig_loader(&options);
	assert_int_equal(ebc_loader_tx_stamp(leg->loader, NULL), options.tx_stamp);
	for (uint32_t i = 0; i < ARRAY_SIZE(bench->port_ifindex); i++) {
		struct ebc_port_conf conf = {.port_index = (uint8_t)i};

		assert_int_equal(ebc_loader_attach_port(leg->loader, bench->port_ifindex[i], &conf,
							&bench->port_ifindex[i], 1),
				 0);
		assert_int_equal(ebc_loader_check_port(leg->loader, bench->port_ifindex[i]), 0);
	}
}

static struct leg switch_on(const struct bench *bench, unsigned int variant)
{
	struct leg leg = {.stamping_fd = -1};
	unsigned int tracepoints = variant & (WITH_START_XMIT | WITH_XMIT);
	bool by_loader = variant & WITH_TC && tracepoints == (WITH_START_XMIT | WITH_XMIT);

	if (variant & WITH_TC) {
		netlab_enter(bench->box_fd);
		attach_programs(&leg, bench, by_loader);
	}
	if (tracepoints && !by_loader)
		attach_tracepoints(&leg, bench->tx_object, variant);
	if (variant & WITH_RX_STAMPS)
		leg.stamping_fd = open_stamping();
	netlab_enter(bench->box_fd);
	wait_for_stamping(bench, variant & WITH_RX_STAMPS);
	return leg;
}

static void switch_off(struct leg *leg)
{
	close_fd(leg->stamping_fd);
	for (size_t i = 0; i < ARRAY_SIZE(leg->links); i++)
		bpf_link__destroy(leg->links[i]);
	bpf_object__close(leg->tx);
	ebc_loader_free(leg->loader);
}

/* How many frames reached b, from the device's counter. */
static uint64_t count_received(const struct bench *bench)
{
	char line[512];
	uint64_t packets = 0;
	bool has_found = false;
	_cleanup_file_ FILE *file = NULL;

	netlab_enter(bench->b_fd);
	file = fopen("/proc/thread-self/net/dev", "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		has_found |= sscanf(line, " eth0: %*u %" SCNu64, &packets) == 1;
	assert_true(has_found);
	return packets;
}

static void measure(const struct bench *bench, int round, const char *name, unsigned int variant,
		    uint64_t leg_ns)
{
	struct leg leg = switch_on(bench, variant);
	uint64_t frames = 0, begin_ns = rig_mono_ns(), cpu_ns, received;

	while (rig_mono_ns() - begin_ns < WARM_UP_NS)
		send_batch(bench);
	received = count_received(bench);
	begin_ns = rig_mono_ns();
	cpu_ns = thread_cpu_ns();
	while (rig_mono_ns() - begin_ns < leg_ns) {
		send_batch(bench);
		frames += BATCH;
	}
	cpu_ns = thread_cpu_ns() - cpu_ns;
	begin_ns = rig_mono_ns() - begin_ns;
	received = count_received(bench) - received;
	printf("leg %d %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 "\n", round, name, frames, cpu_ns,
	       begin_ns, (int64_t)(frames - received));
	fflush(stdout);
	switch_off(&leg);
}

static int parse_variant(const char *name, unsigned int *ret_variant)
{
	_cleanup_free_ char *copy = strdup(name);
	char *rest = NULL;

	*ret_variant = 0;
	if (strcmp(name, "plain") == 0)
		return 0;
	for (char *word = strtok_r(copy, "+", &rest); word; word = strtok_r(NULL, "+", &rest)) {
		unsigned int bit = 0;

		for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
			if (strcmp(word, parts[i].name) == 0)
				bit = parts[i].bit;
		if (!bit)
			return -EINVAL;
		*ret_variant |= bit;
	}
	return 0;
}

static int parse_mode(const char *name, enum ebc_mode *ret_mode)
{
	static const char *const names[] = {
		[EBC_MODE_BOUNDARY] = "boundary",
		[EBC_MODE_TRANSPARENT] = "transparent",
		[EBC_MODE_MONITOR] = "monitor",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0) {
			*ret_mode = (enum ebc_mode)i;
			return 0;
		}
	return -EINVAL;
}

static int pin_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) < 0 ? -errno : 0;
}

int main(int argc, char **argv)
{
	struct bench bench = {.mode = EBC_MODE_TRANSPARENT, .receiver_fd = -1};
	unsigned int variants[VARIANTS_MAX];
	int rounds = 8, leg_ms = 250, cpu = 0, n_variants, option;

	while ((option = getopt(argc, argv, "o:p:r:t:c:m:")) != -1) {
		if (option == 'o')
			bench.tx_object = optarg;
		else if (option == 'p' && (strcmp(optarg, "link") == 0 || strcmp(optarg, "stack") == 0))
			bench.has_stack = strcmp(optarg, "stack") == 0;
		else if (option == 'r')
			rounds = MAX(atoi(optarg), 1);
		else if (option == 't')
			leg_ms = MAX(atoi(optarg), 1);
		else if (option == 'c')
			cpu = MAX(atoi(optarg), 0);
		else if (option != 'm' || parse_mode(optarg, &bench.mode) < 0)
			return 2;
	}
	n_variants = argc - optind;
	if (!bench.tx_object || n_variants < 1 || n_variants > VARIANTS_MAX || pin_to(cpu) < 0) {
		fputs("bench-path-cost: -o TX_OBJECT, a CPU that exists, and 1 to 16 variants\n", stderr);
		return 2;
	}
	for (int i = 0; i < n_variants; i++)
		if (parse_variant(argv[optind + i], &variants[i]) < 0) {
			fprintf(stderr, "bench-path-cost: no such variant: %s\n", argv[optind + i]);
			return 2;
		}
	make_hosts(&bench);
	if (bench.has_stack)
		open_stack_sender(&bench);
	else
		open_link_sender(&bench);
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < n_variants; i++) {
			int which = (round + i) % n_variants; /* nobody always comes first */

			measure(&bench, round, argv[optind + which], variants[which],
				(uint64_t)leg_ms * NSEC_PER_MSEC);
		}
	close_fd(bench.sender_fd);
	close_fd(bench.receiver_fd);
	return 0;
}
