/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network namespace for one test, commands in it, and a second one to move interfaces to. */
#pragma once

#include <sys/types.h>

/* Puts the calling thread into a new, empty namespace; the one before is gone with its last user. 0 or
 * -errno. */
int private_netns_enter(void);
/* True when this process may do so at all. */
int private_netns_is_permitted(void);

/* Runs a command (arguments up to NULL) and returns its exit status, or -1. */
int private_netns_run(const char *const argv[]);

/* RUN("ip", "link", ...) must succeed. */
#define RUN(...) assert_int_equal(private_netns_run((const char *const[]){__VA_ARGS__, NULL}), 0)

/* A process that stays in a namespace of its own, until it is ended. */
struct private_netns_holder {
	pid_t pid;
	int control_fd; /* closing it ends the process */
};

int private_netns_hold(struct private_netns_holder *ret_holder);
void private_netns_release(struct private_netns_holder *holder);
