/* stats.h: what is said of a share, a rate and a score over labelled rows. A NaN is an answer that there is not. */
#ifndef METSUKE_EVALUATE_STATS_H
#define METSUKE_EVALUATE_STATS_H

#include <stdbool.h>
#include <stddef.h>

#define STATS_MISS 0.05 /* two-sided: what the intervals here leave out */

struct interval {
	double low, high;
};

/* The regularised incomplete beta function I_x(a, b); a, b > 0. */
double stats_beta(double a, double b, double x);

/* Clopper and Pearson (1934): the shares that do not make k of n, or what is further out, unlikely. Of no tries: all. */
struct interval stats_share(size_t k, size_t n);

/* The same of a number of events in `time` units of time (Garwood 1936), in events a unit. Of no time: 0 to
 * infinity. */
struct interval stats_rate(size_t k, double time);

/* A score, where more means more suspicious; bad: what the label says. A NaN is no score: the row cannot be told and
 * stands below all others. */
struct stats_row {
	double score;
	bool bad;
};

/* Sorts by falling score; rows without one come last. */
void stats_sort(struct stats_row *rows, size_t n);

/* Of sorted rows. The chance that a bad row's score is above a good one's, ties counting as half (Mann and Whitney).
 * NaN: one of the kinds is missing. */
double stats_roc_area(const struct stats_row *rows, size_t n);

/* Of sorted rows: the mean of the precision at each bad row, weighed by what it adds to the recall (average
 * precision); tied rows are taken together, so that their order does not count. NaN: no bad row. */
double stats_average_precision(const struct stats_row *rows, size_t n);

/* Of sorted rows: the lowest threshold (>= it is an alarm) that accuses at most `share` of the good rows; INFINITY:
 * none but one above all scores. */
double stats_threshold(const struct stats_row *rows, size_t n, double share);

/* Of sorted rows: the threshold whose alarms have the highest F1, of several the highest one. NaN: no bad row has a
 * score. */
double stats_best_threshold(const struct stats_row *rows, size_t n);

/* What a rule came to over labelled rows. */
struct stats_counts {
	size_t hits, misses, alarms, passes; /* bad: accused or not; good: accused or not */
};

double stats_tpr(const struct stats_counts *c);
double stats_fpr(const struct stats_counts *c);
double stats_precision(const struct stats_counts *c);
double stats_f1(const struct stats_counts *c);

/* Sorts x; the smallest value that at least a share of q of them does not exceed. NaN: n is 0. */
double stats_quantile(double *x, size_t n, double q);

#endif
