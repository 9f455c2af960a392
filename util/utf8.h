/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text from elsewhere (names of interfaces are any octets) for those who insist on UTF-8. */
#pragma once

#include <stddef.h>

/* Copies the text with '?' for each octet that is not part of valid UTF-8; cut, between characters, to what
 * fits into `size` octets (at least 1) with the final NUL. */
void ebc_utf8_clean(const char *text, char *ret_text, size_t size);
