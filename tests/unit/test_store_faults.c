/* test_store_faults.c: what is wrong with a store's file never stops the caller, and costs no more than it has to.
 */
#include "store/store.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "store/schema.h"
#include "store_fixture.h"

static void test_damaged_rows_are_left_out(void **state)
{
	int64_t pairs;

	assert_int_equal(open_store(), 0);
	feed(4, 2000);
	assert_int_equal(store_flush(store, profiles, FLUSH_SECONDS), 0);
	close_store();
	pairs = number("SELECT count(*) FROM pairs");
	execute_in(path, "UPDATE pairs SET state = x'00' WHERE rowid = 1;"
			 "UPDATE pairs SET state = substr(state, 1, length(state) - 1) WHERE rowid = 2;"
			 "UPDATE pairs SET state = 'text' WHERE rowid = 3;"
			 "UPDATE pairs SET client = 7 WHERE rowid = 4;"
			 "UPDATE pairs SET kind = 'other' WHERE rowid = 5;"
			 "UPDATE pairs SET domain = 'nowhere.example' WHERE rowid = 6;"
			 "UPDATE pairs SET client = CAST(x'310033' AS TEXT) WHERE rowid = 7;"
			 "UPDATE meta SET value = x'ff' WHERE key = 'totals';");
	forget();
	assert_int_equal(open_store(), 0);
	assert_int_equal(loaded.damaged, 8);
	assert_int_equal(loaded.pairs, pairs - 7);
	assert_non_null(strstr(said.text, "8 damaged rows"));
	assert_string_equal(degraded(), "no");
	assert_int_equal(store_stats(store).damaged, 8);
}

static void write_file(const char *bytes, size_t len)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

static void read_file(char *to, size_t len)
{
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	assert_int_equal(fread(to, 1, len, f), len);
	fclose(f);
}

/* A store whose first page is lost is moved aside. */
static void test_no_header(void **state)
{
	static char head[8192] = "SQLite format 3";
	static const uint8_t id[4] = { SCHEMA_APPLICATION >> 24, SCHEMA_APPLICATION >> 16 & 0xff,
				       SCHEMA_APPLICATION >> 8 & 0xff, SCHEMA_APPLICATION & 0xff };

	write_file(head, sizeof(head));
	assert_int_equal(open_store(), 0);
	assert_string_equal(degraded(), "no");
	assert_non_null(strstr(said.text, "file is not a database; it is now"));
	assert_true(exists("metsuke.db.damaged-1"));
	put_alert(1);
	assert_int_equal(store_flush(store, NULL, FLUSH_SECONDS), 0);
	close_store();
	memcpy(head, "some other bytes", 16);
	memcpy(head + 68, id, sizeof(id));
	write_file(head, sizeof(head));
	assert_int_equal(open_store(), 0);
	assert_true(exists("metsuke.db.damaged-2"));
	close_store();
	memset(head, 0, sizeof(head)); /* a power cut leaves such */
	write_file(head, sizeof(head));
	assert_int_equal(open_store(), 0);
	assert_true(exists("metsuke.db.damaged-3"));
}

/* Somebody's capture or list, named by mistake: it is where it was, as it was. */
static void test_no_database(void **state)
{
	static const char text[8192] = "This is no database, whatever its name says.";
	char left[sizeof(text)];

	for (size_t len = sizeof(text); len; len = len == 100 ? 0 : 100) { /* too short for a header, too */
		write_file(text, len);
		assert_int_equal(open_store(), -EAGAIN);
		assert_string_equal(degraded(), "store-foreign");
		assert_non_null(strstr(said.text, "is no database, and stays as it is"));
		put_alert(1);
		assert_int_equal(store_flush(store, NULL, 1), -EIO);
		close_store();
		assert_int_equal(bytes_of("metsuke.db"), len);
		read_file(left, len);
		assert_memory_equal(left, text, len);
		assert_false(exists("metsuke.db.damaged-1"));
	}
	write_file("", 0); /* near miss: an empty file is an empty database */
	assert_int_equal(open_store(), 0);
	assert_false(exists("metsuke.db.damaged-1"));
	assert_string_equal(said.text, "");
}

/* Pages in the middle of a table are overwritten: what can be read is, and everything goes into a new file. */
static void test_malformed(void **state)
{
	static const char junk[4096] = { 0x55, 0x55 };
	struct profile_counts counts;
	int fd;

	assert_int_equal(open_store(), 0);
	feed(5, 20000);
	assert_int_equal(store_flush(store, profiles, FLUSH_SECONDS), 0);
	close_store();
	fd = open(path, O_WRONLY);
	for (unsigned int page = 40; page < 60; page++)
		assert_int_equal(pwrite(fd, junk, sizeof(junk), page * 4096), sizeof(junk));
	close(fd);
	forget();
	assert_int_equal(open_store(), 0);
	assert_non_null(strstr(said.text, "cannot be read"));
	assert_true(loaded.pairs > 0);
	profiles_counts(profiles, &counts);
	wait_until(!store_flush(store, profiles, FLUSH_SECONDS) && exists("metsuke.db.damaged-1") &&
		   number("SELECT count(*) FROM pairs") == (int64_t)counts.pairs);
	assert_int_equal(number("SELECT count(*) FROM domains"), counts.domains);
	assert_string_equal(degraded(), "no");
}

/* Any bytes of it may be any others: the store works, or says why it does not. */
static void test_any_bytes(void **state)
{
	struct stream *s = malloc(sizeof(*s));
	unsigned int usable = 0;
	char *good, *bytes;
	size_t len;

	assert_int_equal(open_store(), 0);
	feed(5, 300);
	put_alert(1);
	assert_int_equal(store_flush(store, profiles, FLUSH_SECONDS), 0);
	close_store();
	len = bytes_of("metsuke.db");
	good = malloc(len);
	bytes = malloc(len);
	read_file(good, len);
	stream_init(s, 77, 1, 1);
	for (unsigned int turn = 0; turn < 150; turn++) {
		memcpy(bytes, good, len);
		for (unsigned int n = stream_random(s) % 30; n; n--)
			bytes[stream_random(s) % (n % 3 ? len : 200)] = (char)stream_random(s);
		write_file(bytes, turn % 10 ? len : stream_random(s) % len);
		forget();
		(void)open_store();
		feed(6, 50);
		said_start(&said);
		usable += !store_flush(store, profiles, 5);
		close_store();
		said_end(&said);
	}
	assert_in_range(usable, 100, 150); /* not where the bytes make it a newer version, or another program's */
	free(good);
	free(bytes);
	free(s);
}

/* It breaks, or is taken away, under the running sensor: nothing that memory has is missing in the new one. */
static void test_lost_while_running(void **state)
{
	static const char junk[4096 * 8] = { 0x55 };
	struct buf all;
	int fd;

	assert_int_equal(open_store(), 0);
	feed(6, 3000);
	assert_int_equal(store_flush(store, profiles, FLUSH_SECONDS), 0);
	assert_int_equal(unlink(path), 0);
	feed(7, 10);
	said_start(&said);
	put_alert(1);
	assert_int_equal(store_flush(store, profiles, FLUSH_SECONDS), 0);
	said_end(&said);
	assert_non_null(strstr(said.text, "was taken away"));
	all = packed_all(profiles);
	close_store();
	forget();
	assert_int_equal(open_store(), 0);
	assert_same_bytes(all, packed_all(profiles));
	fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, junk, sizeof(junk), 4096), sizeof(junk));
	close(fd);
	feed(8, 3000);
	said_start(&said);
	assert_int_equal(store_flush(store, profiles, FLUSH_SECONDS), 0);
	said_end(&said);
	if (exists("metsuke.db.damaged-1")) /* the pages that it had in memory may do */
		assert_non_null(strstr(said.text, "a new one takes its place"));
	all = packed_all(profiles);
	close_store();
	forget();
	assert_int_equal(open_store(), 0);
	if (loaded.damaged || strstr(said.text, "cannot be read"))
		buf_free(&all);
	else
		assert_same_bytes(all, packed_all(profiles));
}

static void test_foreign_and_newer(void **state)
{
	execute_in(path, "CREATE TABLE theirs(x); INSERT INTO theirs VALUES(1);");
	assert_int_equal(open_store(), -EAGAIN);
	assert_string_equal(degraded(), "store-foreign");
	assert_non_null(strstr(said.text, "is a database of another program"));
	feed(1, 10);
	assert_int_equal(store_put_changes(store, profiles, MANY), 0);
	put_alert(1);
	assert_int_equal(store_flush(store, profiles, 1), -EIO);
	close_store();
	assert_int_equal(number("SELECT x FROM theirs"), 1);
	assert_false(exists("metsuke.db.damaged-1"));
	unlink(path);

	assert_int_equal(open_store(), 0);
	close_store();
	execute_in(path, "PRAGMA user_version = 99");
	assert_int_equal(open_store(), -EAGAIN);
	assert_string_equal(degraded(), "store-newer");
	assert_non_null(strstr(said.text, "has version 99, and this metsuke knows version"));
	close_store();
	assert_int_equal(number("PRAGMA user_version"), 99);
	assert_false(exists("metsuke.db.damaged-1"));
}

static void test_two_sensors(void **state)
{
	struct profiles *other = profiles_new(&limits, NULL);
	struct store_loaded other_loaded;
	struct store *second;
	char me[32];

	assert_int_equal(open_store(), 0);
	feed(9, 500);
	said_start(&said);
	second = open_with(options());
	assert_int_equal(store_load(second, other, &other_loaded), -EAGAIN);
	said_end(&said);
	snprintf(me, sizeof(me), "(pid %d)", getpid());
	assert_non_null(strstr(said.text, me));
	assert_string_equal(store_stats(second).degraded, "store-locked");
	feed_into(other, 10, 500); /* what it saw meanwhile */
	/* It has it when the first one ends, reads it, and only then writes. */
	assert_int_equal(store_flush(store, profiles, FLUSH_SECONDS), 0);
	close_store();
	wait_until(!store_stats(second).degraded);
	assert_int_equal(store_flush(second, other, FLUSH_SECONDS), 0);
	assert_int_equal(number("SELECT sum(requests + queries) FROM pairs"), 1000);
	assert_int_equal(number("SELECT sum(requests + queries) FROM clients"), 1000);
	store_close(second, FLUSH_SECONDS);
	forget();
	assert_int_equal(open_store(), 0);
	assert_same_bytes(packed_all(other), packed_all(profiles));
	profiles_free(other);
}

/* Another program holds SQLite's lock: what waits is written when it lets go. */
static void test_locked_by_another(void **state)
{
	sqlite3 *db;

	assert_int_equal(open_store(), 0);
	assert_int_equal(sqlite3_open(path, &db), 0);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE; DELETE FROM alerts", NULL, NULL, NULL), 0);
	said_start(&said);
	put_alert(1);
	feed(1, 100);
	assert_int_equal(store_flush(store, profiles, 3), -EIO);
	assert_string_equal(degraded(), "store-busy");
	assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), 0);
	sqlite3_close(db);
	assert_int_equal(store_flush(store, profiles, FLUSH_SECONDS), 0);
	said_end(&said);
	assert_non_null(strstr(said.text, "database is locked"));
	assert_non_null(strstr(said.text, "works again"));
	assert_string_equal(degraded(), "no");
	assert_int_equal(number("SELECT count(*) FROM alerts"), 1);
}

/* A reader that never ends: the log does not grow beyond its share, and goes on when the reader has left. */
static void test_reader_holds_the_log(void **state)
{
	struct store_options o = options();
	uint64_t most = 0;
	sqlite3 *db;
	int err = 0;

	o.max_bytes = 16 << 20;
	said_start(&said);
	store = open_with(o);
	assert_int_equal(store_load(store, profiles, &loaded), 0);
	put_alert(0);
	assert_int_equal(store_flush(store, profiles, FLUSH_SECONDS), 0);
	assert_int_equal(sqlite3_open(path, &db), 0);
	assert_int_equal(sqlite3_exec(db, "BEGIN; SELECT count(*) FROM alerts", NULL, NULL, NULL), 0);
	for (unsigned int i = 0; i < 200 && !err; i++) {
		feed(i, 1000);
		err = store_flush(store, profiles, 1);
		if (bytes_of("metsuke.db-wal") > most)
			most = bytes_of("metsuke.db-wal");
	}
	wait_until(!strcmp(degraded(), "store-busy"));
	assert_in_range(most, 4 << 20, 8 << 20);
	assert_int_equal(sqlite3_exec(db, "SELECT count(*) FROM alerts; COMMIT", NULL, NULL, NULL), 0);
	sqlite3_close(db);
	assert_int_equal(store_flush(store, profiles, FLUSH_SECONDS), 0);
	said_end(&said);
	assert_non_null(strstr(said.text, "another program reads"));
	assert_string_equal(degraded(), "no");
}

/* What somebody put into the file is not run by the sensor that writes to it. */
static void test_triggers_are_not_run(void **state)
{
	assert_int_equal(open_store(), 0);
	put_alert(1);
	close_store();
	execute_in(path, "CREATE TRIGGER hide AFTER INSERT ON alerts BEGIN DELETE FROM alerts; END");
	assert_int_equal(open_store(), 0);
	put_alert(2);
	close_store();
	assert_int_equal(number("SELECT count(*) FROM alerts"), 2);
}

/* A folder that is none at first: what is known is written when the store comes. */
static void test_no_folder(void **state)
{
	snprintf(path, sizeof(path), "%s/no/such/metsuke.db", dir);
	assert_int_equal(open_store(), -EAGAIN);
	assert_string_equal(degraded(), "store-unwritable");
	assert_non_null(strstr(said.text, "No such file or directory; the sensor goes on without it"));
	feed(1, 500);
	put_alert(1);
	assert_int_equal(store_put_changes(store, profiles, MANY), 0);
	snprintf(path, sizeof(path), "%s/no", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	said_start(&said);
	wait_until(store_flush(store, profiles, FLUSH_SECONDS) == 0);
	said_end(&said);
	snprintf(path, sizeof(path), "%s/no/such/metsuke.db", dir);
	assert_true(number("SELECT count(*) FROM pairs") > 0);
	assert_int_equal(number("SELECT count(*) FROM alerts"), 1);
}

/* Nobody writes: profiles wait in memory, alerts are dropped and counted, and the queue stays within its bound. */
static void test_bounded_queue(void **state)
{
	struct store_options o = options();
	char line[20000];
	struct store_alert a = { .event_id = line, .kind = "anomaly", .line = line, .line_len = sizeof(line) - 1 };

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	execute_in(path, "CREATE TABLE theirs(x)");
	o.queue_bytes = 4 << 20;
	said_start(&said);
	store = open_with(o);
	(void)store_load(store, profiles, &loaded);
	for (unsigned int i = 0; i < 1000; i++)
		store_put_alert(store, &a);
	said_end(&said);
	assert_in_range(store_stats(store).dropped, 850, 950);
	assert_in_range(store_stats(store).queued, 3 << 20, (4 << 20) + 3 * sizeof(line));
	said_start(&said);
	close_store();
	assert_non_null(strstr(said_end(&said), "alerts were not stored"));
}

static bool mount_small(void)
{
	return !unshare(CLONE_NEWNS) && !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("small", dir, "tmpfs", 0, "size=400k");
}

static void full_disk(void)
{
	assert_int_equal(open_store(), 0);
	put_alert(0);
	assert_int_equal(store_flush(store, profiles, FLUSH_SECONDS), 0);
	feed(1, 20000);
	said_start(&said);
	assert_int_equal(store_flush(store, profiles, 2), -EIO);
	said_end(&said);
	assert_string_equal(degraded(), "store-full");
	assert_int_equal(mount("small", dir, "tmpfs", MS_REMOUNT, "size=64m"), 0);
	said_start(&said);
	assert_int_equal(store_flush(store, profiles, FLUSH_SECONDS), 0);
	said_end(&said);
	assert_non_null(strstr(said.text, "works again"));
	assert_int_equal(number("SELECT count(*) FROM pairs"), 800);
	assert_int_equal(number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
	close_store();
}

static void test_full_disk(void **state)
{
	int status;
	pid_t child = fork();

	if (!child) {
		in_child = true;
		if (!mount_small())
			_exit(77);
		full_disk();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

static void test_migration(void **state)
{
	static const char *const steps[] = { "CREATE TABLE one(x); INSERT INTO one VALUES(1)",
					     "ALTER TABLE one ADD COLUMN y DEFAULT 2",
					     "CREATE INDEX one_y ON one(y)" };
	static const char *const bad[] = { "", "", "",
					   "ALTER TABLE one ADD COLUMN z; SELECT nonsense FROM nowhere" };
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), 0);
	assert_int_equal(schema_migrate(db, steps, 0, 1), 0);
	assert_int_equal(schema_number(db, "PRAGMA user_version"), 1);
	/* From where it is, the rows that are there included. */
	assert_int_equal(schema_migrate(db, steps, 1, 3), 0);
	assert_int_equal(schema_number(db, "PRAGMA user_version"), 3);
	assert_int_equal(schema_number(db, "SELECT y FROM one WHERE x = 1"), 2);
	/* All or nothing. */
	assert_int_not_equal(schema_migrate(db, bad, 3, 4), 0);
	assert_int_equal(schema_number(db, "PRAGMA user_version"), 3);
	assert_int_equal(schema_number(db, "SELECT count(*) FROM pragma_table_info('one')"), 2);
	sqlite3_close(db);
}

/* A store that was begun and not finished, version 0, with our mark: it becomes the present version. */
static void test_version_0(void **state)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = 0", SCHEMA_APPLICATION);
	execute_in(path, sql);
	assert_int_equal(open_store(), 0);
	assert_string_equal(said.text, "");
	assert_int_equal(number("PRAGMA user_version"), SCHEMA_VERSION);
	put_alert(1);
	assert_int_equal(store_flush(store, NULL, FLUSH_SECONDS), 0);
	assert_int_equal(number("SELECT count(*) FROM alerts"), 1);
}

/* Ours by its mark and version, but without its tables: as damaged as any. */
static void test_tables_missing(void **state)
{
	assert_int_equal(open_store(), 0);
	close_store();
	execute_in(path, "DROP TABLE pairs");
	assert_int_equal(open_store(), 0);
	assert_true(exists("metsuke.db.damaged-1"));
	assert_string_equal(degraded(), "no");
	assert_int_equal(number("SELECT count(*) FROM pairs"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_store(test_damaged_rows_are_left_out),
		with_store(test_no_database),
		with_store(test_no_header),
		with_store(test_malformed),
		with_store(test_any_bytes),
		with_store(test_lost_while_running),
		with_store(test_foreign_and_newer),
		with_store(test_two_sensors),
		with_store(test_locked_by_another),
		with_store(test_reader_holds_the_log),
		with_store(test_triggers_are_not_run),
		with_store(test_no_folder),
		with_store(test_bounded_queue),
		with_store(test_full_disk),
		with_store(test_migration),
		with_store(test_version_0),
		with_store(test_tables_missing),
	};

	return cmocka_run_group_tests_name("store_faults", tests, NULL, NULL);
}
