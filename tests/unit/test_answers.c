/* test_answers.c: what the kernel's tables said is kept for half a second and mixed up with nothing else; asking in vain
 * becomes rare. */
#include "capture/answers.h"

#include <stdlib.h>

#include "unit.h"

#define SECOND 1000000000ULL
#define NOW (1700000000 * SECOND)

static struct answers *a;

static int set_up(void **state)
{
	a = answers_new();
	return a ? 0 : -1;
}

static int tear_down(void **state)
{
	answers_free(a);
	return 0;
}

static struct answer_key flow(void)
{
	return (struct answer_key){ .ip = { 1, 2 }, .server = { 3 }, .port = 40000, .server_port = 53, .ifindex = 2,
				    .question = QUESTION_CLIENT };
}

static void put(const struct answer_key *key, uint16_t port, uint64_t now)
{
	answers_put(a, key, &(union answer){ .client = { .port = port } }, now);
}

static void test_life(void **state)
{
	struct answer_key key = flow();

	put(&key, 1, NOW);
	assert_int_equal(answers_get(a, &key, NOW)->client.port, 1);
	assert_non_null(answers_get(a, &key, NOW + ANSWER_LIFE_NS - 1));
	assert_null(answers_get(a, &key, NOW + ANSWER_LIFE_NS));
	assert_non_null(answers_get(a, &key, NOW - 1000)); /* out of order */
	assert_null(answers_get(a, &key, NOW - ANSWER_LIFE_NS));
	put(&key, 2, NOW + SECOND);
	assert_int_equal(answers_get(a, &key, NOW + SECOND)->client.port, 2);
	assert_null(answers_get(a, &key, NOW));
}

/* The shortest time in which conntrack gives a port away, its smallest time-out, is beyond an answer's life. */
static void test_reused_port(void **state)
{
	struct answer_key key = flow();

	put(&key, 1, NOW);
	assert_null(answers_get(a, &key, NOW + SECOND));
}

static void test_keys(void **state)
{
	struct answer_key key = flow(), other;
	uint8_t *byte = (uint8_t *)&other;

	put(&key, 1, NOW);
	for (size_t i = 0; i < sizeof(key); i++) {
		other = key;
		byte[i] ^= 1;
		assert_null(answers_get(a, &other, NOW));
	}
	assert_null(answers_get(a, &(struct answer_key){ 0 }, NOW));
}

/* It never grows: of very many some are still there, and each is its own. */
static void test_many(void **state)
{
	struct answer_key key = flow();
	unsigned int there = 0;

	for (uint32_t i = 0; i < 60000; i++) {
		key.ifindex = i;
		put(&key, i, NOW);
	}
	for (uint32_t i = 0; i < 60000; i++) {
		const union answer *found;

		key.ifindex = i;
		found = answers_get(a, &key, NOW);
		there += found != NULL;
		if (found)
			assert_int_equal(found->client.port, i);
	}
	assert_in_range(there, 1000, 8192);
}

static unsigned int open_in(struct gate *g, uint64_t from, uint64_t to, uint64_t step, bool found)
{
	unsigned int n = 0;

	for (; from < to; from += step) {
		if (!gate_open(g, from))
			continue;
		n++;
		gate_found(g, found);
	}
	return n;
}

static void test_rate(void **state)
{
	struct gate g = { 0 };

	assert_int_equal(open_in(&g, NOW, NOW + SECOND, 10000, true), 20000);
	assert_int_equal(open_in(&g, NOW + SECOND, NOW + 2 * SECOND, 100000, true), 10000);
}

static void test_asking_in_vain(void **state)
{
	struct gate g = { 0 };
	uint64_t at = NOW;

	assert_int_equal(open_in(&g, at, at + 256 * 1000, 1000, false), 256);
	at += SECOND;
	assert_int_equal(open_in(&g, at, at + SECOND, 100000, false), 100);
	at += SECOND;
	assert_true(gate_open(&g, at));
	gate_found(&g, true); /* one is enough */
	assert_int_equal(open_in(&g, at, at + 256 * 1000, 1000, false), 256);
	at += SECOND;
	assert_int_equal(open_in(&g, at, at + SECOND, 100000, false), 100);
}

/* Not one too few: 255 in vain, one that finds something, and so on. */
static void test_some_in_vain(void **state)
{
	struct gate g = { 0 };
	uint64_t at = NOW;

	for (int i = 0; i < 10; i++, at += 256 * 1000) {
		assert_int_equal(open_in(&g, at, at + 255 * 1000, 1000, false), 255);
		assert_int_equal(open_in(&g, at + 255 * 1000, at + 256 * 1000, 1000, true), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_life, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reused_port, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_keys, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_asking_in_vain),
		cmocka_unit_test(test_some_in_vain),
	};

	return cmocka_run_group_tests_name("answers", tests, NULL, NULL);
}
