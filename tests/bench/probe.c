// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The measuring client of the benchmarks: bench-probe INTERFACE SECONDS REQUESTS_PER_S [PRIORITY].
 * Listens to two-step or one-step Sync on Ethernet, sends Delay_Req, and touches no clock. Its stamps are the
 * kernel's plain software ones (SO_TIMESTAMPING): at reception, and in the driver at transmission. It keeps
 * all samples in memory and prints them at the end, since whoever reads a pipe takes a CPU.
 *
 *     sync SEQUENCE T1 T2 WAKE    T1 with corrections; WAKE: when this program had it, after T2
 *     delay SEQUENCE T3 T4        T4 less the correction
 *     lost REASON COUNT
 *     real_minus_mono LOW HIGH    bounds of CLOCK_REALTIME less CLOCK_MONOTONIC
 *
 * All in nanoseconds of CLOCK_REALTIME, T1 and T4 in those of the master.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h> /* before errqueue.h, which uses struct timespec */
#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "bpf/ptp_wire.h"
#include "util/cleanup.h"
#include "util/macros.h"
#include "util/unaligned.h"

#define BRACKETS    200000
#define PENDING	    64 /* power of two */
#define SAMPLES_MAX (1 << 20)
#define FRAME_MAX   2048
#define BODY	    (ETH_HLEN + PTP_HEADER_LEN) /* where a message's Timestamp begins */
#define REQUEST_LEN (BODY + 10)

static const uint8_t PTP_MULTICAST[ETH_ALEN] = {0x01, 0x1b, 0x19, 0x00, 0x00, 0x00};

struct sample {
	uint16_t sequence_id;
	bool is_delay;
	int64_t a_ns; /* t1 or t3 */
	int64_t b_ns; /* t2 or t4 */
	int64_t wake_ns;
};

struct pending_sync {
	bool is_used;
	uint16_t sequence_id;
	int64_t t2_ns, wake_ns;
	int64_t correction_sns;
};

struct pending_request {
	bool is_used;
	uint16_t sequence_id;
	int64_t t3_ns; /* 0: no stamp yet */
	int64_t t4_ns; /* 0: no answer yet */
};

struct probe {
	int fd;
	uint8_t identity[10];
	uint8_t mac[ETH_ALEN];
	uint16_t next_sequence_id;
	struct pending_sync syncs[PENDING];
	struct pending_request requests[PENDING];
	struct sample *samples;
	size_t n_samples;
	uint64_t n_unpaired, n_unstamped, n_unanswered, n_requests;
};

static volatile sig_atomic_t is_stopping;

static void on_signal(int number)
{
	(void)number;
	is_stopping = 1;
}

static int64_t to_ns(const struct timespec *ts)
{
	return (int64_t)ts->tv_sec * NSEC_PER_SEC + ts->tv_nsec;
}

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return to_ns(&ts);
}

static int fail(const char *what)
{
	fprintf(stderr, "bench-probe: %s: %s\n", what, strerror(errno));
	return -errno;
}

static void keep(struct probe *p, struct sample sample)
{
	if (p->n_samples < SAMPLES_MAX)
		p->samples[p->n_samples++] = sample;
}

static int64_t timestamp_ns(const uint8_t *ten_octets)
{
	return (int64_t)get_be48(ten_octets) * NSEC_PER_SEC + get_be32(ten_octets + 6);
}

static int open_socket(struct probe *p, const char *interface)
{
	int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
		    SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(PTP_ETHERTYPE)};
	struct packet_mreq membership = {.mr_type = PACKET_MR_MULTICAST, .mr_alen = ETH_ALEN};
	struct ifreq request = {};

	p->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (p->fd < 0)
		return fail("packet socket");
	address.sll_ifindex = membership.mr_ifindex = (int)if_nametoindex(interface);
	if (address.sll_ifindex == 0)
		return fail(interface);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (ioctl(p->fd, SIOCGIFHWADDR, &request) < 0)
		return fail(interface);
	memcpy(p->mac, request.ifr_hwaddr.sa_data, ETH_ALEN);
	memcpy(p->identity,
	       (uint8_t[]){p->mac[0], p->mac[1], p->mac[2], 0xff, 0xfe, p->mac[3], p->mac[4], p->mac[5], 0,
			   1},
	       sizeof(p->identity));
	memcpy(membership.mr_address, PTP_MULTICAST, ETH_ALEN);
	if (setsockopt(p->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership, sizeof(membership)) < 0)
		return fail("PACKET_ADD_MEMBERSHIP");
	if (setsockopt(p->fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)) < 0)
		return fail("SO_TIMESTAMPING");
	if (bind(p->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return fail("bind");
	return 0;
}

static void send_request(struct probe *p)
{
	uint16_t sequence_id = p->next_sequence_id;
	struct pending_request *slot = &p->requests[sequence_id % PENDING];
	struct ptp_header header = {
		.major_sdo_id_message_type = PTP_DELAY_REQ,
		.minor_version_version = PTP_VERSION,
		.message_length_be16 = htons(REQUEST_LEN - ETH_HLEN),
		.sequence_id_be16 = htons(sequence_id),
		.control_field = 1,
		.log_message_interval = 0x7f,
	};
	uint8_t frame[REQUEST_LEN] = {};

	memcpy(frame, PTP_MULTICAST, ETH_ALEN);
	memcpy(frame + ETH_ALEN, p->mac, ETH_ALEN);
	put_be16(frame + 2 * ETH_ALEN, PTP_ETHERTYPE);
	memcpy(header.source_port_identity, p->identity, sizeof(p->identity));
	memcpy(frame + ETH_HLEN, &header, sizeof(header));
	p->n_unanswered += slot->is_used;
	*slot = (struct pending_request){.is_used = true, .sequence_id = sequence_id};
	/* The kernel numbers the stamps from 0 as we number the requests: a failed send must not count. */
	if (send(p->fd, frame, sizeof(frame), 0) < 0) {
		slot->is_used = false;
		return;
	}
	p->next_sequence_id++;
	p->n_requests++;
}

static void finish_request(struct probe *p, struct pending_request *slot)
{
	if (slot->t3_ns == 0 || slot->t4_ns == 0)
		return;
	slot->is_used = false;
	keep(p, (struct sample){.is_delay = true,
				.sequence_id = slot->sequence_id,
				.a_ns = slot->t3_ns,
				.b_ns = slot->t4_ns});
}

static void on_sync(struct probe *p, const uint8_t *frame, uint16_t sequence_id, int64_t correction_sns,
		    int64_t stamp_ns)
{
	struct pending_sync *slot = &p->syncs[sequence_id % PENDING];
	int64_t wake_ns = clock_ns(CLOCK_REALTIME) - stamp_ns;
	bool is_two_step = frame[ETH_HLEN + 6] & PTP_FLAG_TWO_STEP >> 8;

	if (stamp_ns == 0) {
		p->n_unstamped++;
		return;
	}
	if (!is_two_step) {
		keep(p, (struct sample){.sequence_id = sequence_id,
					.a_ns = timestamp_ns(frame + BODY) + (correction_sns >> 16),
					.b_ns = stamp_ns,
					.wake_ns = wake_ns});
		return;
	}
	p->n_unpaired += slot->is_used;
	*slot = (struct pending_sync){
		.is_used = true,
		.sequence_id = sequence_id,
		.t2_ns = stamp_ns,
		.wake_ns = wake_ns,
		.correction_sns = correction_sns,
	};
}

static void on_follow_up(struct probe *p, const uint8_t *frame, uint16_t sequence_id, int64_t correction_sns)
{
	struct pending_sync *slot = &p->syncs[sequence_id % PENDING];

	if (!slot->is_used || slot->sequence_id != sequence_id)
		return;
	slot->is_used = false;
	keep(p, (struct sample){
			.sequence_id = sequence_id,
			.a_ns = timestamp_ns(frame + BODY) + ((slot->correction_sns + correction_sns) >> 16),
			.b_ns = slot->t2_ns,
			.wake_ns = slot->wake_ns,
		});
}

static void on_delay_resp(struct probe *p, const uint8_t *frame, uint16_t sequence_id, int64_t correction_sns)
{
	struct pending_request *slot = &p->requests[sequence_id % PENDING];

	if (memcmp(frame + BODY + 10, p->identity, sizeof(p->identity)) != 0 || !slot->is_used ||
	    slot->sequence_id != sequence_id)
		return;
	slot->t4_ns = timestamp_ns(frame + BODY) - (correction_sns >> 16);
	finish_request(p, slot);
}

static void on_frame(struct probe *p, const uint8_t *frame, size_t len, int64_t stamp_ns)
{
	const uint8_t *header = frame + ETH_HLEN;
	uint16_t sequence_id;
	int64_t correction_sns;

	if (len < BODY + 10 || (header[1] & 0xf) != PTP_VERSION || header[4] != 0)
		return;
	sequence_id = get_be16(header + 30);
	correction_sns = (int64_t)get_be64(header + 8);
	switch (header[0] & 0xf) {
	case PTP_SYNC:
		on_sync(p, frame, sequence_id, correction_sns, stamp_ns);
		break;
	case PTP_FOLLOW_UP:
		on_follow_up(p, frame, sequence_id, correction_sns);
		break;
	case PTP_DELAY_RESP:
		if (len >= BODY + 20)
			on_delay_resp(p, frame, sequence_id, correction_sns);
		break;
	}
}

/* Takes one frame, or one transmit stamp; false when there is none. */
static bool take(struct probe *p, int flags)
{
	uint8_t frame[FRAME_MAX];
	union {
		struct cmsghdr header;
		uint8_t room[512];
	} control;
	struct iovec iov = {.iov_base = frame, .iov_len = sizeof(frame)};
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = 512};
	const struct sock_extended_err *error = NULL;
	ssize_t len = recvmsg(p->fd, &msg, flags);
	struct pending_request *slot;
	int64_t stamp_ns = 0;

	if (len < 0)
		return false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPING)
			stamp_ns = to_ns((const struct timespec *)(const void *)CMSG_DATA(c));
		else if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_TX_TIMESTAMP)
			error = (const struct sock_extended_err *)(const void *)CMSG_DATA(c);
	}
	if (!(flags & MSG_ERRQUEUE)) {
		on_frame(p, frame, (size_t)len, stamp_ns);
		return true;
	}
	if (!error || error->ee_origin != SO_EE_ORIGIN_TIMESTAMPING)
		return true;
	slot = &p->requests[error->ee_data % PENDING];
	if (slot->is_used && slot->sequence_id == (uint16_t)error->ee_data) {
		slot->t3_ns = stamp_ns;
		finish_request(p, slot);
	}
	return true;
}

/* 9.5.11.2: uniform between 0 and twice the mean interval. */
static int64_t draw_interval_ns(double requests_per_s)
{
	return (int64_t)(2e9 / requests_per_s * ((double)rand() / RAND_MAX));
}

static void measure(struct probe *p, double seconds, double requests_per_s)
{
	int64_t now_ns = clock_ns(CLOCK_MONOTONIC), end_ns = now_ns + (int64_t)(seconds * 1e9);
	int64_t request_ns = now_ns + draw_interval_ns(requests_per_s);
	struct pollfd polled = {.fd = p->fd, .events = POLLIN};

	while (!is_stopping && now_ns < end_ns) {
		int64_t rest_ns = MAX(MIN(request_ns, end_ns) - now_ns, 0);
		struct timespec rest = {.tv_sec = rest_ns / NSEC_PER_SEC, .tv_nsec = rest_ns % NSEC_PER_SEC};

		if (ppoll(&polled, 1, &rest, NULL) > 0) {
			while (take(p, MSG_ERRQUEUE))
				;
			while (take(p, 0))
				;
		}
		now_ns = clock_ns(CLOCK_MONOTONIC);
		if (now_ns >= request_ns) {
			send_request(p);
			request_ns = now_ns + draw_interval_ns(requests_per_s);
		}
	}
}

/* Each "monotonic, real, monotonic" bounds the difference, all of them together closely. */
static void print_clocks(void)
{
	int64_t low_ns = INT64_MIN, high_ns = INT64_MAX;

	for (int i = 0; i < BRACKETS; i++) {
		int64_t before_ns = clock_ns(CLOCK_MONOTONIC), real_ns = clock_ns(CLOCK_REALTIME);

		low_ns = MAX(low_ns, real_ns - clock_ns(CLOCK_MONOTONIC));
		high_ns = MIN(high_ns, real_ns - before_ns);
	}
	printf("real_minus_mono %" PRId64 " %" PRId64 "\n", low_ns, high_ns);
}

static void print(const struct probe *p)
{
	for (size_t i = 0; i < p->n_samples; i++) {
		const struct sample *s = &p->samples[i];

		if (s->is_delay)
			printf("delay %u %" PRId64 " %" PRId64 "\n", s->sequence_id, s->a_ns, s->b_ns);
		else
			printf("sync %u %" PRId64 " %" PRId64 " %" PRId64 "\n", s->sequence_id, s->a_ns,
			       s->b_ns, s->wake_ns);
	}
	printf("lost unpaired %" PRIu64 "\nlost unstamped %" PRIu64 "\nlost unanswered %" PRIu64
	       "\nrequests %" PRIu64 "\n",
	       p->n_unpaired, p->n_unstamped, p->n_unanswered, p->n_requests);
}

static int set_priority(int priority)
{
	struct sched_param param = {.sched_priority = priority};

	return sched_setscheduler(0, SCHED_FIFO, &param) < 0 ? fail("SCHED_FIFO") : 0;
}

int main(int argc, char **argv)
{
	static struct probe p = {.fd = -1};
	double seconds, requests_per_s;
	int priority;

	if (argc < 4 || argc > 5) {
		fprintf(stderr, "usage: bench-probe INTERFACE SECONDS REQUESTS_PER_S [FIFO_PRIORITY]\n");
		return 2;
	}
	seconds = strtod(argv[2], NULL);
	requests_per_s = strtod(argv[3], NULL);
	priority = argc > 4 ? atoi(argv[4]) : 0;
	if (!(seconds > 0) || !(requests_per_s > 0)) {
		fprintf(stderr, "bench-probe: SECONDS and REQUESTS_PER_S must be above 0\n");
		return 2;
	}
	p.samples = calloc(SAMPLES_MAX, sizeof(*p.samples)); /* until the end of the process */
	if (!p.samples || open_socket(&p, argv[1]) < 0)
		return 1;
	if (priority > 0 && set_priority(priority) < 0)
		return 1;
	srand((unsigned int)clock_ns(CLOCK_MONOTONIC));
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	printf("ready\n");
	fflush(stdout);
	measure(&p, seconds, requests_per_s);
	print(&p);
	print_clocks();
	free(p.samples);
	close_fd(p.fd);
	return 0;
}
