/* odv.c: see odv.h. */
#include "detect/odv.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAD_TO_SD 1.4826 /* of a normal distribution */
#define SIXTH (1.0 / 6)

double odv_k(enum odv_bound bound, enum odv_side side, double p)
{
	double general = side == ODV_TWO ? 1 / sqrt(p) : sqrt((1 - p) / p);

	if (bound == ODV_GENERAL)
		return general;
	if (bound == ODV_UNIMODAL)
		return 2 * general / 3;
	if (side == ODV_TWO)
		return p <= SIXTH ? 2 / (3 * sqrt(p)) : sqrt(4 / (3 * p + 1));
	return p <= SIXTH ? sqrt(4 / (9 * p) - 1) : sqrt(4 / (3 * p + 1) - 1);
}

/* Vysochanskij, Petunin: of the squared distance, from the middle or (one-sided: 1 + z^2) shifted. */
static double p_one_peak(double square)
{
	return square >= 8.0 / 3 ? 4 / (9 * square) : fmin(1, 4 / (3 * square) - 1.0 / 3);
}

double odv_p(enum odv_bound bound, enum odv_side side, double z)
{
	double square = z * z;

	if (isnan(z) || z == 0 || (side != ODV_TWO && z < 0))
		return 1;
	if (bound == ODV_GENERAL)
		return side == ODV_TWO ? fmin(1, 1 / square) : 1 / (1 + square);
	if (bound == ODV_UNIMODAL && side != ODV_TWO)
		return 4 / (4 + 9 * square);
	return p_one_peak(side == ODV_TWO ? square : 1 + square);
}

double odv_p_new(double z, double n)
{
	double square = z * z;

	if (isnan(z) || square == 0 || n < 2)
		return 1;
	return fmin(1, floor((n + 1) / n * ((n - 1) / square + 1)) / (n + 1));
}

/* One at 1 among n - 1 at 0: the largest distance that n values allow, squared. */
static double most_square(enum odv_bound bound, double n)
{
	return bound == ODV_UNIMODAL ? n * n / (n + 1) : (n - 1) * (n - 1) / n;
}

double odv_least_n(enum odv_bound bound, enum odv_side side, double p)
{
	double k = odv_k(bound, side, p), square = k * k, n;

	if (!(square < 1e15)) /* where n + 1 is no longer another number than n */
		return INFINITY;
	n = fmax(2, floor(square));
	while (most_square(bound, n) <= square)
		n++;
	return n;
}

double odv_transform(const struct odv_options *o, double x)
{
	double value = x;

	if (o->transform == ODV_LN)
		value = x + o->offset > 0 ? log(x + o->offset) : NAN;
	else if (o->transform == ODV_LN1P)
		value = x > -1 ? log1p(x) : NAN;
	return fabs(value) <= ODV_VALUE_MOST ? value : NAN;
}

double odv_untransform(const struct odv_options *o, double value)
{
	if (o->transform == ODV_LN)
		return exp(value) - o->offset;
	return o->transform == ODV_LN1P ? expm1(value) : value;
}

const char *odv_options_check(const struct odv_options *o)
{
	if ((unsigned int)o->bound >= N_ODV_BOUNDS || (unsigned int)o->side >= N_ODV_SIDES ||
	    (unsigned int)o->transform >= N_ODV_TRANSFORMS || (unsigned int)o->center >= N_ODV_CENTERS)
		return "no such bound, side, transform or center";
	if (!(o->p1 > 0 && o->p1 < 1) || !(o->p2 > 0 && o->p2 < 1))
		return "p1 and p2 lie between 0 and 1";
	if (!(o->sd_floor >= 0 && o->sd_floor <= ODV_VALUE_MOST))
		return "the floor of sd is not negative";
	if (!(fabs(o->offset) <= ODV_VALUE_MOST))
		return "the offset is a number";
	return NULL;
}

/* Transforms what is not missing. Returns how many, SIZE_MAX where one cannot be. */
static size_t collect(const struct odv_options *o, const double *x, size_t n, double *values, size_t *ret_bad)
{
	size_t kept = 0, seen = 0;
	bool good = true;

	/* First in the hope that each has one: without a branch per value. */
	for (size_t i = 0; i < n && good; i++) {
		double value = o->transform == ODV_NONE ? x[i]
			       : o->transform == ODV_LN ? log(x[i] + o->offset)
							: log1p(x[i]);

		values[kept] = value;
		kept += !isnan(x[i]);
		good = fabs(value) <= ODV_VALUE_MOST || isnan(x[i]);
	}
	if (good)
		return kept;
	for (size_t i = 0; i < n; i++) {
		if (isnan(x[i]))
			continue;
		values[seen] = odv_transform(o, x[i]);
		if (isnan(values[seen])) {
			if (ret_bad)
				*ret_bad = i;
			return SIZE_MAX;
		}
		seen++;
	}
	return seen;
}

#define LANES 4 /* sums side by side, so that one addition need not wait for the one before */

/* Two sums: what remains of the first corrects the second. Deviations are from a value of the set, so that equal
 * values have none, whatever their number. */
static void measure_mean(struct odv_pass *pass, const double *v, size_t n)
{
	double sum[LANES] = { 0 }, rest[LANES] = { 0 }, squares[LANES] = { 0 };
	double mean, left;
	size_t i = 0;

	for (; i + LANES <= n; i += LANES)
		for (size_t k = 0; k < LANES; k++)
			sum[k] += v[i + k] - v[0];
	for (; i < n; i++)
		sum[0] += v[i] - v[0];
	mean = v[0] + (sum[0] + sum[1] + sum[2] + sum[3]) / n;
	for (i = 0; i + LANES <= n; i += LANES) {
		for (size_t k = 0; k < LANES; k++) {
			double d = v[i + k] - mean;

			rest[k] += d;
			squares[k] += d * d;
		}
	}
	for (; i < n; i++) {
		rest[0] += v[i] - mean;
		squares[0] += (v[i] - mean) * (v[i] - mean);
	}
	left = rest[0] + rest[1] + rest[2] + rest[3];
	pass->mean = mean;
	pass->sd = sqrt(fmax(0, squares[0] + squares[1] + squares[2] + squares[3] - left * left / n) / (n - 1));
}

/* Moves what is less than the pivot (or as much, if or_equal) to the front; returns how many those are. A value is
 * moved whether it is less or not: a branch here would be guessed wrong every other time. */
static size_t partition(double *v, size_t n, double pivot, bool or_equal)
{
	size_t less = 0;

	for (size_t i = 0; i < n; i++) {
		double x = v[i];

		v[i] = v[less];
		v[less] = x;
		less += or_equal ? x <= pivot : x < pivot;
	}
	return less;
}

/* The value that would be at place k in order (Hoare's FIND, 1961), with nothing greater before it; pivots by a
 * fixed sequence that no order of values is made for. */
static double select_kth(double *v, size_t n, size_t k)
{
	size_t from = 0, to = n;
	uint64_t random = 1;

	for (;;) {
		size_t less, equal;
		double pivot;

		random = random * 6364136223846793005ULL + 1442695040888963407ULL; /* Knuth's MMIX */
		pivot = v[from + (random >> 33) % (to - from)];
		less = from + partition(v + from, to - from, pivot, false);
		if (k < less) {
			to = less;
			continue;
		}
		equal = less + partition(v + less, to - less, pivot, true);
		if (k < equal)
			return pivot;
		from = equal;
	}
}

static double median(double *v, size_t n)
{
	double upper = select_kth(v, n, n / 2), lower;

	if (n % 2)
		return upper;
	lower = v[0];
	for (size_t i = 1; i < n / 2; i++)
		lower = v[i] > lower ? v[i] : lower;
	return lower + (upper - lower) / 2;
}

static void measure_median(struct odv_pass *pass, double *v, size_t n, double *room)
{
	pass->mean = median(v, n);
	for (size_t i = 0; i < n; i++)
		room[i] = fabs(v[i] - pass->mean);
	pass->sd = MAD_TO_SD * median(room, n);
}

/* Bin i is [edge i, edge i+1); the last one holds its end, too. */
static void count_bins(const double *v, size_t n, const double *edge, size_t *count)
{
	double min = edge[0], per_bin = ODV_MODE_BINS / (edge[ODV_MODE_BINS] - min);
	uint64_t lane[2][ODV_MODE_BINS] = { 0 }; /* of two counts the one need not wait for the other */
	double open[ODV_MODE_BINS + 1];

	memcpy(open, edge, sizeof(open));
	open[0] = -INFINITY;
	open[ODV_MODE_BINS] = INFINITY;
	for (size_t i = 0; i < n; i++) {
		double at = (v[i] - min) * per_bin;
		int64_t bin = (int64_t)(at < ODV_MODE_BINS - 1 ? at : ODV_MODE_BINS - 1);

		/* The product may round over an edge, or overflow. */
		while (v[i] < open[bin])
			bin--;
		while (v[i] >= open[bin + 1])
			bin++;
		lane[i % 2][bin]++;
	}
	for (size_t i = 0; i < ODV_MODE_BINS; i++)
		count[i] = lane[0][i] + lane[1][i];
}

static double find_mode(const double *v, size_t n)
{
	size_t count[ODV_MODE_BINS] = { 0 }, most = 0;
	double min = v[n - 1], max = v[n - 1], sum = 0, edge[ODV_MODE_BINS + 1];
	unsigned int fullest = 0;

	for (size_t i = 0; i + 1 < n; i += 2) {
		double less = v[i] < v[i + 1] ? v[i] : v[i + 1], more = v[i] > v[i + 1] ? v[i] : v[i + 1];

		min = less < min ? less : min;
		max = more > max ? more : max;
	}
	if (min == max)
		return min;
	for (unsigned int i = 0; i <= ODV_MODE_BINS; i++)
		edge[i] = min + (max - min) * i / ODV_MODE_BINS;
	count_bins(v, n, edge, count);
	for (unsigned int i = 0; i < ODV_MODE_BINS; i++)
		most = count[i] > most ? count[i] : most;
	for (unsigned int i = 0; i < ODV_MODE_BINS; i++) {
		if (count[i] != most)
			continue;
		sum += edge[i] / 2 + edge[i + 1] / 2;
		fullest++;
	}
	return sum / fullest;
}

static void set_limits(struct odv_pass *pass, const struct odv_options *o, double p)
{
	pass->k = odv_k(o->bound, o->side, p);
	pass->lower = -INFINITY;
	pass->upper = INFINITY;
	if (pass->n < 2)
		return;
	if (o->side != ODV_UPPER)
		pass->lower = pass->mode - pass->k * pass->spread;
	if (o->side != ODV_LOWER)
		pass->upper = pass->mode + pass->k * pass->spread;
}

/* v: n values, which ODV_MEDIAN reorders; room for n more. */
static void measure(struct odv_pass *pass, const struct odv_options *o, double p, double *v, size_t n,
		    double *room)
{
	*pass = (struct odv_pass){ .n = (double)n };
	if (n == 1)
		pass->mean = v[0];
	else if (n && o->center == ODV_MEDIAN)
		measure_median(pass, v, n, room);
	else if (n)
		measure_mean(pass, v, n);
	pass->mode = pass->mean;
	pass->spread = fmax(pass->sd, o->sd_floor);
	if (n > 1 && o->bound == ODV_UNIMODAL) {
		pass->mode = find_mode(v, n);
		pass->spread = hypot(pass->spread, pass->mode - pass->mean);
	}
	set_limits(pass, o, p);
}

static size_t keep_inside(const struct odv_pass *pass, double *v, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		double x = v[i];

		v[kept] = x;
		kept += !(x < pass->lower || x > pass->upper);
	}
	return kept;
}

static void fit(struct odv *ret, const double *x, size_t n, double *v, size_t n_v, double *room)
{
	const struct odv_options *o = &ret->options;
	struct odv_pass *first = &ret->pass[0], *second = &ret->pass[1];
	size_t kept;

	measure(first, o, o->p1, v, n_v, room);
	kept = keep_inside(first, v, n_v);
	if (kept < n_v) {
		measure(second, o, o->p2, v, kept, room);
	} else { /* the same values once more */
		*second = *first;
		set_limits(second, o, o->p2);
	}
	if (!o->zero_variance_correction || n_v < 2 || (kept >= 2 && second->sd > 0))
		return;
	ret->clamped = true;
	(void)collect(o, x, n, v, NULL); /* as before; keep_inside() overwrote it */
	measure(first, o, 1.0 / n_v, v, n_v, room);
	for (size_t i = 0; i < n_v; i++)
		v[i] = fmin(fmax(v[i], first->lower), first->upper);
	measure(second, o, o->p2, v, n_v, room);
}

int odv_fit(struct odv *ret, const struct odv_options *o, const double *x, size_t n, size_t *ret_bad)
{
	struct odv fitted = { .options = *o };
	double *v;
	size_t n_v;

	if (odv_options_check(o))
		return -EINVAL;
	if (n > SIZE_MAX / (2 * sizeof(*v)) - 1)
		return -ENOMEM;
	v = malloc((n + 1) * (o->center == ODV_MEDIAN ? 2 : 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	n_v = collect(o, x, n, v, ret_bad);
	if (n_v == SIZE_MAX) {
		free(v);
		return -EDOM;
	}
	fit(&fitted, x, n, v, n_v, o->center == ODV_MEDIAN ? v + n : NULL);
	free(v);
	/* Where p2 is the larger one, pass 2 can find what pass 1 cannot. */
	fitted.least_n = odv_least_n(o->bound, o->side, fmax(o->p1, o->p2));
	*ret = fitted;
	return 0;
}

static bool number(double x)
{
	return fabs(x) <= 1e300;
}

static const char *check_pass(const struct odv_pass *p)
{
	if (!(p->n >= 0 && p->n <= 9007199254740992.0) || p->n != floor(p->n))
		return "n is not a count";
	if (!number(p->mean) || !number(p->mode))
		return "a mean or mode is not a number";
	if (!(p->sd >= 0 && number(p->sd)) || !(p->spread >= 0 && number(p->spread)))
		return "a deviation is negative or not a number";
	if (!(p->k > 0 && number(p->k)))
		return "k is not above 0";
	if (!(p->lower <= p->upper) || p->lower == INFINITY || p->upper == -INFINITY)
		return "the limits are not in order";
	return NULL;
}

const char *odv_check(const struct odv *o)
{
	const char *wrong = odv_options_check(&o->options);

	for (int i = 0; !wrong && i < 2; i++)
		wrong = check_pass(&o->pass[i]);
	if (!wrong && !(o->least_n >= 2))
		wrong = "the least n is below 2";
	return wrong;
}

/* In spreads; one-sided, towards the side that is judged. */
static double distance(const struct odv_options *o, double value, double middle, double spread)
{
	double d = value - middle;

	if (o->side == ODV_TWO)
		d = fabs(d);
	else if (o->side == ODV_LOWER)
		d = -d;
	return d == 0 ? 0 : d / spread; /* beside equal values: infinitely far */
}

struct odv_verdict odv_judge(const struct odv *o, double x)
{
	const struct odv_pass *pass = &o->pass[1];
	struct odv_verdict v = { .value = odv_transform(&o->options, x), .p = 1, .p_new = 1 };
	double from_mean;

	v.unknown = isnan(v.value) || !(o->pass[0].n >= o->least_n);
	if (isnan(v.value) || pass->n < 2)
		return v;
	v.flagged = v.value < pass->lower || v.value > pass->upper;
	v.z = distance(&o->options, v.value, pass->mode, pass->spread);
	v.p = odv_p(o->options.bound, o->options.side, v.z);
	from_mean = distance(&o->options, v.value, pass->mean, fmax(pass->sd, o->options.sd_floor));
	v.p_new = odv_p_new(fmax(0, from_mean), pass->n);
	v.score = v.p < 1 ? fmin(ODV_SCORE_MOST, -log10(v.p)) : 0;
	return v;
}

/* Where a limit lies in units of x, moved inwards by more than rounding can matter. */
static double surely_inside(const struct odv_options *o, double limit, int inwards)
{
	double x = odv_untransform(o, limit);

	return isfinite(x) ? x + inwards * 1e-9 * (fabs(x) + fabs(o->offset) + 1) : x;
}

size_t odv_flag(const struct odv *o, const double *x, size_t n, bool *flags)
{
	const struct odv_pass *pass = &o->pass[1];
	double lower = surely_inside(&o->options, pass->lower, 1);
	double upper = surely_inside(&o->options, pass->upper, -1);
	size_t flagged = 0;

	for (size_t i = 0; i < n; i++) {
		bool odd = false;

		if (!(x[i] > lower && x[i] < upper)) {
			double value = odv_transform(&o->options, x[i]);

			odd = value < pass->lower || value > pass->upper;
		}
		flags[i] = odd;
		flagged += odd;
	}
	return flagged;
}

int odv_stream_init(struct odv_stream *s, const struct odv_options *o, uint64_t n0)
{
	if (odv_options_check(o) || o->bound == ODV_UNIMODAL || o->center != ODV_MEAN || n0 < 2)
		return -EINVAL;
	*s = (struct odv_stream){ .options = *o,
				  .k1 = odv_k(o->bound, o->side, o->p1),
				  .k2 = odv_k(o->bound, o->side, o->p2),
				  .n0 = n0 };
	return 0;
}

static bool within(const struct odv_stream *s, const struct moments *m, double k, double value)
{
	double d = value - m->mean;

	if (s->options.side == ODV_TWO)
		d = fabs(d);
	else if (s->options.side == ODV_LOWER)
		d = -d;
	return d <= fmax(moments_sd(m), s->options.sd_floor) * k;
}

enum odv_stream_says odv_stream_add(struct odv_stream *s, double x)
{
	double value = odv_transform(&s->options, x);
	enum odv_stream_says says = ODV_STREAM_UNKNOWN;

	if (isnan(value))
		return says;
	if (s->all.n < s->n0) {
		moments_add(&s->all, value);
		moments_add(&s->inliers, value);
		return says;
	}
	says = within(s, &s->inliers, s->k2, value) ? ODV_STREAM_INSIDE : ODV_STREAM_OUTSIDE;
	if (within(s, &s->all, s->k1, value))
		moments_add(&s->inliers, value);
	moments_add(&s->all, value);
	return says;
}
