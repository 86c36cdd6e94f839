/* test_evaluation.c: how much time captures cover, on which days, and the groups of days that follow from it. */
#include "evaluate/evaluation.h"

#include <stdlib.h>

#include "evaluate/split.h"
#include "unit.h"

#define S 1000000000ULL
#define HOUR (3600 * S)
#define DAY 20000ULL /* since 1970 */

static struct sensor covered_by(const uint64_t *times, size_t n)
{
	struct sensor s = { 0 };

	for (size_t i = 0; i < n; i++)
		assert_int_equal(sensor_cover(&s, times[i]), 0);
	return s;
}

static void test_time_between_records(void **state)
{
	const uint64_t at = DAY * DAY_NS + HOUR,
		       times[] = { at, at + 10 * S, at + 5 * S, at + 70 * S, at + 70 * S };
	struct sensor s = covered_by(times, COUNT(times));

	assert_int_equal(sensor_covered_ns(&s), 70 * S);
	assert_int_equal(s.n_covered, 1);
	assert_int_equal(s.covered[0].day, DAY);
	s.clean = 3;
	assert_true(sensor_host_days(&s) == 3 * 70 / 86400.0);
	free(s.covered);
}

/* Two captures of an hour, a month apart, are not a month. */
static void test_silence_is_not_covered(void **state)
{
	const uint64_t at = DAY * DAY_NS + HOUR, later = at + 30 * DAY_NS;
	const uint64_t times[] = { at, at + HOUR, later, later + HOUR };
	struct sensor s = covered_by(times, COUNT(times));

	assert_int_equal(sensor_covered_ns(&s), 3 * HOUR);
	assert_int_equal(s.n_covered, 2);
	assert_int_equal(s.covered[0].ns, 2 * HOUR);
	assert_int_equal(s.covered[1].day, DAY + 30);
	assert_int_equal(s.covered[1].ns, HOUR);
	free(s.covered);
}

static void test_midnight(void **state)
{
	const uint64_t midnight = (DAY + 1) * DAY_NS;
	const uint64_t times[] = { midnight - 20 * S, midnight + 30 * S, midnight + 26 * HOUR };
	struct evaluation e = { 0 };
	struct group *groups;
	size_t n;

	e.sensors = calloc(1, sizeof(*e.sensors));
	*e.sensors = covered_by(times, COUNT(times));
	e.n_sensors = 1;
	e.sensors->clean = 1;
	assert_int_equal(e.sensors->n_covered, 3);
	assert_int_equal(e.sensors->covered[0].ns, 20 * S);
	assert_int_equal(e.sensors->covered[1].ns, 30 * S + HOUR);
	assert_int_equal(e.sensors->covered[2].ns, 0); /* the last record's day, of which nothing is known */
	assert_int_equal(split_groups(&e, SPLIT_TIME, &groups, &n), 0);
	assert_int_equal(n, 3);
	assert_string_equal(groups[0].title, "2024-10-04");
	assert_true(group_host_days(&e, &groups[1]) == (30 * S + HOUR) / (double)DAY_NS);
	free(groups);
	evaluation_free(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time_between_records),
		cmocka_unit_test(test_silence_is_not_covered),
		cmocka_unit_test(test_midnight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
