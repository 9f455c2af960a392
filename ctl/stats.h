/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command `stats`: what each port counted. */
#pragma once

#include "ctl/tool.h"

enum exit_status stats_main(const char *socket_path, int argc, char **argv);
