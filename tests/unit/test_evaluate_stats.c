/* test_evaluate_stats.c: intervals against published and independently computed values, areas against counting every
 * pair by hand. */
#include "evaluate/stats.h"

#include <math.h>

#include "random.h"
#include "unit.h"

static void assert_near(double got, double expected)
{
	if (!(fabs(got - expected) <= 1e-9))
		fail_msg("%.12g, not %.12g", got, expected);
}

static void test_beta(void **state)
{
	assert_near(stats_beta(1, 1, 0.25), 0.25);
	assert_near(stats_beta(2, 1, 0.3), 0.09);
	assert_near(stats_beta(1, 3, 0.2), 1 - 0.8 * 0.8 * 0.8);
	assert_near(stats_beta(5, 7, 0.4) + stats_beta(7, 5, 0.6), 1);
	assert_near(stats_beta(3, 4, 0), 0);
	assert_near(stats_beta(3, 4, 1), 1);
	assert_true(isnan(stats_beta(0, 4, 0.5)));
}

/* Expected: from sums of binomial terms, in another language. */
static void test_share(void **state)
{
	static const struct {
		size_t k, n;
		double low, high;
	} rows[] = {
		{ 0, 10, 0, 0.30849710781876083 },
		{ 10, 10, 0.6915028921812392, 1 },
		{ 1, 20, 0.0012650894979497895, 0.24873276277202772 },
		{ 15, 15, 0.7819806390894659, 1 },
		{ 95, 96, 0.9433252930116847, 0.9997363076064492 },
		{ 4, 1512, 0.0007212662352227284, 0.0067595677537035295 },
		{ 500, 1000, 0.46854917297179544, 0.5314508270282046 },
		{ 0, 0, 0, 1 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct interval got = stats_share(rows[i].k, rows[i].n);

		assert_near(got.low, rows[i].low);
		assert_near(got.high, rows[i].high);
	}
}

/* Garwood's table. */
static void test_rate(void **state)
{
	struct interval none = stats_rate(0, 1), four = stats_rate(4, 2), ten = stats_rate(10, 1);

	assert_near(none.low, 0);
	assert_true(fabs(none.high - 3.6889) < 1e-4);
	assert_true(fabs(four.low - 1.0899 / 2) < 1e-4 && fabs(four.high - 10.2416 / 2) < 1e-4);
	assert_true(fabs(ten.low - 4.7954) < 1e-4 && fabs(ten.high - 18.3904) < 1e-4);
	assert_true(isinf(stats_rate(3, 0).high));
}

static double area(struct stats_row *rows, size_t n)
{
	stats_sort(rows, n);
	return stats_roc_area(rows, n);
}

static void test_areas(void **state)
{
	struct stats_row apart[] = { { 1, false }, { 3, true }, { 2, true }, { 0, false } };
	struct stats_row reversed[] = { { 1, true }, { 3, false }, { 2, false }, { 0, true } };
	struct stats_row tied[] = { { 1, true }, { 1, false }, { 1, false }, { 1, true } };
	/* Falling: bad, good, bad: precision 1 at recall 1/2, 2/3 at 1. */
	struct stats_row mixed[] = { { 9, true }, { 8, false }, { 7, true } };
	struct stats_row unscored[] = { { NAN, true }, { 8, false }, { 9, true }, { NAN, false } };

	assert_near(area(apart, COUNT(apart)), 1);
	assert_near(stats_average_precision(apart, COUNT(apart)), 1);
	assert_near(area(reversed, COUNT(reversed)), 0);
	assert_near(area(tied, COUNT(tied)), 0.5);
	assert_near(stats_average_precision(tied, COUNT(tied)), 0.5);
	assert_near(area(mixed, COUNT(mixed)), 0.5);
	assert_near(stats_average_precision(mixed, COUNT(mixed)), (1 + 2.0 / 3) / 2);
	/* Pairs: 9 above 8 and above none, none below 8, none beside none. */
	assert_near(area(unscored, COUNT(unscored)), 2.5 / 4);
	assert_true(isnan(stats_roc_area(mixed, 1)));
	assert_true(isnan(stats_roc_area(mixed, 0)));
	assert_true(isnan(stats_average_precision(mixed, 0)));
}

/* Any order of the rows, many ties: the same as looking at every pair. */
static void test_area_of_pairs(void **state)
{
	random_start(7);
	for (int round = 0; round < 50; round++) {
		struct stats_row rows[40];
		double wins = 0, pairs = 0;

		for (size_t i = 0; i < COUNT(rows); i++)
			rows[i] = (struct stats_row){ (double)random_below(8), random_below(3) == 0 };
		rows[0].bad = true;
		rows[1].bad = false;
		for (size_t i = 0; i < COUNT(rows); i++) {
			for (size_t j = 0; j < COUNT(rows); j++) {
				if (!rows[i].bad || rows[j].bad)
					continue;
				wins += rows[i].score > rows[j].score ? 1 : rows[i].score == rows[j].score ? 0.5 : 0;
				pairs++;
			}
		}
		assert_near(area(rows, COUNT(rows)), wins / pairs);
	}
}

static void test_threshold(void **state)
{
	struct stats_row rows[] = { { 9, true }, { 8, false }, { 7, true },   { 6, false },
				    { 6, true }, { 5, false }, { NAN, false } };

	stats_sort(rows, COUNT(rows));
	assert_near(stats_threshold(rows, COUNT(rows), 0), 9);
	assert_near(stats_threshold(rows, COUNT(rows), 0.25), 7);
	assert_near(stats_threshold(rows, COUNT(rows), 0.5), 6);
	assert_near(stats_threshold(rows, COUNT(rows), 1), 5);
	/* A good row at the top: no threshold among the scores. */
	assert_true(isinf(stats_threshold(rows + 1, COUNT(rows) - 1, 0)));
}

/* F1 at each score: 9: 2/4; 8: 2/5; 7: 4/6; 6: 6/8; 5: 6/9. */
static void test_best_threshold(void **state)
{
	struct stats_row rows[] = { { 9, true }, { 8, false }, { 7, true },   { 6, false },
				    { 6, true }, { 5, false }, { NAN, true } };
	struct stats_row none[] = { { 1, false }, { NAN, true } };

	stats_sort(rows, COUNT(rows));
	assert_near(stats_best_threshold(rows, COUNT(rows)), 6);
	assert_near(stats_best_threshold(rows, 1), 9);
	stats_sort(none, COUNT(none));
	assert_true(isnan(stats_best_threshold(none, COUNT(none))));
	assert_true(isnan(stats_best_threshold(NULL, 0)));
}

static void test_counts(void **state)
{
	const struct stats_counts c = { .hits = 3, .misses = 1, .alarms = 2, .passes = 6 }, none = { 0 };

	assert_near(stats_tpr(&c), 0.75);
	assert_near(stats_fpr(&c), 0.25);
	assert_near(stats_precision(&c), 0.6);
	assert_near(stats_f1(&c), 6.0 / 9);
	assert_true(isnan(stats_tpr(&none)) && isnan(stats_fpr(&none)));
	assert_true(isnan(stats_precision(&none)) && isnan(stats_f1(&none)));
}

static void test_quantile(void **state)
{
	double x[] = { 5, 1, 4, 2, 3 };

	assert_near(stats_quantile(x, COUNT(x), 0.5), 3);
	assert_near(stats_quantile(x, COUNT(x), 0.95), 5);
	assert_near(stats_quantile(x, COUNT(x), 0), 1);
	assert_near(stats_quantile(x, 4, 0.5), 2);
	assert_true(isnan(stats_quantile(x, 0, 0.5)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beta),	      cmocka_unit_test(test_share),
		cmocka_unit_test(test_rate),	      cmocka_unit_test(test_areas),
		cmocka_unit_test(test_area_of_pairs), cmocka_unit_test(test_threshold), cmocka_unit_test(test_best_threshold),
		cmocka_unit_test(test_counts),	      cmocka_unit_test(test_quantile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
