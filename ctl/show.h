/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clock and its ports, as query.h delivers them, as a person wants to see them. */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

void show_status(struct json_object *status, bool is_coloured, FILE *to);
/* State and offset alone, in two lines. */
void show_state(struct json_object *status, bool is_coloured, FILE *to);
/* A line each; nothing where there is none. */
void show_alarms(struct json_object *status, bool is_coloured, FILE *to);
/* `now_mono_ns` is the daemon's, for ages; `is_short`: what goes along with the status. */
void show_ports(struct json_object *ports, uint64_t now_mono_ns, bool is_short, bool is_coloured, FILE *to);
