// SPDX-License-Identifier: GPL-2.0-or-later
/* Big-endian loads and stores: byte order, odd addresses, and no byte touched beside the value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "util/unaligned.h"

static const uint8_t bytes[] = {0xff, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0xff};

static void loads_take_the_first_byte_as_the_highest(void **state)
{
	(void)state;
	assert_int_equal(get_be16(bytes + 1), 0x8182);
	assert_int_equal(get_be32(bytes + 1), 0x81828384);
	assert_true(get_be48(bytes + 1) == 0x818283848586);
	assert_true(get_be64(bytes + 1) == 0x8182838485868788);
}

static void stores_write_their_bytes_and_no_other(void **state)
{
	uint8_t buf[10];

	(void)state;
	memset(buf, 0xff, sizeof(buf));
	put_be64(buf + 1, 0x8182838485868788);
	assert_memory_equal(buf, bytes, sizeof(buf));

	memset(buf, 0, sizeof(buf));
	put_be16(buf + 1, 0x8182);
	assert_memory_equal(buf, ((uint8_t[]){0, 0x81, 0x82, 0}), 4);
	put_be32(buf + 1, 0x81828384);
	assert_memory_equal(buf, ((uint8_t[]){0, 0x81, 0x82, 0x83, 0x84, 0}), 6);
	put_be48(buf + 1, 0xff00818283848586);
	assert_memory_equal(buf, ((uint8_t[]){0, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0}), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_take_the_first_byte_as_the_highest),
		cmocka_unit_test(stores_write_their_bytes_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
