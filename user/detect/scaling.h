/* scaling.h: columns made comparable before a distance is taken over them: z = (t(x) - mean) / sd, where t is one
 * of x, ln(x + offset) and ln(1 + x), and mean and sd (divisor n-1) are those of t over the training rows. Most
 * features of traffic are positive and skewed, which a logarithm mends (docs/detectors.md). A column that hardly
 * varies in training is divided by a floor, so that the first value beside it does not end up at infinity. */
#ifndef METSUKE_DETECT_SCALING_H
#define METSUKE_DETECT_SCALING_H

#include <stddef.h>

#define SCALING_COLUMNS 64

enum scaling_transform { SCALING_NONE, SCALING_LN, SCALING_LN1P };

struct scaling_column {
	enum scaling_transform transform;
	double offset;	 /* of SCALING_LN */
	double mean, sd; /* sd: as it divides, hence with the floor applied; > 0 */
};

struct scaling {
	size_t d;
	struct scaling_column columns[SCALING_COLUMNS];
};

/* Where a value was refused. */
struct scaling_cell {
	size_t row, column;
};

/* Sets mean and sd of s->columns[0..d), whose transform and offset the caller has set, from n rows of d values
 * (row after row). sd_floor > 0: the least sd. 0, -EINVAL (d, n of less than 2, floor), or -EDOM: a value is not
 * finite or has no transform, and *ret_bad, which may be NULL, says where; then s is as it was. */
int scaling_fit(struct scaling *s, const double *rows, size_t n, double sd_floor, struct scaling_cell *ret_bad);

/* One row, from and to may be the same. -EDOM as above; then `to` is as it was. */
int scaling_apply(const struct scaling *s, const double *from, double *to, size_t *ret_bad_column);

/* t(x), NaN where there is none. */
double scaling_transform(enum scaling_transform t, double offset, double x);

/* Whether a scaling that was read from somewhere can be used. */
int scaling_check(const struct scaling *s);

#endif
