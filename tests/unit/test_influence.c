/* test_influence.c: which client moves a limit by itself. */
#include "detect/influence.h"

#include <errno.h>
#include <math.h>

#include "random.h"
#include "unit.h"

static const struct odv_options lower = { .bound = ODV_UNIMODAL, .side = ODV_LOWER, .transform = ODV_LN, .offset = 0.02,
					  .p1 = 0.1, .p2 = 0.05, .sd_floor = 0.05 };
static char owners_room[256];
static double x[1024];
static const void *owners[1024];
static size_t n;

/* Rows of a client, from a quarter of `middle` to four times as much. */
static void add(size_t client, size_t rows, double middle)
{
	while (rows--) {
		x[n] = middle * exp(1.4 * (2 * (double)random_below(1000) / 1000 - 1));
		owners[n++] = &owners_room[client];
	}
}

static const void *found(void)
{
	const void *owner;

	assert_int_equal(influence_find(&lower, x, owners, n, &owner), 0);
	return owner;
}

static int set_up(void **state)
{
	(void)state;
	n = 0;
	random_start(3);
	return 0;
}

static void test_nobody(void **state)
{
	for (size_t i = 0; i < 40; i++)
		add(i, 10, 2);
	assert_null(found());
	add(40, 44, 1.8); /* much, and the same as all */
	assert_null(found());
}

static void test_one_that_hides_something(void **state)
{
	for (size_t i = 0; i < 40; i++)
		add(i, 2, 2);
	for (size_t i = 0; i < 6; i++)
		add(i, 1, 0.15); /* put aside in pass 1, but for the other's sake */
	assert_null(found());
	add(40, 8, 0.01);
	assert_ptr_equal(found(), &owners_room[40]);
}

/* That makes more odd than there is, which hides nothing. */
static void test_the_other_direction(void **state)
{
	for (size_t i = 0; i < 40; i++)
		add(i, 2, 0.5 + 3 * (double)(i % 2));
	add(40, 8, 4);
	assert_null(found());
}

static void test_few_clients(void **state)
{
	for (size_t i = 0; i < 8; i++)
		add(i, 10, 2);
	add(8, 8, 0.05);
	assert_null(found());
}

static void test_what_cannot_be_fitted(void **state)
{
	const void *owner;

	assert_int_equal(influence_find(&lower, x, owners, 0, &owner), 0);
	assert_null(owner);
	add(0, 20, 2);
	x[3] = -1;
	assert_int_equal(influence_find(&lower, x, owners, n, &owner), -EDOM);
}

#define T(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_nobody),	       T(test_one_that_hides_something), T(test_the_other_direction),
		T(test_few_clients), T(test_what_cannot_be_fitted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
