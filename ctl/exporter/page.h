/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page, as embed.py made it of page/: one HTML file, and the Content-Security-Policy that lets just it
 * run. */
#pragma once

#include <stddef.h>

extern const unsigned char exporter_page[];
extern const size_t exporter_page_len;
extern const char exporter_page_policy[];
