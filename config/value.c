/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the text of a value to the value, by the option's type. Numbers are read as ptp4l reads them: decimal,
 * 0x for hexadecimal, a leading 0 for octal (file modes), with nothing behind them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/private.h"
#include "util/macros.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Two hex digits. Returns what follows them, or NULL. */
static const char *parse_octet(const char *text, uint8_t *ret_octet)
{
	int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);

	if (low < 0)
		return NULL;
	*ret_octet = (uint8_t)(high << 4 | low);
	return text + 2;
}

/* n octets with a colon between two: 01:1B:19. */
static int parse_colon_octets(const char *text, uint8_t *ret_octets, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && *text++ != ':')
			return -EINVAL;
		text = parse_octet(text, &ret_octets[i]);
		if (!text)
			return -EINVAL;
	}
	return *text == '\0' ? 0 : -EINVAL;
}

int ebc_parse_mac(const char *text, uint8_t ret_mac[6])
{
	uint8_t mac[6];
	int r = parse_colon_octets(text, mac, sizeof(mac));

	if (r == 0)
		memcpy(ret_mac, mac, sizeof(mac));
	return r;
}

int ebc_parse_oui(const char *text, uint8_t ret_oui[3])
{
	return parse_colon_octets(text, ret_oui, 3);
}

int ebc_parse_clock_identity(const char *text, uint8_t ret_identity[8])
{
	uint8_t identity[8];

	for (size_t i = 0; i < sizeof(identity); i++) {
		if ((i == 3 || i == 5) && *text++ != '.')
			return -EINVAL;
		text = parse_octet(text, &identity[i]);
		if (!text)
			return -EINVAL;
	}
	if (*text != '\0')
		return -EINVAL;
	memcpy(ret_identity, identity, sizeof(identity));
	return 0;
}

static int parse_int(const struct ebc_option_info *info, const char *text, int64_t *ret)
{
	char *end;
	long long number;

	/* The one word that ptp4l takes for a number: a fault that is forgotten at once. */
	if (strcasecmp(text, "ASAP") == 0 && strncmp(info->name, "fault_", strlen("fault_")) == 0) {
		*ret = info->int_min;
		return 0;
	}
	errno = 0;
	number = strtoll(text, &end, 0);
	if (end == text || *end != '\0')
		return -EINVAL;
	if (errno == ERANGE || number < info->int_min || number > info->int_max)
		return -ERANGE;
	*ret = number;
	return 0;
}

static int parse_double(const struct ebc_option_info *info, const char *text, double *ret)
{
	char *end;
	double number = strtod(text, &end);

	if (end == text || *end != '\0' || isnan(number))
		return -EINVAL;
	if (number < info->double_min || number > info->double_max)
		return -ERANGE;
	*ret = number;
	return 0;
}

static int parse_enum(const struct ebc_option_info *info, const char *text, int64_t *ret)
{
	for (size_t i = 0; i < info->n_values; i++) {
		if (strcasecmp(info->values[i].name, text) == 0) {
			*ret = (int64_t)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int check_text(enum ebc_option_type type, const char *text)
{
	struct in_addr ipv4;
	struct in6_addr ipv6;
	uint8_t octets[8];

	switch (type) {
	case EBC_TYPE_STRING:
		return 0;
	case EBC_TYPE_PATH:
		return text[0] == '/' || text[0] == '\0' ? 0 : -EINVAL;
	case EBC_TYPE_MAC:
		return ebc_parse_mac(text, octets);
	case EBC_TYPE_OUI:
		return ebc_parse_oui(text, octets);
	case EBC_TYPE_CLOCK_IDENTITY:
		return ebc_parse_clock_identity(text, octets);
	case EBC_TYPE_IPV4_GROUP:
		if (inet_pton(AF_INET, text, &ipv4) != 1)
			return -EINVAL;
		return IN_MULTICAST(ntohl(ipv4.s_addr)) ? 0 : -ERANGE;
	case EBC_TYPE_IPV6_GROUP:
		if (inet_pton(AF_INET6, text, &ipv6) != 1)
			return -EINVAL;
		return IN6_IS_ADDR_MULTICAST(&ipv6) ? 0 : -ERANGE;
	case EBC_TYPE_IP:
		if (text[0] == '\0' || inet_pton(AF_INET, text, &ipv4) == 1 ||
		    inet_pton(AF_INET6, text, &ipv6) == 1)
			return 0;
		return -EINVAL;
	default:
		return -EINVAL;
	}
}

int ebc_value_parse(const struct ebc_option_info *info, const char *text, struct ebc_value *ret_value)
{
	switch (info->type) {
	case EBC_TYPE_INT:
	case EBC_TYPE_BOOL:
		return parse_int(info, text, &ret_value->integer);
	case EBC_TYPE_DOUBLE:
		return parse_double(info, text, &ret_value->real);
	case EBC_TYPE_ENUM:
		return parse_enum(info, text, &ret_value->integer);
	default:
		return check_text(info->type, text);
	}
}

bool ebc_value_equal(const struct ebc_option_info *info, const struct ebc_value *a, const struct ebc_value *b)
{
	switch (info->type) {
	case EBC_TYPE_INT:
	case EBC_TYPE_BOOL:
	case EBC_TYPE_ENUM:
		return a->integer == b->integer;
	case EBC_TYPE_DOUBLE:
		return !(a->real < b->real || a->real > b->real);
	case EBC_TYPE_STRING:
	case EBC_TYPE_PATH:
		return strcmp(a->text, b->text) == 0;
	default: /* addresses: hex digits of either case */
		return strcasecmp(a->text, b->text) == 0;
	}
}
