/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command `trace`: the offset from the master over time. */
#pragma once

#include "ctl/tool.h"

enum exit_status trace_main(const char *socket_path, int argc, char **argv);
