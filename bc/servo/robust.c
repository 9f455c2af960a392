// SPDX-License-Identifier: GPL-2.0-or-later
/* Median, spread and repeated-median line over at most BC_ROBUST_MAX values, without allocation. */
#include "bc/servo/robust.h"

#include <math.h>
#include <string.h>

static void sort(double *v, unsigned int n)
{
	for (unsigned int i = 1; i < n; i++) {
		double x = v[i];
		unsigned int j = i;

		for (; j > 0 && v[j - 1] > x; j--)
			v[j] = v[j - 1];
		v[j] = x;
	}
}

double bc_robust_median(double *v, unsigned int n)
{
	sort(v, n);
	return n % 2 ? v[n / 2] : 0.5 * v[n / 2 - 1] + 0.5 * v[n / 2];
}

double bc_robust_spread(const double *v, unsigned int n, double centre)
{
	double distance[BC_ROBUST_MAX];

	for (unsigned int i = 0; i < n; i++)
		distance[i] = fabs(v[i] - centre);
	return 1.4826 * bc_robust_median(distance, n);
}

/* The slope is the median over i of the median over j of the slopes from i to j. */
struct bc_robust_line bc_robust_fit(const double *t, const double *v, unsigned int n)
{
	struct bc_robust_line line = {};
	double outer[BC_ROBUST_MAX], inner[BC_ROBUST_MAX];
	unsigned int num_outer = 0;

	for (unsigned int i = 0; i < n; i++) {
		unsigned int num_inner = 0;

		for (unsigned int j = 0; j < n; j++) {
			if (t[j] != t[i])
				inner[num_inner++] = (v[j] - v[i]) / (t[j] - t[i]);
		}
		if (num_inner > 0)
			outer[num_outer++] = bc_robust_median(inner, num_inner);
	}
	if (num_outer > 0)
		line.slope = bc_robust_median(outer, num_outer);

	for (unsigned int i = 0; i < n; i++)
		inner[i] = v[i] - line.slope * t[i];
	memcpy(outer, inner, n * sizeof(outer[0]));
	line.value = bc_robust_median(outer, n);
	line.spread = bc_robust_spread(inner, n, line.value);
	return line;
}
