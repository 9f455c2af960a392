// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Serves the control socket with made-up residences, so that the control tool can be run against it:
 * fake-daemon SOCKET [MESSAGES]. Says "ready", ends when its standard input does. With MESSAGES above 0 each
 * tick brings samples, and a few more messages to the histograms.
 */
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bc/daemon/control.h"
#include "tests/unit/ctl/stub_loader.h"
#include "tests/unit/ctl/stub_state.h"
#include "util/macros.h"

#define TICK_MS 50

static uint64_t random_state = 88172645463325252ULL;

/* 0 < u < 1. */
static double uniform(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return ((double)(random_state >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
	return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

/* The path through a bridge, and a queue that mostly is empty and sometimes is not. */
static void add_message(size_t i)
{
	struct ebc_residence *r = stub_loader_residence(i);
	uint64_t before_ns = (uint64_t)(1800 * (1 + 0.4 * (double)i) * exp(0.25 * normal()));
	double queue_ns = 250 * exp(0.4 * normal());

	if (uniform() < 0.03 * (double)(i + 1))
		queue_ns += -60000 * log(uniform());
	stub_histogram_add(&r->before, before_ns);
	stub_histogram_add(&r->queued, (uint64_t)queue_ns);
	stub_histogram_add(&r->total, before_ns + (uint64_t)queue_ns);
}

static void fill(size_t n_messages)
{
	static const struct ebc_residence_key keys[] = {
		{0, 1, 0, {}}, {0, 2, 0, {}}, {1, 0, 1, {}}, {2, 0, 1, {}}};

	stub_loader_set_residences(n_messages ? ARRAY_SIZE(keys) : 0);
	for (size_t i = 0; i < stub_loader_n_residences(); i++) {
		*stub_loader_key(i) = keys[i];
		for (size_t k = 0; k < n_messages / (i + 1); k++)
			add_message(i);
	}
}

static int serve(struct control *control)
{
	struct pollfd polled[] = {{.fd = control_fd(control), .events = POLLIN}, {.fd = 0, .events = POLLIN}};

	while (poll(polled, ARRAY_SIZE(polled), TICK_MS) >= 0) {
		if (polled[1].revents)
			return EXIT_SUCCESS;
		if (polled[0].revents)
			control_dispatch(control);
		for (size_t i = 0; i < stub_loader_n_residences(); i++)
			add_message(i);
		if (control_wants_ticks(control)) {
			stub_loader_add_samples(stub_loader_n_residences());
			control_tick(control);
		}
	}
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"gm0", "c1", "c,2"};
	struct control_sources sources = {.loader = stub_loader(),
					  .clock_type = "E2E_TC",
					  .n_ports = ARRAY_SIZE(names),
					  .port_names = names};
	struct control *control;
	int r;

	stub_state_fill(&sources);
	if (argc < 2)
		return EXIT_FAILURE;
	fill(argc > 2 ? strtoul(argv[2], NULL, 10) : 0);
	r = control_new(argv[1], &sources, &control);
	if (r < 0) {
		fprintf(stderr, "fake-daemon: %s: %s\n", argv[1], strerror(-r));
		return EXIT_FAILURE;
	}
	puts("ready");
	fflush(stdout);
	r = serve(control);
	control_free(control);
	return r;
}
