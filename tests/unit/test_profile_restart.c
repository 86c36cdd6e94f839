/* test_profile_restart.c: profiles as bytes: what a store is told of makes, after a restart, the same profiles
 * that go on as if there had been none; two sensors' can be joined; damaged bytes are refused. */
#include <errno.h>

#include "profile/join.h"
#include "profile/table.h"
#include "packed.h"
#include "profiles.h"
#include "stream.h"
#include "support/buf.h"

#define T PROFILES_START

/* What a store would hold: rows by their keys, as it is told of them. */
struct row {
	struct row *next;
	char key[160];
	enum client_kind kind;
	char client[64], domain[64];
	size_t len;
	uint8_t bytes[8192];
};

#define BUCKETS 4096

struct rows {
	struct row *bucket[BUCKETS];
	size_t n;
	struct buf totals;
};

static struct row **row_at(struct rows *rows, enum client_kind kind, const char *client, const char *domain,
			   char *key)
{
	struct row **at;

	snprintf(key, 160, "%d|%s|%s", kind, client ? client : "", domain ? domain : "");
	at = &rows->bucket[distinct_hash(key, strlen(key)) % BUCKETS];
	while (*at && strcmp((*at)->key, key) != 0)
		at = &(*at)->next;
	return at;
}

static void on_change(void *ctx, const struct profile_change *c)
{
	struct rows *rows = ctx;
	struct buf b = { 0 };
	char key[160];
	struct row **at = row_at(rows, c->kind, c->client, c->domain, key), *row = *at;

	if (c->gone) {
		assert_non_null(row); /* only what it was told of */
		*at = row->next;
		free(row);
		rows->n--;
		return;
	}
	if (!row) {
		row = *at = calloc(1, sizeof(*row));
		assert_non_null(row);
		rows->n++;
	}
	strcpy(row->key, key);
	row->kind = c->kind;
	snprintf(row->client, sizeof(row->client), "%s", c->client ? c->client : "");
	snprintf(row->domain, sizeof(row->domain), "%s", c->domain ? c->domain : "");
	if (c->client_profile)
		profile_pack_client(c->client_profile, &b);
	else if (c->domain_profile)
		profile_pack_domain(c->domain_profile, &b);
	else
		profile_pack_pair(c->pair_profile, &b);
	assert_true(b.len <= sizeof(row->bytes));
	memcpy(row->bytes, b.data, b.len);
	row->len = b.len;
	buf_free(&b);
}

static void take(struct profiles *p, struct rows *rows)
{
	while (profiles_take_changes(p, 100, on_change, rows) == 100)
		;
	rows->totals.len = 0;
	profiles_pack_totals(p, &rows->totals);
}

static void rows_free(struct rows *rows)
{
	for (unsigned int i = 0; i < BUCKETS; i++) {
		while (rows->bucket[i]) {
			struct row *row = rows->bucket[i];

			rows->bucket[i] = row->next;
			free(row);
		}
	}
	buf_free(&rows->totals);
	free(rows);
}

static int load_row(struct profiles *p, const struct row *row)
{
	if (row->kind && *row->domain)
		return profiles_load_pair(p, row->kind, row->client, row->domain, row->bytes, row->len);
	if (row->kind)
		return profiles_load_client(p, row->kind, row->client, row->bytes, row->len);
	return profiles_load_domain(p, row->domain, row->bytes, row->len);
}

static void load(struct profiles *p, const struct rows *rows)
{
	for (unsigned int pairs = 0; pairs < 2; pairs++)
		for (unsigned int i = 0; i < BUCKETS; i++)
			for (const struct row *row = rows->bucket[i]; row; row = row->next)
				if ((row->kind && *row->domain) == pairs)
					assert_int_equal(load_row(p, row), 0);
	assert_int_equal(profiles_load_totals(p, rows->totals.data, rows->totals.len), 0);
	profiles_loaded(p);
}

static void assert_same(struct profiles *a, struct profiles *b)
{
	assert_same_bytes(packed_all(a), packed_all(b));
	assert_int_equal(profiles_count(a).bytes, profiles_count(b).bytes);
	assert_int_equal(profiles_now(a), profiles_now(b));
}

/* With judgements now and then, as detectors would give them. */
static void run(struct profiles *p, struct stream *s, unsigned int messages, struct rows *rows)
{
	for (unsigned int i = 0; i < messages; i++) {
		struct pair_profile *pair;

		stream_next(s, &profiles_message);
		pair = profiles_add(p, &profiles_message);
		if (pair && stream_random(s) % 50 == 0) {
			pair->state.judgement = stream_random(s) % N_JUDGEMENTS;
			pair->state.judged_ns = profiles_message.time_ns;
			pair->state.score += 0.25;
			profiles_touch_pair(p, pair);
		}
		if (rows && i % 1000 == 0)
			take(p, rows);
	}
	if (rows)
		take(p, rows);
}

static struct stream stream_of(uint64_t seed)
{
	return (struct stream){ .random = seed, .time_ns = T, .clients = 60, .domains = 800, .step_ms = 3000 };
}

static const struct profile_limits limits[] = {
	{ 100000, 100000, 100000, 0 }, /* nothing is evicted */
	{ 500, 200, 30, 0 },	       /* every table is full */
	{ 500, 100000, 100000, 0 },    /* domains stay without pairs */
	{ 100000, 50, 100000, 0 },     /* pairs go with their domains */
	{ 4000, 4000, 4000, 600000 },  /* bytes */
};

static struct profiles *new_of(unsigned int i)
{
	struct profiles *p = profiles_new(&limits[i], NULL);

	assert_non_null(p);
	profiles_track_changes(p, true);
	return p;
}

/* Run with a restart in the middle, out of what the store was told batch by batch, against one that runs through.
 */
static void test_restart(void **state)
{
	for (unsigned int i = 0; i < COUNT(limits); i++) {
		struct profiles *through = new_of(i), *first = new_of(i), *second = new_of(i);
		struct stream a = stream_of(5 + i), b = stream_of(5 + i);
		struct rows *rows = calloc(1, sizeof(*rows));

		assert_non_null(rows);
		run(through, &a, 30000, NULL);
		run(first, &b, 15000, rows);
		assert_int_equal(rows->n, profiles_count(first).pairs + profiles_count(first).domains +
						  profiles_count(first).clients);
		load(second, rows);
		assert_same(first, second);
		profiles_free(first);
		run(second, &b, 15000, rows);
		assert_same(through, second);
		assert_int_equal(rows->n, profiles_count(through).pairs + profiles_count(through).domains +
						  profiles_count(through).clients);
		if (i)
			assert_true(profiles_count(through).pairs_evicted > 100);
		profiles_free(through);
		profiles_free(second);
		rows_free(rows);
	}
}

/* Hash seeds and addresses decide nothing. */
static void test_seeds_decide_nothing(void **state)
{
	for (unsigned int i = 0; i < COUNT(limits); i++) {
		struct profiles *one = new_of(i), *other = new_of(i);
		struct stream a = stream_of(77), b = stream_of(77);

		other->seed = one->seed * 31 + 7;
		free(malloc(12345));
		run(one, &a, 20000, NULL);
		run(other, &b, 20000, NULL);
		assert_same(one, other);
		profiles_free(one);
		profiles_free(other);
	}
}

/* Two sensors that saw a half each, joined through bytes: counts, sets and moments of one that saw all. */
static void test_join(void **state)
{
	struct profiles *all = new_of(0), *a = new_of(0), *b = new_of(0);
	struct rows *rows = calloc(1, sizeof(*rows));
	struct stream s = stream_of(3);
	unsigned int n = 0;

	assert_non_null(rows);
	for (unsigned int i = 0; i < 20000; i++) {
		stream_next(&s, &profiles_message);
		profiles_add(all, &profiles_message);
		profiles_add(i % 2 ? a : b, &profiles_message);
	}
	take(b, rows);
	load(a, rows);
	assert_int_equal(profiles_count(a).pairs, profiles_count(all).pairs);
	assert_int_equal(profiles_count(a).domains, profiles_count(all).domains);
	assert_int_equal(profiles_now(a), profiles_now(all));
	assert_int_equal(profiles_since(a), profiles_since(all));
	for (unsigned int i = 0; i < 800; i++) {
		struct domain_profile *x, *y;
		char name[64];

		snprintf(name, sizeof(name), "domain-%u.example", i);
		x = profiles_find_domain(a, name);
		y = profiles_find_domain(all, name);
		assert_true(!x == !y);
		if (!x)
			continue;
		n++;
		assert_int_equal(x->queries, y->queries);
		assert_int_equal(x->first_ns, y->first_ns);
		assert_int_equal(x->last_ns, y->last_ns);
		assert_true(distinct_count(&x->clients) == distinct_count(&y->clients));
		assert_true(distinct_count(&x->ips) == distinct_count(&y->ips));
		assert_true(distinct_count(&x->names) == distinct_count(&y->names));
		assert_int_equal(x->ttl.n, y->ttl.n);
		assert_true(fabs(x->ttl.mean - y->ttl.mean) < 1e-6);
		assert_true(fabs(moments_sd(&x->name_length) - moments_sd(&y->name_length)) < 1e-9);
		assert_int_equal(x->ttl_min, y->ttl_min);
	}
	assert_true(n > 500);
	profiles_free(all);
	profiles_free(a);
	profiles_free(b);
	rows_free(rows);
}

/* What is joined goes to the store again; what came from it and stays as it is does not. */
static void test_loaded_is_not_changed(void **state)
{
	struct profiles *a = new_of(0), *b = new_of(0);
	struct rows *rows = calloc(1, sizeof(*rows)), *again = calloc(1, sizeof(*again));
	struct stream s = stream_of(9);

	assert_non_null(rows);
	assert_non_null(again);
	run(a, &s, 2000, rows);
	load(b, rows);
	take(b, again);
	assert_int_equal(again->n, 0);
	load(b, rows); /* joined with itself */
	take(b, again);
	assert_int_equal(again->n, rows->n);
	profiles_free(a);
	profiles_free(b);
	rows_free(rows);
	rows_free(again);
}

static void test_state_of_a_join(void **state)
{
	struct profiles *a = new_of(0), *b = new_of(0);
	struct buf bytes = { 0 };
	struct pair_profile *x = profiles_ask_number(a, "192.0.2.1", 1, T),
			    *y = profiles_ask_number(b, "192.0.2.1", 1, T);

	x->state = (struct profile_state){ .judged_ns = T + 5, .told_ns = 0, .judgement = JUDGED_ORDINARY };
	x->state.told_evidence = 5;
	x->state.told_score = 0.9;
	y->state = (struct profile_state){ .judged_ns = T + 4, .told_ns = T + 4, .judgement = JUDGED_SUSPICIOUS };
	y->state.told_evidence = 6;
	y->state.told_score = 0.99;
	y->state.excuse = 2;
	assert_int_equal(join_pair(x, y), 0);
	assert_int_equal(x->state.told_evidence, 7); /* what one of them told is told */
	assert_true(x->state.told_score == 0.99);
	assert_int_equal(x->state.excuse, 0); /* of the later verdict */
	assert_int_equal(x->state.judgement, JUDGED_ORDINARY); /* the later */
	assert_int_equal(x->state.told_ns, T + 4);
	profiles_free(b);
	b = new_of(0);
	(void)profiles_ask_number(b, "192.0.2.1", 1, T);
	profile_pack_pair(x, &bytes);
	assert_int_equal(profiles_load_pair(b, CLIENT_ADDRESS, "192.0.2.1", "example-1.org", bytes.data, bytes.len), 0);
	y = profiles_find_pair(b, CLIENT_ADDRESS, "192.0.2.1", "example-1.org");
	assert_memory_equal(&y->state, &x->state, sizeof(x->state));
	buf_free(&bytes);
	profiles_free(a);
	profiles_free(b);
}

static struct row *any_row(struct rows *rows, bool client, bool domain, size_t least)
{
	for (unsigned int i = 0; i < BUCKETS; i++)
		for (struct row *row = rows->bucket[i]; row; row = row->next)
			if (!!row->kind == client && !!*row->domain == domain && row->len >= least)
				return row;
	fail_msg("no such row");
	return NULL;
}

static void test_damaged(void **state)
{
	static const bool kinds[][2] = { { true, false }, { false, true }, { true, true } };
	struct profiles *a = new_of(0), *b = new_of(0);
	struct rows *rows = calloc(1, sizeof(*rows));
	struct stream s = stream_of(11);

	assert_non_null(rows);
	run(a, &s, 20000, rows);
	for (unsigned int i = 0; i < COUNT(kinds); i++) {
		struct row *row = any_row(rows, kinds[i][0], kinds[i][1], 200);
		struct row bad = *row;

		if (i == 2)
			assert_int_equal(load_row(b, row),
					 -EINVAL); /* neither its client nor its domain is there */
		for (size_t len = 0; len < row->len; len++) {
			bad.len = len;
			assert_int_equal(load_row(b, &bad), -EINVAL);
		}
		bad.len = row->len + 1; /* something behind the end */
		assert_int_equal(load_row(b, &bad), -EINVAL);
		bad.len = row->len;
		bad.bytes[0]++;
		assert_int_equal(load_row(b, &bad), -EPROTO);
		bad.bytes[0]--;
		bad.bytes[1] = 'x';
		assert_int_equal(load_row(b, &bad), -EINVAL);
	}
	assert_int_equal(profiles_count(b).clients + profiles_count(b).domains + profiles_count(b).pairs, 0);
	assert_int_equal(profiles_load_client(b, 3, "x", "", 0), -EINVAL);
	assert_int_equal(profiles_load_client(b, CLIENT_PROGRAM, "", "", 0), -EINVAL);
	assert_int_equal(profiles_load_totals(b, "", 0), -EINVAL);
	profiles_free(a);
	profiles_free(b);
	rows_free(rows);
}

/* A limit that was lowered since: what comes first stays. */
static void test_more_than_fits(void **state)
{
	struct profiles *a = profiles_of(10, 10, 10, 0), *b = profiles_of(10, 10, 1, 0);
	struct buf bytes = { 0 };

	profile_pack_client(profiles_ask_number(a, "192.0.2.1", 1, T)->client, &bytes);
	assert_int_equal(profiles_load_client(b, CLIENT_ADDRESS, "192.0.2.1", bytes.data, bytes.len), 0);
	assert_int_equal(profiles_load_client(b, CLIENT_ADDRESS, "192.0.2.2", bytes.data, bytes.len), -ENOSPC);
	assert_int_equal(profiles_load_client(b, CLIENT_ADDRESS, "192.0.2.1", bytes.data, bytes.len), 0);
	assert_int_equal(profiles_find_client(b, CLIENT_ADDRESS, "192.0.2.1")->queries, 2);
	buf_free(&bytes);
	profiles_free(a);
	profiles_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_seeds_decide_nothing),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_loaded_is_not_changed),
		cmocka_unit_test(test_state_of_a_join),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_more_than_fits),
	};

	return cmocka_run_group_tests_name("profile restart", tests, NULL, NULL);
}
