/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A directory of files that stands for a machine's /, and what the doctor finds there. */
#pragma once

#include <stdbool.h>

#include "ctl/check/finding.h"

#define TREE_PATH_SIZE 64

struct tree {
	char root[TREE_PATH_SIZE];
};

/* Empty. To be freed, with all in it. */
void tree_init(struct tree *tree);
void tree_free(struct tree *tree);
/* Makes a file and the directories above it; `path` begins with a slash. */
void tree_write(struct tree *tree, const char *path, const char *text);
void tree_make_directory(struct tree *tree, const char *path);
void tree_link(struct tree *tree, const char *path, const char *target);

/* The first finding of a topic, of this port ("": the host); NULL: none. */
const struct finding *findings_get(const struct findings *findings, const char *topic, const char *port);
/* Fails the test unless there is one, and of this level. Returns it. */
const struct finding *assert_finding(const struct findings *findings, const char *topic,
				     enum finding_level level);
/* Every finding has text, and unless it is good a reason. */
void assert_findings_are_whole(const struct findings *findings);
