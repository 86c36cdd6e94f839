/* test_odv.c: Chebyshev limits beyond what the test vectors hold: too little data, missing values, medians, bounds
 * that agree with each other, values that no limit can be taken of. */
#include "detect/odv.h"

#include <errno.h>
#include <float.h>
#include <math.h>

#include "support/compare.h"
#include "unit.h"

static const struct odv_options general = { .p1 = 0.1, .p2 = 0.01 };

static void assert_near(double got, double expected)
{
	if (!(fabs(got - expected) <= 1e-9 * fabs(expected) + 1e-12))
		fail_msg("%.12g, not %.12g", got, expected);
}

static struct odv fit(const struct odv_options *o, const double *x, size_t n)
{
	struct odv fitted;

	assert_int_equal(odv_fit(&fitted, o, x, n, NULL), 0);
	assert_null(odv_check(&fitted));
	return fitted;
}

/* The table of the method's description; each is confirmed by data. */
static void test_least_n(void **state)
{
	static const struct {
		double p, general, cantelli, unimodal, vp;
	} rows[] = {
		{ 0.1, 12, 11, 6, 7 },
		{ 0.05, 22, 21, 10, 11 },
		{ 0.01, 102, 101, 46, 47 },
		{ 0.001, 1002, 1001, 446, 447 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		double p = rows[i].p;

		assert_near(odv_least_n(ODV_GENERAL, ODV_TWO, p), rows[i].general);
		assert_near(odv_least_n(ODV_GENERAL, ODV_UPPER, p), rows[i].cantelli);
		assert_near(odv_least_n(ODV_UNIMODAL, ODV_TWO, p), rows[i].unimodal);
		assert_near(odv_least_n(ODV_VP, ODV_TWO, p), rows[i].vp);
	}
	assert_true(isinf(odv_least_n(ODV_GENERAL, ODV_TWO, 1e-300)));
}

/* One odd value among n - 1 equal ones is found from the least n on, not with one less. */
static void test_one_hides_itself(void **state)
{
	static const double ps[] = { 0.1, 0.05, 0.01, 0.001 };
	double x[2048] = { 0 };

	for (int bound = ODV_GENERAL; bound <= ODV_VP; bound += 2) {
		for (int side = 0; side < N_ODV_SIDES; side++) {
			for (size_t i = 0; i < COUNT(ps); i++) {
				struct odv_options o = { .bound = bound, .side = side, .p1 = ps[i], .p2 = ps[i] };
				size_t n = (size_t)odv_least_n(bound, side, ps[i]);
				struct odv f;

				x[0] = side == ODV_LOWER ? -7 : 7;
				f = fit(&o, x, n);
				assert_true(odv_judge(&f, x[0]).flagged);
				assert_false(odv_judge(&f, x[0]).unknown);
				assert_false(odv_judge(&f, 0).flagged);
				f = fit(&o, x, n - 1);
				assert_false(odv_judge(&f, x[0]).flagged);
				assert_true(odv_judge(&f, x[0]).unknown);
			}
		}
	}
}

/* p is odv_k's inverse, and a value is flagged just where its p is below p2. */
static void test_p_and_k(void **state)
{
	static const double ps[] = { 0.0001, 0.001, 0.01, 0.05, 0.1, 0.16 };

	for (int bound = 0; bound < N_ODV_BOUNDS; bound++)
		for (int side = 0; side < N_ODV_SIDES; side++)
			for (size_t i = 0; i < COUNT(ps); i++)
				assert_near(odv_p(bound, side, odv_k(bound, side, ps[i])), ps[i]);
	/* The other half of Vysochanskij and Petunin's. */
	for (int side = 0; side < N_ODV_SIDES; side++) {
		assert_near(odv_p(ODV_VP, side, odv_k(ODV_VP, side, 0.5)), 0.5);
		assert_near(odv_k(ODV_VP, side, 1.0 / 6 - 1e-14), odv_k(ODV_VP, side, 1.0 / 6 + 1e-14));
	}
	assert_near(odv_p(ODV_GENERAL, ODV_UPPER, -50), 1);
	assert_near(odv_p(ODV_GENERAL, ODV_TWO, 0), 1);
	assert_near(odv_p(ODV_VP, ODV_TWO, NAN), 1);
	assert_near(odv_p_new(INFINITY, 99), 0.01);
	assert_near(odv_p_new(0, 99), 1);
	assert_near(odv_p_new(5, 1), 1);
}

static double spread_out(size_t i)
{
	return 100 + 10 * sin((double)i) + (double)(i % 7);
}

static void test_judged_as_flagged(void **state)
{
	double x[200];

	for (size_t i = 0; i < COUNT(x); i++)
		x[i] = spread_out(i);
	for (int bound = 0; bound < N_ODV_BOUNDS; bound++) {
		for (int side = 0; side < N_ODV_SIDES; side++) {
			struct odv_options o = { .bound = bound, .side = side, .p1 = 0.1, .p2 = 0.02 };
			struct odv f = fit(&o, x, COUNT(x));
			size_t flagged = 0;

			for (double y = -200; y <= 400; y += 0.37) {
				struct odv_verdict v = odv_judge(&f, y);

				assert_int_equal(v.flagged, v.p < o.p2);
				assert_near(v.score, fmin(6, -log10(v.p)));
				assert_true(v.p_new >= 1 / (f.pass[1].n + 1));
				flagged += v.flagged;
			}
			assert_true(flagged > 10 && flagged < 1600);
		}
	}
}

static void test_median(void **state)
{
	struct odv_options o = { .p1 = 0.1, .p2 = 0.01, .center = ODV_MEDIAN };
	double x[] = { 5, 1, 4, 2, 3, 9, 7, 6, 8, 10, 11, 1e6 };
	struct odv f = fit(&o, x, 11);

	assert_near(f.pass[0].mean, 6);
	assert_near(f.pass[0].sd, 3 * 1.4826);
	f = fit(&o, x, 12); /* an even number */
	assert_near(f.pass[0].mean, 6.5);
	assert_near(f.pass[1].n, 11);
	assert_true(odv_judge(&f, 1e6).flagged);
}

/* A third of them odd: they hide each other from the mean, not from the median. */
static void test_median_holds_to_a_half(void **state)
{
	struct odv_options o = { .p1 = 0.1, .p2 = 0.01 };
	double x[60];
	struct odv f;

	for (size_t i = 0; i < COUNT(x); i++)
		x[i] = i % 3 ? (double)(i % 10) : 5000;
	f = fit(&o, x, COUNT(x));
	assert_false(odv_judge(&f, 5000).flagged);
	o.center = ODV_MEDIAN;
	f = fit(&o, x, COUNT(x));
	assert_true(odv_judge(&f, 5000).flagged);
	assert_false(odv_judge(&f, 9).flagged);
}

static void test_median_of_any_order(void **state)
{
	struct odv_options o = { .p1 = 0.1, .p2 = 0.1, .center = ODV_MEDIAN };
	uint64_t random = 7;

	for (size_t n = 2; n < 120; n++) {
		double x[120], sorted[120];

		for (size_t i = 0; i < n; i++) {
			random = random * 6364136223846793005ULL + 1442695040888963407ULL;
			x[i] = sorted[i] = (double)(random >> 60) + (n % 3 ? 0 : (double)i);
		}
		qsort(sorted, n, sizeof(*sorted), compare_doubles);
		assert_near(fit(&o, x, n).pass[0].mean, (sorted[(n - 1) / 2] + sorted[n / 2]) / 2);
	}
}

static void test_missing(void **state)
{
	double x[] = { NAN, 12, 15, 14, NAN, 13, 16, 14, 15, 13, 14, 95 };
	double y[] = { 12, 15, 14, 13, 16, 14, 15, 13, 14, 95 };
	struct odv_options o = { .bound = ODV_UNIMODAL, .p1 = 0.1, .p2 = 0.01 };
	struct odv f = fit(&o, x, COUNT(x)), g = fit(&o, y, COUNT(y));

	assert_memory_equal(f.pass, g.pass, sizeof(f.pass));
	assert_true(odv_judge(&f, NAN).unknown);
	assert_false(odv_judge(&f, NAN).flagged);
	assert_near(odv_judge(&f, NAN).score, 0);
}

static void test_hardly_any(void **state)
{
	static const double same[] = { 3, 3, 3 };

	for (size_t n = 0; n < 3; n++) {
		for (int correction = 0; correction < 2; correction++) {
			struct odv_options o = general;
			struct odv f;

			o.zero_variance_correction = correction;
			f = fit(&o, same, n);
			assert_near(f.pass[0].n, (double)n);
			assert_true(odv_judge(&f, 3).unknown);
			assert_true(odv_judge(&f, 900).unknown);
			assert_int_equal(odv_judge(&f, 900).flagged, n == 2);
		}
	}
}

/* Equal values have no deviation, whatever their number, and however they round. */
static void test_equal(void **state)
{
	static const double values[] = { 0.1, -1e-300, 1e150, 1.0 / 3, 299.99999999999994 };
	struct odv_options o = general;
	double x[1000];

	for (size_t i = 0; i < COUNT(values); i++) {
		struct odv f;

		for (size_t k = 0; k < COUNT(x); k++)
			x[k] = values[i];
		o.sd_floor = 0;
		f = fit(&o, x, COUNT(x));
		assert_true(f.pass[1].sd == 0 && f.pass[1].mean == values[i]);
		assert_false(odv_judge(&f, values[i]).flagged);
		assert_true(odv_judge(&f, nextafter(values[i], 1e160)).flagged || values[i] == 1e150);
		o.sd_floor = 1;
		f = fit(&o, x, COUNT(x));
		assert_false(odv_judge(&f, values[i] + 9.5).flagged);
	}
}

static void test_refused_values(void **state)
{
	static const struct {
		double x, offset;
		enum odv_transform transform;
		bool good;
	} rows[] = {
		{ INFINITY, 0, ODV_NONE, false }, { -INFINITY, 0, ODV_NONE, false },
		{ 1.1e150, 0, ODV_NONE, false },  { 1e150, 0, ODV_NONE, true },
		{ 0, 0, ODV_LN, false },	  { 0, 0.02, ODV_LN, true },
		{ -0.02, 0.02, ODV_LN, false },	  { DBL_MIN, 0, ODV_LN, true },
		{ -1, 0, ODV_LN1P, false },	  { -0.5, 0, ODV_LN1P, true },
		{ 0, 0, ODV_LN1P, true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct odv_options o = {
			.p1 = 0.1, .p2 = 0.01, .transform = rows[i].transform, .offset = rows[i].offset
		};
		double x[] = { 1, NAN, rows[i].x, 2 };
		struct odv f = { .least_n = 4711 };
		size_t bad = 99;
		int err = odv_fit(&f, &o, x, COUNT(x), &bad);

		if (err != (rows[i].good ? 0 : -EDOM) || bad != (rows[i].good ? 99 : 2))
			fail_msg("row %zu: %d, value %zu", i, err, bad);
		if (!rows[i].good)
			assert_near(f.least_n, 4711); /* untouched */
	}
}

static void test_large_values(void **state)
{
	double x[] = { 1e150, -1e150, 1e150, -1e150, 5e149, 0 };
	struct odv f = fit(&general, x, COUNT(x));

	assert_true(isfinite(f.pass[1].sd) && f.pass[1].sd > 5e149);
}

static void test_refused_options(void **state)
{
	const double x[] = { 1, 2 };
	struct odv_options bad[9];
	struct odv f;

	for (size_t i = 0; i < COUNT(bad); i++)
		bad[i] = general;
	bad[0].p1 = 0;
	bad[1].p2 = 1;
	bad[2].p1 = NAN;
	bad[3].sd_floor = -1;
	bad[4].sd_floor = NAN;
	bad[5].offset = INFINITY;
	bad[6].bound = N_ODV_BOUNDS;
	bad[7].side = N_ODV_SIDES;
	bad[8].center = N_ODV_CENTERS;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (odv_fit(&f, &bad[i], x, 2, NULL) != -EINVAL)
			fail_msg("options %zu are taken", i);
}

/* Of numbers that were read from a file. */
static void test_check(void **state)
{
	double x[20];
	struct odv f;

	for (size_t i = 0; i < COUNT(x); i++)
		x[i] = spread_out(i);
	f = fit(&general, x, COUNT(x));
#define WRONG(member, value)                                                                                      \
	do {                                                                                                      \
		struct odv broken = f;                                                                            \
                                                                                                                  \
		broken.member = (value);                                                                          \
		assert_non_null(odv_check(&broken));                                                              \
	} while (0)
	WRONG(pass[0].n, -1);
	WRONG(pass[0].n, 1.5);
	WRONG(pass[1].n, NAN);
	WRONG(pass[1].mean, INFINITY);
	WRONG(pass[1].mode, NAN);
	WRONG(pass[1].sd, -1);
	WRONG(pass[1].spread, NAN);
	WRONG(pass[1].k, 0);
	WRONG(pass[1].lower, f.pass[1].upper + 1);
	WRONG(pass[1].lower, NAN);
	WRONG(pass[0].upper, NAN);
	WRONG(least_n, NAN);
	WRONG(options.p2, 2);
#undef WRONG
}

static void test_untransform(void **state)
{
	struct odv_options o = { .transform = ODV_LN, .offset = 0.5 };

	assert_near(odv_untransform(&o, odv_transform(&o, 12.25)), 12.25);
	o.transform = ODV_LN1P;
	assert_near(odv_untransform(&o, odv_transform(&o, 12.25)), 12.25);
	assert_true(isinf(odv_untransform(&o, INFINITY)));
}

static void test_stream(void **state)
{
	struct odv_options o = { .bound = ODV_VP, .side = ODV_LOWER, .transform = ODV_LN, .p1 = 0.1, .p2 = 0.01 };
	struct odv_stream s;

	assert_int_equal(odv_stream_init(&s, &o, 16), 0);
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(odv_stream_add(&s, spread_out(i)), ODV_STREAM_UNKNOWN);
	assert_int_equal(odv_stream_add(&s, 1e9), ODV_STREAM_INSIDE); /* the side that is not judged */
	assert_int_equal(odv_stream_add(&s, 0), ODV_STREAM_UNKNOWN);  /* no logarithm */
	assert_int_equal(odv_stream_add(&s, NAN), ODV_STREAM_UNKNOWN);
	assert_int_equal(s.all.n, 17);
	assert_int_equal(odv_stream_init(&s, &o, 16), 0);
	for (size_t i = 0; i < 40; i++)
		(void)odv_stream_add(&s, spread_out(i));
	assert_int_equal(odv_stream_add(&s, 1), ODV_STREAM_OUTSIDE);
	assert_int_equal(s.all.n, 41);
	assert_int_equal(s.inliers.n, 40); /* it does not teach the second */
	o.bound = ODV_UNIMODAL;
	assert_int_equal(odv_stream_init(&s, &o, 16), -EINVAL);
	o.bound = ODV_GENERAL;
	assert_int_equal(odv_stream_init(&s, &o, 1), -EINVAL);
	o.center = ODV_MEDIAN;
	assert_int_equal(odv_stream_init(&s, &o, 16), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_least_n),
		cmocka_unit_test(test_one_hides_itself),
		cmocka_unit_test(test_p_and_k),
		cmocka_unit_test(test_judged_as_flagged),
		cmocka_unit_test(test_median),
		cmocka_unit_test(test_median_holds_to_a_half),
		cmocka_unit_test(test_median_of_any_order),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_hardly_any),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_refused_values),
		cmocka_unit_test(test_large_values),
		cmocka_unit_test(test_refused_options),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_untransform),
		cmocka_unit_test(test_stream),
	};

	return cmocka_run_group_tests_name("odv", tests, NULL, NULL);
}
