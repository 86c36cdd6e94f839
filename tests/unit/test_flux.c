/* test_flux.c: where fast flux begins. */
#include "detect/flux.h"

#include <math.h>

#include "unit.h"

static void test_score(void **state)
{
	assert_true(fabs(flux_score(10, 7, 2) - 142.98) < 1e-12);
	assert_true(flux_is_fast(flux_score(10, 7, 2)));
	assert_false(flux_is_fast(flux_score(9, 7, 2)));
	assert_false(flux_is_fast(flux_score(90, 1, 0))); /* a CDN of one network */
	assert_false(flux_is_fast(FLUX_LIMIT));
	assert_true(flux_score(3, 2, 0) == flux_score(3, 2, 50)); /* name servers weigh nothing */
	assert_true(flux_score(0, 0, 0) == 0);
}

static void test_single(void **state)
{
	assert_true(fabs(flux_single_score(4, 1, 20) + 21.18) < 1e-12);
	assert_true(flux_single_score(5, 2, 300) < FLUX_SINGLE_LIMIT);
	assert_true(flux_single_score(7, 2, 300) > FLUX_SINGLE_LIMIT);
	assert_true(flux_single_score(7, 2, 301) < FLUX_SINGLE_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_score),
		cmocka_unit_test(test_single),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
