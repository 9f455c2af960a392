/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A directory of files that stands for a machine's /, what the doctor finds there, and that the commands it
 * names are those of the distribution.
 */
#pragma once

#include <stdbool.h>

#include "ctl/check/finding.h"

#define TREE_ROOT_SIZE 64

/* Of the test that runs: empty when it begins, freed at its end. */
extern char tree_root[TREE_ROOT_SIZE];
extern struct findings told;

int tree_setup(void **state);
int tree_teardown(void **state);
#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)

/*
 * Has `judge` say into `told` what it says on a router, on machines of no known family with and without
 * systemd, and at last on Debian, which stays: all commands have to be those of the distribution.
 */
void judge_everywhere(void (*judge)(void *facts), void *facts);
/* On a router, with opkg, what mends the first finding of that topic and port is this. */
void assert_mend_on_router(void (*judge)(void *facts), void *facts, const char *topic, const char *port,
			   const char *mend);

/* Makes a file and the directories above it; `path` begins with a slash. */
void tree_write(const char *path, const char *text);
void tree_make_directory(const char *path);
void tree_link(const char *path, const char *target);

/* The first finding of a topic, of this port ("": the host); NULL: none. */
const struct finding *findings_get(const struct findings *findings, const char *topic, const char *port);
/* Fails the test unless there is one, and of this level. Returns it. */
const struct finding *assert_finding(const struct findings *findings, const char *topic,
				     enum finding_level level);
/* Every finding has text, unless it is good a reason, and no command of another distribution. */
void assert_findings_are_whole(const struct findings *findings);
