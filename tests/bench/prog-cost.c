/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tc programs cost a frame, in nanoseconds above an empty program, by BPF_PROG_TEST_RUN.
 * Rounds are interleaved with the empty program's, and the median of the differences is printed: of a
 * boundary clock's programs, a transparent clock's and a monitor's. Status 1 if a frame that is not PTP
 * costs more than the target. Usage: prog-cost [ROUNDS [FRAMES-A-ROUND]]
 */
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "bpf/loader_internal.h"
#include "tests/bpf/run.h"
#include "util/macros.h"
#include "util/unaligned.h"

#define ROUNDS_MAX 101
/* Nanoseconds that one program may add to a frame that is not PTP. */
#define TARGET_NS 15

static int by_value(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

static int empty_program(void)
{
	const struct bpf_insn pass[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -1},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "empty", "GPL", pass, ARRAY_SIZE(pass), NULL);
}

static int cost_ns(int program_fd, uint32_t ifindex, const uint8_t *frame, size_t len, int repeat)
{
	struct __sk_buff context = {.ifindex = ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = (uint32_t)len,
		    .repeat = repeat, .ctx_in = &context, .ctx_size_in = sizeof(context));

	return bpf_prog_test_run_opts(program_fd, &options) < 0 ? -1 : (int)options.duration;
}

/* The larger of the two medians. */
static int measure(const struct run *run, const char *name, const uint8_t *frame, size_t len, int rounds,
		   int repeat)
{
	static int above[EBC_DIRECTIONS][ROUNDS_MAX], nothing[ROUNDS_MAX];
	int empty = empty_program();

	for (int i = 0; i < rounds; i++) {
		nothing[i] = cost_ns(empty, run->lab.port_ifindex, frame, len, repeat);
		for (int direction = 0; direction < EBC_DIRECTIONS; direction++)
			above[direction][i] = cost_ns(run->loader->programs.fd[direction],
						      run->lab.port_ifindex, frame, len, repeat) -
					      nothing[i];
	}
	close(empty);
	qsort(nothing, (size_t)rounds, sizeof(int), by_value);
	for (int direction = 0; direction < EBC_DIRECTIONS; direction++)
		qsort(above[direction], (size_t)rounds, sizeof(int), by_value);
	printf("%-28s empty %3d  ingress +%3d  egress +%3d ns\n", name, nothing[rounds / 2],
	       above[EBC_DIRECTION_RX][rounds / 2], above[EBC_DIRECTION_TX][rounds / 2]);
	return MAX(above[EBC_DIRECTION_RX][rounds / 2], above[EBC_DIRECTION_TX][rounds / 2]);
}

/* Frames that are not PTP; the worst. */
static int measure_others(const struct run *run, int rounds, int repeat)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_UDP_IPV4);
	uint8_t frame[FRAME_OCTETS];
	int worst[5];
	size_t len;

	spec.dst_port = 443;
	len = frame_build(&spec, frame, NULL);
	worst[0] = measure(run, "UDP/IPv4, another port", frame, len, rounds, repeat);
	frame[14 + 9] = 6;
	worst[1] = measure(run, "TCP/IPv4", frame, len, rounds, repeat);
	spec = frame_sync(EBC_TRANSPORT_UDP_IPV6);
	spec.dst_port = 443;
	len = frame_build(&spec, frame, NULL);
	worst[2] = measure(run, "UDP/IPv6, another port", frame, len, rounds, repeat);
	frame[14 + 6] = 6;
	worst[3] = measure(run, "TCP/IPv6", frame, len, rounds, repeat);
	put_be16(frame + 12, 0x0806);
	worst[4] = measure(run, "ARP", frame, len, rounds, repeat);
	qsort(worst, ARRAY_SIZE(worst), sizeof(int), by_value);
	return worst[ARRAY_SIZE(worst) - 1];
}

static void measure_syncs(const struct run *run, int rounds, int repeat)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_IEEE_802_3);
	uint8_t frame[FRAME_OCTETS];
	size_t len;

	spec.domain_number = 9;
	len = frame_build(&spec, frame, NULL);
	measure(run, "Sync of another domain", frame, len, rounds, repeat);
	spec.domain_number = 0;
	len = frame_build(&spec, frame, NULL);
	measure(run, "Sync of ours", frame, len, rounds, repeat);
}

int main(int argc, char **argv)
{
	static const char *const modes[] = {
		[EBC_MODE_BOUNDARY] = "boundary clock",
		[EBC_MODE_TRANSPARENT] = "transparent clock",
		[EBC_MODE_MONITOR] = "monitor",
	};
	int rounds = argc > 1 ? CLAMP(atoi(argv[1]), 1, ROUNDS_MAX) : 15;
	int repeat = argc > 2 ? MAX(atoi(argv[2]), 1) : 1000000;
	bool is_missed = false;

	if (geteuid() != 0) {
		puts("needs root");
		return 77;
	}
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		struct ebc_loader_options options = rig_options();
		struct run run;
		int worst;

		options.mode = (enum ebc_mode)i;
		run_new(&run, &options);
		printf("%s\n", modes[i]);
		worst = measure_others(&run, rounds, repeat);
		measure_syncs(&run, rounds, repeat);
		printf("not PTP: at most %d ns, target %d: %s\n\n", worst, TARGET_NS,
		       worst <= TARGET_NS ? "met" : "MISSED");
		is_missed |= worst > TARGET_NS;
		run_free(&run);
	}
	return is_missed;
}
