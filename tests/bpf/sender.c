/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sending side of a lab: see sender.h. */
#include "tests/bpf/sender.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

static void set_up(struct sender *sender, enum ebc_stamp_source tx_stamp, uint8_t domain_number)
{
	struct ebc_loader_options options = rig_options();
	const int octets = 4000000;

	options.tx_stamp = sender->tx_stamp = tx_stamp;
	options.domain_number = sender->domain_number = domain_number;
	sender->loader = rig_loader(&options);
	assert_int_equal(ebc_loader_tx_stamp(sender->loader, NULL), tx_stamp);
	rig_attach(sender->loader, &sender->lab);
	sender->fd = rig_daemon_socket(sender->loader);
	/* Hundreds of frames will wait in a qdisc. */
	assert_int_equal(setsockopt(sender->fd, SOL_SOCKET, SO_SNDBUFFORCE, &octets, sizeof(octets)), 0);
}

int sender_setup(void **state)
{
	static struct sender sender;

	netlab_new(&sender.lab);
	set_up(&sender, EBC_STAMP_XMIT, 0);
	*state = &sender;
	return 0;
}

void sender_new_beside(const struct sender *sender, enum ebc_stamp_source tx_stamp, struct sender *ret)
{
	ret->lab = sender->lab;
	set_up(ret, tx_stamp, (uint8_t)(sender->domain_number + 1));
}

void sender_free_beside(struct sender *sender)
{
	close(sender->fd);
	ebc_loader_free(sender->loader);
}

int sender_teardown(void **state)
{
	struct sender *sender = *state;

	sender_free_beside(sender);
	netlab_free(&sender->lab);
	return 0;
}

void sender_send_event(struct sender *sender, uint32_t ifindex, uint16_t sequence_id)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_IEEE_802_3);
	uint8_t frame[FRAME_OCTETS];

	spec.sequence_id = sequence_id;
	spec.domain_number = sender->domain_number;
	assert_true(rig_send(sender->fd, ifindex, frame, frame_build(&spec, frame, NULL)));
}

struct ebc_tx_record sender_expect(struct sender *sender, uint32_t ifindex, uint16_t sequence_id)
{
	struct ebc_tx_record record;

	assert_true(rig_wait_tx(sender->loader, RIG_PATIENCE_MS, &record));
	assert_int_equal(record.ifindex, ifindex);
	assert_int_equal(record.sequence_id, sequence_id);
	assert_int_equal(record.message_type, 0);
	assert_int_equal(record.stamp_source, sender->tx_stamp);
	assert_true(record.tc_mono_ns < record.stamp_mono_ns);
	assert_true(record.stamp_mono_ns < rig_mono_ns());
	return record;
}
