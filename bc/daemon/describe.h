/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is worth knowing of a port's interface, said when it comes and when it changes. */
#pragma once

#include "bc/daemon/port.h"

/* Warns of what lets frames pass by the kernel, and names the driver; nothing that was said already. */
void describe_port(struct port *port);
