/* test_store_kill.c: a writer that is killed at any moment leaves a sound file, which holds what its first batches
 * held: all of each or nothing. */
#include "store/store.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include "profile/profile.h"
#include "store_stream.h"

#define KILLS 20
#define ROUNDS_MOST 100000

/* What a store with so many batches has to hold; the writer fills it in before each of them. */
struct expected {
	uint32_t messages, alerts;
};

static char dir[64], path[96];
static struct expected *expected;

static const struct profile_limits limits = { .pairs = 100000, .domains = 100000, .clients = 100000 };

static int set_up(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/metsuke-store-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/metsuke.db", dir);
	expected = mmap(NULL, ROUNDS_MOST * sizeof(*expected), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	return expected == MAP_FAILED ? -1 : 0;
}

static int tear_down(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* Small batches until it is killed: one each round, of alerts and of what changed. */
static void writer(struct stream *s)
{
	struct store_options o = {
		.path = path, .max_bytes = 512 << 20, .queue_bytes = 8 << 20, .batch_seconds = 1, .wait = true
	};
	struct profiles *p = profiles_new(&limits, NULL);
	struct store_loaded loaded;
	char error[256], id[32];
	struct store *store = store_open(&o, error, sizeof(error));
	struct expected now = { 0 };

	stream_init(s, 1, 20, 40);
	if (!store || !p || store_load(store, p, &loaded))
		_exit(1);
	/* Two batches each: the changes, then what settles age and size. */
	for (unsigned int batch = 0; batch + 2 < ROUNDS_MOST; batch += 2) {
		struct store_alert a = { .kind = "anomaly", .event_id = id, .line = id };

		for (unsigned int i = 0; i < 200; i++, now.messages++)
			if (!profiles_add(p, stream_next(s)))
				_exit(1);
		a.line_len = snprintf(id, sizeof(id), "%u", now.alerts++);
		a.time_ns = s->time_ns;
		store_put_alert(store, &a);
		expected[batch + 1] = expected[batch + 2] = now;
		if (store_flush(store, p, 60))
			_exit(1);
	}
	_exit(1);
}

static int64_t number(const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *stmt;
	int64_t n = -1;

	assert_int_equal(sqlite3_open(path, &db), 0);
	if (!sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) && sqlite3_step(stmt) == SQLITE_ROW)
		n = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return n;
}

static void check(void)
{
	int64_t batches;

	if (number("SELECT count(*) FROM sqlite_master") <= 0)
		return; /* before there was anything */
	assert_int_equal(number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
	assert_int_equal(number("SELECT count(*) FROM pragma_integrity_check"), 1);
	batches = number("SELECT coalesce((SELECT value FROM meta WHERE key = 'batches'), 0)");
	assert_in_range(batches, 0, ROUNDS_MOST - 1);
	assert_int_equal(number("SELECT coalesce(sum(requests + queries), 0) FROM pairs"),
			 expected[batches].messages);
	assert_int_equal(number("SELECT coalesce(sum(requests + queries), 0) FROM clients"),
			 expected[batches].messages);
	assert_int_equal(number("SELECT coalesce(sum(requests + queries), 0) FROM domains"),
			 expected[batches].messages);
	assert_int_equal(number("SELECT count(*) FROM alerts"), expected[batches].alerts);
	assert_int_equal(number("SELECT coalesce(max(CAST(event_id AS INTEGER)) + 1, 0) FROM alerts"),
			 expected[batches].alerts);
}

/* And a sensor that starts on it reads every row. */
static void check_loads(void)
{
	struct store_options o = {
		.path = path, .max_bytes = 512 << 20, .queue_bytes = 8 << 20, .batch_seconds = 1
	};
	struct profiles *p = profiles_new(&limits, NULL);
	int64_t pairs = number("SELECT count(*) FROM pairs");
	struct store_loaded loaded;
	char error[256];
	struct store *store = store_open(&o, error, sizeof(error));

	assert_non_null(store);
	assert_int_equal(store_load(store, p, &loaded), 0);
	assert_null(store_stats(store).degraded);
	assert_int_equal(loaded.damaged, 0);
	assert_int_equal(loaded.pairs, pairs < 0 ? 0 : pairs);
	store_close(store, 60);
	profiles_free(p);
}

static void remove_store(void)
{
	static const char *const ends[] = { "", "-wal", "-shm", ".lock" };
	char name[128];

	for (unsigned int i = 0; i < COUNT(ends); i++) {
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		unlink(name);
	}
}

static void test_killed(void **state)
{
	struct stream *s = calloc(1, sizeof(*s)), moments;
	int64_t most = 0;

	stream_init(&moments, 42, 1, 1);
	for (unsigned int i = 0; i < KILLS; i++) {
		unsigned int after_batches = 2 * (stream_random(&moments) % 20);
		unsigned int after_us = stream_random(&moments) % 30000;
		pid_t child = fork();
		int64_t batches;
		int status;

		if (!child)
			writer(s);
		while (after_batches && !((volatile struct expected *)expected)[after_batches].messages &&
		       !waitpid(child, &status, WNOHANG))
			usleep(100);
		usleep(after_us);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status)); /* it was still writing */
		check();
		batches = number("SELECT value FROM meta WHERE key = 'batches'");
		most = batches > most ? batches : most;
		check_loads();
		remove_store();
		memset(expected, 0, ROUNDS_MOST * sizeof(*expected));
	}
	assert_true(most > 20); /* there was something to lose */
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(test_killed, set_up, tear_down) };

	return cmocka_run_group_tests_name("store_kill", tests, NULL, NULL);
}
