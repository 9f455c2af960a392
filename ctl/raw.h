/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every sample as a line of CSV. */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "ctl/fetch.h"

struct raw_result {
	uint64_t n_written, n_lost;
};

/*
 * Streams until `until_mono_ns`, a signal (pause.h), or until `to` takes no more. The result is valid also
 * after a failure. 0, or -errno: as client_receive(), -EIO: cannot be written.
 */
int raw_run(struct client *client, const struct box *box, const struct residence_filter *filter,
	    uint64_t until_mono_ns, FILE *to, struct raw_result *ret_result);
