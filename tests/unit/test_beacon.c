/* test_beacon.c: the sub-scores on series small enough to work out by hand, and the edges of each rule. */
#include "detect/beacon.h"

#include <errno.h>
#include <math.h>

#include "random.h"
#include "unit.h"

#define DAY 86400

static struct beacon_spread spread(enum beacon_of of, const double *values, size_t n)
{
	double copy[64];
	struct beacon_spread s;

	memcpy(copy, values, n * sizeof(*values));
	assert_int_equal(beacon_spread(of, copy, n, &s), 0);
	return s;
}

/* Tukey's hinges leave the median out where n is odd. */
static void test_hinges(void **state)
{
	const double odd[] = { 9, 1, 5, 3, 7 }, even[] = { 8, 2, 6, 4 };
	struct beacon_spread s = spread(BEACON_GAPS, odd, 5);

	assert_true(s.q1 == 2 && s.q2 == 5 && s.q3 == 8);
	assert_true(s.mad == 2);
	s = spread(BEACON_GAPS, even, 4);
	assert_true(s.q1 == 3 && s.q2 == 5 && s.q3 == 7);
}

static void test_skew(void **state)
{
	const double wide[] = { 100, 102, 110 }, narrow[] = { 100, 102, 109 }, on_edge[] = { 100, 100, 200 };
	struct beacon_spread s = spread(BEACON_SIZES, wide, 3);

	assert_true(fabs(s.skew - 0.6) < 1e-15);
	assert_true(spread(BEACON_SIZES, narrow, 3).skew == 0);	 /* Q3 - Q1 is 9 */
	assert_true(spread(BEACON_SIZES, on_edge, 3).skew == 0); /* Q2 is Q1 */
}

/* Where the median is below 1, deviation says nothing: for gaps that is a perfect second term, for sizes none. */
static void test_median_below_one(void **state)
{
	const double zeros[] = { 0, 0, 0, 0 }, ones[] = { 1, 1, 1, 1 };

	assert_true(spread(BEACON_GAPS, zeros, 4).score == 1);
	assert_true(spread(BEACON_SIZES, zeros, 4).score == 0.5);
	assert_true(spread(BEACON_SIZES, ones, 4).score == 1);
}

/* Beyond the median itself, deviation does not become negative. */
static void test_deviation_above_median(void **state)
{
	const double values[] = { 0, 0, 1, 100, 100 };
	struct beacon_spread s = spread(BEACON_GAPS, values, 5);

	assert_true(s.mad == 1 && s.mad_score == 0);
}

static void test_spread_refused(void **state)
{
	double values[] = { 1, 2, NAN };
	struct beacon_spread s;

	assert_int_equal(beacon_spread(BEACON_GAPS, values, 2, &s), -ENODATA);
	assert_int_equal(beacon_spread(BEACON_GAPS, values, 3, &s), -EDOM);
	values[2] = -1;
	assert_int_equal(beacon_spread(BEACON_GAPS, values, 3, &s), -EDOM);
	values[2] = INFINITY;
	assert_int_equal(beacon_spread(BEACON_GAPS, values, 3, &s), -EDOM);
}

/* counts[b] connections in bin b of a day. */
static struct beacon_hist hist(const unsigned int counts[BEACON_BINS])
{
	static uint64_t times[100000];
	struct beacon_hist h;
	size_t n = 0;

	for (unsigned int b = 0; b < BEACON_BINS; b++) {
		for (unsigned int i = 0; i < counts[b]; i++)
			times[n++] = 1000 + b * (DAY / BEACON_BINS) + i % 3600;
	}
	assert_int_equal(beacon_hist(times, n, 1000, 1000 + DAY, &h), 0);
	return h;
}

static void test_bins(void **state)
{
	/* Start and end of the span, and both sides of an edge. */
	const uint64_t times[] = { 1000, 1000 + 3599, 1000 + 3600, 1000 + DAY };
	const uint64_t early = 999, late = 1001 + DAY, backwards[] = { 2000, 1999 };
	struct beacon_hist h;

	assert_int_equal(beacon_hist(times, 4, 1000, 1000 + DAY, &h), 0);
	assert_int_equal(h.bins[0], 2);
	assert_int_equal(h.bins[1], 1);
	assert_int_equal(h.bins[23], 1);
	assert_int_equal(h.bars, 3);
	assert_int_equal(h.longest_run, 3); /* round the end */
	assert_int_equal(beacon_hist(&early, 1, 1000, 1000 + DAY, &h), -ERANGE);
	assert_int_equal(beacon_hist(&late, 1, 1000, 1000 + DAY, &h), -ERANGE);
	assert_int_equal(beacon_hist(backwards, 2, 1000, 1000 + DAY, &h), -ERANGE);
	assert_int_equal(beacon_hist(times, 0, 1000, 1000 + DAY, &h), -ENODATA);
	assert_int_equal(beacon_hist(times, 1, 1000, 1000, &h), -EINVAL);
	/* The whole range of times. */
	assert_int_equal(beacon_hist((uint64_t[]){ 0, UINT64_MAX / 2, UINT64_MAX }, 3, 0, UINT64_MAX, &h), 0);
	assert_int_equal(h.bins[0] + h.bins[11] + h.bins[23], 3);
}

static void test_run_and_bars(void **state)
{
	unsigned int counts[BEACON_BINS];
	struct beacon_hist h;

	for (unsigned int b = 0; b < BEACON_BINS; b++)
		counts[b] = b != 5 && b != 20;
	h = hist(counts);
	assert_int_equal(h.longest_run, 14); /* 6 to 19; round the end it is 3 + 5 */
	counts[5] = counts[20] = 1;
	assert_int_equal(hist(counts).longest_run, 24);
	assert_true(hist(counts).score == 1);
}

/* Eleven bars on two levels are bimodal, ten are not. */
static void test_bimodal(void **state)
{
	unsigned int counts[BEACON_BINS] = { 0 };
	struct beacon_hist h;

	for (unsigned int b = 0; b < 11; b++)
		counts[b] = b % 2 ? 40 : 10;
	h = hist(counts);
	assert_int_equal(h.bars, 11);
	assert_int_equal(h.level_size, 2);
	assert_int_equal(h.n_levels, 2);
	assert_int_equal(h.levels[0].count, 10);
	assert_int_equal(h.levels[0].bins, 6);
	assert_true(h.bimodal_score == 1); /* 11 of 10: one bar may be off */
	counts[0] = 0;
	assert_true(hist(counts).bimodal_score == 0);
	/* Of 12 bars on 12 levels, two make up 2 of 11. */
	for (unsigned int b = 0; b < 12; b++)
		counts[b] = 10 + 5 * b;
	assert_true(hist(counts).bimodal_score == 0.182);
}

static void test_dur(void **state)
{
	struct beacon_hist h = { .bars = 6, .longest_run = 6 };
	struct beacon_dur d;

	beacon_dur(&h, 0, 7 * 3600, DAY, &d);
	assert_true(d.coverage == 0.292); /* 0.29166..., upwards */
	assert_true(d.consistency == 0.5 && d.score == 0.5);
	h.longest_run = 13;
	beacon_dur(&h, 0, 7 * 3600, DAY, &d);
	assert_true(d.score == 1);
	h.bars = 5;
	beacon_dur(&h, 0, DAY, DAY, &d);
	assert_true(d.score == 0);
}

/* Halves go up, whatever binary fractions make of them. */
static void test_total(void **state)
{
	assert_true(beacon_total(1, 1, 1, 1) == 1);
	assert_true(beacon_total(0.93, 0.927, 0.957, 1) == 0.954); /* 0.9535 */
	for (unsigned int sum = 0; sum <= 4000; sum++) {
		double parts[4];

		for (unsigned int i = 0; i < 4; i++)
			parts[i] = (double)((sum + i) / 4) / 1000;
		assert_true(beacon_total(parts[0], parts[1], parts[2], parts[3]) ==
			    (double)((sum + 2) / 4) / 1000);
	}
}

static void fill(uint64_t *times, size_t n, double (*gap)(void))
{
	double at = 0;

	for (size_t i = 0; i < n; i++) {
		times[i] = at;
		at += gap();
	}
}

static double jittered(void)
{
	return 300 * (0.8 + 0.4 * random_unit());
}

static double poisson(void)
{
	return -300 * log(1 - random_unit());
}

/* A timer with 20 % jitter, and requests as often at any time. */
static void test_timer_and_chance(void **state)
{
	uint64_t times[250];
	double sizes[250];
	struct beacon b;

	random_start(6);
	for (size_t i = 0; i < 250; i++)
		sizes[i] = 400 + (double)random_below(20);
	fill(times, 250, jittered);
	assert_int_equal(beacon_score(times, 250, sizes, 250, 0, 2 * DAY, &b), 0);
	assert_true(b.ts.score > 0.85);
	fill(times, 250, poisson);
	assert_int_equal(beacon_score(times, 250, sizes, 250, 0, 2 * DAY, &b), 0);
	assert_true(b.ts.score < 0.7);
}

static void test_score_refused(void **state)
{
	static uint64_t many[BEACON_MAX_TIMES];
	const uint64_t times[] = { 1, 2, 3, 4 }, two_gaps[] = { 1, 1, 2, 3 };
	const double sizes[] = { 1, 1, 1 };
	struct beacon b;

	for (size_t i = 0; i < BEACON_MAX_TIMES; i++)
		many[i] = i;
	assert_int_equal(beacon_score(times, 4, sizes, 3, 0, DAY, &b), 0);
	assert_int_equal(beacon_score(times, 3, sizes, 3, 0, DAY, &b), -ENODATA);
	assert_int_equal(beacon_score(times, 4, sizes, 2, 0, DAY, &b), -ENODATA);
	assert_int_equal(beacon_score(two_gaps, 4, sizes, 3, 0, DAY, &b), -ENODATA);
	assert_int_equal(beacon_score(times, 4, sizes, 3, 2, DAY, &b), -ERANGE);
	assert_int_equal(beacon_score(many, BEACON_MAX_TIMES, sizes, 3, 0, DAY, &b), -E2BIG);
	assert_int_equal(beacon_score(many, BEACON_MAX_TIMES - 1, sizes, 3, 0, DAY, &b), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hinges),
		cmocka_unit_test(test_skew),
		cmocka_unit_test(test_median_below_one),
		cmocka_unit_test(test_deviation_above_median),
		cmocka_unit_test(test_spread_refused),
		cmocka_unit_test(test_bins),
		cmocka_unit_test(test_run_and_bars),
		cmocka_unit_test(test_bimodal),
		cmocka_unit_test(test_dur),
		cmocka_unit_test(test_total),
		cmocka_unit_test(test_timer_and_chance),
		cmocka_unit_test(test_score_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
