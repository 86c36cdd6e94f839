/* odv.h: outlier detection by limits that hold for any distribution (Amidan, Ferryman, Cooley 2005, "Data outlier
 * detection using the Chebyshev theorem"), in two passes: limits of all values at p1; what lies strictly outside
 * is put aside; limits of the rest at a smaller p2, by which every value is judged.
 *
 *	general		mean -+ k s;  k = 1/sqrt(p), one-sided sqrt((1-p)/p)		any distribution
 *	unimodal	M -+ k B;     k = 2/3 of the above, B^2 = s^2 + (M - mean)^2	one peak, M; p below 1/6
 *	VP		mean -+ k s;  k = 2/(3 sqrt(p)), one-sided sqrt(4/(9p) - 1)	one peak, no matter where
 *
 * (Vysochanskij and Petunin; above p = 1/6 the other half of their inequality.) M is the middle of the fullest of
 *21 bins. Limits and what is told of them are of the transformed values. A NaN is a value that is missing. */
#ifndef METSUKE_DETECT_ODV_H
#define METSUKE_DETECT_ODV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/moments.h"

#define ODV_VALUE_MOST 1e150 /* beyond it squares and their sums overflow */
#define ODV_SCORE_MOST 6.0
#define ODV_MODE_BINS 21

enum odv_bound { ODV_GENERAL, ODV_UNIMODAL, ODV_VP, N_ODV_BOUNDS };
enum odv_side { ODV_TWO, ODV_UPPER, ODV_LOWER, N_ODV_SIDES };
enum odv_transform { ODV_NONE, ODV_LN, ODV_LN1P, N_ODV_TRANSFORMS };
enum odv_center { ODV_MEAN, ODV_MEDIAN, N_ODV_CENTERS };

struct odv_options {
	enum odv_bound bound;
	enum odv_side side;
	enum odv_transform transform;
	enum odv_center
		center;	 /* ODV_MEDIAN: median and 1.4826 MAD wherever mean and s stand; not Amidan's method */
	double offset;	 /* of ODV_LN: ln(x + offset) */
	double p1, p2;	 /* (0, 1) */
	double sd_floor; /* s is taken to be no less: one unit of measurement */
	/* Amidan's way out where pass 1 leaves only equal values: pass 1 again at p = 1/n, pulling values to its
	 * limits in place of putting them aside. It hides one odd value among equal ones; sd_floor does not. */
	bool zero_variance_correction;
};

struct odv_pass {
	double n, mean, sd;  /* sd: divisor n-1, without the floor. Of ODV_MEDIAN: median, 1.4826 MAD */
	double mode, spread; /* ODV_UNIMODAL: M, B (with the floor); otherwise mean, sd with the floor */
	double k;
	double lower, upper; /* -INFINITY, INFINITY: no limit on that side */
};

/* What was fitted: plain numbers that a model file can hold. */
struct odv {
	struct odv_options options;
	struct odv_pass pass[2];
	bool clamped;	/* zero_variance_correction had to be used */
	double least_n; /* pass[0].n below this: too little data for a verdict */
};

/* Fits to n values, of which those that are NaN are left out. 0, or -EINVAL (options), -ENOMEM, -EDOM: a value
 * that is infinite, beyond ODV_VALUE_MOST, or has no logarithm; *ret_bad, which may be NULL, says which. Fewer
 * than two values have no limits. */
int odv_fit(struct odv *ret, const struct odv_options *o, const double *x, size_t n, size_t *ret_bad);

/* NULL, or what is wrong with the options, or with the numbers of a fit that was read from somewhere. */
const char *odv_options_check(const struct odv_options *o);
const char *odv_check(const struct odv *o);

struct odv_verdict {
	bool flagged; /* strictly outside the limits of pass 2 */
	bool unknown; /* too little data, or x is missing or has no logarithm: neither normal nor odd */
	double value; /* x, transformed; NaN: none */
	double z;     /* distance from the middle in spreads; one-sided: below 0 on the side that is not judged */
	double p;     /* at most this share of such data lies so far out */
	double p_new; /* the same of a value that was not fitted to, after n that were, whatever their distribution
		       */
	double score; /* -log10 p, ODV_SCORE_MOST at most */
};

struct odv_verdict odv_judge(const struct odv *o, double x);

/* Of n values, which odv_judge() would flag; returns how many. Hardly any has to be transformed for that. */
size_t odv_flag(const struct odv *o, const double *x, size_t n, bool *flags);

/* x transformed, NaN where it cannot be; and back. */
double odv_transform(const struct odv_options *o, double x);
double odv_untransform(const struct odv_options *o, double value);

double odv_k(enum odv_bound bound, enum odv_side side, double p);

/* Greatest probability of a distance of z or more (odv_k's inverse where z is large). */
double odv_p(enum odv_bound bound, enum odv_side side, double z);

/* Of a new value at |x - mean| / sd = z, mean and sd from n others (Saw, Yang, Mo 1984; Kaban 2012). Never below
 * 1/(n+1). */
double odv_p_new(double z, double n);

/* The least number of values of which a single odd one can be outside its own limits: with fewer it hides itself,
 * however far out. INFINITY where no number is. */
double odv_least_n(enum odv_bound bound, enum odv_side side, double p);

/* The same without the values: one accumulator of all, one of those within the limits of the first at p1, whose
 * limits at p2 judge the next. Mean and sd only: not ODV_UNIMODAL, not ODV_MEDIAN. */
struct odv_stream {
	struct odv_options options;
	double k1, k2;
	uint64_t n0; /* so many come before the first verdict */
	struct moments all, inliers;
};

enum odv_stream_says { ODV_STREAM_UNKNOWN, ODV_STREAM_INSIDE, ODV_STREAM_OUTSIDE };

/* -EINVAL: options that it cannot follow, or n0 below 2. */
int odv_stream_init(struct odv_stream *s, const struct odv_options *o, uint64_t n0);

/* Judges x by what came before, then takes it in. A value that is missing or cannot be transformed is unknown, and
 * not taken in. */
enum odv_stream_says odv_stream_add(struct odv_stream *s, double x);

#endif
