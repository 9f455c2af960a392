/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The HTTP connections, and how long each may take for its one request and the answer: who is slow, in asking
 * or in reading, is hung up on, so that the places are there for others. Locked inside.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct visitor;
struct visitors;

/* NULL: no memory. `max`: of visitors at a time. */
struct visitors *visitors_new(size_t max);
/* All must have left. Accepts NULL. */
void visitors_free(struct visitors *visitors);

/* The descriptor stays the caller's and open until visitors_leave(). NULL: there are too many. */
struct visitor *visitors_enter(struct visitors *visitors, int fd, uint64_t now_mono_ns);
/* Accepts NULL. */
void visitors_leave(struct visitors *visitors, struct visitor *visitor);
/* To be called about once a second. `is_hurried`: their places are wanted, also if enough are free. */
void visitors_hang_up_on_slow(struct visitors *visitors, bool is_hurried, uint64_t now_mono_ns);
