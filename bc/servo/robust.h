/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Estimates that a few wild samples do not move: median, spread about it, and a line by repeated
 * medians of pairwise slopes (Siegel, Biometrika 69, 1982), which stands up to almost half of outliers.
 */
#pragma once

/* The largest n that the functions below take. */
#define BC_ROBUST_MAX 64u

struct bc_robust_line {
	double value;  /* at t = 0 */
	double slope;  /* per unit of t */
	double spread; /* standard deviation of the residuals, as far as a normal core goes */
};

/* Median of v[0..n); sorts v. n in 1..BC_ROBUST_MAX. */
double bc_robust_median(double *v, unsigned int n);
/* 1.4826 x the median of |v - centre|: the standard deviation of a normal core. */
double bc_robust_spread(const double *v, unsigned int n, double centre);
/* n in 2..BC_ROBUST_MAX; not all t equal. */
struct bc_robust_line bc_robust_fit(const double *t, const double *v, unsigned int n);
