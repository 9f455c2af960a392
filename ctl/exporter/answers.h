/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is sent back. Texts that are made stay in memory until the slowest of their readers has them, so they
 * are bounded together, and the metrics of one round are one text for all. Locked inside.
 */
#pragma once

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "ctl/exporter/poller.h"

struct answers;

/* The poller is borrowed. NULL: no memory. */
struct answers *answers_new(struct poller *poller);
/* All servers must have stopped. Accepts NULL. */
void answers_free(struct answers *answers);

/* All queue one answer; MHD_NO, no memory, closes the connection. */
enum MHD_Result answers_queue_page(struct answers *answers, struct MHD_Connection *connection);
enum MHD_Result answers_queue_metrics(struct answers *answers, uint64_t n_requests,
				      struct MHD_Connection *connection);
/* Of the trace what comes after the row `since`. */
enum MHD_Result answers_queue_status(struct answers *answers, uint64_t since,
				     struct MHD_Connection *connection);
/* `words` are static. */
enum MHD_Result answers_refuse(struct MHD_Connection *connection, unsigned int status, const char *words);

/* Whether so much is on its way that slow readers are in the way of others. */
bool answers_are_many(const struct answers *answers);
