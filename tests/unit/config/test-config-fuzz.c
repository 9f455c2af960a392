/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Valid files, mutated by a generator of fixed seed: whatever comes, the reader returns, says one error if
 * and only if it refuses, and every value stays inside the table's range. The sanitizers look on.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/config/config-fixture.h"
#include "config/private.h"
#include "util/macros.h"

#define ROUNDS 20000

static const char *const seeds[] = {
	"[global]\npriority1 128\nclockAccuracy 0xFE\nstep_threshold 1e-6\nclock_type BC\n"
	"ptp_dst_mac 01:1B:19:00:00:00\nptp_dst_ipv6 FF0E::181\nclockIdentity 001122.fffe.334455\n"
	"message_tag a b c\n[eth0]\nlogSyncInterval -3\n[eth1]\nnetwork_transport L2\n",
	"# comment\n\n[eth0]\n[ eth1 ]\r\nudp_ttl\t4\n[global]\nts2phc.pulsewidth 5\nslaveOnly 1\n"
	"time_stamping hardware\ntx_timestamp_timeout 1\n[eth0]\nudp_source_address 192.0.2.1\n",
	"[global]\nfault_reset_interval ASAP\nvirtual_clock_start_offset -1000000000000000000\n"
	"clock_type P2P_TC\ndelay_mechanism P2P\nbpf_pin_path\ncontrol_socket /run/x\ntc_domains own\n"
	"uds_file_mode 0660\nrx_ring_bytes 4096\nmanufacturerIdentity 00:00:00\nuserDescription "
	";\n[a]\n[b]\n",
};

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* One of: a bit, an octet, a piece taken out, a piece doubled, a number made large, the end cut off. */
static size_t mutate(char *text, size_t len, size_t size, uint32_t *random)
{
	static const char interesting[] = "[]#\n\r\t\0 .-:0x9\x7f\xff;=\"%snd";
	size_t at = next_random(random) % len, piece = next_random(random) % 40;

	piece = MIN(piece, len - at);
	switch (next_random(random) % 6) {
	case 0:
		text[at] ^= (char)(1 << next_random(random) % 8);
		return len;
	case 1:
		text[at] = interesting[next_random(random) % (sizeof(interesting) - 1)];
		return len;
	case 2:
		if (piece == len)
			return len;
		memmove(text + at, text + at + piece, len - at - piece);
		return len - piece;
	case 3:
		if (len + piece > size)
			return len;
		memmove(text + at + piece, text + at, len - at);
		return len + piece;
	case 4:
		memset(text + at, '9', piece);
		return len;
	default:
		return at > 0 ? at : len;
	}
}

static void assert_values_in_range(const struct ebc_config *config)
{
	for (size_t i = 0; i < EBC_N_OPTIONS; i++) {
		enum ebc_option option = (enum ebc_option)i;
		const struct ebc_option_info *info = ebc_option_info(option);
		size_t last = info->scope == EBC_SCOPE_PORT ? ebc_config_n_ports(config) : 0;

		for (size_t p = 0; p <= last; p++) {
			size_t port = p == 0 ? EBC_CONFIG_GLOBAL : p - 1;

			if (info->type == EBC_TYPE_DOUBLE) {
				double value = ebc_config_double(config, port, option);

				assert_true(value >= info->double_min && value <= info->double_max);
			} else if (info->type == EBC_TYPE_ENUM) {
				assert_in_range(ebc_config_int(config, port, option), 0, info->n_values - 1);
			} else if (info->type < EBC_TYPE_STRING) {
				int64_t value = ebc_config_int(config, port, option);

				assert_true(value >= info->int_min && value <= info->int_max);
			} else {
				assert_true(strlen(ebc_config_string(config, port, option)) <= MAX_LINE_LEN);
			}
		}
	}
}

static size_t count_errors(const struct ebc_config *config)
{
	size_t errors = 0;

	for (size_t i = 0; i < ebc_config_n_notes(config); i++) {
		errors += ebc_config_note(config, i).is_error;
		assert_true(strlen(ebc_config_note(config, i).text) <= MAX_NOTE_LEN);
	}
	return errors;
}

static void mutated_files_are_read_or_refused_cleanly(void **state)
{
	uint32_t random = 0x1588;
	size_t n_read = 0, n_run = 0;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		const char *seed = seeds[next_random(&random) % ARRAY_SIZE(seeds)];
		/* Exactly as long as its content: reading past the end is seen. */
		char buffer[2048], *text;
		size_t len = strlen(seed);
		struct ebc_config *config = NULL;
		int r;

		memcpy(buffer, seed, len);
		for (uint32_t n = next_random(&random) % 4 + 1; n > 0 && len > 0; n--)
			len = mutate(buffer, len, sizeof(buffer), &random);
		text = malloc(len > 0 ? len : 1);
		memcpy(text, buffer, len);
		assert_int_equal(ebc_config_new(&config), 0);
		r = ebc_config_read_text(config, "t.conf", text, len);
		assert_int_equal(count_errors(config), r < 0 ? 1 : 0);
		if (r == 0) {
			n_read++;
			r = ebc_config_finish(config);
			n_run += r == 0;
			assert_true((count_errors(config) > 0) == (r < 0));
		}
		assert_values_in_range(config);
		ebc_config_free(config);
		free(text);
	}
	/* The mutations must reach both ways, or the test shows little. */
	assert_in_range(n_read, ROUNDS / 50, ROUNDS - ROUNDS / 5);
	assert_true(n_run > 0);
}

static void random_octets_are_refused(void **state)
{
	uint32_t random = 0x88f7;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		char text[512];
		struct ebc_config *config = NULL;

		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = (char)next_random(&random);
		assert_int_equal(ebc_config_new(&config), 0);
		assert_true(ebc_config_read_text(config, "t.conf", text, sizeof(text)) < 0);
		assert_int_equal(count_errors(config), 1);
		ebc_config_free(config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mutated_files_are_read_or_refused_cleanly),
		cmocka_unit_test(random_octets_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
