/* median.h: the middle of some numbers. */
#ifndef METSUKE_SUPPORT_MEDIAN_H
#define METSUKE_SUPPORT_MEDIAN_H

#include <stdlib.h>

#include "support/compare.h"

/* n: at least 1. */
static inline double median_sorted(const double *sorted, size_t n)
{
	return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

/* Sorts them. n: at least 1. */
static inline double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare_doubles);
	return median_sorted(values, n);
}

#endif
