// SPDX-License-Identifier: GPL-2.0-or-later
/* A growing list of findings. */
#include "ctl/check/finding.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct finding *finding_add(struct findings *findings, enum finding_level level, const char *topic,
			    const char *port)
{
	static struct finding forgotten;
	struct finding *finding = &forgotten;

	if (findings->n == findings->n_allocated) {
		size_t n = findings->n_allocated ? 2 * findings->n_allocated : 64;
		struct finding *list = reallocarray(findings->list, n, sizeof(*list));

		if (list) {
			findings->list = list;
			findings->n_allocated = n;
		} else {
			findings->error = -ENOMEM;
		}
	}
	if (findings->n < findings->n_allocated)
		finding = &findings->list[findings->n++];
	*finding = (struct finding){.level = level};
	snprintf(finding->topic, sizeof(finding->topic), "%s", topic);
	snprintf(finding->port, sizeof(finding->port), "%s", port);
	return finding;
}

#define PRINT_INTO(array)                                           \
	do {                                                        \
		va_list arguments;                                  \
                                                                    \
		va_start(arguments, format);                        \
		vsnprintf(array, sizeof(array), format, arguments); \
		va_end(arguments);                                  \
	} while (0)

void finding_text(struct finding *finding, const char *format, ...)
{
	PRINT_INTO(finding->text);
}

void finding_why(struct finding *finding, const char *format, ...)
{
	PRINT_INTO(finding->why);
}

void finding_mend(struct finding *finding, const char *format, ...)
{
	PRINT_INTO(finding->mend);
}

void finding_mend_by_option(struct finding *finding, const struct distribution *distribution,
			    const char *option, const char *value)
{
	if (*distribution->uci_clock)
		finding_mend(finding,
			     "uci set ebpf-bc.%s.%s=%s && uci commit ebpf-bc && /etc/init.d/ebpf-bc reload",
			     distribution->uci_clock, option, value);
	else
		finding_mend(finding, "%s %s  # in the configuration", option, value);
}

void findings_free(struct findings *findings)
{
	free(findings->list);
	*findings = (struct findings){};
}
