// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening sockets and sending by them; what they receive is read by socket_batch.c. */
#include "bc/daemon/ptp_sockets.h"

#include <endian.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "bc/daemon/driver_stamp.h"
#include "bc/wire/msg.h"
#include "util/cleanup.h"
#include "util/ether.h"
#include "util/macros.h"

static int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

struct socket_option {
	int level, name, value;
};

static int set_all(int fd, const struct socket_option *options, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = set_int(fd, options[i].level, options[i].name, options[i].value);
	return r;
}

/* Transmit stamps are asked for message by message. */
static int set_common(int fd, const struct ptp_sockets_options *o)
{
	const struct socket_option options[] = {
		{SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE},
		{SOL_SOCKET, SO_RXQ_OVFL, 1},
		{SOL_SOCKET, SO_PRIORITY, o->priority},
	};

	/* The last only if it is wanted: IP_TOS has set one too. */
	return set_all(fd, options, ARRAY_SIZE(options) - (o->priority == 0));
}

static int set_ipv4(int fd, const struct ptp_sockets_options *o, uint8_t dscp)
{
	struct ip_mreqn interface = {.imr_ifindex = o->ifindex};
	const struct socket_option options[] = {
		{IPPROTO_IP, IP_MULTICAST_LOOP, 0},
		{IPPROTO_IP, IP_MULTICAST_TTL, o->multicast_hops},
		{IPPROTO_IP, IP_TOS, dscp << 2},
		{IPPROTO_IP, IP_PKTINFO, 1}, /* which of our addresses is asked */
	};

	if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof(interface)) < 0)
		return -errno;
	return set_all(fd, options, ARRAY_SIZE(options));
}

static int set_ipv6(int fd, const struct ptp_sockets_options *o, uint8_t dscp)
{
	const struct socket_option options[] = {
		{IPPROTO_IPV6, IPV6_V6ONLY, 1},
		{IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0},
		{IPPROTO_IPV6, IPV6_MULTICAST_IF, o->ifindex},
		{IPPROTO_IPV6, IPV6_MULTICAST_HOPS, o->multicast_hops},
		{IPPROTO_IPV6, IPV6_TCLASS, dscp << 2},
		{IPPROTO_IPV6, IPV6_RECVPKTINFO, 1},
	};

	return set_all(fd, options, ARRAY_SIZE(options));
}

static int bind_udp(int fd, bool is_ipv6, uint16_t port)
{
	struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htobe16(port)};
	struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htobe16(port)};
	const void *any = is_ipv6 ? (const void *)&any6 : &any4;

	return bind(fd, any, is_ipv6 ? sizeof(any6) : sizeof(any4)) < 0 ? -errno : 0;
}

/* A descriptor or -errno. Other ports have sockets of the same number, each on its interface. */
static int open_udp(const struct ptp_sockets_options *o, uint16_t port, uint8_t dscp)
{
	bool is_ipv6 = o->transport == EBC_TRANSPORT_UDP_IPV6;
	_cleanup_fd_ int fd =
		socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, o->interface, (socklen_t)strlen(o->interface)) < 0)
		return -errno;
	r = set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (r == 0)
		r = is_ipv6 ? set_ipv6(fd, o, dscp) : set_ipv4(fd, o, dscp);
	if (r == 0)
		r = set_common(fd, o);
	if (r == 0)
		r = bind_udp(fd, is_ipv6, port);
	return r < 0 ? r : TAKE_FD(fd);
}

/* PTP as the port sees it: not tagged (a tag with VID 0 only carries a priority), not sent by this machine,
 * not for another one. */
static int set_filter(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ETHER_TYPE_OFFSET),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PTP_ETHERTYPE, 0, 8),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, PACKET_OTHERHOST, 6, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG)),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xfff),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {.len = ARRAY_SIZE(code), .filter = code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno : 0;
}

/* It gets nothing before it is bound. */
static int open_packet(const struct ptp_sockets_options *o)
{
	_cleanup_fd_ int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htobe16(o->is_member ? ETH_P_ALL : PTP_ETHERTYPE),
		.sll_ifindex = o->ifindex,
	};
	int r;

	if (fd < 0)
		return -errno;
	r = set_filter(fd);
	if (r == 0)
		r = set_common(fd, o);
	if (r == 0)
		r = set_int(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
	if (r < 0)
		return r;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

int ptp_sockets_open(const struct ptp_sockets_options *o, struct ptp_sockets *ret_sockets)
{
	_cleanup_fd_ int event_fd = -1, general_fd = -1;

	if (o->transport == EBC_TRANSPORT_IEEE_802_3) {
		event_fd = open_packet(o);
		if (event_fd < 0)
			return event_fd;
	} else {
		if (o->is_member)
			return -EOPNOTSUPP;
		event_fd = open_udp(o, PTP_EVENT_PORT, o->dscp_event);
		if (event_fd < 0)
			return event_fd;
		general_fd = open_udp(o, PTP_GENERAL_PORT, o->dscp_general);
		if (general_fd < 0)
			return general_fd;
	}
	*ret_sockets = (struct ptp_sockets){.event_fd = TAKE_FD(event_fd), .general_fd = TAKE_FD(general_fd)};
	return 0;
}

void ptp_sockets_close(struct ptp_sockets *sockets)
{
	sockets->event_fd = close_fd(sockets->event_fd);
	sockets->general_fd = close_fd(sockets->general_fd);
}

/* Control messages of one datagram: the source address, and what asks for a stamp. */
struct control {
	union {
		struct cmsghdr header;
		uint8_t room[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint32_t))];
	};
	size_t len;
};

static void add_control(struct control *control, int level, int type, const void *data, size_t len)
{
	struct cmsghdr header = {.cmsg_level = level, .cmsg_type = type, .cmsg_len = CMSG_LEN(len)};

	memcpy(control->room + control->len, &header, sizeof(header));
	memcpy(control->room + control->len + CMSG_LEN(0), data, len);
	control->len += CMSG_SPACE(len);
}

static void add_stamp_request(struct control *control)
{
	uint32_t flags = driver_stamp_send_flags();

	add_control(control, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags));
}

static int send_to(int fd, const void *to, size_t to_len, struct iovec *parts, size_t n_parts,
		   struct control *control)
{
	struct msghdr msg = {
		.msg_name = (void *)(uintptr_t)to,
		.msg_namelen = (socklen_t)to_len,
		.msg_iov = parts,
		.msg_iovlen = n_parts,
		.msg_control = control->len ? control->room : NULL,
		.msg_controllen = control->len,
	};

	return sendmsg(fd, &msg, MSG_DONTWAIT) < 0 ? -errno : 0;
}

static int send_ethernet(int fd, const struct ptp_sockets_envelope *e, const uint8_t *message, size_t len)
{
	struct bc_encap encap = {
		.transport = e->transport, .source = *e->source, .destination = *e->destination};
	uint8_t frame[BC_ENCAP_MAX + BC_MSG_TX_MAX];
	size_t frame_len = bc_encap_write(&encap, e->is_event, message, len, frame, sizeof(frame));
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htobe16(PTP_ETHERTYPE),
		.sll_ifindex = e->ifindex,
		.sll_halen = 6,
	};
	struct iovec part = {.iov_base = frame, .iov_len = frame_len};
	struct control control = {};

	if (frame_len == 0)
		return -EMSGSIZE;
	memcpy(to.sll_addr, e->destination->mac, 6);
	if (e->is_event)
		add_stamp_request(&control);
	return send_to(fd, &to, sizeof(to), &part, 1, &control);
}

static int send_ipv4(int fd, const struct ptp_sockets_envelope *e, struct iovec *parts, size_t n_parts,
		     struct control *control)
{
	struct in_pktinfo info = {.ipi_ifindex = e->ifindex};
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htobe16(e->is_event ? PTP_EVENT_PORT : PTP_GENERAL_PORT),
	};

	memcpy(&info.ipi_spec_dst, e->source->ip, 4);
	memcpy(&to.sin_addr, e->destination->ip, 4);
	add_control(control, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	return send_to(fd, &to, sizeof(to), parts, n_parts, control);
}

static int send_ipv6(int fd, const struct ptp_sockets_envelope *e, struct iovec *parts, size_t n_parts,
		     struct control *control)
{
	struct in6_pktinfo info = {.ipi6_ifindex = (unsigned int)e->ifindex};
	struct sockaddr_in6 to = {
		.sin6_family = AF_INET6,
		.sin6_port = htobe16(e->is_event ? PTP_EVENT_PORT : PTP_GENERAL_PORT),
		.sin6_scope_id = (uint32_t)e->ifindex, /* only link-local addresses have one */
	};

	memcpy(&info.ipi6_addr, e->source->ip, 16);
	memcpy(&to.sin6_addr, e->destination->ip, 16);
	add_control(control, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	return send_to(fd, &to, sizeof(to), parts, n_parts, control);
}

int ptp_sockets_send(const struct ptp_sockets *sockets, const struct ptp_sockets_envelope *e,
		     const uint8_t *message, size_t len)
{
	/* Two octets behind the message, which a transparent clock may use to keep the checksum (annex D). */
	uint8_t padding[2] = {};
	struct iovec parts[] = {
		{.iov_base = (void *)(uintptr_t)message, .iov_len = len},
		{.iov_base = padding, .iov_len = sizeof(padding)},
	};
	int fd = e->is_event ? sockets->event_fd : sockets->general_fd;
	struct control control = {};

	if (e->transport == EBC_TRANSPORT_IEEE_802_3)
		return send_ethernet(sockets->event_fd, e, message, len);
	if (e->is_event)
		add_stamp_request(&control);
	if (e->transport == EBC_TRANSPORT_UDP_IPV4)
		return send_ipv4(fd, e, parts, 1, &control);
	return send_ipv6(fd, e, parts, 2, &control);
}
