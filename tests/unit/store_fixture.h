/* store_fixture.h: a store in a folder of its own, and profiles to put into it. */
#ifndef METSUKE_TESTS_STORE_FIXTURE_H
#define METSUKE_TESTS_STORE_FIXTURE_H

#include <errno.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "packed.h"
#include "profile/profile.h"
#include "store/store.h"
#include "store_stream.h"

/* Not every test program uses all of it. */
#pragma GCC diagnostic ignored "-Wunused-function"

#define MANY 5000000
#define FLUSH_SECONDS 60

static char dir[64], path[96];
static struct said said;
static struct store *store;
static struct profiles *profiles;
static struct store_loaded loaded;
static bool in_child;

static const struct profile_limits limits = { .pairs = 100000, .domains = 100000, .clients = 100000 };

static int set_up(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/metsuke-store-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/metsuke.db", dir);
	memset(&loaded, 0, sizeof(loaded));
	profiles = profiles_new(&limits, NULL);
	store = NULL;
	return profiles ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];

	if (in_child) /* it failed: the parent says so */
		_exit(1);
	store_close(store, FLUSH_SECONDS);
	profiles_free(profiles);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static struct store_options options(void)
{
	return (struct store_options){ .path = path,
				       .sensor = "sensor-7",
				       .max_bytes = 512 << 20,
				       .queue_bytes = 8 << 20,
				       .batch_seconds = 1 };
}

static struct store *open_with(struct store_options o)
{
	char error[256];
	struct store *s = store_open(&o, error, sizeof(error));

	if (!s)
		fail_msg("%s", error);
	return s;
}

/* Opens and loads; what was said on the way is in `said`. */
static int open_store(void)
{
	int err;

	said_start(&said);
	store = open_with(options());
	err = store_load(store, profiles, &loaded);
	said_end(&said);
	return err;
}

static void close_store(void)
{
	store_close(store, FLUSH_SECONDS);
	store = NULL;
}

static const char *degraded(void)
{
	const char *reason = store_stats(store).degraded;

	return reason ? reason : "no";
}

/* Until it is so, for 20 seconds at most. */
#define wait_until(condition)                                                                                     \
	do {                                                                                                      \
		for (int i = 0; i < 2000 && !(condition); i++)                                                    \
			usleep(10000);                                                                            \
		if (!(condition))                                                                                 \
			fail_msg("never: %s", #condition);                                                        \
	} while (0)

static void feed_into(struct profiles *p, uint64_t seed, unsigned int n)
{
	struct stream *s = malloc(sizeof(*s));

	stream_init(s, seed, 20, 40);
	for (unsigned int i = 0; i < n; i++)
		assert_non_null(profiles_add(p, stream_next(s)));
	free(s);
}

static void feed(uint64_t seed, unsigned int n)
{
	feed_into(profiles, seed, n);
}

/* The profiles start anew, as after a restart. */
static void forget(void)
{
	profiles_free(profiles);
	profiles = profiles_new(&limits, NULL);
	assert_non_null(profiles);
}

static int64_t number_in(const char *file, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *stmt;
	int64_t n = -1;

	assert_int_equal(sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE, NULL), 0);
	sqlite3_busy_timeout(db, 10000);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL))
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	if (sqlite3_step(stmt) == SQLITE_ROW)
		n = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return n;
}

static int64_t number(const char *sql)
{
	return number_in(path, sql);
}

static void execute_in(const char *file, const char *sql)
{
	char *why = NULL;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(file, &db), 0);
	if (sqlite3_exec(db, sql, NULL, NULL, &why))
		fail_msg("%s: %s", sql, why);
	sqlite3_close(db);
}

static bool exists(const char *name)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", dir, name);
	return !access(full, F_OK);
}

static uint64_t bytes_of(const char *name)
{
	char full[256];
	struct stat st;

	snprintf(full, sizeof(full), "%s/%s", dir, name);
	return stat(full, &st) ? 0 : (uint64_t)st.st_size;
}

static void put_alert(unsigned int n)
{
	char id[32], line[128];
	struct store_alert a = { .time_ns = EXCHANGE_NS + n * 1000000000ULL,
				 .event_id = id,
				 .kind = n % 2 ? "anomaly" : "blocklist-match",
				 .severity = 73,
				 .client = "192.0.2.1",
				 .domain = "evil.example",
				 .message = "a message",
				 .line = line };

	snprintf(id, sizeof(id), "run-%06u", n);
	a.line_len = snprintf(line, sizeof(line), "{\"event\":{\"id\":\"%s\"}}", id);
	store_put_alert(store, &a);
}

#define with_store(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
