/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the daemon and its tools meet, and the most that they say at once. */
#pragma once

#define EBC_CONTROL_SOCKET_DEFAULT "/run/ebpf-bc/control"

/* Octets of one answer of the control socket, at most; a request is at most ... */
#define EBC_CONTROL_ANSWER_MAX 65536
/* ... this long. */
#define EBC_CONTROL_REQUEST_MAX 4096

/* Where the configuration is, if nobody says otherwise. */
#define EBC_CONFIG_DEFAULT "/etc/ebpf-bc/ebpf-bc.conf"
