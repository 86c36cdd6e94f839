/* test_store.c: what is put into a store is there again, and leaves it by age and size. */
#include "store/store.h"

#include "store/schema.h"
#include "store_fixture.h"

#define DAY_NS 86400000000000ULL

static void test_round_trip(void **state)
{
	struct buf before;
	struct stat st;

	assert_int_equal(open_store(), 0);
	assert_string_equal(said.text, "");
	assert_string_equal(degraded(), "no");
	feed(1, 2000);
	before = packed_all(profiles);
	assert_int_equal(store_flush(store, profiles, FLUSH_SECONDS), 0);
	assert_int_equal(store_put_changes(store, profiles, MANY), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07, 0); /* who visited what is not for all to read */
	close_store();
	forget();
	assert_int_equal(open_store(), 0);
	assert_int_equal(loaded.damaged + loaded.left_out, 0);
	assert_int_equal(loaded.clients, 20);
	assert_int_equal(loaded.domains, 40);
	assert_int_equal(loaded.pairs, number("SELECT count(*) FROM pairs"));
	assert_same_bytes(before, packed_all(profiles));
	/* Nothing of what was loaded is a change. */
	assert_int_equal(store_put_changes(store, profiles, MANY), 0);
	assert_int_equal(store_stats(store).rows, 0);
}

/* A run with a restart in it ends as one without. */
static void test_restart_in_between(void **state)
{
	struct stream *s = malloc(sizeof(*s));
	struct buf whole;

	stream_init(s, 2, 20, 40);
	for (unsigned int i = 0; i < 4000; i++)
		assert_non_null(profiles_add(profiles, stream_next(s)));
	whole = packed_all(profiles);
	forget();
	stream_init(s, 2, 20, 40);
	for (unsigned int part = 0; part < 4; part++) {
		assert_int_equal(open_store(), 0);
		for (unsigned int i = 0; i < 1000; i++)
			assert_non_null(profiles_add(profiles, stream_next(s)));
		assert_int_equal(store_flush(store, profiles, FLUSH_SECONDS), 0);
		close_store();
		if (part < 3)
			forget();
	}
	assert_same_bytes(whole, packed_all(profiles));
	free(s);
}

/* The columns say what the packed profile says. */
static void test_columns(void **state)
{
	struct pair_profile *pair;
	struct observation o;

	assert_int_equal(open_store(), 0);
	exchange_request(&o);
	o.forwarded = true;
	o.http.host = o.http.domain.registered = unit_text("example.org");
	o.http.domain.suffix = unit_text("org");
	for (unsigned int i = 0; i < 4; i++) {
		pair = profiles_add(profiles, &o);
		o.time_ns += 10000000000 + i * 1000000000; /* gaps of 10, 11, 12 s */
	}
	pair->state.judgement = JUDGED_SUSPICIOUS;
	pair->state.score = 0.75;
	pair->state.judged_ns = EXCHANGE_NS;
	profiles_touch_pair(profiles, pair);
	assert_int_equal(store_flush(store, profiles, FLUSH_SECONDS), 0);
	assert_int_equal(
		number("SELECT count(*) FROM pairs WHERE client = '192.0.2.1' AND kind = 'address' AND "
		       "domain = 'example.org' AND requests = 4 AND checkins = 4 AND gap_mean_s = 11 AND "
		       "abs(gap_sd_s - 1) < 1e-9 AND abs(gap_cv - 1.0 / 11) < 1e-9 AND queries = 0 AND "
		       "dns_gap_mean_s IS NULL AND urls = 1 AND judgement = 'suspicious' AND score = 0.75 AND "
		       "first_ns = 1700000000123456789 AND last_ns = 1700000033123456789"),
		1);
	assert_int_equal(number("SELECT count(*) FROM domains WHERE domain = 'example.org' AND requests = 4 AND "
				"clients = 1 AND ttl_mean IS NULL AND ttl_min IS NULL"),
			 1);
	assert_int_equal(number("SELECT count(*) FROM clients WHERE client = '192.0.2.1' AND requests = 4 AND "
				"flagged = 1"),
			 1);
	assert_int_equal(number("SELECT value FROM meta WHERE key = 'schema_version'"), SCHEMA_VERSION);
	assert_int_equal(number("SELECT value = 'sensor-7' FROM meta WHERE key = 'sensor'"), 1);
}

static void test_what_is_gone_leaves(void **state)
{
	const struct profile_limits few = { .pairs = 50, .domains = 1000, .clients = 1000 };
	struct profile_counts counts;

	profiles_free(profiles);
	profiles = profiles_new(&few, NULL);
	assert_int_equal(open_store(), 0);
	for (unsigned int i = 0; i < 5; i++) {
		feed(10 + i, 200);
		assert_int_equal(store_flush(store, profiles, FLUSH_SECONDS), 0);
		profiles_counts(profiles, &counts);
		assert_int_equal(number("SELECT count(*) FROM pairs"), counts.pairs);
		assert_int_equal(number("SELECT count(*) FROM domains"), counts.domains);
		assert_int_equal(number("SELECT count(*) FROM clients"), counts.clients);
	}
	assert_true(counts.pairs_evicted > 0);
}

/* Limits that were lowered: the newest stay. */
static void test_lower_limits(void **state)
{
	const struct profile_limits few = { .pairs = 100, .domains = 1000, .clients = 1000 };
	struct profile_counts counts;

	assert_int_equal(open_store(), 0);
	feed(3, 2000);
	assert_int_equal(store_flush(store, profiles, FLUSH_SECONDS), 0);
	close_store();
	profiles_free(profiles);
	profiles = profiles_new(&few, NULL);
	assert_int_equal(open_store(), 0);
	profiles_counts(profiles, &counts);
	assert_int_equal(loaded.pairs, 100);
	assert_int_equal(counts.pairs, 100);
	assert_true(loaded.left_out > 0);
	assert_int_equal(loaded.damaged, 0);
	assert_non_null(strstr(said.text, "more than the limits allow"));
}

static void test_alerts_once(void **state)
{
	assert_int_equal(open_store(), 0);
	for (unsigned int round = 0; round < 2; round++)
		for (unsigned int i = 0; i < 10; i++)
			put_alert(i);
	assert_int_equal(store_flush(store, NULL, FLUSH_SECONDS), 0);
	assert_int_equal(number("SELECT count(*) FROM alerts"), 10);
	assert_int_equal(store_stats(store).alerts, 10);
	assert_int_equal(
		number("SELECT count(*) FROM alerts WHERE event = '{\"event\":{\"id\":\"run-000003\"}}' AND "
		       "process IS NULL AND pid IS NULL AND kind = 'anomaly'"),
		1);
	assert_int_equal(store_stats(store).dropped, 0);
}

/* Rounds of profiles are far apart; who asks about an alert that just went out finds it. */
static void test_alerts_soon(void **state)
{
	struct store_options o = options();

	o.batch_seconds = 3600;
	store = open_with(o);
	assert_int_equal(store_load(store, profiles, &loaded), 0);
	feed(1, 100);
	assert_true(store_put_changes(store, profiles, MANY) > 0);
	feed(2, 100);
	put_alert(1);
	wait_until(!store_put_changes(store, profiles, MANY) && number("SELECT count(*) FROM alerts") == 1);
	put_alert(2);
	wait_until(!store_put_changes(store, profiles, MANY) && number("SELECT count(*) FROM alerts") == 2);
}

static void test_old_rows_leave(void **state)
{
	struct store_options o = options();
	struct stream *s = malloc(sizeof(*s));

	o.retention_seconds = 7 * 86400;
	store = open_with(o);
	assert_int_equal(store_load(store, profiles, &loaded), 0);
	stream_init(s, 1, 10, 10);
	for (unsigned int day = 0; day < 10; day++) {
		s->time_ns = EXCHANGE_NS + day * DAY_NS;
		assert_non_null(profiles_add(profiles, stream_message(s, day, 100 + day)));
		put_alert(day * 86400);
		assert_int_equal(store_flush(store, profiles, FLUSH_SECONDS), 0);
	}
	/* Day 9 is the newest: 2 is within seven days of it (a few seconds later), 1 is not. */
	assert_int_equal(number("SELECT count(*) FROM pairs"), 8);
	assert_int_equal(number("SELECT count(*) FROM domains WHERE domain = 'site102.example'"), 1);
	assert_int_equal(number("SELECT count(*) FROM domains WHERE domain = 'site101.example'"), 0);
	assert_int_equal(number("SELECT count(*) FROM clients"), 8);
	assert_in_range(number("SELECT count(*) FROM alerts"), 7, 8);
	free(s);
}

/* Far more than max_bytes: it stays within, flagged pairs and the newest are there, nothing is degraded. */
static void test_size(void **state)
{
	struct store_options o = options();
	struct stream *s = malloc(sizeof(*s));
	uint64_t most = 0;
	int64_t oldest;

	o.max_bytes = 16 << 20;
	said_start(&said);
	store = open_with(o);
	assert_int_equal(store_load(store, profiles, &loaded), 0);
	stream_init(s, 1, 10, 10);
	for (unsigned int i = 0; i < 40000; i++) {
		struct pair_profile *pair = profiles_add(profiles, stream_message(s, i % 1000, i));

		assert_non_null(pair);
		if (i % 1000 == 0) {
			pair->state.judgement = JUDGED_SUSPICIOUS;
			profiles_touch_pair(profiles, pair);
		}
		if (i % 2000)
			continue;
		assert_int_equal(store_flush(store, profiles, FLUSH_SECONDS), 0);
		if (bytes_of("metsuke.db") + bytes_of("metsuke.db-wal") > most)
			most = bytes_of("metsuke.db") + bytes_of("metsuke.db-wal");
	}
	assert_int_equal(store_flush(store, profiles, FLUSH_SECONDS), 0);
	said_end(&said);
	assert_in_range(most, 4 << 20, 16 << 20);
	assert_non_null(strstr(said.text, "to stay within store.max_bytes"));
	assert_true(store_stats(store).pruned > 0);
	assert_string_equal(degraded(), "no");
	assert_int_equal(number("SELECT count(*) FROM pairs WHERE judgement = 'suspicious'"), 40);
	assert_int_equal(number("SELECT count(*) FROM domains WHERE domain = 'site39999.example'"), 1);
	/* Oldest first, without a hole: what is left are the newest of them. */
	oldest = number("SELECT min(last_ns) FROM pairs WHERE judgement = 'unknown'");
	assert_true(oldest > (int64_t)EXCHANGE_NS + 1000000000);
	assert_true(number("SELECT count(*) FROM pairs") < 39000);
	assert_int_equal(number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_store(test_round_trip),   with_store(test_restart_in_between),
		with_store(test_columns),      with_store(test_what_is_gone_leaves),
		with_store(test_lower_limits), with_store(test_alerts_once),
		with_store(test_alerts_soon),  with_store(test_old_rows_leave),
		with_store(test_size),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
