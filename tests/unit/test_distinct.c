/* test_distinct.c: how many different things there were. */
#include "profile/distinct.h"

#include <errno.h>
#include <math.h>

#include "unit.h"

static uint64_t hash_of(uint64_t n)
{
	return distinct_hash(&n, sizeof(n));
}

static void fill(struct distinct *d, uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to; i++)
		distinct_add(d, hash_of(i));
}

static bool same(const struct distinct *a, const struct distinct *b)
{
	if (a->n != b->n || a->room != b->room)
		return false;
	if (!distinct_exact(a))
		return !memcmp(a->more, b->more, DISTINCT_REGISTERS);
	return !memcmp(distinct_hashes(a), distinct_hashes(b), a->n * sizeof(uint64_t));
}

static void test_exact(void **state)
{
	struct distinct d = { 0 };

	assert_true(distinct_count(&d) == 0);
	assert_false(distinct_has(&d, hash_of(1)));
	for (uint64_t i = 0; i < DISTINCT_EXACT; i++) {
		assert_true(distinct_add(&d, hash_of(i)));
		assert_false(distinct_add(&d, hash_of(i)));
		assert_true(distinct_count(&d) == i + 1);
	}
	assert_true(distinct_exact(&d));
	assert_true(distinct_has(&d, hash_of(31)));
	assert_false(distinct_has(&d, hash_of(32)));
	assert_true(distinct_add(&d, hash_of(32)));
	assert_false(distinct_exact(&d));
	assert_false(distinct_add(&d, hash_of(3)));
	distinct_free(&d);
	assert_true(distinct_count(&d) == 0);
}

/* Within four standard errors, over the change from linear counting as well. */
static void test_estimate(void **state)
{
	static const uint64_t sizes[] = { 33, 50, 100, 500, 1000, 2000, 2500, 3000, 5000, 20000, 1000000 };
	const double most = 4 * 1.04 / sqrt(DISTINCT_REGISTERS);

	for (unsigned int i = 0; i < COUNT(sizes); i++) {
		struct distinct d = { 0 };

		fill(&d, 0, sizes[i]);
		if (fabs(distinct_count(&d) / sizes[i] - 1) > most)
			fail_msg("%llu counted as %f", (unsigned long long)sizes[i], distinct_count(&d));
		assert_int_equal(distinct_bytes(&d), heap_bytes(DISTINCT_REGISTERS));
		distinct_free(&d);
	}
}

/* Joined or filled in another order: the same bytes as from one sensor that saw all. */
static void test_merge(void **state)
{
	static const uint64_t cuts[][3] = { { 0, 0, 0 },	 { 0, 0, 5 },	 { 5, 0, 5 },	{ 10, 5, 20 },
					    { 20, 10, 32 },	 { 30, 20, 40 }, { 40, 0, 60 }, { 10, 5, 1000 },
					    { 1000, 990, 1010 }, { 500, 0, 500 } };

	for (unsigned int i = 0; i < COUNT(cuts); i++) {
		struct distinct a = { 0 }, b = { 0 }, all = { 0 };

		fill(&a, 0, cuts[i][0]);
		for (uint64_t n = cuts[i][2]; n-- > cuts[i][1];)
			distinct_add(&b, hash_of(n));
		fill(&all, 0, cuts[i][0]);
		fill(&all, cuts[i][1], cuts[i][2]);
		assert_int_equal(distinct_merge(&a, &b), 0);
		assert_true(same(&a, &all));
		distinct_free(&a);
		distinct_free(&b);
		distinct_free(&all);
	}
}

static void test_set(void **state)
{
	static const uint64_t good[] = { 1, 2, 9 }, twice[] = { 1, 2, 2 }, down[] = { 2, 1 };
	uint8_t registers[DISTINCT_REGISTERS] = { DISTINCT_RANK_MOST, 1 };
	struct distinct d = { 0 };

	assert_int_equal(distinct_set_exact(&d, twice, 3), -EINVAL);
	assert_int_equal(distinct_set_exact(&d, down, 2), -EINVAL);
	assert_int_equal(distinct_set_exact(&d, good, DISTINCT_EXACT + 1), -EINVAL);
	assert_null(d.more);
	assert_int_equal(distinct_set_exact(&d, good, 3), 0);
	assert_true(distinct_has(&d, 9));
	distinct_free(&d);
	assert_int_equal(distinct_set_registers(&d, registers), 0);
	distinct_free(&d);
	registers[7] = DISTINCT_RANK_MOST + 1;
	assert_int_equal(distinct_set_registers(&d, registers), -EINVAL);
	assert_null(d.more);
}

/* The least of all hashes has the highest rank, and it is one that a store may hold. */
static void test_rank(void **state)
{
	struct distinct d = { 0 }, copy = { 0 };
	const uint8_t *registers;

	fill(&d, 0, 40);
	distinct_add(&d, 0);
	registers = d.more;
	assert_int_equal(registers[0], DISTINCT_RANK_MOST);
	assert_int_equal(distinct_set_registers(&copy, registers), 0);
	distinct_free(&d);
	distinct_free(&copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact), cmocka_unit_test(test_estimate), cmocka_unit_test(test_merge),
		cmocka_unit_test(test_set),   cmocka_unit_test(test_rank),
	};

	return cmocka_run_group_tests_name("distinct", tests, NULL, NULL);
}
