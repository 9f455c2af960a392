/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the queue behind a port adds to an event message is added to the message that follows it, or that
 * answers it: by the programs where they can, by the daemon where the follower overtook.
 */
#include <linux/if_packet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <cmocka.h>

#include "tests/bpf/box.h"
#include "util/cleanup.h"
#include "util/macros.h"

#define SLACK_NS    2000 /* between the scales of our clocks' readings */
#define FILLER_BITS 12112ULL
#define FILLER_NS   60000ULL /* at 200 Mbit/s */

static const enum ebc_transport transports[] = {EBC_TRANSPORT_IEEE_802_3, EBC_TRANSPORT_UDP_IPV4,
						EBC_TRANSPORT_UDP_IPV6};
static const uint8_t requester[10] = {0x00, 0x11, 0x22, 0xFF, 0xFE, 0x33, 0x44, 0x55, 0x00, 0x01},
		     answerer[10] = {0xAA, 0xBB, 0xCC, 0xFF, 0xFE, 0x01, 0x02, 0x03, 0x00, 0x07};

/* As the programs have it: a place of ebc_departures. */
struct departure {
	struct ebc_event_key key;
	uint64_t tc_mono_ns, left, is_parked, is_answered;
};

static int64_t ns_of(const struct queue_wait *wait)
{
	return (int64_t)(wait->to_mono_ns - wait->from_mono_ns);
}

static int64_t whole_ns(int64_t sns)
{
	return sns >> 16;
}

static void copy_departure(void *context, const struct ebc_departure_record *record)
{
	*(struct ebc_departure_record *)context = *record;
}

/* The ring is readable as soon as a record is begun, before it can be had. */
static bool wait_departure(const struct box *box, int timeout_ms, struct ebc_departure_record *ret)
{
	struct pollfd wait = {.fd = ebc_loader_departure_fd(box->loader), .events = POLLIN};

	while (poll(&wait, 1, timeout_ms) == 1)
		if (ebc_loader_consume_departures(box->loader, 1, copy_departure, ret) == 1)
			return true;
	return false;
}

/* A capture at the box's own side of a cable: sees what comes in as well as what leaves. */
static uint64_t captured_mono_ns(int fd, uint8_t type)
{
	uint8_t frame[FRAME_OCTETS];
	uint64_t mono_ns = 0;

	for (;;) {
		assert_true(rig_receive(fd, frame, sizeof(frame), RIG_PATIENCE_MS, &mono_ns) > 0);
		if (frame[12] == 0x88 && frame[13] == 0xF7 && (frame[14] & 0x0F) == type)
			return mono_ns;
	}
}

/* Sync waits in the qdisc; Follow_Up comes when it has left. */
static void sync_and_follow_up_together_are_the_transit(void **state)
{
	struct box *box = *state;
	int in_fd = rig_listen(box->port_ifindex[0]), out_fd = rig_listen(box->port_ifindex[1]);
	struct message sync, follow_up, out;
	uint64_t in_mono_ns, out_mono_ns, corrected, start_mono_ns;
	int64_t before_ns, queue_ns, transit_ns, elsewhere_ns;
	struct queue_wait wait;

	message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_SYNC, box_next_sequence_id(box), &sync);
	message_set_two_step(&sync, true);
	message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_FOLLOW_UP, box->sequence_id, &follow_up);
	message_set_correction_sns(&follow_up, 1234567);
	corrected = box_counter(box, 1, EBC_COUNTER_TX_FOLLOWER_CORRECTED);
	box_hold(box, 1);
	start_mono_ns = rig_mono_ns();
	box_send(box, 0, &sync);
	/* At the port that has no queue it does not wait. */
	assert_true(box_expect(box, 2, &sync, &out) > 0);
	wait = box_release_later(box, 1, 1);
	before_ns = whole_ns(box_expect(box, 1, &sync, &out));
	queue_ns = whole_ns(box_pass(box, 0, 1, &follow_up, &out));
	in_mono_ns = captured_mono_ns(in_fd, TYPE_SYNC);
	out_mono_ns = captured_mono_ns(out_fd, TYPE_SYNC);
	transit_ns = (int64_t)(out_mono_ns - in_mono_ns);
	print_message("before the queue %lld ns, in it %lld ns, captured %lld ns\n", (long long)before_ns,
		      (long long)queue_ns, (long long)transit_ns);
	assert_true(queue_ns > ns_of(&wait));
	/* The capture at the way out is before the driver, our stamp halfway through it. */
	assert_true(before_ns + queue_ns > transit_ns - SLACK_NS);
	assert_true(before_ns + queue_ns < (int64_t)(rig_mono_ns() - in_mono_ns));
	assert_int_equal(box_counter(box, 1, EBC_COUNTER_TX_FOLLOWER_CORRECTED) - corrected, 1);
	elsewhere_ns = whole_ns(box_expect(box, 2, &follow_up, &out));
	assert_true(elsewhere_ns > 0 && elsewhere_ns < (int64_t)(wait.from_mono_ns - start_mono_ns));
	box_remove_queue(box, 1);
	close(in_fd);
	close(out_fd);
}

static void every_follow_up_is_corrected(void **state)
{
	static const struct {
		uint8_t event, follower;
	} pairs[] = {{TYPE_SYNC, TYPE_FOLLOW_UP}, {TYPE_PDELAY_RESP, TYPE_PDELAY_RESP_FOLLOW_UP}};
	struct box *box = *state;

	for (size_t t = 0; t < ARRAY_SIZE(transports); t++)
		for (size_t p = 0; p < ARRAY_SIZE(pairs); p++) {
			struct message event, follower, out;

			message_new(transports[t], pairs[p].event, box_next_sequence_id(box), &event);
			message_set_two_step(&event, true);
			message_new(transports[t], pairs[p].follower, box->sequence_id, &follower);
			box_pass(box, 0, 1, &event, &out);
			assert_true(box_pass(box, 0, 1, &follower, &out) > 0);
			if (transports[t] != EBC_TRANSPORT_IEEE_802_3)
				assert_int_equal(message_stored_checksum(&out), message_udp_checksum(&out));
		}
}

/* By its own key: sequenceId, domain, sdoId, sourcePortIdentity, and for Pdelay the requester too. */
static void a_follower_of_another_message_stays_as_it_is(void **state)
{
	static const size_t offsets[] = {4, 5, 20, 29, 30, 31};
	struct box *box = *state;
	struct message event, follower, out;

	box->sequence_id |= 0xFF; /* those that are made up are not among those before */
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		uint64_t unmatched = box_counter(box, 1, EBC_COUNTER_TX_FOLLOWER_UNMATCHED);

		message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_SYNC, box_next_sequence_id(box), &event);
		message_set_two_step(&event, true);
		message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_FOLLOW_UP, box->sequence_id, &follower);
		message_ptp(&follower)[offsets[i]] ^= 0x40;
		box_pass(box, 0, 1, &event, &out);
		assert_int_equal(box_pass(box, 0, 1, &follower, &out), 0);
		assert_int_equal(box_counter(box, 1, EBC_COUNTER_TX_FOLLOWER_UNMATCHED) - unmatched, 1);
	}
	box->sequence_id += 0x100; /* those that were made up shall not come again */
	message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_PDELAY_RESP, box_next_sequence_id(box), &event);
	message_set_two_step(&event, true);
	message_set_requesting(&event, requester);
	message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_PDELAY_RESP_FOLLOW_UP, box->sequence_id, &follower);
	message_set_requesting(&follower, answerer);
	box_pass(box, 0, 1, &event, &out);
	assert_int_equal(box_pass(box, 0, 1, &follower, &out), 0);
	message_set_requesting(&follower, requester);
	assert_true(box_pass(box, 0, 1, &follower, &out) > 0);
}

/* Sync waits, Follow_Up comes: the daemon gets it, and a word when Sync has left. */
static void a_follower_that_overtakes_is_parked(void **state)
{
	struct box *box = *state;
	uint64_t parked = box_counter(box, 1, EBC_COUNTER_TX_FOLLOWER_PARKED), before_mono_ns;
	struct ebc_departure_record departure;
	struct message sync, follow_up, out;
	struct queue_wait wait;
	struct rig_rx rx;

	message_new(EBC_TRANSPORT_UDP_IPV4, TYPE_SYNC, box_next_sequence_id(box), &sync);
	message_set_two_step(&sync, true);
	message_new(EBC_TRANSPORT_UDP_IPV4, TYPE_FOLLOW_UP, box->sequence_id, &follow_up);
	box_hold(box, 1);
	before_mono_ns = rig_mono_ns();
	box_send(box, 0, &sync);
	/* Where there is no queue both are there. */
	box_expect(box, 2, &sync, &out);
	box_send(box, 0, &follow_up);
	box_expect(box, 2, &follow_up, &out);
	wait = box_release_later(box, 1, 1);

	assert_true(wait_departure(box, RIG_PATIENCE_MS, &departure));
	assert_int_equal(box_counter(box, 1, EBC_COUNTER_TX_FOLLOWER_PARKED) - parked, 1);
	assert_true(rig_take_rx(box->loader, &rx));
	assert_int_equal(rx.head.reason, EBC_RX_PARKED);
	assert_int_equal(rx.head.ifindex, box->port_ifindex[1]);
	assert_int_equal(rx.head.port_index, 1);
	assert_int_equal(rx.head.frame_len, follow_up.len);
	assert_memory_equal(rx.frame, follow_up.octets, follow_up.len);
	assert_int_equal(departure.key.message_type, TYPE_SYNC);
	assert_int_equal(departure.key.sequence_id, box->sequence_id);
	assert_int_equal(departure.key.ifindex, box->port_ifindex[1]);
	assert_true(departure.tc_mono_ns > before_mono_ns && departure.tc_mono_ns < rx.head.tc_mono_ns);
	assert_true(whole_ns(departure.queued_sns) > ns_of(&wait));
	assert_true(whole_ns(departure.queued_sns) < (int64_t)(rig_mono_ns() - departure.tc_mono_ns));
	/* The Sync came, and no Follow_Up. */
	assert_true(box_expect(box, 1, &sync, &out) > 0);
	box_expect_nothing(box, 0);
	box_remove_queue(box, 1);
}

static void without_lease_a_follower_that_overtakes_goes_on(void **state)
{
	volatile struct ebc_ctl *ctl;
	struct box *box = *state;
	uint64_t lease_mono_ns, passed = box_counter(box, 1, EBC_COUNTER_TX_FOLLOWER_NO_LEASE);
	struct message sync, follow_up, out;

	ctl = ebc_loader_ctl(box->loader);
	lease_mono_ns = ctl->lease_until_mono_ns;
	ctl->lease_until_mono_ns = 0;
	ctl->corrects_without_lease = 1;
	message_new(EBC_TRANSPORT_UDP_IPV6, TYPE_SYNC, box_next_sequence_id(box), &sync);
	message_set_two_step(&sync, true);
	message_new(EBC_TRANSPORT_UDP_IPV6, TYPE_FOLLOW_UP, box->sequence_id, &follow_up);
	box_hold(box, 1);
	box_send(box, 0, &sync);
	box_expect(box, 2, &sync, &out);
	box_send(box, 0, &follow_up);
	box_release_later(box, 1, 2);
	assert_true(box_expect(box, 1, &sync, &out) > 0);
	assert_int_equal(box_expect(box, 1, &follow_up, &out), 0);
	assert_int_equal(box_counter(box, 1, EBC_COUNTER_TX_FOLLOWER_NO_LEASE) - passed, 1);
	ctl->corrects_without_lease = 0;
	ctl->lease_until_mono_ns = lease_mono_ns;
	box_remove_queue(box, 1);
}

/* What sending two frames takes this machine now, one into the box and one out of it, if nothing disturbs it.
 */
static uint64_t send_cost_ns(struct box *box)
{
	uint64_t least_ns = UINT64_MAX;
	struct message message;

	for (int i = 0; i < 20; i++) {
		uint64_t start_mono_ns = rig_mono_ns();

		message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_MANAGEMENT, box_next_sequence_id(box), &message);
		box_send(box, 0, &message);
		queue_send_filler(box->filler, box->port_ifindex[1], 1);
		least_ns = MIN(least_ns, rig_mono_ns() - start_mono_ns);
	}
	return least_ns;
}

/* Until the programs have seen `n` Follow_Ups leave by port 1 since the two counters were these. */
static void wait_for_followers(const struct box *box, uint64_t corrected, uint64_t parked, uint64_t n)
{
	uint64_t end_mono_ns = rig_mono_ns() + RIG_PATIENCE_MS * NSEC_PER_MSEC;

	while (box_counter(box, 1, EBC_COUNTER_TX_FOLLOWER_CORRECTED) - corrected +
		       box_counter(box, 1, EBC_COUNTER_TX_FOLLOWER_PARKED) - parked <
	       n)
		assert_true(rig_mono_ns() < end_mono_ns);
}

/* Of how many Syncs the daemon is told, at most `max`. It may be twice, where a Sync left and its follower
 * was parked in the same moment. */
static uint64_t count_told(const struct box *box, uint64_t max)
{
	bool is_told[UINT16_MAX + 1] = {};
	struct ebc_departure_record departure;
	uint64_t n = 0;

	while (n < max && wait_departure(box, 1000, &departure)) {
		n += !is_told[departure.key.sequence_id];
		is_told[departure.key.sequence_id] = true;
	}
	return n;
}

/* Follow_Ups at every moment around that at which their Sync leaves: corrected, or parked and told. */
static void no_follower_is_forgotten_in_between(void **state)
{
	struct box *box = *state;
	uint64_t corrected = box_counter(box, 1, EBC_COUNTER_TX_FOLLOWER_CORRECTED),
		 parked = box_counter(box, 1, EBC_COUNTER_TX_FOLLOWER_PARKED),
		 stamps = box_counter(box, 1, EBC_COUNTER_TX_STAMP);
	uint64_t n_told, n_held = 0, n = 300, unstamped, filler_ns;
	struct rig_rx rx;
	char qdisc[64];

	/* The queue is longer than the machine takes to fill it. */
	filler_ns = MAX(FILLER_NS, 2 * send_cost_ns(box));
	snprintf(qdisc, sizeof(qdisc), "tbf rate %llubit burst 1600 limit 4000000",
		 (unsigned long long)(FILLER_BITS * NSEC_PER_SEC / filler_ns));
	box_set_qdisc(box, 1, qdisc);
	for (uint64_t i = 0; i < n; i++) {
		struct message sync, follow_up;
		uint64_t start_mono_ns;

		message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_SYNC, box_next_sequence_id(box), &sync);
		message_set_two_step(&sync, true);
		message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_FOLLOW_UP, box->sequence_id, &follow_up);
		queue_send_filler(box->filler, box->port_ifindex[1], 3); /* the first goes at once */
		box_send(box, 0, &sync);
		start_mono_ns = rig_mono_ns();
		while (rig_mono_ns() - start_mono_ns < i * filler_ns / 30)
			;
		box_send(box, 0, &follow_up);
	}
	wait_for_followers(box, corrected, parked, n);
	corrected = box_counter(box, 1, EBC_COUNTER_TX_FOLLOWER_CORRECTED) - corrected;
	parked = box_counter(box, 1, EBC_COUNTER_TX_FOLLOWER_PARKED) - parked;
	assert_int_equal(corrected + parked, n);
	n_told = count_told(box, parked);
	while (rig_take_rx(box->loader, &rx))
		n_held++;
	unstamped = n - (box_counter(box, 1, EBC_COUNTER_TX_STAMP) - stamps);
	print_message("%llu corrected, %llu parked, %llu without a stamp\n", (unsigned long long)corrected,
		      (unsigned long long)parked, (unsigned long long)unstamped);
	assert_true(parked > 0 && corrected > 0);
	/* Some kernels lose transmit stamps now and then, dozens in a row (docs/design.md). */
	assert_true(unstamped < n / 2);
	assert_int_equal(n_told + unstamped, parked);
	assert_int_equal(n_held, parked);
	box_remove_queue(box, 1);
}

/* The programs remember no departure any more. */
static void forget_departures(const struct box *box)
{
	_cleanup_fd_ int fd = box_map(box, "ebc_departures");
	const struct departure none = {0};

	for (uint32_t i = 0; i < EBC_DEPARTURES; i++)
		assert_int_equal(bpf_map_update_elem(fd, &i, &none, BPF_ANY), 0);
}

/* The follower is parked, then its Sync's place goes to another message: the daemon hears of the Sync, as of
 * nothing that nobody follows. */
static void a_parked_follower_is_told_whatever_took_the_place(void **state)
{
	struct box *box = *state;
	struct ebc_departure_record departure;
	struct message request, sync, follow_up, out;
	struct queue_wait wait;
	struct rig_rx rx;

	message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_DELAY_REQ, box_next_sequence_id(box), &request);
	message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_SYNC, box_next_sequence_id(box), &sync);
	message_set_two_step(&sync, true);
	message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_FOLLOW_UP, box->sequence_id, &follow_up);
	box_hold(box, 1);
	box_send(box, 0, &request);
	box_send(box, 0, &sync);
	box_expect(box, 2, &request, &out);
	box_expect(box, 2, &sync, &out);
	box_send(box, 0, &follow_up);
	box_expect(box, 2, &follow_up, &out);
	forget_departures(box);
	wait = box_release_later(box, 1, 2);

	assert_true(wait_departure(box, RIG_PATIENCE_MS, &departure));
	assert_int_equal(departure.key.message_type, TYPE_SYNC);
	assert_int_equal(departure.key.sequence_id, box->sequence_id);
	assert_true(whole_ns(departure.queued_sns) > ns_of(&wait));
	assert_true(rig_take_rx(box->loader, &rx));
	assert_int_equal(rx.head.reason, EBC_RX_PARKED);
	box_expect(box, 1, &request, &out);
	box_expect(box, 1, &sync, &out);
	box_expect_nothing(box, 0);
	box_remove_queue(box, 1);
}

/* Of the places that a message can take, this one has been in use for so long. */
static uint64_t age_of_place_ns(uint32_t place)
{
	return (place + place / EBC_DEPARTURE_WAYS) % EBC_DEPARTURE_WAYS;
}

/* All places but each `free`th of those that a message can take are of messages whose followers are due. */
static void fill_departures(const struct box *box, uint64_t now_mono_ns, uint32_t free)
{
	_cleanup_fd_ int fd = box_map(box, "ebc_departures");

	forget_departures(box);
	for (uint32_t i = 0; i < EBC_DEPARTURES; i++) {
		struct departure departure = {.key = {.message_type = TYPE_SYNC, .ifindex = UINT32_MAX},
					      .tc_mono_ns = now_mono_ns - age_of_place_ns(i)};

		if (i % EBC_DEPARTURE_WAYS != free)
			assert_int_equal(bpf_map_update_elem(fd, &i, &departure, BPF_ANY), 0);
	}
}

static uint32_t place_of_message(const struct box *box, int port)
{
	_cleanup_fd_ int fd = box_map(box, "ebc_departures");
	struct departure departure;

	for (uint32_t i = 0; i < EBC_DEPARTURES; i++) {
		assert_int_equal(bpf_map_lookup_elem(fd, &i, &departure), 0);
		if (departure.key.ifindex == box->port_ifindex[port])
			return i;
	}
	fail_msg("port %d's message is nowhere", port);
	return 0;
}

/* A message takes the place that is free; if there is none, that of the oldest, which is counted. */
static void a_message_takes_a_free_place_or_the_oldest(void **state)
{
	struct box *box = *state;

	for (uint32_t free = 0; free <= EBC_DEPARTURE_WAYS; free++) {
		bool is_any_free = free < EBC_DEPARTURE_WAYS;
		struct message sync, follow_up, out;
		uint64_t evicted, start_mono_ns;
		uint32_t place;

		/* Again, where the other port's chose between the same places, or where so much time went by
		 * that none is due any more. */
		do {
			message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_SYNC, box_next_sequence_id(box), &sync);
			message_set_two_step(&sync, true);
			evicted = box_counter(box, 1, EBC_COUNTER_TX_DEPARTURE_EVICTED);
			start_mono_ns = rig_mono_ns();
			fill_departures(box, start_mono_ns, free);
			box_pass(box, 0, 1, &sync, &out);
			box_expect(box, 2, &sync, &out);
			place = place_of_message(box, 1);
		} while (place / EBC_DEPARTURE_WAYS == place_of_message(box, 2) / EBC_DEPARTURE_WAYS ||
			 rig_mono_ns() - start_mono_ns >= EBC_FOLLOW_MAX_AGE_NS);
		evicted = box_counter(box, 1, EBC_COUNTER_TX_DEPARTURE_EVICTED) - evicted;
		assert_int_equal(evicted, is_any_free ? 0 : 1);
		if (is_any_free)
			assert_int_equal(place % EBC_DEPARTURE_WAYS, free);
		else
			assert_int_equal(age_of_place_ns(place), EBC_DEPARTURE_WAYS - 1);
		message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_FOLLOW_UP, box->sequence_id, &follow_up);
		assert_true(box_pass(box, 0, 1, &follow_up, &out) > 0);
		box_expect(box, 2, &follow_up, &out);
	}
	forget_departures(box);
}

/* The request waits in a queue on its way; what it met there is added where the answer comes in. */
static void answers_get_what_their_requests_met(void **state)
{
	static const struct {
		uint8_t request, answer;
	} pairs[] = {{TYPE_DELAY_REQ, TYPE_DELAY_RESP}, {TYPE_PDELAY_REQ, TYPE_PDELAY_RESP}};
	struct box *box = *state;

	for (size_t t = 0; t < ARRAY_SIZE(transports); t++)
		for (size_t p = 0; p < ARRAY_SIZE(pairs); p++) {
			uint64_t corrected = box_counter(box, 1, EBC_COUNTER_RX_ANSWER_CORRECTED),
				 start_mono_ns;
			struct message request, answer, out;
			int64_t request_ns, answer_ns;
			struct queue_wait wait;

			message_new(transports[t], pairs[p].request, box_next_sequence_id(box), &request);
			message_set_source(&request, requester);
			message_new(transports[t], pairs[p].answer, box->sequence_id, &answer);
			message_set_source(&answer, answerer);
			message_set_requesting(&answer, requester);
			message_set_two_step(&answer, pairs[p].answer == TYPE_PDELAY_RESP);
			box_hold(box, 1);
			start_mono_ns = rig_mono_ns();
			box_send(box, 0, &request);
			wait = box_release_later(box, 1, 1);
			request_ns = whole_ns(box_expect(box, 1, &request, &out));
			assert_true(request_ns > 0 &&
				    request_ns < (int64_t)(wait.from_mono_ns - start_mono_ns));
			answer_ns = whole_ns(box_pass(box, 1, 0, &answer, &out));
			assert_true(answer_ns > ns_of(&wait));
			assert_true(request_ns + answer_ns < (int64_t)(rig_mono_ns() - start_mono_ns));
			assert_int_equal(box_counter(box, 1, EBC_COUNTER_RX_ANSWER_CORRECTED) - corrected, 1);
			if (transports[t] != EBC_TRANSPORT_IEEE_802_3)
				assert_int_equal(message_stored_checksum(&out), message_udp_checksum(&out));
			box_remove_queue(box, 1);
			box_drain(state);
		}
}

static void answers_to_others_stay_as_they_are(void **state)
{
	struct box *box = *state;
	uint64_t unmatched = box_counter(box, 2, EBC_COUNTER_RX_ANSWER_UNMATCHED);
	struct message request, answer, out;

	message_new(EBC_TRANSPORT_UDP_IPV4, TYPE_DELAY_REQ, box_next_sequence_id(box), &request);
	message_set_source(&request, requester);
	box_pass(box, 0, 1, &request, &out);
	box_expect(box, 2, &request, &out);
	message_new(EBC_TRANSPORT_UDP_IPV4, TYPE_DELAY_RESP, box->sequence_id, &answer);
	message_set_source(&answer, answerer);
	message_set_requesting(&answer, answerer);
	assert_int_equal(box_pass(box, 2, 0, &answer, &out), 0);
	message_set_requesting(&answer, requester);
	message_ptp(&answer)[30] ^= 1; /* sequenceId */
	message_set_correction_sns(&answer, 0);
	assert_int_equal(box_pass(box, 2, 0, &answer, &out), 0);
	assert_int_equal(box_counter(box, 2, EBC_COUNTER_RX_ANSWER_UNMATCHED) - unmatched, 2);
	/* The right one, by a port by which the request left too. */
	message_ptp(&answer)[30] ^= 1;
	message_set_correction_sns(&answer, 0);
	assert_true(box_pass(box, 2, 0, &answer, &out) > 0);
}

static void a_peer_delay_exchange_is_corrected_wholly(void **state)
{
	struct box *box = *state;
	struct message request, answer, follower, out;
	struct queue_wait wait;
	uint64_t start_mono_ns;

	for (size_t t = 0; t < ARRAY_SIZE(transports); t++) {
		message_new(transports[t], TYPE_PDELAY_REQ, box_next_sequence_id(box), &request);
		message_set_source(&request, requester);
		message_new(transports[t], TYPE_PDELAY_RESP, box->sequence_id, &answer);
		message_set_source(&answer, answerer);
		message_set_requesting(&answer, requester);
		message_set_two_step(&answer, true);
		message_new(transports[t], TYPE_PDELAY_RESP_FOLLOW_UP, box->sequence_id, &follower);
		message_set_source(&follower, answerer);
		message_set_requesting(&follower, requester);
		box_hold(box, 0);
		start_mono_ns = rig_mono_ns();
		assert_true(box_pass(box, 0, 1, &request, &out) > 0);
		box_send(box, 1, &answer);
		wait = box_release_later(box, 0, 1);
		assert_true(whole_ns(box_expect(box, 0, &answer, &out)) <
			    (int64_t)(wait.from_mono_ns - start_mono_ns));
		assert_true(whole_ns(box_pass(box, 1, 0, &follower, &out)) > ns_of(&wait));
		box_remove_queue(box, 0);
		box_drain(state);
	}
}

#define reset_test(f) cmocka_unit_test_setup(f, box_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		reset_test(sync_and_follow_up_together_are_the_transit),
		reset_test(every_follow_up_is_corrected),
		reset_test(a_follower_of_another_message_stays_as_it_is),
		reset_test(a_follower_that_overtakes_is_parked),
		reset_test(without_lease_a_follower_that_overtakes_goes_on),
		reset_test(no_follower_is_forgotten_in_between),
		reset_test(a_parked_follower_is_told_whatever_took_the_place),
		reset_test(a_message_takes_a_free_place_or_the_oldest),
		reset_test(answers_get_what_their_requests_met),
		reset_test(answers_to_others_stay_as_they_are),
		reset_test(a_peer_delay_exchange_is_corrected_wholly),
	};

	if (geteuid() != 0) {
		puts("needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, box_setup_direct, box_teardown) +
	       cmocka_run_group_tests(tests, box_setup_bridge, box_teardown);
}
