// SPDX-License-Identifier: GPL-2.0-or-later
/* Signals come by a descriptor, so that none is missed between a look and a wait. */
#include "ctl/pause.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>

#include "util/macros.h"

static int signal_fd = -1;

int pause_begin(void)
{
	struct sigaction hangup;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	/* Whoever runs under nohup is not to end with the terminal. */
	if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
		sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return signal_fd < 0 ? -errno : 0;
}

uint64_t now_mono_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

enum pause_end pause_until(uint64_t until_mono_ns, int fd)
{
	struct pollfd polled[] = {{.fd = signal_fd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};

	for (;;) {
		uint64_t now = now_mono_ns();
		uint64_t left_ns = until_mono_ns > now ? until_mono_ns - now : 0;
		struct timespec left = {.tv_sec = (time_t)(left_ns / NSEC_PER_SEC),
					.tv_nsec = (long)(left_ns % NSEC_PER_SEC)};
		int r = ppoll(polled, ARRAY_SIZE(polled), &left, NULL);

		/* The signal is left in its descriptor, so that the next pause sees it too. */
		if (r > 0 && polled[0].revents)
			return PAUSE_SIGNAL;
		if (left_ns == 0)
			return PAUSE_OVER;
		if (r > 0 && polled[1].revents)
			return PAUSE_READABLE;
	}
}
