/* test_quota.c: how many rows of one client a model learns from. */
#include "detect/quota.h"

#include "unit.h"

static const char clients[64];

static void add(struct quota *q, size_t client, size_t rows)
{
	while (rows--)
		assert_int_equal(quota_count(q, &clients[client]), 0);
}

/* Rows of a client that stay, of so many. */
static size_t taken(const struct quota *q, size_t client, size_t rows)
{
	char what[32];
	size_t n = 0;

	for (size_t i = 0; i < rows; i++) {
		snprintf(what, sizeof(what), "site-%zu.example", i);
		n += quota_takes(q, &clients[client], what);
	}
	return n;
}

static void test_nobody_has_too_many(void **state)
{
	struct quota q = { 0 };

	for (size_t i = 0; i < 40; i++)
		add(&q, i, 5 + i % 20);
	quota_settle(&q);
	for (size_t i = 0; i < 40; i++)
		assert_int_equal(taken(&q, i, 5 + i % 20), 5 + i % 20);
	quota_free(&q);
}

/* However many rows one makes, they are a tenth of those that stay. */
static void test_one_has_nearly_all(void **state)
{
	struct quota q = { 0 };
	size_t stay;

	for (size_t i = 0; i < 40; i++)
		add(&q, i, 10);
	add(&q, 40, 100000);
	quota_settle(&q);
	assert_int_equal(q.most, 44); /* of 444 */
	stay = taken(&q, 40, 100000);
	if (stay < 20 || stay > 80)
		fail_msg("%zu stay", stay);
	assert_int_equal(taken(&q, 40, 100000), stay);
	assert_int_equal(taken(&q, 7, 10), 10);
	quota_free(&q);
}

/* A tenth would be less than an even share. */
static void test_few_clients(void **state)
{
	struct quota q = { 0 };

	for (size_t i = 0; i < 4; i++)
		add(&q, i, 20);
	add(&q, 4, 1000);
	quota_settle(&q);
	assert_int_equal(q.most, 120); /* 0.6 of 200 */
	quota_free(&q);
	for (size_t n = 0; n <= 3; n++) { /* there is nobody to compare with */
		for (size_t i = 0; i < n; i++)
			add(&q, i, 10 + 1000 * i);
		quota_settle(&q);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(taken(&q, i, 10 + 1000 * i), 10 + 1000 * i);
		quota_free(&q);
	}
}

/* Several who have as many as all others: each gets a tenth. */
static void test_several(void **state)
{
	struct quota q = { 0 };

	for (size_t i = 0; i < 50; i++)
		add(&q, i, 10);
	for (size_t i = 50; i < 54; i++)
		add(&q, i, 5000);
	quota_settle(&q);
	assert_in_range(q.most, 75, 84); /* 83 of 832 */
	assert_true(quota_takes(&q, &clients[60], "anything")); /* one without rows */
	quota_free(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_has_too_many),
		cmocka_unit_test(test_one_has_nearly_all),
		cmocka_unit_test(test_few_clients),
		cmocka_unit_test(test_several),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
