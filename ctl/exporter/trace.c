// SPDX-License-Identifier: GPL-2.0-or-later
/* The ring of offsets. */
#include "ctl/exporter/trace.h"

void trace_add(struct trace *trace, const struct trace_row *row)
{
	trace->row[trace->n++ % TRACE_ROWS] = *row;
}

const struct trace_row *trace_get(const struct trace *trace, uint64_t number)
{
	return &trace->row[(number - 1) % TRACE_ROWS];
}

uint64_t trace_first(const struct trace *trace, uint64_t since, uint64_t now_mono_ns)
{
	uint64_t first = since < trace->n ? since + 1 : trace->n + 1;

	if (since > trace->n)
		first = 1;
	if (trace->n > TRACE_ROWS && first <= trace->n - TRACE_ROWS)
		first = trace->n - TRACE_ROWS + 1;
	while (first <= trace->n && trace_get(trace, first)->mono_ns + TRACE_SPAN_NS < now_mono_ns)
		first++;
	return first;
}
