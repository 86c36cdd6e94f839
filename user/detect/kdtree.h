/* kdtree.h: nearest neighbours, exactly (Bentley 1975; Friedman, Bentley, Finkel 1977): the same distances, ties
 * and order as looking at every point. Each node knows the box around its points, so a bound is a sum over the
 * same columns in the same order as a distance is: rounding cannot make it larger than one. */
#ifndef METSUKE_DETECT_KDTREE_H
#define METSUKE_DETECT_KDTREE_H

#include <stddef.h>
#include <stdint.h>

/* Differences of values up to this can be squared and added up over KDTREE_COLUMNS. */
#define KDTREE_VALUE_MAX 1e150
#define KDTREE_COLUMNS 64

struct kdtree;

struct kdtree_found {
	double distance;
	uint32_t point;
};

/* n points of d values, one after the other; they are copied. Values are finite and at most KDTREE_VALUE_MAX: the
 * caller has checked. 0, -EINVAL (n or d is 0 or too large) or -ENOMEM. Takes n log n. */
int kdtree_new(struct kdtree **ret_t, const double *points, size_t n, size_t d);
void kdtree_free(struct kdtree *t);

/* Every point that is no farther away than the k-th nearest: k of them (n, where there are fewer), and more where
 * distances tie. In the order of distance, then index. found: room for all n. Returns how many. */
size_t kdtree_nearest(const struct kdtree *t, const double *query, size_t k, struct kdtree_found *found);

#endif
