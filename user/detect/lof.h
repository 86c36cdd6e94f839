/* lof.h: local outlier factor (Breunig, Kriegel, Ng, Sander 2000), Euclidean distance:
 *
 *	k-distance(p)	distance to the k-th neighbour
 *	N(p)		every other point within it, more than k where distances tie
 *	reach(p, o)	max(k-distance(o), d(p, o))
 *	lrd(p)		|N(p)| / sum of reach(p, o) over N(p)
 *	LOF(p)		mean of lrd(o) / lrd(p) over N(p); about 1 inside a cluster; the largest of all k asked for
 *
 * Points in the same place make lrd infinite. The k-distinct-distance of the paper (k different places other than
 *p's own) avoids that. Without it: infinite over infinite counts as 1, and a point next to such a place can have
 *LOF INFINITY; NaN never comes out.
 *
 * Neighbours come from a k-d tree over the different places. Lists of neighbours are kept up to LOF_LIST_BYTES,
 *and beyond that found again each time they are needed. */
#ifndef METSUKE_DETECT_LOF_H
#define METSUKE_DETECT_LOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOF_COLUMNS 64 /* above 16 or so the tree is no faster than looking at every row */
#define LOF_K_MAX 1000
#define LOF_CELLS (1UL << 24) /* rows times ks, at most: 2 x 8 bytes each are kept */
#define LOF_LIST_BYTES (64UL << 20)

struct lof_options {
	unsigned int k_min, k_max; /* the same: one k. 1 to LOF_K_MAX */
	bool distinct;	   /* k-distinct-distance; where there are no k other places, as many as there are */
	size_t list_bytes; /* of lists kept while it is built; 0: LOF_LIST_BYTES */
};

/* A set of reference rows, and the LOF of each among the others. Scratch space of lof_score() is inside: one
 * thread at a time. */
struct lof;

/* n rows of d values, one after the other; they are copied. 0, or -EINVAL (options, d), -ERANGE (n <= k_max),
 * -E2BIG (LOF_CELLS), -EDOM (a value is not finite, or beyond 1e150), -ENOMEM. */
int lof_new(struct lof **ret_l, const double *rows, size_t n, size_t d, const struct lof_options *o);
void lof_free(struct lof *l);

size_t lof_rows(const struct lof *l);
size_t lof_columns(const struct lof *l);
const struct lof_options *lof_options(const struct lof *l);
const double *lof_row(const struct lof *l, size_t row);

/* Of reference row `row`: LOF, the largest over k, >= 0. ret_k, which may be NULL: the (smallest) k that gave it.
 */
double lof_of(const struct lof *l, size_t row, unsigned int *ret_k);

/* Of a row that is not of the reference set and does not become part of it. -EDOM: a value that lof_new() would
 * refuse. */
int lof_score(struct lof *l, const double *row, double *ret_lof);

/* What is behind a score, for one k within the options' range. neighbours: room for lof_rows(); in the order of
 * distance, then index. */
struct lof_detail {
	double k_distance, lrd, lof;
	size_t n_neighbours;
};
int lof_explain(struct lof *l, size_t row, unsigned int k, struct lof_detail *ret_detail, uint32_t *neighbours);
int lof_explain_query(struct lof *l, const double *query, unsigned int k, struct lof_detail *ret_detail,
		      uint32_t *neighbours);

#endif
