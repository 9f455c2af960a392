// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines "2272060800 10 # 1 Jan 1972" and "#@ expiry", in seconds since 1900. */
#include "bc/engine/leap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NTP_TO_UNIX_S 2208988800LL
#define LINE_MAX_LEN  256
#define DAY_S	      86400
#define NUMBER_MAX    1000000000000000

static void skip_blanks(const char **p)
{
	while (**p == ' ' || **p == '\t' || **p == '\r')
		(*p)++;
}

/* A number, of seconds for longer than anyone reckons; advances *p behind it and the blanks around it. */
static bool read_number(const char **p, int64_t *ret)
{
	int64_t value = 0;

	skip_blanks(p);
	if (**p < '0' || **p > '9')
		return false;
	for (; **p >= '0' && **p <= '9'; (*p)++) {
		value = 10 * value + (**p - '0');
		if (value > NUMBER_MAX)
			return false;
	}
	skip_blanks(p);
	*ret = value;
	return true;
}

static int add(struct bc_leap_table *table, int64_t ntp_s, int64_t offset_s)
{
	int64_t start_tai_s = ntp_s - NTP_TO_UNIX_S + offset_s;

	if (table->n == BC_LEAPS_MAX || offset_s < BC_UTC_OFFSET_MIN_S || offset_s > BC_UTC_OFFSET_MAX_S)
		return -EINVAL;
	if (table->n > 0 && (start_tai_s <= table->leaps[table->n - 1].start_tai_s ||
			     llabs(offset_s - table->leaps[table->n - 1].utc_offset_s) != 1))
		return -EINVAL;
	table->leaps[table->n].start_tai_s = start_tai_s;
	table->leaps[table->n++].utc_offset_s = (int16_t)offset_s;
	return 0;
}

static int read_line(struct bc_leap_table *table, const char *line)
{
	int64_t ntp_s, offset_s;

	if (line[0] == '#' && line[1] == '@') {
		line += 2;
		if (!read_number(&line, &ntp_s))
			return -EINVAL;
		table->expires_utc_s = ntp_s - NTP_TO_UNIX_S;
		return 0;
	}
	skip_blanks(&line);
	if (*line == '#' || *line == '\0')
		return 0;
	if (!read_number(&line, &ntp_s) || !read_number(&line, &offset_s))
		return -EINVAL;
	return *line == '#' || *line == '\0' ? add(table, ntp_s, offset_s) : -EINVAL;
}

int bc_leap_table_parse(const char *text, size_t len, struct bc_leap_table *ret_table)
{
	struct bc_leap_table table = {.expires_utc_s = INT64_MAX};

	while (len > 0) {
		char line[LINE_MAX_LEN] = "";
		size_t line_len = 0;

		while (line_len < len && text[line_len] != '\n')
			line_len++;
		/* A comment may be longer, what counts is not. */
		memcpy(line, text, line_len < sizeof(line) ? line_len : sizeof(line) - 1);
		if (read_line(&table, line) < 0)
			return -EINVAL;
		line_len += line_len < len;
		text += line_len;
		len -= line_len;
	}
	if (table.n == 0)
		return -EINVAL;
	*ret_table = table;
	return 0;
}

struct bc_leap_info bc_leap_table_at(const struct bc_leap_table *table, int64_t tai_s)
{
	struct bc_leap_info info = {};
	size_t i = table->n;

	while (i > 0 && tai_s < table->leaps[i - 1].start_tai_s)
		i--;
	if (i == 0)
		return info;
	info.utc_offset_s = table->leaps[i - 1].utc_offset_s;
	info.is_valid = table->expires_utc_s == INT64_MAX || tai_s - info.utc_offset_s < table->expires_utc_s;
	if (info.is_valid && i < table->n && table->leaps[i].start_tai_s - tai_s <= DAY_S)
		info.leap = (int8_t)(table->leaps[i].utc_offset_s - info.utc_offset_s);
	return info;
}
