/* median.h: the middle of some numbers. */
#ifndef METSUKE_SUPPORT_MEDIAN_H
#define METSUKE_SUPPORT_MEDIAN_H

#include <stddef.h>

/* For qsort(). */
static inline int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* n: at least 1. */
static inline double median_sorted(const double *sorted, size_t n)
{
	return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

#endif
