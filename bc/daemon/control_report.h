/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers of the control socket about the clock and its ports. NULL: no memory. */
#pragma once

#include <stddef.h>

#include "bc/daemon/control.h"
#include "bc/daemon/control_json.h"

struct control_message *control_report_status(const struct control_sources *sources);
struct control_message *control_report_port(const struct control_sources *sources, size_t port);
struct control_message *control_report_stats(const struct control_sources *sources, size_t port);
