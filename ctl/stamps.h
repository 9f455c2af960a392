/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command `stamps`: the published time stamps. */
#pragma once

#include "ctl/tool.h"

enum exit_status stamps_main(const char *socket_path, int argc, char **argv);
