/* beacon.c: see beacon.h. */
#include "detect/beacon.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "profile/rhythm.h"
#include "support/median.h"

#define MIN_QUARTILE_RANGE 10
#define LEVEL_SHARE_OF_MAX 20 /* one in so many */
#define MIN_BARS_BIMODAL 11
#define MIN_BARS_DUR 6
#define IDEAL_RUN 12

static double round3(double x)
{
	return floor(x * 1000 + 0.5) / 1000;
}

static double ceil3(double x)
{
	return ceil(x * 1000) / 1000;
}

int beacon_spread(enum beacon_of of, double *values, size_t n, struct beacon_spread *ret_spread)
{
	struct beacon_spread s;
	size_t half = n / 2;

	if (n < BEACON_MIN_VALUES)
		return -ENODATA;
	for (size_t i = 0; i < n; i++) {
		if (!(values[i] >= 0 && isfinite(values[i])))
			return -EDOM;
	}
	qsort(values, n, sizeof(*values), compare_doubles);
	s.q1 = median_sorted(values, half);
	s.q2 = median_sorted(values, n);
	s.q3 = median_sorted(values + n - half, half);
	s.skew = 0;
	if (s.q3 - s.q1 >= MIN_QUARTILE_RANGE && s.q2 != s.q1 && s.q2 != s.q3)
		s.skew = (s.q1 + s.q3 - 2 * s.q2) / (s.q3 - s.q1);
	s.skew_score = 1 - fabs(s.skew);
	for (size_t i = 0; i < n; i++)
		values[i] = fabs(values[i] - s.q2);
	s.mad = median(values, n);
	if (s.q2 < 1)
		s.mad_score = of == BEACON_GAPS ? 1 : 0;
	else
		s.mad_score = s.mad < s.q2 ? (s.q2 - s.mad) / s.q2 : 0;
	s.score = round3((s.skew_score + s.mad_score) / 2);
	*ret_spread = s;
	return 0;
}

/* Population sd over mean, turned round. */
static double cv_score(const uint32_t bins[BEACON_BINS], size_t n)
{
	double mean = (double)n / BEACON_BINS, squares = 0, cv;

	for (unsigned int i = 0; i < BEACON_BINS; i++)
		squares += (bins[i] - mean) * (bins[i] - mean);
	cv = sqrt(squares / BEACON_BINS) / mean;
	return cv > 1 ? 0 : round3(1 - cv);
}

static void add_to_level(struct beacon_hist *h, uint32_t count)
{
	unsigned int at = 0;

	while (at < h->n_levels && h->levels[at].count < count)
		at++;
	if (at == h->n_levels || h->levels[at].count != count) {
		memmove(h->levels + at + 1, h->levels + at, (h->n_levels - at) * sizeof(h->levels[0]));
		h->levels[at] = (struct beacon_level){ .count = count };
		h->n_levels++;
	}
	h->levels[at].bins++;
}

static double bimodal_score(const struct beacon_hist *h)
{
	uint32_t first = 0, second = 0;
	double share;

	if (h->bars < MIN_BARS_BIMODAL)
		return 0;
	for (unsigned int i = 0; i < h->n_levels; i++) {
		uint32_t bins = h->levels[i].bins;

		if (bins > first) {
			second = first;
			first = bins;
		} else if (bins > second) {
			second = bins;
		}
	}
	share = round3((double)(first + second) / (h->bars - 1));
	return share < 1 ? share : 1;
}

static unsigned int longest_run(const uint32_t bins[BEACON_BINS])
{
	unsigned int run = 0, longest = 0;

	/* Twice round, so that a run may go over the end. */
	for (unsigned int i = 0; i < 2 * BEACON_BINS; i++) {
		run = bins[i % BEACON_BINS] ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	return longest < BEACON_BINS ? longest : BEACON_BINS;
}

double rhythm_timing_score(const struct rhythm *r)
{
	struct beacon_spread spread;
	double gaps[RECENT_GAPS];
	uint32_t ms[RECENT_GAPS];
	unsigned int n = rhythm_recent(r, ms), kept = 0;

	for (unsigned int i = 0; i < n; i++) {
		double seconds = round(ms[i] / 1e3);

		if (seconds > 0)
			gaps[kept++] = seconds;
	}
	return beacon_spread(BEACON_GAPS, gaps, kept, &spread) ? NAN : spread.score;
}

int beacon_hist(const uint64_t *times, size_t n, uint64_t from, uint64_t to, struct beacon_hist *ret_hist)
{
	struct beacon_hist h = { 0 };
	uint32_t most = 0;

	if (from >= to)
		return -EINVAL;
	if (!n)
		return -ENODATA;
	for (size_t i = 0; i < n; i++) {
		unsigned int bin;

		if (times[i] < from || times[i] > to || (i && times[i] < times[i - 1]))
			return -ERANGE;
		bin = (unsigned __int128)(times[i] - from) * BEACON_BINS / (to - from);
		h.bins[bin < BEACON_BINS ? bin : BEACON_BINS - 1]++; /* the last one has its end */
	}
	for (unsigned int i = 0; i < BEACON_BINS; i++) {
		h.bars += h.bins[i] > 0;
		most = h.bins[i] > most ? h.bins[i] : most;
	}
	h.level_size = (most + LEVEL_SHARE_OF_MAX - 1) / LEVEL_SHARE_OF_MAX;
	for (unsigned int i = 0; i < BEACON_BINS; i++) {
		if (h.bins[i])
			add_to_level(&h, h.bins[i] / h.level_size * h.level_size);
	}
	h.longest_run = longest_run(h.bins);
	h.cv_score = cv_score(h.bins, n);
	h.bimodal_score = bimodal_score(&h);
	h.score = h.cv_score > h.bimodal_score ? h.cv_score : h.bimodal_score;
	*ret_hist = h;
	return 0;
}

void beacon_dur(const struct beacon_hist *hist, uint64_t first, uint64_t last, uint64_t span,
		struct beacon_dur *ret_dur)
{
	struct beacon_dur d = { 0 };

	if (hist->bars >= MIN_BARS_DUR) {
		d.coverage = ceil3((double)(last - first) / span);
		d.consistency = ceil3((double)hist->longest_run / IDEAL_RUN);
		d.coverage = d.coverage < 1 ? d.coverage : 1;
		d.consistency = d.consistency < 1 ? d.consistency : 1;
	}
	d.score = d.coverage > d.consistency ? d.coverage : d.consistency;
	*ret_dur = d;
}

/* In whole thousandths, where halves are halves. */
double beacon_total(double ts, double ds, double hist, double dur)
{
	long sum = lround(ts * 1000) + lround(ds * 1000) + lround(hist * 1000) + lround(dur * 1000);
	long thousandths = (sum + 2) / 4;

	return (double)thousandths / 1000;
}

static int spread_of_gaps(const uint64_t *times, size_t n, double *room, struct beacon_spread *ret_spread)
{
	size_t n_gaps = 0;

	for (size_t i = 1; i < n; i++) {
		if (times[i] != times[i - 1])
			room[n_gaps++] = times[i] - times[i - 1];
	}
	return beacon_spread(BEACON_GAPS, room, n_gaps, ret_spread);
}

int beacon_score(const uint64_t *times, size_t n, const double *sizes, size_t n_sizes, uint64_t from, uint64_t to,
		 struct beacon *ret_beacon)
{
	struct beacon b;
	double *room;
	int err;

	if (n < BEACON_MIN_TIMES || n_sizes < BEACON_MIN_VALUES)
		return -ENODATA;
	if (n >= BEACON_MAX_TIMES || n_sizes >= BEACON_MAX_TIMES)
		return -E2BIG;
	err = beacon_hist(times, n, from, to, &b.hist);
	if (err)
		return err;
	room = calloc(n > n_sizes ? n : n_sizes, sizeof(*room));
	if (!room)
		return -ENOMEM;
	err = spread_of_gaps(times, n, room, &b.ts);
	if (err)
		goto out;
	memcpy(room, sizes, n_sizes * sizeof(*sizes));
	err = beacon_spread(BEACON_SIZES, room, n_sizes, &b.ds);
	if (err)
		goto out;
	beacon_dur(&b.hist, times[0], times[n - 1], to - from, &b.dur);
	b.score = beacon_total(b.ts.score, b.ds.score, b.hist.score, b.dur.score);
	*ret_beacon = b;
out:
	free(room);
	return err;
}
