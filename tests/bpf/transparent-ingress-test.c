/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the transparent clock's ingress program says of single frames: which pass, which end here, which are
 * counted. Test runs: no frame travels.
 */
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "bpf/loader_internal.h"
#include "tests/bpf/message.h"
#include "tests/bpf/run.h"
#include "util/macros.h"
#include "util/unaligned.h"

#define TLV_AUTHENTICATION 0x8009
#define TLV_PAD		   0x8008
#define TLVS_MAX	   8

static const enum ebc_transport transports[] = {EBC_TRANSPORT_IEEE_802_3, EBC_TRANSPORT_UDP_IPV4,
						EBC_TRANSPORT_UDP_IPV6};

static struct run run;

static int setup(void **state)
{
	struct ebc_loader_options options = rig_options();

	options.mode = EBC_MODE_TRANSPARENT;
	options.has_all_domains = true;
	run_new(&run, &options);
	*state = &run;
	return 0;
}

static int setup_monitor(void **state)
{
	struct ebc_loader_options options = rig_options();

	options.mode = EBC_MODE_MONITOR;
	options.has_all_domains = true;
	run_new(&run, &options);
	*state = &run;
	return 0;
}

static int teardown(void **state)
{
	run_free(&run);
	(void)state;
	return 0;
}

static void expect_message_passed(const struct message *message, enum ebc_counter which)
{
	expect_octets_passed(&run, message->octets, message->len, which);
}

/* Appends a TLV of this length, which need not be that of the octets that are there. */
static void append_tlv(struct frame_spec *spec, struct message *message, uint16_t type, uint16_t length,
		       size_t octets)
{
	size_t at = spec->ptp_octets;
	struct message longer;
	uint8_t tlv[4];

	put_be16(tlv, type);
	put_be16(tlv + 2, length);
	spec->ptp_octets += sizeof(tlv) + octets;
	message_build(spec, &longer);
	if (at > 44) /* the TLVs before: the description knows only their length */
		memcpy(message_ptp(&longer) + 44, message_ptp(message) + 44, at - 44);
	memcpy(message_ptp(&longer) + at, tlv, sizeof(tlv));
	*message = longer;
}

static void good_messages_of_every_type_pass(void **state)
{
	static const uint8_t types[] = {
		TYPE_SYNC,     TYPE_DELAY_REQ, TYPE_PDELAY_REQ, TYPE_FOLLOW_UP,
		TYPE_ANNOUNCE, TYPE_SIGNALING, TYPE_MANAGEMENT, TYPE_PDELAY_RESP_FOLLOW_UP};

	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(transports); t++)
		for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
			struct message message;

			message_new(transports[t], types[i], 1, &message);
			expect_message_passed(&message, NO_COUNTER);
		}
}

static void message_length_that_is_not_there_is_dropped(void **state)
{
	static const uint32_t wrong[] = {0, 1, 33, 45, 0x2C00, 32767, 32768, 65535};

	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(transports); t++) {
		struct frame_spec spec = frame_sync(transports[t]);

		for (size_t w = 0; w < ARRAY_SIZE(wrong); w++) {
			spec.message_length = wrong[w];
			expect_dropped(&run, &spec, EBC_COUNTER_RX_DROPPED_LENGTH);
		}
		/* Octets behind the UDP payload are none of the message's. */
		spec.padding = 1;
		spec.message_length = 45;
		if (transports[t] == EBC_TRANSPORT_IEEE_802_3)
			expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_TLV);
		else
			expect_dropped(&run, &spec, EBC_COUNTER_RX_DROPPED_LENGTH);
	}
}

static void a_frame_longer_than_its_message_passes(void **state)
{
	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(transports); t++) {
		struct frame_spec spec = frame_sync(transports[t]);

		spec.padding = 20;
		spec.message_length = 44;
		expect_passed(&run, &spec, NO_COUNTER);
		spec.ptp_octets = 1400;
		expect_passed(&run, &spec, NO_COUNTER);
	}
}

static void messages_shorter_than_their_type_pass_uncorrected(void **state)
{
	static const struct {
		uint8_t type;
		uint32_t octets;
	} types[] = {{TYPE_SYNC, 44},
		     {TYPE_DELAY_REQ, 44},
		     {TYPE_PDELAY_REQ, 54},
		     {TYPE_PDELAY_RESP, 54},
		     {TYPE_DELAY_RESP, 54}};

	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(transports); t++)
		for (size_t i = 0; i < ARRAY_SIZE(types); i++)
			for (uint32_t octets = 34; octets < types[i].octets; octets += 5) {
				struct frame_spec spec = message_spec(transports[t], types[i].type, 1);

				spec.ptp_octets = octets;
				expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_TYPE);
			}
}

static void only_version_2_is_looked_at(void **state)
{
	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(transports); t++)
		for (unsigned int version = 0; version < 256; version++) {
			struct frame_spec spec = frame_sync(transports[t]);

			spec.version = (uint8_t)version;
			expect_passed(&run, &spec,
				      (version & 0x0F) == 2 ? NO_COUNTER : EBC_COUNTER_RX_PASSED_VERSION);
			spec.message_length = 65535;
			if ((version & 0x0F) != 2)
				expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_VERSION);
		}
}

static void reserved_event_types_pass_counted(void **state)
{
	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(transports); t++)
		for (uint8_t type = 0; type < 16; type++) {
			struct frame_spec spec = frame_sync(transports[t]);

			spec.message_type = type;
			spec.ptp_octets = 64;
			spec.message_length = 64;
			if (type >= 4 && type <= 7)
				expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_TYPE);
		}
}

static void other_domains_pass_when_only_one_is_ours(void **state)
{
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(run.loader);

	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(transports); t++) {
		struct frame_spec spec = frame_sync(transports[t]);

		ctl->has_all_domains = 0;
		ctl->domain_number = 24;
		ctl->sdo_id = 0x1AB;
		spec.domain_number = 24;
		expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_DOMAIN);
		spec.sdo_id = 0x1AB;
		expect_passed(&run, &spec, NO_COUNTER);
		spec.domain_number = 23;
		expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_DOMAIN);
		ctl->has_all_domains = 1;
		expect_passed(&run, &spec, NO_COUNTER);
	}
}

static void one_domain_passes_when_all_others_are_ours(void **state)
{
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(run.loader);

	(void)state;
	ctl->leaves_own_domain = 1;
	for (size_t t = 0; t < ARRAY_SIZE(transports); t++) {
		struct frame_spec spec = frame_sync(transports[t]);

		ctl->domain_number = 24;
		ctl->sdo_id = 0x1AB;
		spec.domain_number = 24;
		expect_passed(&run, &spec, NO_COUNTER);
		spec.sdo_id = 0x1AB;
		expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_DOMAIN);
		spec.domain_number = 23;
		expect_passed(&run, &spec, NO_COUNTER);
	}
	ctl->leaves_own_domain = 0;
}

static void fragments_pass_counted(void **state)
{
	static const uint16_t fragments[] = {0x2000, 0x2001, 0x0001, 0x00B9};
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_UDP_IPV4);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fragments); i++) {
		spec.ipv4_fragment = fragments[i];
		expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_FRAGMENT);
	}
	spec = frame_sync(EBC_TRANSPORT_UDP_IPV6);
	spec.n_exts = 1;
	for (uint16_t fragment = 0; fragment <= 16; fragment += 8) {
		spec.exts[0] = (struct frame_ext){.type = 44, .fragment = fragment};
		expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_FRAGMENT);
	}
}

static void well_formed_tlvs_are_followed(void **state)
{
	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(transports); t++) {
		struct frame_spec spec = frame_sync(transports[t]);
		struct message message;

		for (int n = 1; n <= TLVS_MAX; n++) {
			append_tlv(&spec, &message, TLV_PAD, n % 2 ? 6 : 0, n % 2 ? 6 : 0);
			expect_message_passed(&message, NO_COUNTER);
		}
		append_tlv(&spec, &message, TLV_PAD, 2, 2);
		expect_message_passed(&message, EBC_COUNTER_RX_PASSED_TLV); /* more than are followed */
	}
}

static void tlvs_that_do_not_fit_pass_counted(void **state)
{
	static const uint16_t lengths[] = {1, 5, 8, 0x7FFF, 0xFFFC, 0xFFFF};

	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(transports); t++) {
		for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
			struct frame_spec spec = frame_sync(transports[t]);
			struct message message;

			append_tlv(&spec, &message, TLV_PAD, lengths[i], 6);
			expect_message_passed(&message, EBC_COUNTER_RX_PASSED_TLV);
		}
		for (size_t octets = 45; octets < 48; octets++) {
			struct frame_spec spec = frame_sync(transports[t]);

			spec.ptp_octets = octets; /* not even the head of one */
			expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_TLV);
		}
	}
}

static void hundreds_of_tlvs_are_bounded_work(void **state)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_IEEE_802_3);
	struct message message;

	(void)state;
	spec.ptp_octets = 44 + 350 * 4;
	message_build(&spec, &message);
	for (size_t i = 0; i < 350; i++)
		put_be32(message_ptp(&message) + 44 + 4 * i, (uint32_t)TLV_PAD << 16);
	expect_message_passed(&message, EBC_COUNTER_RX_PASSED_TLV);
}

static void authenticated_messages_pass_unless_the_field_is_mutable(void **state)
{
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(run.loader);

	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(transports); t++)
		for (int before = 0; before < 3; before++) {
			struct frame_spec spec = frame_sync(transports[t]);
			struct message message;

			for (int i = 0; i < before; i++)
				append_tlv(&spec, &message, TLV_PAD, 2, 2);
			append_tlv(&spec, &message, TLV_AUTHENTICATION, 22, 22);
			expect_message_passed(&message, EBC_COUNTER_RX_PASSED_AUTH);
			ctl->is_auth_mutable = 1;
			expect_message_passed(&message, NO_COUNTER);
			ctl->is_auth_mutable = 0;
		}
}

static void without_lease_nothing_happens_unless_pinned(void **state)
{
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(run.loader);
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_UDP_IPV4);

	(void)state;
	ctl->lease_until_mono_ns = rig_mono_ns();
	expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_LEASE);
	spec.message_length = 65535;
	expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_LEASE);
	ctl->corrects_without_lease = 1;
	expect_dropped(&run, &spec, EBC_COUNTER_RX_DROPPED_LENGTH);
	spec.message_length = 44;
	/* Nobody watches the offset of skb->tstamp: the program's own time. */
	expect_passed(&run, &spec, EBC_COUNTER_RX_STAMP_REPLACED);
}

static void a_p2p_clock_ends_delay_requests_and_answers(void **state)
{
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(run.loader);

	(void)state;
	ctl->is_p2p = 1;
	for (size_t t = 0; t < ARRAY_SIZE(transports); t++) {
		struct message message;

		message_new(transports[t], TYPE_DELAY_REQ, 1, &message);
		expect_octets_dropped(&run, message.octets, message.len, EBC_COUNTER_RX_DROPPED_DELAY);
		message_new(transports[t], TYPE_DELAY_RESP, 1, &message);
		expect_octets_dropped(&run, message.octets, message.len, EBC_COUNTER_RX_DROPPED_DELAY);
		message_new(transports[t], TYPE_SYNC, 1, &message);
		expect_message_passed(&message, NO_COUNTER);
	}
}

/* Consumed, and in the ring octet by octet. */
static void expect_taken(const struct message *message)
{
	int verdict = run_frame(&run, EBC_DIRECTION_RX, message->octets, message->len);

	assert_int_equal(verdict, ebc_loader_uses_tcx(run.loader) ? TC_ACT_SHOT : TC_ACT_STOLEN);
	assert_true(rig_wait_rx(run.loader, 0, &run.rx));
	assert_int_equal(run.rx.head.frame_len, message->len);
	assert_memory_equal(run.rx.frame, message->octets, message->len);
	assert_int_equal(run.rx.head.reason, EBC_RX_PEER_DELAY);
	assert_int_equal(run.rx.head.ptp_offset, message->ptp_offset);
	assert_true(run.rx.head.stamp_source == EBC_STAMP_SKB || !run_stamp_was_fresh(&run));
	assert_int_equal(run.rx.head.has_vlan, 0);
}

static void a_p2p_clock_takes_peer_delay_for_the_daemon(void **state)
{
	static const uint8_t types[] = {TYPE_PDELAY_REQ, TYPE_PDELAY_RESP, TYPE_PDELAY_RESP_FOLLOW_UP};
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(run.loader);
	uint64_t events = rig_counter(run.loader, EBC_COUNTER_RX_EVENT),
		 general = rig_counter(run.loader, EBC_COUNTER_RX_GENERAL);
	struct message message;

	(void)state;
	ctl->is_p2p = 1;
	for (size_t t = 0; t < ARRAY_SIZE(transports); t++)
		for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
			message_new(transports[t], types[i], 1, &message);
			expect_taken(&message);
		}
	assert_int_equal(rig_counter(run.loader, EBC_COUNTER_RX_EVENT) - events, 2 * ARRAY_SIZE(transports));
	assert_int_equal(rig_counter(run.loader, EBC_COUNTER_RX_GENERAL) - general, ARRAY_SIZE(transports));
	/* It is of one link, also when nobody answers. */
	ctl->lease_until_mono_ns = 0;
	ctl->corrects_without_lease = 1;
	message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_PDELAY_RESP_FOLLOW_UP, 1, &message);
	expect_octets_dropped(&run, message.octets, message.len, EBC_COUNTER_RX_DROPPED_DELAY);
}

static void peer_delay_is_taken_at_a_limited_rate(void **state)
{
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(run.loader);
	struct message message;

	(void)state;
	ctl->is_p2p = 1;
	ctl->rx_burst = 3;
	ctl->rx_rate_per_s = 1;
	message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_PDELAY_REQ, 1, &message);
	for (int i = 0; i < 3; i++)
		expect_taken(&message);
	for (int i = 0; i < 3; i++)
		expect_octets_dropped(&run, message.octets, message.len, EBC_COUNTER_RX_DROPPED_RATE);
	/* What is forwarded knows no limit. */
	message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_SYNC, 1, &message);
	for (int i = 0; i < 10; i++)
		expect_message_passed(&message, NO_COUNTER);
}

static void copies_are_for_the_configured_domain_and_what_its_clock_needs(void **state)
{
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(run.loader);

	(void)state;
	ctl->observes = 1;
	ctl->domain_number = 7;
	for (size_t t = 0; t < ARRAY_SIZE(transports); t++)
		for (uint8_t type = 0; type < 16; type++)
			for (uint8_t domain = 6; domain <= 7; domain++) {
				struct frame_spec spec = message_spec(transports[t], type, 1);
				bool is_wanted =
					domain == 7 && (type == TYPE_SYNC || type == TYPE_FOLLOW_UP ||
							type == TYPE_ANNOUNCE);
				struct message message;

				spec.domain_number = domain;
				message_build(&spec, &message);
				assert_int_equal(
					run_frame(&run, EBC_DIRECTION_RX, message.octets, message.len),
					TC_ACT_UNSPEC);
				assert_int_equal(rig_wait_rx(run.loader, 0, &run.rx), is_wanted);
				if (!is_wanted)
					continue;
				assert_int_equal(run.rx.head.reason, EBC_RX_OBSERVED);
				assert_memory_equal(run.rx.frame, message.octets, message.len);
			}
}

/* The frame after the run, and its priority. */
static int run_wholly(const uint8_t *frame, size_t len, uint8_t *ret_frame, uint32_t *ret_priority)
{
	struct __sk_buff in = {.ifindex = run.lab.port_ifindex, .priority = 3}, out = {};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = (uint32_t)len,
		    .ctx_in = &in, .ctx_size_in = sizeof(in), .data_out = ret_frame,
		    .data_size_out = FRAME_OCTETS, .ctx_out = &out, .ctx_size_out = sizeof(out));

	assert_int_equal(bpf_prog_test_run_opts(run.loader->programs.fd[EBC_DIRECTION_RX], &options), 0);
	assert_int_equal(options.data_size_out, len);
	*ret_priority = out.priority;
	return (int)options.retval;
}

static void ptp_gets_the_priority_and_nothing_else_does(void **state)
{
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(run.loader);
	uint8_t out[FRAME_OCTETS];
	struct message message;
	uint32_t priority;

	(void)state;
	message_new(EBC_TRANSPORT_UDP_IPV4, TYPE_FOLLOW_UP, 1, &message);
	run_wholly(message.octets, message.len, out, &priority);
	assert_int_equal(priority, 3);
	ctl->priority = 6;
	run_wholly(message.octets, message.len, out, &priority);
	assert_int_equal(priority, 6);
	assert_memory_equal(out, message.octets, message.len);
	message_ptp(&message)[-5] = 99; /* another UDP port */
	run_wholly(message.octets, message.len, out, &priority);
	assert_int_equal(priority, 3);
}

/* A frame that is cut off anywhere passes or is dropped, and is never read beyond its end. */
static void frames_of_every_cut(void **state)
{
	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(transports); t++)
		for (uint8_t type = 0; type < 16; type++) {
			struct message message;

			message_new(transports[t], type, 1, &message);
			for (size_t cut = 14; cut < message.len; cut++) {
				uint8_t out[FRAME_OCTETS];
				struct __sk_buff context = {.ifindex = run.lab.port_ifindex};
				LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = message.octets,
					    .data_size_in = (uint32_t)cut, .ctx_in = &context,
					    .ctx_size_in = sizeof(context), .data_out = out,
					    .data_size_out = sizeof(out));
				size_t ptp = cut > message.ptp_offset ? cut - message.ptp_offset : 0;
				bool is_cut_ptp = cut >= message.ptp_offset, must_drop;

				/* The kernel does not run programs on the shortest ones. */
				if (bpf_prog_test_run_opts(run.loader->programs.fd[EBC_DIRECTION_RX],
							   &options))
					continue;
				assert_int_equal(options.data_size_out, cut);
				assert_memory_equal(out, message.octets, cut);
				must_drop =
					is_cut_ptp && (ptp < 34 || ptp < get_be16(message_ptp(&message) + 2));
				assert_int_equal((int)options.retval != TC_ACT_UNSPEC, must_drop);
			}
		}
}

static void a_monitor_drops_nothing_and_changes_nothing(void **state)
{
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(run.loader);

	(void)state;
	ctl->priority = 6;
	for (size_t t = 0; t < ARRAY_SIZE(transports); t++)
		for (uint8_t type = 0; type < 16; type++)
			for (int times = 0; times < 2; times++) {
				struct frame_spec spec = message_spec(transports[t], type, 1);
				struct message message;
				uint8_t out[FRAME_OCTETS];
				uint32_t priority;

				spec.message_length = times ? 65535 : FRAME_AS_IT_IS;
				message_build(&spec, &message);
				for (size_t len = message.ptp_offset + 2; len <= message.len; len++) {
					assert_int_equal(run_wholly(message.octets, len, out, &priority),
							 TC_ACT_UNSPEC);
					assert_memory_equal(out, message.octets, len);
					assert_int_equal(priority, 3);
				}
			}
	assert_true(rig_counter(run.loader, EBC_COUNTER_RX_PASSED_TYPE) > 0);
	assert_int_equal(rig_counter(run.loader, EBC_COUNTER_RX_DROPPED_LENGTH), 0);
	assert_int_equal(rig_counter(run.loader, EBC_COUNTER_RX_DROPPED_SHORT), 0);
}

#define reset_test(f) cmocka_unit_test_setup(f, run_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		reset_test(good_messages_of_every_type_pass),
		reset_test(message_length_that_is_not_there_is_dropped),
		reset_test(a_frame_longer_than_its_message_passes),
		reset_test(messages_shorter_than_their_type_pass_uncorrected),
		reset_test(only_version_2_is_looked_at),
		reset_test(reserved_event_types_pass_counted),
		reset_test(other_domains_pass_when_only_one_is_ours),
		reset_test(one_domain_passes_when_all_others_are_ours),
		reset_test(fragments_pass_counted),
		reset_test(well_formed_tlvs_are_followed),
		reset_test(tlvs_that_do_not_fit_pass_counted),
		reset_test(hundreds_of_tlvs_are_bounded_work),
		reset_test(authenticated_messages_pass_unless_the_field_is_mutable),
		reset_test(without_lease_nothing_happens_unless_pinned),
		reset_test(a_p2p_clock_ends_delay_requests_and_answers),
		reset_test(a_p2p_clock_takes_peer_delay_for_the_daemon),
		reset_test(peer_delay_is_taken_at_a_limited_rate),
		reset_test(copies_are_for_the_configured_domain_and_what_its_clock_needs),
		reset_test(ptp_gets_the_priority_and_nothing_else_does),
		reset_test(frames_of_every_cut),
	};
	const struct CMUnitTest monitor_tests[] = {
		reset_test(a_monitor_drops_nothing_and_changes_nothing),
	};

	if (geteuid() != 0) {
		puts("needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, setup, teardown) +
	       cmocka_run_group_tests(monitor_tests, setup_monitor, teardown);
}
