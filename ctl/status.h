/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands `status` and `ports`. */
#pragma once

#include "ctl/tool.h"

enum exit_status status_main(const char *socket_path, int argc, char **argv);
enum exit_status ports_main(const char *socket_path, int argc, char **argv);
