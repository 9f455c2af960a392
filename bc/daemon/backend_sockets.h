/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The back end without BPF: ordinary sockets on each port. Messages are stamped by the kernel as the driver
 * hands them over, and by the driver as they leave (SO_TIMESTAMPING). For boundary and ordinary clocks only.
 */
#pragma once

#include "bc/daemon/backend.h"

struct sockets;

extern const struct backend backend_sockets;
