/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why the kernel did not take the programs, in words for the daemon's log. libbpf's own output is
 * caught: a library does not print.
 */
#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bpf/loader_internal.h"

static _Thread_local char first_complaint[EBC_REASON_OCTETS];

__attribute__((format(printf, 2, 0))) static int keep_complaint(enum libbpf_print_level level,
								const char *format, va_list arguments)
{
	if (level != LIBBPF_WARN || first_complaint[0])
		return 0;
	vsnprintf(first_complaint, sizeof(first_complaint), format, arguments);
	first_complaint[strcspn(first_complaint, "\n")] = '\0';
	return 0;
}

void ebc_reason_start(void)
{
	first_complaint[0] = '\0';
	libbpf_set_print(keep_complaint);
}

/* The verifier refuses what needs CAP_PERFMON with its own EACCES. */
static bool has_capability(unsigned int capability)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

	if (syscall(__NR_capget, &header, data) < 0)
		return false;
	return data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability) ||
	       data[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective & CAP_TO_MASK(CAP_SYS_ADMIN);
}

void ebc_reason_describe(int error, char *reason, size_t reason_size)
{
	char complaint[EBC_REASON_OCTETS];

	if (!reason_size)
		return;
	memcpy(complaint, first_complaint, sizeof(complaint)); /* the probes below complain too */
	if (error == -EPERM || (error == -EACCES && !has_capability(CAP_PERFMON)))
		snprintf(reason, reason_size,
			 "not permitted: needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN, or root");
	else if (syscall(__NR_bpf, -1, NULL, 0) < 0 && errno == ENOSYS)
		snprintf(reason, reason_size, "kernel without BPF");
	else if (libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_SCHED_CLS, NULL) == 0)
		snprintf(reason, reason_size, "kernel without BPF tc programs");
	else if (libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL) == 0)
		snprintf(reason, reason_size, "kernel without BPF ring buffer (since 5.8)");
	else if (complaint[0])
		snprintf(reason, reason_size, "%s (%s)", strerror(-error), complaint);
	else
		snprintf(reason, reason_size, "%s", strerror(-error));
}
