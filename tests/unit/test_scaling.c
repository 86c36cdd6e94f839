/* test_scaling.c: transforms, mean and sd, the floor, and what is refused with its place. */
#include "detect/scaling.h"

#include <errno.h>
#include <math.h>

#include "unit.h"

#define assert_near(got, expected) assert_true(fabs((got) - (expected)) <= 1e-14 * (1 + fabs((double)(expected))))

static void test_transforms(void **state)
{
	assert_true(scaling_transform(SCALING_NONE, 5, -3) == -3);
	assert_near(scaling_transform(SCALING_LN, 0.5, M_E - 0.5), 1);
	assert_near(scaling_transform(SCALING_LN1P, 5, M_E - 1), 1);
	assert_true(isfinite(scaling_transform(SCALING_LN, 0.02, 0)));
	assert_true(isnan(scaling_transform(SCALING_LN, 0, 0)));
	assert_true(isnan(scaling_transform(SCALING_LN, 0.5, -0.6)));
	assert_true(isnan(scaling_transform(SCALING_LN1P, 0, -1)));
	assert_true(isnan(scaling_transform(SCALING_NONE, 0, INFINITY)));
	assert_true(isnan(scaling_transform(7, 0, 1)));
}

static void test_fit_and_apply(void **state)
{
	const double rows[] = { 1, 0, 2, M_E - 1, 6, 0 };
	struct scaling s = { .d = 2, .columns = { { SCALING_NONE }, { SCALING_LN1P } } };
	double z[2];

	assert_int_equal(scaling_fit(&s, rows, 3, 1e-9, NULL), 0);
	assert_near(s.columns[0].mean, 3);
	assert_near(s.columns[0].sd, sqrt(7));
	assert_near(s.columns[1].mean, 1.0 / 3);
	assert_near(s.columns[1].sd, sqrt(1.0 / 3));
	assert_int_equal(scaling_check(&s), 0);
	assert_int_equal(scaling_apply(&s, rows + 2, z, NULL), 0);
	assert_near(z[0], -1 / sqrt(7));
	assert_near(z[1], (2.0 / 3) / sqrt(1.0 / 3));
	memcpy(z, rows + 2, sizeof(z)); /* in place */
	assert_int_equal(scaling_apply(&s, z, z, NULL), 0);
	assert_near(z[0], -1 / sqrt(7));
}

/* Large values with a small deviation keep it. */
static void test_large_mean(void **state)
{
	const double rows[] = { 1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16 };
	struct scaling s = { .d = 1 };

	assert_int_equal(scaling_fit(&s, rows, 4, 1e-9, NULL), 0);
	assert_near(s.columns[0].sd, sqrt(30));
	assert_near(s.columns[0].mean, 1e9 + 10);
}

static void test_constant_column(void **state)
{
	const double rows[] = { 0.1, 0.1, 0.1 }, beside = 0.2;
	struct scaling s = { .d = 1 };
	double z;

	assert_int_equal(scaling_fit(&s, rows, 3, 0.05, NULL), 0);
	assert_true(s.columns[0].sd == 0.05);
	assert_int_equal(scaling_apply(&s, rows, &z, NULL), 0);
	assert_true(fabs(z) < 1e-14);
	assert_int_equal(scaling_apply(&s, &beside, &z, NULL), 0);
	assert_near(z, 2);
}

static void test_refused(void **state)
{
	double rows[] = { 1, 1, 2, 2, 3, 3 }, z[2] = { 7, 7 };
	struct scaling s = { .d = 2, .columns = { { SCALING_NONE }, { SCALING_LN, 0.5 } } }, before;
	struct scaling_cell bad;
	size_t column;

	assert_int_equal(scaling_fit(&s, rows, 1, 1e-9, NULL), -EINVAL);
	assert_int_equal(scaling_fit(&s, rows, 3, 0, NULL), -EINVAL);
	assert_int_equal(scaling_fit(&s, rows, 3, NAN, NULL), -EINVAL);
	s.d = 0;
	assert_int_equal(scaling_fit(&s, rows, 3, 1e-9, NULL), -EINVAL);
	s.d = SCALING_COLUMNS + 1;
	assert_int_equal(scaling_fit(&s, rows, 3, 1e-9, NULL), -EINVAL);
	s.d = 2;
	s.columns[1].transform = 3;
	assert_int_equal(scaling_fit(&s, rows, 3, 1e-9, NULL), -EINVAL);
	s.columns[1].transform = SCALING_LN;
	before = s;
	rows[5] = -0.5;
	assert_int_equal(scaling_fit(&s, rows, 3, 1e-9, &bad), -EDOM);
	assert_int_equal(bad.row, 2);
	assert_int_equal(bad.column, 1);
	rows[5] = 3;
	rows[2] = NAN;
	assert_int_equal(scaling_fit(&s, rows, 3, 1e-9, &bad), -EDOM);
	assert_int_equal(bad.row, 1);
	assert_int_equal(bad.column, 0);
	assert_memory_equal(&s, &before, sizeof(s));
	rows[2] = 2;
	assert_int_equal(scaling_fit(&s, rows, 3, 1e-9, NULL), 0);
	assert_int_equal(scaling_apply(&s, (double[]){ 1, -0.5 }, z, &column), -EDOM);
	assert_int_equal(column, 1);
	assert_int_equal(scaling_apply(&s, (double[]){ INFINITY, 1 }, z, &column), -EDOM);
	assert_int_equal(column, 0);
	assert_true(z[0] == 7 && z[1] == 7);
}

static void test_check(void **state)
{
	struct scaling s = { .d = 1, .columns = { { SCALING_LN, 0.5, 1, 2 } } };

	assert_int_equal(scaling_check(&s), 0);
	s.columns[0].sd = 0;
	assert_int_equal(scaling_check(&s), -EINVAL);
	s.columns[0].sd = NAN;
	assert_int_equal(scaling_check(&s), -EINVAL);
	s.columns[0].sd = 1;
	s.columns[0].mean = INFINITY;
	assert_int_equal(scaling_check(&s), -EINVAL);
	s.columns[0].mean = 0;
	s.columns[0].offset = NAN;
	assert_int_equal(scaling_check(&s), -EINVAL);
	s.columns[0].offset = 0;
	assert_int_equal(scaling_check(&s), 0);
	s.d = SCALING_COLUMNS + 1;
	assert_int_equal(scaling_check(&s), -EINVAL);
	s.d = 0;
	assert_int_equal(scaling_check(&s), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transforms), cmocka_unit_test(test_fit_and_apply),
		cmocka_unit_test(test_large_mean), cmocka_unit_test(test_constant_column),
		cmocka_unit_test(test_refused),	   cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
