/* stats.c: see stats.h. */
#include "evaluate/stats.h"

#include <math.h>
#include <stdlib.h>

#include "support/compare.h"

#define TINY 1e-300
#define MOST_STEPS 100000
#define HALVINGS 200 /* until the two ends are neighbours, wherever they are in [0, 1] */

/* Lentz's way through the continued fraction of I_x(a, b), which needs x below (a + 1) / (a + b + 2). */
static double beta_fraction(double a, double b, double x)
{
	double c = 1, d = 1 - (a + b) * x / (a + 1), h;

	d = 1 / (fabs(d) < TINY ? TINY : d);
	h = d;
	for (int m = 1; m < MOST_STEPS; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double before = h;

		d = 1 + even * d;
		c = 1 + even / c;
		d = 1 / (fabs(d) < TINY ? TINY : d);
		c = fabs(c) < TINY ? TINY : c;
		h *= d * c;
		d = 1 + odd * d;
		c = 1 + odd / c;
		d = 1 / (fabs(d) < TINY ? TINY : d);
		c = fabs(c) < TINY ? TINY : c;
		h *= d * c;
		if (fabs(h - before) <= 1e-15 * fabs(h))
			break;
	}
	return h;
}

double stats_beta(double a, double b, double x)
{
	double front;

	if (!(a > 0) || !(b > 0) || isnan(x))
		return NAN;
	if (x <= 0)
		return 0;
	if (x >= 1)
		return 1;
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* Where the rising I_x(a, b) meets p. */
static double beta_inverse(double a, double b, double p)
{
	double low = 0, high = 1;

	for (int i = 0; i < HALVINGS; i++) {
		double middle = (low + high) / 2;

		if (stats_beta(a, b, middle) < p)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

struct interval stats_share(size_t k, size_t n)
{
	struct interval i = { 0, 1 };
	double hits = (double)k, others = n > k ? (double)(n - k) : 0;

	if (k && k <= n)
		i.low = beta_inverse(hits, others + 1, STATS_MISS / 2);
	if (k < n)
		i.high = beta_inverse(hits + 1, others, 1 - STATS_MISS / 2);
	return i;
}

/* P(X <= k) of a Poisson variable, from its terms, largest scale first taken out. */
static double poisson_at_most(size_t k, double mean)
{
	double sum = 0;

	if (mean <= 0)
		return 1;
	for (size_t i = 0; i <= k; i++)
		sum += exp((double)i * log(mean) - mean - lgamma((double)i + 1));
	return fmin(1, sum);
}

/* The mean at which k or fewer events have the chance `target`. */
static double poisson_mean(size_t k, double target)
{
	double low = 0, high = 10;

	while (poisson_at_most(k, high) > target)
		high *= 2;
	for (int i = 0; i < HALVINGS; i++) {
		double middle = (low + high) / 2;

		if (poisson_at_most(k, middle) > target)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

struct interval stats_rate(size_t k, double time)
{
	struct interval i = { 0, INFINITY };

	if (!(time > 0))
		return i;
	if (k)
		i.low = poisson_mean(k - 1, 1 - STATS_MISS / 2) / time;
	i.high = poisson_mean(k, STATS_MISS / 2) / time;
	return i;
}

static int by_falling_score(const void *a, const void *b)
{
	double x = ((const struct stats_row *)a)->score, y = ((const struct stats_row *)b)->score;

	if (isnan(x) || isnan(y))
		return isnan(x) - isnan(y);
	return (x < y) - (x > y);
}

void stats_sort(struct stats_row *rows, size_t n)
{
	if (n)
		qsort(rows, n, sizeof(*rows), by_falling_score);
}

/* Counts the rows from `from` on that tie with it; returns where they end. */
static size_t tie(const struct stats_row *rows, size_t n, size_t from, double *ret_bad, double *ret_good)
{
	size_t i = from;

	*ret_bad = *ret_good = 0;
	while (i < n && (rows[i].score == rows[from].score || (isnan(rows[i].score) && isnan(rows[from].score)))) {
		*(rows[i].bad ? ret_bad : ret_good) += 1;
		i++;
	}
	return i;
}

static double count_bad(const struct stats_row *rows, size_t n)
{
	double bad = 0;

	for (size_t i = 0; i < n; i++)
		bad += rows[i].bad;
	return bad;
}

double stats_roc_area(const struct stats_row *rows, size_t n)
{
	double all_bad = count_bad(rows, n), all_good = (double)n - all_bad, above = 0, area = 0, bad, good;

	for (size_t i = 0; i < n;) {
		i = tie(rows, n, i, &bad, &good);
		area += good * (above + bad / 2);
		above += bad;
	}
	return all_bad > 0 && all_good > 0 ? area / (all_bad * all_good) : NAN;
}

double stats_average_precision(const struct stats_row *rows, size_t n)
{
	double all_bad = count_bad(rows, n), hits = 0, taken = 0, sum = 0, bad, good;

	for (size_t i = 0; i < n;) {
		i = tie(rows, n, i, &bad, &good);
		hits += bad;
		taken += bad + good;
		sum += bad * hits / taken;
	}
	return all_bad > 0 ? sum / all_bad : NAN;
}

double stats_threshold(const struct stats_row *rows, size_t n, double share)
{
	double all_good = (double)n - count_bad(rows, n), accused = 0, threshold = INFINITY, bad, good;

	for (size_t i = 0; i < n && !isnan(rows[i].score);) {
		double score = rows[i].score;

		i = tie(rows, n, i, &bad, &good);
		accused += good;
		if (accused > share * all_good)
			break;
		threshold = score;
	}
	return threshold;
}

double stats_best_threshold(const struct stats_row *rows, size_t n)
{
	double all_bad = count_bad(rows, n), hits = 0, taken = 0, best = 0, threshold = NAN, bad, good;

	for (size_t i = 0; i < n && !isnan(rows[i].score);) {
		double score = rows[i].score;

		i = tie(rows, n, i, &bad, &good);
		hits += bad;
		taken += bad + good;
		if (2 * hits / (taken + all_bad) > best) {
			best = 2 * hits / (taken + all_bad);
			threshold = score;
		}
	}
	return threshold;
}

static double over(size_t part, size_t whole)
{
	return whole ? (double)part / (double)whole : NAN;
}

double stats_tpr(const struct stats_counts *c)
{
	return over(c->hits, c->hits + c->misses);
}

double stats_fpr(const struct stats_counts *c)
{
	return over(c->alarms, c->alarms + c->passes);
}

double stats_precision(const struct stats_counts *c)
{
	return over(c->hits, c->hits + c->alarms);
}

double stats_f1(const struct stats_counts *c)
{
	return over(2 * c->hits, 2 * c->hits + c->alarms + c->misses);
}

double stats_quantile(double *x, size_t n, double q)
{
	double at = ceil(q * (double)n);

	if (!n)
		return NAN;
	qsort(x, n, sizeof(*x), compare_doubles);
	return x[at < 1 ? 0 : at > (double)n ? n - 1 : (size_t)at - 1];
}
