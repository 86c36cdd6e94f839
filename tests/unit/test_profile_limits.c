/* test_profile_limits.c: what makes room when a table is full. */
#include "profiles.h"
#include "stream.h"

#define A "192.0.2.1"
#define B "192.0.2.2"
#define S PROFILES_S
#define T PROFILES_START
#define DAY (86400 * S)

static bool known(struct profiles *p, const char *client, unsigned int n)
{
	char name[64];

	snprintf(name, sizeof(name), "example-%u.org", n);
	return profiles_find_pair(p, CLIENT_ADDRESS, client, name);
}

static void judge(struct profiles *p, struct pair_profile *pair, enum judgement judgement)
{
	pair->state.judgement = judgement;
	profiles_touch_pair(p, pair);
}

static void test_the_oldest_goes(void **state)
{
	struct profiles *p = profiles_of(4, 100, 100, 0);

	for (unsigned int i = 0; i < 4; i++)
		profiles_ask_number(p, A, i, T + i * S);
	profiles_ask_number(p, A, 0, T + 5 * S); /* 1 is the oldest now */
	profiles_ask_number(p, A, 4, T + 6 * S);
	assert_false(known(p, A, 1));
	assert_true(known(p, A, 0) && known(p, A, 2) && known(p, A, 3) && known(p, A, 4));
	assert_int_equal(profiles_count(p).pairs, 4);
	assert_int_equal(profiles_count(p).pairs_evicted, 1);
	assert_int_equal(profiles_count(p).own_evicted, 0);
	assert_int_equal(profiles_count(p).domains, 5); /* there is room for it without a pair */
	profiles_free(p);
}

/* What is flagged stays; up to half of the table, and what is no longer flagged goes as the rest. */
static void test_flagged_stay(void **state)
{
	struct profiles *p = profiles_of(4, 100, 100, 0);
	struct pair_profile *first = profiles_ask_number(p, A, 0, T), *second = profiles_ask_number(p, A, 1, T);

	judge(p, first, JUDGED_SUSPICIOUS);
	judge(p, second, JUDGED_LISTED);
	assert_int_equal(first->client->flagged, 2);
	for (unsigned int i = 2; i < 20; i++)
		profiles_ask_number(p, A, i, T + i * S);
	assert_true(known(p, A, 0) && known(p, A, 1) && known(p, A, 18) && known(p, A, 19));
	assert_int_equal(profiles_count(p).flagged_kept, 16);
	judge(p, profiles_ask_number(p, A, 19, T),
	      JUDGED_SUSPICIOUS); /* more than half: the oldest of them goes */
	profiles_ask_number(p, A, 20, T + 20 * S);
	assert_false(known(p, A, 0));
	assert_true(known(p, A, 1) && known(p, A, 18) && known(p, A, 19) && known(p, A, 20));
	judge(p, profiles_find_pair(p, CLIENT_ADDRESS, A, "example-1.org"), JUDGED_ORDINARY);
	assert_int_equal(profiles_find_client(p, CLIENT_ADDRESS, A)->flagged, 1);
	for (unsigned int i = 21; i < 25; i++)
		profiles_ask_number(p, A, i, T + i * S);
	assert_false(known(p, A, 1));
	assert_true(known(p, A, 19));
	profiles_free(p);
}

/* Half of the table is flagged, and forty hosts ask for thousands of names: what is flagged stays, all of it. */
static void test_a_flood_takes_nothing_flagged(void **state)
{
	struct profiles *p = profiles_of(1000, 2000, 100, 0);

	for (unsigned int i = 0; i < 500; i++)
		judge(p, profiles_ask_number(p, A, i, T + i), i % 2 ? JUDGED_SUSPICIOUS : JUDGED_LISTED);
	for (unsigned int i = 0; i < 40000; i++) {
		char client[32];

		snprintf(client, sizeof(client), "198.18.0.%u", i % 40);
		profiles_ask_number(p, client, 1000 + i, T + 60 * S + i * 1000000ULL);
	}
	for (unsigned int i = 0; i < 500; i++)
		assert_true(known(p, A, i));
	assert_int_equal(profiles_count(p).pairs, 1000);
	profiles_free(p);
}

/* A host that has itself flagged on purpose, thousands of times (it looks up a list of known names), pushes out its own,
 * however few others are flagged; what it may hold is what is left of the table. */
static void test_nobody_pushes_others_flagged_out(void **state)
{
	struct profiles *p = profiles_of(1000, 2000, 100, 0);

	for (unsigned int i = 0; i < 20; i++)
		judge(p, profiles_ask_number(p, A, i, T + i * S), JUDGED_SUSPICIOUS);
	for (unsigned int i = 0; i < 5000; i++)
		judge(p, profiles_ask_number(p, B, 1000 + i, T + 60 * S + i * 1000000ULL), JUDGED_LISTED);
	for (unsigned int i = 0; i < 20; i++)
		assert_true(known(p, A, i));
	assert_true(known(p, B, 5999) && !known(p, B, 1000));
	assert_int_equal(profiles_count(p).pairs, 1000);
	profiles_free(p);
}

/* All flagged: still the tables hold. */
static void test_all_flagged(void **state)
{
	struct profiles *p = profiles_of(8, 8, 2, 0);

	for (unsigned int i = 0; i < 100; i++) {
		char client[32];

		snprintf(client, sizeof(client), "198.18.0.%u", i / 10);
		judge(p, profiles_ask_number(p, client, i % 37, T + i * S), JUDGED_SUSPICIOUS);
		assert_true(profiles_count(p).pairs <= 8 && profiles_count(p).domains <= 8 &&
			    profiles_count(p).clients <= 2);
	}
	profiles_free(p);
}

/* A million names of one client push out no pair of another that is in use. */
static void test_a_client_that_asks_a_million_names(void **state)
{
	struct profiles *p = profiles_of(1000, 500, 100, 0);
	struct profile_counts counts;

	for (unsigned int i = 0; i < 20; i++)
		profiles_ask_number(p, A, i, T + i * S);
	for (unsigned int i = 0; i < 1000000; i++)
		assert_non_null(profiles_ask_number(p, B, 1000 + i, T + 60 * S + i * 1000000ULL));
	for (unsigned int i = 0; i < 20; i++)
		assert_true(known(p, A, i));
	assert_true(known(p, B, 1000999));
	counts = profiles_count(p);
	assert_int_equal(counts.domains, 500);
	assert_true(counts.pairs <= 1000);
	assert_int_equal(counts.clients, 2);
	assert_true(counts.own_evicted > 990000);
	assert_true(counts.bytes < 2000000);
	profiles_free(p);
}

/* The near miss: what was not in use for a day goes before the flood's own. */
static void test_idle_pairs_go_first(void **state)
{
	struct profiles *p = profiles_of(100, 200, 100, 0);

	profiles_ask_number(p, A, 0, T);
	profiles_ask_number(p, A, 1, T + DAY);
	for (unsigned int i = 0; i < 98; i++)
		profiles_ask_number(p, B, 1000 + i, T + DAY);
	profiles_ask_number(p, B, 2000, T + DAY + S);
	assert_false(known(p, A, 0));
	profiles_ask_number(p, B, 2001, T + DAY + S);
	assert_true(known(p, A, 1));
	assert_false(known(p, B, 1000));
	assert_int_equal(profiles_count(p).own_evicted, 1);
	profiles_free(p);
}

/* A client within its share takes the oldest of all, whosever it is. */
static void test_a_new_client_finds_room(void **state)
{
	struct profiles *p = profiles_of(10, 100, 100, 0);

	for (unsigned int i = 0; i < 10; i++)
		profiles_ask_number(p, A, i, T + i * S);
	for (unsigned int i = 0; i < 5; i++)
		profiles_ask_number(p, B, 50 + i, T + 20 * S + i);
	for (unsigned int i = 0; i < 5; i++)
		assert_true(!known(p, A, i) && known(p, A, 5 + i) && known(p, B, 50 + i));
	profiles_free(p);
}

static void test_domains(void **state)
{
	struct profiles *p = profiles_of(100, 3, 100, 0);

	for (unsigned int i = 0; i < 3; i++) {
		profiles_ask_number(p, A, i, T + i * S);
		profiles_ask_number(p, B, i, T + i * S);
	}
	profiles_ask_number(p, B, 0, T + 4 * S);
	profiles_ask_number(p, "192.0.2.3", 9, T + 5 * S); /* 1 goes, with its pairs */
	assert_null(profiles_find_domain(p, "example-1.org"));
	assert_false(known(p, A, 1) || known(p, B, 1));
	assert_true(known(p, A, 0) && known(p, B, 0) && known(p, A, 2));
	assert_int_equal(profiles_count(p).pairs, 5);
	assert_int_equal(profiles_count(p).domains_evicted, 1);
	profiles_free(p);
}

static void test_clients(void **state)
{
	struct profiles *p = profiles_of(100, 100, 2, 0);

	profiles_ask_number(p, A, 0, T);
	profiles_ask_number(p, B, 0, T);
	judge(p, profiles_ask_number(p, A, 1, T), JUDGED_LISTED);
	profiles_ask_number(p, B, 0, T);
	profiles_ask_number(p, "192.0.2.3", 0, T); /* A is older, but flagged */
	assert_null(profiles_find_client(p, CLIENT_ADDRESS, B));
	assert_true(known(p, A, 0) && known(p, A, 1) && !known(p, B, 0));
	assert_int_equal(profiles_count(p).clients_evicted, 1);
	assert_int_equal(profiles_count(p).flagged_kept, 1);
	profiles_free(p);
}

/* Every table at its limit all the time, everything counted: the bytes too. */
static void test_bytes(void **state)
{
	struct stream s = { .random = 7, .time_ns = T, .clients = 500, .domains = 5000, .step_ms = 500 };
	struct profiles *p = profiles_of(4000, 4000, 4000, 1000000);
	size_t most = 0;

	for (unsigned int i = 0; i < 100000; i++) {
		stream_next(&s, &profiles_message);
		profiles_add(p, &profiles_message);
		most = profiles_count(p).bytes > most ? profiles_count(p).bytes : most;
	}
	assert_true(most < 1000000 + 10000); /* what one message may add */
	assert_true(most > 900000);
	assert_true(profiles_count(p).pairs_evicted > 0);
	profiles_free(p);
}

struct walk {
	struct profiles *p;
	unsigned int n;
	const char *first, *last;
};

static bool on_pair(void *ctx, struct pair_profile *pair)
{
	struct walk *w = ctx;

	w->first = w->n++ ? w->first : pair->domain->key;
	w->last = pair->domain->key;
	judge(w->p, pair, w->n % 2 ? JUDGED_SUSPICIOUS : JUDGED_ORDINARY);
	return w->n < 1000;
}

/* In the order of use, each once, also when each is judged anew on the way. */
static void test_walk(void **state)
{
	struct profiles *p = profiles_of(100, 100, 100, 0);
	struct walk w = { .p = p };

	for (unsigned int i = 0; i < 50; i++)
		profiles_ask_number(p, A, i, T);
	profiles_ask_number(p, A, 0, T);
	profiles_each_pair(p, on_pair, &w);
	assert_int_equal(w.n, 50);
	assert_string_equal(w.first, "example-1.org");
	assert_string_equal(w.last, "example-0.org");
	w.n = 0;
	profiles_each_pair(p, on_pair, &w);
	assert_int_equal(w.n, 50);
	profiles_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_oldest_goes),
		cmocka_unit_test(test_flagged_stay),
		cmocka_unit_test(test_a_flood_takes_nothing_flagged),
		cmocka_unit_test(test_nobody_pushes_others_flagged_out),
		cmocka_unit_test(test_all_flagged),
		cmocka_unit_test(test_a_client_that_asks_a_million_names),
		cmocka_unit_test(test_idle_pairs_go_first),
		cmocka_unit_test(test_a_new_client_finds_room),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_clients),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_walk),
	};

	return cmocka_run_group_tests_name("profile limits", tests, NULL, NULL);
}
