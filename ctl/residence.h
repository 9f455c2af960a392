/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command `residence`: how long event messages stayed in the box. */
#pragma once

#include "ctl/tool.h"

enum exit_status residence_main(const char *socket_path, int argc, char **argv);
