/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A metric on its way out, in Prometheus' text format 0.0.4: samples with their labels, and the header before
 * the first of them. A sample is metric_begin(), labels, and a metric_end_...().
 */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ctl/exporter/poller.h"

struct metric_writer;

struct metric {
	const char *name, *type, *help;
	const char *pointer; /* into the daemon's status; NULL: a family, which `put` knows */
	double factor;
	void (*put)(struct metric_writer *writer);
};

struct metric_writer {
	FILE *to;
	const struct known *known;
	uint64_t now_mono_ns;	     /* ours */
	uint64_t daemon_now_mono_ns; /* of the clock of its stamps */
	uint64_t n_requests;
	const struct metric *metric;
	bool has_header; /* not without any sample */
	bool has_labels; /* of the sample that is being written */
};

/* The series' name is the metric's with `suffix`. */
void metric_begin(struct metric_writer *writer, const char *suffix);
void metric_label(struct metric_writer *writer, const char *name, const char *value);
/* A member as a label: text as it is, numbers and booleans as JSON writes them, what is null as "". */
void metric_member_label(struct metric_writer *writer, const char *name, struct json_object *object,
			 const char *member);
/* Which of the ports it is about. */
void metric_port_labels(struct metric_writer *writer, struct json_object *port);
void metric_end_count(struct metric_writer *writer, uint64_t value);
void metric_end_value(struct metric_writer *writer, double value);
/* A sample without labels. */
void metric_count(struct metric_writer *writer, uint64_t value);
/* A sample for each of `states`: 1 for the one that is the member "state" of `of`; none where it has none.
 * `put_labels` may be NULL. */
void metric_states(struct metric_writer *writer, struct json_object *of, const char *const *states, size_t n,
		   void (*put_labels)(struct metric_writer *writer, struct json_object *of));

/* The daemon's status; NULL: it does not answer. */
struct json_object *metric_status(const struct metric_writer *writer);
/* NULL: it has no such member that is text. */
const char *metric_get_text(struct json_object *object, const char *name);
/* False: neither a finite number nor a boolean. */
bool metric_get_value(struct json_object *from, double *ret_value);
bool metric_is_among(const char *word, const char *const *words, size_t n);
