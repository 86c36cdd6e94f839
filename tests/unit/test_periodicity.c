/* test_periodicity.c: known spectra, Fisher's own table of p, and series that have no rhythm or no spectrum. */
#include "detect/periodicity.h"

#include <errno.h>
#include <math.h>

#include "random.h"
#include "unit.h"

#define N 256

static struct fisher fisher(const double *x, size_t n)
{
	struct fisher f;

	assert_int_equal(periodicity_fisher(x, n, &f), 0);
	return f;
}

/* A cosine has one line; two of the same height share it. */
static void test_lines(void **state)
{
	double x[N];
	struct fisher f;

	for (size_t t = 0; t < N; t++)
		x[t] = 3 + cos(2 * M_PI * 32 * t / N);
	f = fisher(x, N);
	assert_int_equal(f.q, 127);
	assert_int_equal(f.k, 32);
	assert_true(fabs(f.g - 1) < 1e-12);
	assert_true(f.p < 1e-100);
	for (size_t t = 0; t < N; t++)
		x[t] += sin(2 * M_PI * 5 * t / N);
	assert_true(fabs(fisher(x, N).g - 0.5) < 1e-12);
}

/* Of odd n every line counts, of even n the last one, n/2, does not. */
static void test_odd_and_even(void **state)
{
	double x[N], odd;
	struct fisher f;

	for (size_t t = 0; t < N; t++)
		x[t] = t % 2;
	assert_int_equal(periodicity_fisher(x, N, &f), -EDOM);
	odd = fisher(x, N - 1).g;
	assert_true(odd > 0.3);
	assert_int_equal(fisher(x, N - 1).k, (N - 2) / 2);
	assert_int_equal(fisher(x, 3).q, 1);
	assert_true(fisher(x, 3).p == 1);
}

/* Fisher (1929): the 5 % points of g. */
static void test_p_table(void **state)
{
	static const struct {
		unsigned int q;
		double g;
	} rows[] = { { 5, 0.68377 }, { 10, 0.44495 }, { 20, 0.27040 }, { 50, 0.13135 } };

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_true(fabs(periodicity_fisher_p(rows[i].q, rows[i].g) - 0.05) < 2e-5);
}

/* From 1 at the least g down to 0, also where the sum itself is lost in rounding. */
static void test_p_falls(void **state)
{
	static const unsigned int qs[] = { 1, 2, 3, 31, 127, 500, 2047 };

	for (size_t i = 0; i < COUNT(qs); i++) {
		double before = 1;

		assert_true(periodicity_fisher_p(qs[i], 1.0 / qs[i]) == 1);
		for (unsigned int step = 1; step <= 1000; step++) {
			double g = 1.0 / qs[i] + step * (1 - 1.0 / qs[i]) / 1000;
			double p = periodicity_fisher_p(qs[i], g);

			assert_true(p >= 0 && p <= before + 2e-5);
			before = p;
		}
		assert_true(before == (qs[i] == 1 ? 1 : 0));
	}
	assert_true(isnan(periodicity_fisher_p(0, 0.5)));
	assert_true(isnan(periodicity_fisher_p(5, NAN)));
	assert_true(isnan(periodicity_fisher_p(5, 1.1)));
	assert_true(isnan(periodicity_fisher_p(5, -0.1)));
}

/* p of white noise is uniform: of 400 series between 20 and 65 are below 0.1 (40, sd 6). */
static void test_noise(void **state)
{
	unsigned int low = 0;

	random_start(9);
	for (unsigned int series = 0; series < 400; series++) {
		double x[N];

		for (size_t t = 0; t < N; t++)
			x[t] = random_normal();
		low += fisher(x, N).p < 0.1;
	}
	assert_in_range(low, 20, 65);
}

static void test_autocorrelation(void **state)
{
	double x[N] = { 0 }, r;

	for (size_t t = 0; t < N; t += 8)
		x[t] = 1;
	assert_int_equal(periodicity_autocorrelation(x, N, 0, &r), 0);
	assert_true(fabs(r - 1) < 1e-15);
	assert_int_equal(periodicity_autocorrelation(x, N, 8, &r), 0);
	assert_true(r > 0.9 && r < 1);
	assert_int_equal(periodicity_autocorrelation(x, N, 7, &r), 0);
	assert_true(r < 0);
	assert_int_equal(periodicity_autocorrelation(x, N, N, &r), -EINVAL);
}

static void test_refused(void **state)
{
	static double many[PERIODICITY_MAX + 1];
	double x[] = { 0.1, 0.1, 0.1, 0.1 }, r;
	struct fisher f;

	assert_int_equal(periodicity_fisher(x, 2, &f), -ENODATA);
	assert_int_equal(periodicity_fisher(x, 4, &f), -EDOM);
	assert_int_equal(periodicity_autocorrelation(x, 4, 1, &r), -EDOM);
	x[2] = NAN;
	assert_int_equal(periodicity_fisher(x, 4, &f), -EDOM);
	x[2] = INFINITY;
	assert_int_equal(periodicity_autocorrelation(x, 4, 1, &r), -EDOM);
	many[7] = 1;
	assert_int_equal(periodicity_fisher(many, PERIODICITY_MAX + 1, &f), -E2BIG);
	assert_int_equal(periodicity_autocorrelation(many, PERIODICITY_MAX + 1, 1, &r), -E2BIG);
	assert_int_equal(periodicity_fisher(many, PERIODICITY_MAX, &f), 0);
	assert_true(f.p == 1); /* one pulse has all lines alike */
}

static void test_persistence(void **state)
{
	bool active[48] = { false };

	assert_true(periodicity_persistence(active, 48, 1) == 0);
	assert_true(periodicity_persistence(active, 0, 1) == 0);
	for (size_t h = 9; h < 17; h++)
		active[h] = true;
	assert_true(periodicity_persistence(active, 48, 1) == 0.8);
	assert_true(periodicity_persistence(active, 48, 2) == 0.5); /* 9 to 16, in bins that begin with any hour */
	assert_true(periodicity_persistence(active, 48, 8) == 0.2);
	assert_true(periodicity_persistence(active, 12, 1) == 0.3);
	assert_true(periodicity_persistence(active, 5, 1) == 0);
	active[0] = true;
	assert_true(periodicity_persistence(active, 5, 4) == 0.1); /* less than ten bins */
}

static void test_entropy(void **state)
{
	char bytes[256];

	for (size_t i = 0; i < 256; i++)
		bytes[i] = i;
	assert_true(fabs(entropy_bits(bytes, 256) - 8) < 1e-12);
	assert_true(entropy_bits("ab", 2) == 1);
	assert_true(entropy_bits("aaaa", 4) == 0 && !signbit(entropy_bits("aaaa", 4)));
	assert_true(entropy_bits("", 0) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),	cmocka_unit_test(test_odd_and_even),
		cmocka_unit_test(test_p_table), cmocka_unit_test(test_p_falls),
		cmocka_unit_test(test_noise),	cmocka_unit_test(test_autocorrelation),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_persistence),
		cmocka_unit_test(test_entropy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
