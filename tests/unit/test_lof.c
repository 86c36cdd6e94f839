/* test_lof.c: LOF against its definition written out over a matrix of distances, and what becomes of input that
 * has no LOF. */
#include "detect/lof.h"

#include <errno.h>
#include <math.h>

#include "random.h"
#include "unit.h"

#define N 160

/* The definition, word by word; neighbours[p][o]: o is one of p's. */
struct slow {
	double distance[N + 1][N + 1];
	bool same[N + 1][N + 1];
	bool neighbours[N + 1][N + 1];
	double k_distance[N + 1], lrd[N + 1], lof[N + 1];
};

static int ascending(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* n: of the reference set; point n, if p is it, is a query. */
static void slow_neighbours(struct slow *s, size_t n, size_t p, unsigned int k, bool distinct)
{
	double sorted[N];
	size_t m = 0;

	for (size_t o = 0; o < n; o++) {
		bool counts = o != p;

		if (distinct) {
			counts = !s->same[p][o];
			for (size_t earlier = 0; earlier < o; earlier++)
				counts = counts && !s->same[earlier][o];
		}
		if (counts)
			sorted[m++] = s->distance[p][o];
	}
	qsort(sorted, m, sizeof(*sorted), ascending);
	s->k_distance[p] = m ? sorted[(k < m ? k : m) - 1] : 0;
	for (size_t o = 0; o < n; o++)
		s->neighbours[p][o] = o != p && s->distance[p][o] <= s->k_distance[p];
}

static void slow_lrd(struct slow *s, size_t n, size_t p)
{
	double sum = 0;
	size_t count = 0;

	for (size_t o = 0; o < n; o++) {
		if (!s->neighbours[p][o])
			continue;
		sum += fmax(s->k_distance[o], s->distance[p][o]);
		count++;
	}
	s->lrd[p] = count / sum;
}

static void slow_lof(struct slow *s, size_t n, size_t p)
{
	double sum = 0;
	size_t count = 0;

	for (size_t o = 0; o < n; o++) {
		if (!s->neighbours[p][o])
			continue;
		sum += isinf(s->lrd[o]) && isinf(s->lrd[p]) ? 1 : s->lrd[o] / s->lrd[p];
		count++;
	}
	s->lof[p] = sum / count;
}

/* rows: n of the reference set and the query behind them. */
static void slow_all(struct slow *s, const double *rows, size_t n, size_t d, unsigned int k, bool distinct)
{
	for (size_t p = 0; p <= n; p++) {
		for (size_t o = 0; o <= n; o++) {
			double square = 0;

			for (size_t c = 0; c < d; c++)
				square +=
					(rows[p * d + c] - rows[o * d + c]) * (rows[p * d + c] - rows[o * d + c]);
			s->distance[p][o] = sqrt(square);
			s->same[p][o] = !memcmp(rows + p * d, rows + o * d, d * sizeof(*rows));
		}
	}
	for (size_t p = 0; p <= n; p++)
		slow_neighbours(s, n, p, k, distinct);
	for (size_t p = 0; p <= n; p++)
		slow_lrd(s, n, p);
	for (size_t p = 0; p <= n; p++)
		slow_lof(s, n, p);
}

static void assert_near(double got, double expected)
{
	if (!(got == expected || fabs(got - expected) <= 1e-11 * fabs(expected)))
		fail_msg("%.17g is not %.17g", got, expected);
}

static void assert_detail(const struct slow *s, size_t p, size_t n, const struct lof_detail *got,
			  const uint32_t *neighbours)
{
	size_t count = 0;

	assert_near(got->k_distance, s->k_distance[p]);
	assert_near(got->lrd, s->lrd[p]);
	assert_near(got->lof, s->lof[p]);
	for (size_t o = 0; o < n; o++)
		count += s->neighbours[p][o];
	assert_int_equal(got->n_neighbours, count);
	for (size_t i = 0; i < count; i++) {
		uint32_t o = neighbours[i], before = i ? neighbours[i - 1] : 0;

		assert_true(o < n && s->neighbours[p][o]);
		if (i)
			assert_true(s->distance[p][before] < s->distance[p][o] ||
				    (s->distance[p][before] == s->distance[p][o] && before < o));
	}
}

static void assert_as_defined(const double *rows, size_t n, size_t d, unsigned int k_min, unsigned int k_max,
			      bool distinct)
{
	static struct slow s;
	struct lof_options options = { .k_min = k_min, .k_max = k_max, .distinct = distinct };
	double most[N + 1] = { 0 }, got;
	struct lof_detail detail;
	uint32_t neighbours[N];
	struct lof *l, *without_lists;

	assert_int_equal(lof_new(&l, rows, n, d, &options), 0);
	options.list_bytes = 1000; /* most are searched again */
	assert_int_equal(lof_new(&without_lists, rows, n, d, &options), 0);
	for (unsigned int k = k_min; k <= k_max; k++) {
		slow_all(&s, rows, n, d, k, distinct);
		for (size_t p = 0; p < n; p++) {
			assert_int_equal(lof_explain(l, p, k, &detail, neighbours), 0);
			assert_detail(&s, p, n, &detail, neighbours);
		}
		assert_int_equal(lof_explain_query(l, rows + n * d, k, &detail, neighbours), 0);
		assert_detail(&s, n, n, &detail, neighbours);
		for (size_t p = 0; p <= n; p++)
			most[p] = fmax(most[p], s.lof[p]);
	}
	assert_int_equal(lof_score(l, rows + n * d, &got), 0);
	assert_near(got, most[n]);
	for (size_t p = 0; p < n; p++) {
		assert_near(lof_of(l, p, NULL), most[p]);
		assert_true(lof_of(l, p, NULL) == lof_of(without_lists, p, NULL));
		assert_memory_equal(lof_row(l, p), rows + p * d, d * sizeof(*rows));
	}
	lof_free(without_lists);
	lof_free(l);
}

/* Values on a grid tie and repeat; normal ones do neither. The query is drawn alike, so it can lie on a row. */
static void test_as_defined(void **state)
{
	static const size_t ds[] = { 1, 2, 6 };
	double rows[(N + 1) * 6];

	random_start(2);
	for (size_t i = 0; i < COUNT(ds); i++) {
		for (unsigned int grid = 0; grid < 8; grid++) {
			for (size_t j = 0; j < (N + 1) * ds[i]; j++)
				rows[j] = grid ? (double)random_below(grid) : random_normal();
			assert_as_defined(rows, N, ds[i], 1, 12, true);
			assert_as_defined(rows, N, ds[i], 1, 12, false);
			assert_as_defined(rows, 13, ds[i], 12, 12, true);
			assert_as_defined(rows, 13, ds[i], 12, 12, false);
		}
	}
}

/* METHODS: five points on a line. */
static void test_by_hand(void **state)
{
	static const double rows[] = { 0, 1, 2.5, 4.5, 12 };
	static const double expected[] = { 0.844444444444, 1.0125, 1.0101010101, 1.16111111111, 3.24545454545 };
	struct lof *l;
	unsigned int k = 0;

	assert_int_equal(lof_new(&l, rows, 5, 1, &(struct lof_options){ 2, 2, false, 0 }), 0);
	for (size_t i = 0; i < 5; i++) {
		assert_true(fabs(lof_of(l, i, &k) - expected[i]) < 1e-10);
		assert_int_equal(k, 2);
	}
	lof_free(l);
}

/* An outlier stands out, the edge of a cluster does not, and a loose cluster is not one big outlier: what sets LOF
 * apart from a distance. */
static void test_local(void **state)
{
	double rows[2 * N], stray[] = { 1, 1 }, loose[] = { 31, 30 }, got;
	struct lof *l;

	random_start(3);
	for (size_t i = 0; i < N; i++) {
		double at = i < N / 2 ? 0 : 30, width = i < N / 2 ? 0.2 : 12;

		rows[2 * i] = at + width * (random_unit() - 0.5);
		rows[2 * i + 1] = at + width * (random_unit() - 0.5);
	}
	assert_int_equal(lof_new(&l, rows, N, 2, &(struct lof_options){ 10, 20, true, 0 }), 0);
	for (size_t i = N / 2; i < N; i++)
		assert_true(lof_of(l, i, NULL) < 2);
	assert_int_equal(lof_score(l, stray, &got), 0); /* 1.4 from the dense cluster */
	assert_true(got > 5);
	assert_int_equal(lof_score(l, loose, &got), 0); /* as far from its neighbours, in the loose one */
	assert_true(got < 1.5);
	lof_free(l);
}

/* Queries leave the reference set as it is. */
static void test_novelty(void **state)
{
	double rows[2 * N], before[N], query[] = { 0.1, 0.1 }, first, again;
	struct lof *l;

	random_start(4);
	for (size_t i = 0; i < 2 * N; i++)
		rows[i] = random_normal();
	assert_int_equal(lof_new(&l, rows, N, 2, &(struct lof_options){ 5, 8, false, 0 }), 0);
	for (size_t i = 0; i < N; i++)
		before[i] = lof_of(l, i, NULL);
	assert_int_equal(lof_score(l, query, &first), 0);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(lof_score(l, query, &again), 0);
	assert_true(first == again);
	for (size_t i = 0; i < N; i++)
		assert_true(before[i] == lof_of(l, i, NULL));
	assert_int_equal(lof_rows(l), N);
	assert_int_equal(lof_columns(l), 2);
	assert_int_equal(lof_options(l)->k_max, 8);
	lof_free(l);
}

/* Everything in one place, of either sign of zero. */
static void test_all_equal(void **state)
{
	double rows[2 * 30], here[] = { 0, -0.0 }, away[] = { 0, 1 }, got;
	struct lof *l;

	for (size_t i = 0; i < COUNT(rows); i++)
		rows[i] = i % 3 ? 0.0 : -0.0;
	for (unsigned int distinct = 0; distinct < 2; distinct++) {
		assert_int_equal(lof_new(&l, rows, 30, 2, &(struct lof_options){ 5, 9, distinct, 0 }), 0);
		for (size_t i = 0; i < 30; i++)
			assert_true(lof_of(l, i, NULL) == 1);
		assert_int_equal(lof_score(l, here, &got), 0);
		assert_true(got == 1);
		assert_int_equal(lof_score(l, away, &got), 0);
		assert_true(got == INFINITY);
		lof_free(l);
	}
}

/* A place with more rows than k: infinite without the distinct distance, finite with it. */
static void test_duplicates(void **state)
{
	const double rows[] = { 0, 0, 0, 0, 0, 1, 2, 3, 4, 5 };
	struct lof *l;

	assert_int_equal(lof_new(&l, rows, 10, 1, &(struct lof_options){ 3, 3, false, 0 }), 0);
	assert_true(lof_of(l, 0, NULL) == 1);
	assert_true(lof_of(l, 5, NULL) == INFINITY);
	lof_free(l);
	assert_int_equal(lof_new(&l, rows, 10, 1, &(struct lof_options){ 3, 3, true, 0 }), 0);
	for (size_t i = 0; i < 10; i++)
		assert_true(isfinite(lof_of(l, i, NULL)) && lof_of(l, i, NULL) < 2);
	lof_free(l);
}

/* Places so near that the square of their distance is zero. */
static void test_underflow(void **state)
{
	double rows[20], got;
	struct lof *l;

	for (size_t i = 0; i < 20; i++)
		rows[i] = i * 1e-170;
	assert_int_equal(lof_new(&l, rows, 20, 1, &(struct lof_options){ 3, 5, true, 0 }), 0);
	for (size_t i = 0; i < 20; i++)
		assert_true(lof_of(l, i, NULL) == 1);
	assert_int_equal(lof_score(l, rows + 3, &got), 0);
	assert_true(got == 1);
	lof_free(l);
}

static void test_refused(void **state)
{
	double rows[20] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, bad[] = { NAN, INFINITY, -INFINITY, 1.1e150 },
	       got = 7;
	struct lof *l = NULL;

	assert_int_equal(lof_new(&l, rows, 10, 1, &(struct lof_options){ 0, 3, true, 0 }), -EINVAL);
	assert_int_equal(lof_new(&l, rows, 10, 1, &(struct lof_options){ 4, 3, true, 0 }), -EINVAL);
	assert_int_equal(lof_new(&l, rows, 10, 1, &(struct lof_options){ 1, LOF_K_MAX + 1, true, 0 }), -EINVAL);
	assert_int_equal(lof_new(&l, rows, 10, 0, &(struct lof_options){ 1, 3, true, 0 }), -EINVAL);
	assert_int_equal(lof_new(&l, rows, 1, LOF_COLUMNS + 1, &(struct lof_options){ 1, 3, true, 0 }), -EINVAL);
	assert_int_equal(lof_new(&l, rows, 10, 1, &(struct lof_options){ 1, 10, true, 0 }), -ERANGE);
	assert_int_equal(lof_new(&l, rows, 0, 1, &(struct lof_options){ 1, 1, true, 0 }), -ERANGE);
	assert_int_equal(lof_new(&l, rows, LOF_CELLS, 1, &(struct lof_options){ 1, 2, true, 0 }), -E2BIG);
	for (size_t i = 0; i < COUNT(bad); i++) {
		rows[4] = bad[i];
		assert_int_equal(lof_new(&l, rows, 10, 1, &(struct lof_options){ 1, 9, true, 0 }), -EDOM);
	}
	assert_null(l);
	rows[4] = 1e150;
	assert_int_equal(lof_new(&l, rows, 10, 1, &(struct lof_options){ 2, 9, true, 0 }), 0);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(lof_score(l, &bad[i], &got), -EDOM);
	assert_true(got == 7);
	assert_int_equal(lof_explain(l, 10, 3, NULL, NULL), -EINVAL);
	assert_int_equal(lof_explain(l, 0, 1, NULL, NULL), -EINVAL);
	assert_int_equal(lof_explain_query(l, rows, 10, NULL, NULL), -EINVAL);
	lof_free(l);
	lof_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_defined), cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_local),	   cmocka_unit_test(test_novelty),
		cmocka_unit_test(test_all_equal),  cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_underflow),  cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
