/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frame-stalls N: the programs of frame_stalls.bpf.c at each N-th call, until it is killed. Says "ready". */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "frame_stalls.skel.h"

int main(int argc, char **argv)
{
	unsigned long one_in = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	struct frame_stalls_bpf *stalls;

	if (one_in == 0 || one_in > 0xFFFFFFFF) {
		fprintf(stderr, "usage: frame-stalls N\n");
		return 2;
	}
	stalls = frame_stalls_bpf__open();
	if (!stalls)
		return 1;
	stalls->rodata->ebc_one_in = (__u32)one_in;
	if (frame_stalls_bpf__load(stalls) || frame_stalls_bpf__attach(stalls)) {
		frame_stalls_bpf__destroy(stalls);
		return 1;
	}
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
