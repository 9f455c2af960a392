// SPDX-License-Identifier: GPL-2.0-or-later
/* The loader's functions that the control socket calls, over static memory. */
#include "tests/unit/ctl/stub_loader.h"

#include <errno.h>
#include <string.h>

#include "util/macros.h"

static struct {
	struct ebc_ctl ctl;
	size_t n_residences;
	struct ebc_residence_key keys[EBC_RESIDENCES];
	struct ebc_residence residences[EBC_RESIDENCES];
	uint64_t n_samples, n_consumed;
	uint64_t lost;
	int n_stamps;
} stub;

struct ebc_loader *stub_loader(void)
{
	return (void *)&stub;
}

void stub_loader_set_residences(size_t n)
{
	memset(stub.residences, 0, sizeof(stub.residences));
	stub.n_residences = n;
	for (size_t i = 0; i < n; i++)
		stub.keys[i] = (struct ebc_residence_key){.in_port_index = (uint16_t)(i / 4 % 16),
							  .out_port_index = (uint16_t)(i / 64),
							  .message_type = (uint8_t)(i % 4)};
	stub.n_samples = stub.n_consumed = stub.lost = 0;
	stub.ctl.wants_samples = 0;
	stub.n_stamps = 0;
}

struct ebc_residence_key *stub_loader_key(size_t i)
{
	return &stub.keys[i];
}

struct ebc_residence *stub_loader_residence(size_t i)
{
	return &stub.residences[i];
}

size_t stub_loader_n_residences(void)
{
	return stub.n_residences;
}

void stub_loader_add_samples(size_t n)
{
	stub.n_samples += n;
}

void stub_loader_set_lost(uint64_t n)
{
	stub.lost = n;
}

size_t stub_bucket(uint64_t ns)
{
	unsigned int e = 0;

	if (ns < 16)
		return (size_t)ns;
	while (ns >> (e + 1))
		e++;
	return (e - 3) * 16 + (ns >> (e - 4)) % 16;
}

void stub_histogram_add(struct ebc_histogram *histogram, uint64_t ns)
{
	uint64_t square = ns * ns;

	if (histogram->count == 0 || ns < histogram->min_ns)
		histogram->min_ns = ns;
	histogram->max_ns = MAX(histogram->max_ns, ns);
	histogram->count++;
	histogram->sum_ns += ns;
	histogram->sum_squares_low += square;
	histogram->sum_squares_high += histogram->sum_squares_low < square;
	histogram->bucket[stub_bucket(ns)]++;
}

volatile struct ebc_ctl *ebc_loader_ctl(struct ebc_loader *loader)
{
	(void)loader;
	return &stub.ctl;
}

int ebc_loader_counters(struct ebc_loader *loader, uint32_t port_index, struct ebc_counters *ret_counters)
{
	(void)loader;
	*ret_counters = (struct ebc_counters){};
	if (port_index == 1)
		ret_counters->value[EBC_COUNTER_TX_SAMPLE_LOST] = stub.lost;
	return 0;
}

int ebc_loader_next_residence(struct ebc_loader *loader, bool *has_key, struct ebc_residence_key *key,
			      struct ebc_residence *ret_residence)
{
	size_t i = 0;

	(void)loader;
	if (*has_key) {
		while (i < stub.n_residences && memcmp(&stub.keys[i], key, sizeof(*key)) != 0)
			i++;
		/* As the kernel's hash maps: behind a key that is gone comes the first. */
		i = i < stub.n_residences ? i + 1 : 0;
	}
	if (i >= stub.n_residences)
		return 0;
	*has_key = true;
	*key = stub.keys[i];
	*ret_residence = stub.residences[i];
	return 1;
}

int ebc_loader_clear_residences(struct ebc_loader *loader)
{
	(void)loader;
	stub.n_residences = 0;
	return 0;
}

int ebc_loader_consume_samples(struct ebc_loader *loader, size_t budget, ebc_sample_fn fn, void *context)
{
	size_t n;

	(void)loader;
	for (n = 0; n < budget && stub.n_consumed < stub.n_samples; n++) {
		struct ebc_sample sample = {
			.rx_mono_ns = STUB_SAMPLES_AFTER + ++stub.n_consumed,
			.before_ns = 1000,
			.queued_ns = stub.n_consumed % 2 ? 500 : EBC_QUEUED_UNKNOWN,
			.in_port_index = 0,
			.out_port_index = 1,
			.sequence_id = (uint16_t)stub.n_consumed,
			.sdo_id = 0x2AB,
			.message_type = 1,
			.domain_number = 24,
			.source_port_identity = {0x00, 0x11, 0x22, 0xff, 0xfe, 0x33, 0x44, 0x55, 0x01, 0x02},
		};

		fn(context, &sample);
	}
	return (int)n;
}

void stub_loader_set_stamps(int n)
{
	stub.n_stamps = n;
}

int ebc_loader_read_stamps(struct ebc_loader *loader, struct ebc_stamp_position *position,
			   struct ebc_stamp_key *ret_keys, struct ebc_stamp_value *ret_values, size_t max)
{
	size_t n;

	(void)loader;
	if (stub.n_stamps < 0)
		return -EPERM;
	n = MIN((size_t)stub.n_stamps - position->batch, max);
	for (size_t i = 0; i < n; i++) {
		ret_keys[i] = (struct ebc_stamp_key){
			.ifindex = position->batch % 2 ? 99 : 10,
			.direction = EBC_DIRECTION_TX,
			.domain_number = 24,
			.source_port_identity = {0x00, 0x11, 0x22, 0xff, 0xfe, 0x33, 0x44, 0x55, 0x01, 0x02},
			.sequence_id = 17,
		};
		ret_values[i] = (struct ebc_stamp_value){.stamp_mono_ns = ++position->batch,
							 .stamp_source = EBC_STAMP_START_XMIT};
	}
	return (int)n;
}
