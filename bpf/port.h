/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ports of a loader; the functions that the daemon calls are in loader.h. */
#pragma once

struct ebc_loader;

void ebc_port_detach_all(struct ebc_loader *loader);
