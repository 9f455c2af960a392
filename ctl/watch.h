/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command `watch`: a live view. */
#pragma once

#include "ctl/tool.h"

enum exit_status watch_main(const char *socket_path, int argc, char **argv);
