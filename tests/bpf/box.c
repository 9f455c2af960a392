/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Three veth pairs, with or without a bridge: see box.h. */
#include "tests/bpf/box.h"

#include <bpf/bpf.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "bpf/loader_internal.h"
#include "util/cleanup.h"
#include "util/macros.h"
#include "util/unaligned.h"

#define SILENCE_MS    100
#define ETHERTYPE_ARP 0x0806
#define MAPS_MAX      64

struct ebc_loader_options box_options(void)
{
	struct ebc_loader_options options = rig_options();

	options.mode = EBC_MODE_TRANSPARENT;
	options.has_all_domains = true;
	return options;
}

/* A socket that sees only what arrives. */
static int listen_at(uint32_t ifindex)
{
	int fd = rig_listen(ifindex), one = 1;

	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)), 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)), 0);
	return fd;
}

static void make_cable(struct box *box, int i)
{
	char name[16];

	assert_int_equal(netlab_run("ip link add port%d type veth peer name far%d netns /proc/%d/fd/%d && "
				    "ip link set port%d up",
				    i, i, getpid(), box->far_fd, i),
			 0);
	snprintf(name, sizeof(name), "port%d", i);
	box->port_ifindex[i] = netlab_ifindex(name);
	box->conf[i].port_index = (uint32_t)i;
	netlab_mac(name, box->conf[i].mac);
	if (box->kind == BOX_BRIDGE) {
		assert_int_equal(netlab_run("ip link set port%d master br0", i), 0);
		box->conf[i].bridge_ifindex = box->bridge_ifindex;
		netlab_mac("br0", box->conf[i].bridge_mac);
	}
	box->conf[i].forward = box->kind == BOX_BRIDGE ? EBC_FORWARD_BRIDGE : EBC_FORWARD_DIRECT;
}

static void make_far_end(struct box *box, int i)
{
	char name[16];

	snprintf(name, sizeof(name), "far%d", i);
	assert_int_equal(netlab_run("ip link set %s up", name), 0);
	box->far_ifindex[i] = netlab_ifindex(name);
	netlab_mac(name, box->far_mac[i]);
	box->far[i] = listen_at(box->far_ifindex[i]);
}

bool box_set_bridge_netfilter(bool is_on)
{
	return netlab_run("cd /proc/sys/net/bridge && for f in bridge-nf-call-iptables "
			  "bridge-nf-call-ip6tables; do "
			  "echo %d > $f || exit 1; done",
			  is_on) == 0;
}

void box_new(struct box *box, enum box_kind kind)
{
	const int octets = 4000000;

	*box = (struct box){.kind = kind};
	box->far_fd = netlab_new_quiet_namespace();
	box->box_fd = netlab_new_quiet_namespace();
	if (kind == BOX_BRIDGE) {
		assert_int_equal(netlab_run("ip link add br0 type bridge mcast_snooping 0 forward_delay 0 && "
					    "ip link set br0 up"),
				 0);
		box->bridge_ifindex = netlab_ifindex("br0");
		box_set_bridge_netfilter(false);
	}
	for (int i = 0; i < BOX_PORTS; i++)
		make_cable(box, i);
	box->filler = rig_socket();
	assert_int_equal(setsockopt(box->filler, SOL_SOCKET, SO_SNDBUFFORCE, &octets, sizeof(octets)), 0);
	netlab_enter(box->far_fd);
	for (int i = 0; i < BOX_PORTS; i++)
		make_far_end(box, i);
	netlab_enter(box->box_fd);
	for (int i = 0; i < BOX_PORTS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "port%d", i);
		netlab_wait_for_carrier(name);
	}
}

void box_attach(struct box *box, struct ebc_loader *loader)
{
	for (int i = 0; i < BOX_PORTS; i++)
		assert_int_equal(ebc_loader_attach_port(loader, box->port_ifindex[i], &box->conf[i],
							&box->port_ifindex[i], 1),
				 0);
}

void box_load(struct box *box, const struct ebc_loader_options *options)
{
	box->loader = rig_loader(options);
	box_attach(box, box->loader);
	memcpy(box->first_conf, box->conf, sizeof(box->conf));
	box->first_ctl = *ebc_loader_ctl(box->loader);
	box_wait_for_stamps(box);
}

void box_update(struct box *box)
{
	for (int i = 0; i < BOX_PORTS; i++)
		assert_int_equal(ebc_loader_update_port(box->loader, box->port_ifindex[i], &box->conf[i],
							&box->port_ifindex[i], 1),
				 0);
}

void box_unload(struct box *box)
{
	ebc_loader_free(box->loader);
	box->loader = NULL;
}

void box_free(struct box *box)
{
	box_unload(box);
	close_fd(netlab_new_namespace());
	for (int i = 0; i < BOX_PORTS; i++)
		box->far[i] = close_fd(box->far[i]);
	box->filler = close_fd(box->filler);
	box->box_fd = close_fd(box->box_fd);
	box->far_fd = close_fd(box->far_fd);
}

static int set_up(void **state, enum box_kind kind)
{
	static struct box box;
	struct ebc_loader_options options = box_options();

	box_new(&box, kind);
	box_load(&box, &options);
	*state = &box;
	return 0;
}

int box_setup_direct(void **state)
{
	return set_up(state, BOX_DIRECT);
}

int box_setup_bridge(void **state)
{
	return set_up(state, BOX_BRIDGE);
}

int box_teardown(void **state)
{
	box_free(*state);
	return 0;
}

int box_drain(void **state)
{
	const struct box *box = *state;
	uint8_t octet;

	for (int i = 0; i < BOX_PORTS; i++)
		while (recv(box->far[i], &octet, sizeof(octet), MSG_DONTWAIT) >= 0)
			;
	return 0;
}

static void drop_rx(void *context, const struct ebc_rx_record *record)
{
	(void)context;
	(void)record;
}

static void drop_departure(void *context, const struct ebc_departure_record *record)
{
	(void)context;
	(void)record;
}

static void drop_sample(void *context, const struct ebc_sample *sample)
{
	(void)context;
	(void)sample;
}

int box_reset(void **state)
{
	struct box *box = *state;

	netlab_enter(box->box_fd);
	for (int i = 0; i < BOX_PORTS; i++)
		if (box->has_queue[i])
			box_remove_queue(box, i);
	*ebc_loader_ctl(box->loader) = box->first_ctl;
	memcpy(box->conf, box->first_conf, sizeof(box->conf));
	box_attach(box, box->loader);
	ebc_loader_consume_rx(box->loader, SIZE_MAX, drop_rx, NULL);
	ebc_loader_consume_departures(box->loader, SIZE_MAX, drop_departure, NULL);
	ebc_loader_consume_samples(box->loader, SIZE_MAX, drop_sample, NULL);
	return box_drain(state);
}

uint16_t box_next_sequence_id(struct box *box)
{
	return ++box->sequence_id;
}

uint64_t box_counter(const struct box *box, int port, enum ebc_counter counter)
{
	struct ebc_counters counters;

	assert_int_equal(ebc_loader_counters(box->loader, (uint32_t)port, &counters), 0);
	return counters.value[counter];
}

void box_wait_for_stamps(struct box *box)
{
	uint64_t replaced, end_mono_ns = rig_mono_ns() + RIG_PATIENCE_MS * NSEC_PER_MSEC;
	struct message sync, out;

	do {
		assert_true(rig_mono_ns() < end_mono_ns);
		replaced = box_counter(box, 0, EBC_COUNTER_RX_STAMP_REPLACED);
		message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_SYNC, box_next_sequence_id(box), &sync);
		message_set_two_step(&sync, true);
		box_send(box, 0, &sync);
		for (int to = 1; to < BOX_PORTS && box->conf[0].forward != EBC_FORWARD_NONE; to++)
			assert_true(box_receive(box, to, &out, NULL));
	} while (box_counter(box, 0, EBC_COUNTER_RX_STAMP_REPLACED) != replaced);
}

void box_send(const struct box *box, int port, const struct message *message)
{
	assert_true(rig_send(box->far[port], box->far_ifindex[port], message->octets, message->len));
}

/* What the kernel says besides the octets: the VLAN tag, the time. */
static void read_control(struct msghdr *header, struct message *message, uint64_t *ret_mono_ns)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		struct tpacket_auxdata aux;
		struct timespec stamp;

		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPING && ret_mono_ns) {
			memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
			*ret_mono_ns = (uint64_t)(stamp.tv_sec * NSEC_PER_SEC + stamp.tv_nsec -
						  rig_real_minus_mono_ns());
		}
		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		if (!(aux.tp_status & TP_STATUS_VLAN_VALID))
			continue;
		memmove(message->octets + 16, message->octets + 12, message->len - 12);
		put_be16(message->octets + 12, aux.tp_vlan_tpid);
		put_be16(message->octets + 14, aux.tp_vlan_tci);
		message->len += 4;
	}
}

static bool receive(const struct box *box, int port, int timeout_ms, struct message *ret,
		    uint64_t *ret_mono_ns)
{
	struct pollfd wait = {.fd = box->far[port], .events = POLLIN};

	for (;;) {
		union {
			char octets[256];
			struct cmsghdr align;
		} control;
		struct iovec iov = {.iov_base = ret->octets, .iov_len = sizeof(ret->octets) - 4};
		struct msghdr header = {.msg_iov = &iov,
					.msg_iovlen = 1,
					.msg_control = &control,
					.msg_controllen = sizeof(control)};
		ssize_t len;

		if (poll(&wait, 1, timeout_ms) != 1)
			return false;
		len = recvmsg(box->far[port], &header, 0);
		assert_true(len > 14);
		ret->len = (size_t)len;
		read_control(&header, ret, ret_mono_ns);
		if (get_be16(ret->octets + 12) != ETHERTYPE_ARP &&
		    get_be16(ret->octets + 12) != QUEUE_ETHERTYPE_FILLER)
			return true;
	}
}

bool box_receive(const struct box *box, int port, struct message *ret, uint64_t *ret_mono_ns)
{
	return receive(box, port, RIG_PATIENCE_MS, ret, ret_mono_ns);
}

/* The frame `sent`, after whatever came late of those before. */
static bool receive_sent(const struct box *box, int port, int timeout_ms, const struct message *sent)
{
	const uint8_t *ptp = sent->octets + sent->ptp_offset;
	struct message out;

	while (receive(box, port, timeout_ms, &out, NULL))
		if (out.octets[sent->ptp_offset] == ptp[0] &&
		    get_be16(out.octets + sent->ptp_offset + 30) == get_be16(ptp + 30))
			return true;
	return false;
}

void box_wait_for_departures(struct box *box)
{
	uint64_t end_mono_ns = rig_mono_ns() + RIG_PATIENCE_MS * NSEC_PER_MSEC;
	struct message sync, follow_up;
	bool is_followed;

	do {
		assert_true(rig_mono_ns() < end_mono_ns);
		message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_SYNC, box_next_sequence_id(box), &sync);
		message_set_two_step(&sync, true);
		message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_FOLLOW_UP, box->sequence_id, &follow_up);
		box_send(box, 0, &sync);
		for (int to = 1; to < BOX_PORTS; to++)
			assert_true(receive_sent(box, to, RIG_PATIENCE_MS, &sync));
		box_send(box, 0, &follow_up);
		is_followed = true;
		for (int to = 1; to < BOX_PORTS; to++)
			is_followed &= receive_sent(box, to, SILENCE_MS, &follow_up);
	} while (!is_followed);
}

void box_expect_silence(const struct box *box, int port)
{
	struct message out;

	assert_false(receive(box, port, SILENCE_MS, &out, NULL));
}

int64_t box_expect(const struct box *box, int to, const struct message *sent, struct message *ret)
{
	assert_true(box_receive(box, to, ret, NULL));
	ret->transport = sent->transport;
	ret->ptp_offset = sent->ptp_offset;
	message_expect_same(sent, ret);
	return message_correction_sns(ret) - message_correction_sns(sent);
}

int64_t box_pass(const struct box *box, int from, int to, const struct message *message, struct message *ret)
{
	box_send(box, from, message);
	return box_expect(box, to, message, ret);
}

void box_expect_nothing(struct box *box, int from)
{
	struct message marker, out;

	message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_MANAGEMENT, box_next_sequence_id(box), &marker);
	box_send(box, from, &marker);
	for (int to = 0; to < BOX_PORTS; to++)
		if (to != from)
			assert_int_equal(box_expect(box, to, &marker, &out), 0);
}

void box_set_qdisc(struct box *box, int port, const char *qdisc)
{
	assert_int_equal(netlab_run("tc qdisc replace dev port%d root %s", port, qdisc), 0);
	box->has_queue[port] = true;
}

void box_hold(struct box *box, int port)
{
	box->has_queue[port] = true;
	queue_hold(box->filler, box->port_ifindex[port]);
}

struct queue_wait box_release_later(const struct box *box, int port, unsigned n)
{
	return queue_release_later(box->filler, box->port_ifindex[port], n);
}

void box_remove_queue(struct box *box, int port)
{
	box->has_queue[port] = false;
	queue_remove(box->port_ifindex[port]);
}

int box_map(const struct box *box, const char *name)
{
	uint32_t ids[MAPS_MAX];

	for (int direction = 0; direction < EBC_DIRECTIONS; direction++) {
		struct bpf_prog_info info = {.nr_map_ids = MAPS_MAX, .map_ids = (uintptr_t)ids};
		uint32_t len = sizeof(info);

		assert_int_equal(bpf_obj_get_info_by_fd(box->loader->programs.fd[direction], &info, &len), 0);
		for (uint32_t i = 0; i < info.nr_map_ids; i++) {
			struct bpf_map_info map = {};
			int fd = bpf_map_get_fd_by_id(ids[i]);

			len = sizeof(map);
			assert_int_equal(bpf_obj_get_info_by_fd(fd, &map, &len), 0);
			if (strcmp(map.name, name) == 0)
				return fd;
			close(fd);
		}
	}
	fail_msg("no map %s", name);
	return -1;
}
