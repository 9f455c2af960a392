/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One picture of a daemon in text, and one object. */
#pragma once

#include "ctl/watched.h"

struct watch_view {
	int columns, lines; /* of the window; lines INT_MAX: no window, and of the log only what is new */
	bool is_coloured, has_utf8;
};

/* NULL: no memory. The caller frees. */
char *watch_view_text(const struct watched *watched, const struct watch_view *view);
/* The caller puts. */
struct json_object *watch_view_json(const struct watched *watched);
