/* compare.h: orders for qsort(). */
#ifndef METSUKE_SUPPORT_COMPARE_H
#define METSUKE_SUPPORT_COMPARE_H

#include <stdint.h>

static inline int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* By address: what points to the same stands together. */
static inline int compare_pointers(const void *left, const void *right)
{
	uintptr_t a = (uintptr_t) * (const void *const *)left, b = (uintptr_t) * (const void *const *)right;

	return (a > b) - (a < b);
}

#endif
