/* beacon.h: how much a series of connections looks like a timer's, on a scale of 0 to 1: the four sub-scores and
 *the total that RITA v5 publishes (Active Countermeasures; the formulas, none of its code). Times are whole
 *seconds.
 *
 *	spread	Tukey hinges Q1, Q2, Q3 (of halves without the median) of the gaps, or of the sizes:
 *		skew = (Q1 + Q3 - 2 Q2) / (Q3 - Q1), but 0 where Q3 - Q1 < 10 or Q2 is one of the others
 *		mad = median |d - Q2|; score = ((1 - |skew|) + max(0, (Q2 - mad) / Q2)) / 2
 *		where Q2 < 1, the second term is 1 for gaps and 0 for sizes
 *	hist	24 equal bins of the data set's span, counts c: the larger of
 *		cv = 1 - sd/mean (population sd; 0 where sd > mean), and
 *		bimodal = what the two most frequent levels floor(c/w) w make up of bars - 1, w = ceil(0.05 max c),
 *		with at least 11 bars (bins that are not empty)
 *	dur	0 with fewer than 6 bars; else the larger of (last - first) / span, and
 *		the longest run of bars, round the end, over 12
 *	total	mean of spread of the gaps (ts), of the sizes (ds), hist and dur
 *
 * Scores are rounded to 3 places, halves up; both parts of dur upwards. */
#ifndef METSUKE_DETECT_BEACON_H
#define METSUKE_DETECT_BEACON_H

#include <stddef.h>
#include <stdint.h>

#define BEACON_BINS 24
#define BEACON_MIN_TIMES 4
#define BEACON_MIN_VALUES 3    /* gaps that are not 0, or sizes */
#define BEACON_MAX_TIMES 86400 /* from so many on it is a flood, and has no score */

enum beacon_of { BEACON_GAPS, BEACON_SIZES };

struct beacon_spread {
	double q1, q2, q3;
	double skew, skew_score;
	double mad, mad_score;
	double score;
};

struct beacon_level {
	uint32_t count; /* connections in a bin, cut down to a multiple of level_size */
	uint32_t bins;
};

struct beacon_hist {
	uint32_t bins[BEACON_BINS];
	unsigned int bars, longest_run;
	uint32_t level_size;
	unsigned int n_levels;
	struct beacon_level levels[BEACON_BINS]; /* ascending */
	double cv_score, bimodal_score, score;
};

struct beacon_dur {
	double coverage, consistency;
	double score;
};

struct beacon {
	struct beacon_spread ts, ds;
	struct beacon_hist hist;
	struct beacon_dur dur;
	double score;
};

/* Sorts the values. 0, -ENODATA (fewer than BEACON_MIN_VALUES), or -EDOM: a value is negative or not finite. */
int beacon_spread(enum beacon_of of, double *values, size_t n, struct beacon_spread *ret_spread);

struct rhythm;

/* The score of the gaps that a rhythm remembers: the newest 64. NaN: too few. */
double rhythm_timing_score(const struct rhythm *r);

/* times: ascending, within [from, to]. 0, -EINVAL (from is not before to), -ENODATA (none), or -ERANGE (one is
 * outside or before its predecessor). */
int beacon_hist(const uint64_t *times, size_t n, uint64_t from, uint64_t to, struct beacon_hist *ret_hist);
void beacon_dur(const struct beacon_hist *hist, uint64_t first, uint64_t last, uint64_t span,
		struct beacon_dur *ret_dur);
double beacon_total(double ts, double ds, double hist, double dur);

/* All of it. sizes need not be as many as times. As above, and -ENODATA also where there are fewer than
 * BEACON_MIN_TIMES times or too few gaps, -E2BIG from BEACON_MAX_TIMES on, -ENOMEM. Takes n log n. */
int beacon_score(const uint64_t *times, size_t n, const double *sizes, size_t n_sizes, uint64_t from, uint64_t to,
		 struct beacon *ret_beacon);

#endif
