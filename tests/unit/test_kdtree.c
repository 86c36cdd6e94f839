/* test_kdtree.c: what the tree finds is what looking at every point finds, ties and order included. */
#include "detect/kdtree.h"

#include <errno.h>
#include <math.h>

#include "random.h"
#include "unit.h"

#define N 700

static int by_distance(const void *left, const void *right)
{
	const struct kdtree_found *a = left, *b = right;

	if (a->distance != b->distance)
		return a->distance < b->distance ? -1 : 1;
	return (a->point > b->point) - (a->point < b->point);
}

static size_t every_point(const double *points, size_t n, size_t d, const double *query, size_t k,
			  struct kdtree_found *found)
{
	for (size_t i = 0; i < n; i++) {
		double square = 0;

		for (size_t c = 0; c < d; c++)
			square += (query[c] - points[i * d + c]) * (query[c] - points[i * d + c]);
		found[i] = (struct kdtree_found){ sqrt(square), i };
	}
	qsort(found, n, sizeof(*found), by_distance);
	if (k > n)
		k = n;
	while (k && k < n && found[k].distance == found[k - 1].distance)
		k++;
	return k;
}

static void assert_same(const double *points, size_t n, size_t d, size_t k, const double *queries,
			size_t n_queries)
{
	struct kdtree_found got[N], expected[N];
	struct kdtree *t;

	assert_int_equal(kdtree_new(&t, points, n, d), 0);
	for (size_t i = 0; i < n_queries; i++) {
		const double *query = queries + i * d;
		size_t n_expected = every_point(points, n, d, query, k, expected);

		assert_int_equal(kdtree_nearest(t, query, k, got), n_expected);
		for (size_t j = 0; j < n_expected; j++) {
			assert_int_equal(got[j].point, expected[j].point);
			assert_true(got[j].distance == expected[j].distance);
		}
	}
	kdtree_free(t);
}

static void try(size_t n, size_t d, double (*draw)(void))
{
	static const size_t ks[] = { 1, 2, 15, 100, N, 2 * N };
	static double points[N * 16], queries[20 * 16];

	for (size_t i = 0; i < n * d; i++)
		points[i] = draw();
	for (size_t i = 0; i < 20 * d; i++)
		queries[i] = i < 10 * d && n >= 10 ? points[i] : draw();
	for (size_t i = 0; i < COUNT(ks); i++)
		assert_same(points, n, d, ks[i], queries, 20);
}

static double draw_grid(void)
{
	return random_below(4);
}

/* Hardly any two distances are the same, and many differ in the last bit. */
static double draw_tenths(void)
{
	return random_below(8) * 0.1;
}

static double draw_huge(void)
{
	return (random_unit() - 0.5) * 2 * KDTREE_VALUE_MAX;
}

/* Squares of differences are zero or lose most of their digits. */
static double draw_tiny(void)
{
	return random_unit() * 1e-160;
}

static double draw_one(void)
{
	return 7;
}

static void test_as_every_point(void **state)
{
	static double (*const draws[])(void) = { random_normal, draw_grid, draw_tenths,
						 draw_huge,	draw_tiny, draw_one };
	static const size_t ns[] = { 1, 2, 40, 41, 81, 150, N }, ds[] = { 1, 2, 3, 6, 16 };

	random_start(1);
	for (size_t draw = 0; draw < COUNT(draws); draw++) {
		for (size_t n = 0; n < COUNT(ns); n++) {
			for (size_t d = 0; d < COUNT(ds); d++)
				try(ns[n], ds[d], draws[draw]);
		}
	}
}

static void test_refused(void **state)
{
	const double point[KDTREE_COLUMNS + 1] = { 0 };
	struct kdtree *t;

	assert_int_equal(kdtree_new(&t, point, 0, 1), -EINVAL);
	assert_int_equal(kdtree_new(&t, point, 1, 0), -EINVAL);
	assert_int_equal(kdtree_new(&t, point, 1, KDTREE_COLUMNS + 1), -EINVAL);
	assert_int_equal(kdtree_new(&t, point, 1, KDTREE_COLUMNS), 0);
	kdtree_free(t);
	kdtree_free(NULL);
}

static void test_none_wanted(void **state)
{
	const double points[] = { 1, 2, 3 };
	struct kdtree_found found[3];
	struct kdtree *t;

	assert_int_equal(kdtree_new(&t, points, 3, 1), 0);
	assert_int_equal(kdtree_nearest(t, points, 0, found), 0);
	kdtree_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_every_point),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_none_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
