/* schema.c: see schema.h. Times are nanoseconds since 1970; the columns are for people and their queries, `state`
 * holds the whole profile as profile.h packs it. */
#include "store/schema.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/file.h"

#define BUSY_MS 2000
#define WAL_LIMIT (4 << 20) /* what the write-ahead log is cut to */
#define WAL_SHARE_MAX (32 << 20)

static const char version_1[] =
	"CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"CREATE TABLE clients("
	" kind TEXT NOT NULL, client TEXT NOT NULL,"
	" first_ns INTEGER, last_ns INTEGER NOT NULL,"
	" queries INTEGER, responses INTEGER, nxdomain INTEGER, requests INTEGER,"
	" domains REAL, nx_domains REAL, name_length_mean REAL, flagged INTEGER,"
	" state BLOB NOT NULL,"
	" UNIQUE(client, kind));"
	"CREATE TABLE domains("
	" domain TEXT NOT NULL UNIQUE,"
	" first_ns INTEGER, last_ns INTEGER NOT NULL,"
	" queries INTEGER, responses INTEGER, nxdomain INTEGER, requests INTEGER,"
	" clients REAL, names REAL, name_length_mean REAL,"
	" addresses_mean REAL, fresh_mean REAL, ttl_mean REAL, ttl_sd REAL, ttl_min INTEGER,"
	" ips REAL, networks REAL, systems REAL,"
	" state BLOB NOT NULL);"
	"CREATE TABLE pairs("
	" kind TEXT NOT NULL, client TEXT NOT NULL, domain TEXT NOT NULL,"
	" first_ns INTEGER, last_ns INTEGER NOT NULL,"
	" requests INTEGER, checkins INTEGER, gap_mean_s REAL, gap_sd_s REAL, gap_cv REAL,"
	" queries INTEGER, dns_checkins INTEGER, dns_gap_mean_s REAL, dns_gap_sd_s REAL, dns_gap_cv REAL,"
	" urls REAL, url_length_mean REAL, url_length_sd REAL, agents REAL,"
	" get INTEGER, post INTEGER, other INTEGER, browser_like INTEGER, no_agent INTEGER,"
	" judgement TEXT NOT NULL, score REAL, judged_ns INTEGER, told_ns INTEGER,"
	" state BLOB NOT NULL,"
	" UNIQUE(domain, client, kind));"
	"CREATE TABLE alerts("
	" id INTEGER PRIMARY KEY,"
	" event_id TEXT NOT NULL UNIQUE,"
	" time_ns INTEGER NOT NULL, kind TEXT NOT NULL, severity INTEGER,"
	" client TEXT, process TEXT, pid INTEGER, executable TEXT,"
	" domain TEXT, destination TEXT, rule TEXT, list TEXT, message TEXT,"
	" event TEXT NOT NULL);"
	"CREATE INDEX alerts_time ON alerts(time_ns, id);"
	"INSERT INTO meta VALUES('schema_version', 1), ('created_by', 'metsuke " METSUKE_VERSION "');";

/* Version i becomes i + 1 by the i-th. What was released once is never changed. */
static const char *const steps[SCHEMA_VERSION] = { version_1 };

enum store_fault schema_fault(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return STORE_FINE;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return STORE_BUSY;
	case SQLITE_FULL:
		return STORE_FULL;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
	case SQLITE_AUTH:
		return STORE_UNWRITABLE;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return STORE_DAMAGED;
	default:
		return STORE_FAILED;
	}
}

uint64_t schema_wal_share(uint64_t max_bytes)
{
	return max_bytes / 4 < WAL_SHARE_MAX ? max_bytes / 4 : WAL_SHARE_MAX;
}

static int number(sqlite3 *db, const char *sql, int64_t *ret)
{
	sqlite3_stmt *stmt;
	int code = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	if (code)
		return code;
	code = sqlite3_step(stmt);
	if (code == SQLITE_ROW)
		*ret = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return code == SQLITE_ROW ? SQLITE_OK : code;
}

int64_t schema_number(sqlite3 *db, const char *sql)
{
	int64_t n = -1;

	return number(db, sql, &n) ? -1 : n;
}

uint64_t schema_meta(sqlite3 *db, const char *key)
{
	sqlite3_stmt *stmt;
	uint64_t n = 0;

	if (sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE key=?", -1, &stmt, NULL))
		return 0;
	sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
	if (sqlite3_step(stmt) == SQLITE_ROW)
		n = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return n;
}

static int set_meta_text(sqlite3 *db, const char *key, const char *value)
{
	sqlite3_stmt *stmt;
	int code = sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO meta VALUES(?,?)", -1, &stmt, NULL);

	if (code)
		return code;
	sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, value, -1, SQLITE_STATIC);
	(void)sqlite3_step(stmt); /* finalize says how it ended */
	return sqlite3_finalize(stmt);
}

int schema_set_meta(sqlite3 *db, const char *key, uint64_t value)
{
	sqlite3_stmt *stmt;
	int code = sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO meta VALUES(?,?)", -1, &stmt, NULL);

	if (code)
		return code;
	sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 2, (int64_t)value);
	(void)sqlite3_step(stmt); /* finalize says how it ended */
	return sqlite3_finalize(stmt);
}

int schema_migrate(sqlite3 *db, const char *const *scripts, int from, int n)
{
	char pragma[64];
	int code = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	if (code)
		return code;
	for (int i = from; i < n && !code; i++)
		code = sqlite3_exec(db, scripts[i], NULL, NULL, NULL);
	snprintf(pragma, sizeof(pragma), "PRAGMA user_version=%d", n);
	if (!code)
		code = sqlite3_exec(db, pragma, NULL, NULL, NULL);
	snprintf(pragma, sizeof(pragma), "PRAGMA application_id=%d", SCHEMA_APPLICATION);
	if (!code)
		code = sqlite3_exec(db, pragma, NULL, NULL, NULL);
	if (!code)
		code = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	if (code)
		(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL); /* may be over already */
	return code;
}

/* A file from elsewhere may hold triggers and views: they are not run, and its schema is not trusted. */
static void distrust(sqlite3 *db)
{
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
}

static enum store_fault failed(sqlite3 *db, const char *path, int code, char why[STORE_WHY])
{
	snprintf(why, STORE_WHY, "%.300s: %.200s", path, db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
	return schema_fault(code);
}

/* Whose database it is. Nothing was written yet. */
static enum store_fault identify(sqlite3 *db, const char *path, int64_t *ret_version, char why[STORE_WHY])
{
	int64_t application = 0, version = 0, tables = 0;
	int code = number(db, "PRAGMA application_id", &application);

	if (!code)
		code = number(db, "PRAGMA user_version", &version);
	if (!code)
		code = number(db, "SELECT count(*) FROM sqlite_master", &tables);
	if (code)
		return failed(db, path, code, why);
	if (application != SCHEMA_APPLICATION && (application || version || tables)) {
		snprintf(why, STORE_WHY, "%.450s is a database of another program", path);
		return STORE_FOREIGN;
	}
	if (version > SCHEMA_VERSION || version < 0) {
		snprintf(why, STORE_WHY, "%.400s has version %lld, and this metsuke knows version %d", path,
			 (long long)version, SCHEMA_VERSION);
		return STORE_NEWER;
	}
	*ret_version = version;
	return STORE_FINE;
}

static bool uses_wal(sqlite3 *db)
{
	sqlite3_stmt *stmt;
	bool wal;

	if (sqlite3_prepare_v2(db, "PRAGMA journal_mode=WAL", -1, &stmt, NULL))
		return false;
	wal = sqlite3_step(stmt) == SQLITE_ROW && !strcmp((const char *)sqlite3_column_text(stmt, 0), "wal");
	return sqlite3_finalize(stmt) == SQLITE_OK && wal;
}

static int tune(sqlite3 *db, uint64_t max_bytes)
{
	char pragmas[256];

	snprintf(pragmas, sizeof(pragmas),
		 "PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=1000; PRAGMA journal_size_limit=%d;"
		 "PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY; PRAGMA max_page_count=%llu",
		 WAL_LIMIT, (unsigned long long)(max_bytes - schema_wal_share(max_bytes)) / 4096);
	return sqlite3_exec(db, pragmas, NULL, NULL, NULL);
}

static enum store_fault prepare(sqlite3 *db, const char *path, const char *sensor, uint64_t max_bytes,
				char why[STORE_WHY])
{
	int64_t version = 0;
	enum store_fault fault = identify(db, path, &version, why);
	int code;

	if (fault)
		return fault;
	/* Before the first page is written; later it has no effect. */
	code = sqlite3_exec(db, "PRAGMA page_size=4096; PRAGMA auto_vacuum=INCREMENTAL", NULL, NULL, NULL);
	if (!code && !uses_wal(db))
		return failed(db, path, sqlite3_errcode(db) ? sqlite3_errcode(db) : SQLITE_ERROR, why);
	if (!code && version < SCHEMA_VERSION)
		code = schema_migrate(db, steps, (int)version, SCHEMA_VERSION);
	if (!code && sensor)
		code = set_meta_text(db, "sensor", sensor);
	if (!code)
		code = tune(db, max_bytes);
	return code ? failed(db, path, code, why) : STORE_FINE;
}

enum store_fault schema_open(const char *path, const char *sensor, uint64_t max_bytes, sqlite3 **ret_db,
			     char why[STORE_WHY])
{
	enum store_fault fault;
	sqlite3 *db = NULL;
	int code = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
				   NULL);

	if (code) {
		fault = failed(db, path, code, why);
	} else {
		distrust(db);
		sqlite3_busy_timeout(db, BUSY_MS);
		fault = prepare(db, path, sensor, max_bytes, why);
	}
	if (fault == STORE_DAMAGED && !file_was_store(path, SCHEMA_APPLICATION)) {
		snprintf(why, STORE_WHY, "%.450s is no database, and stays as it is: name another file", path);
		fault = STORE_FOREIGN;
	}
	if (fault)
		sqlite3_close(db);
	else
		*ret_db = db;
	return fault;
}

/* As a URI; % and what ends a path in one are escaped. */
static void uri_of(const char *path, const char *query, char *to, size_t size)
{
	size_t n = snprintf(to, size, "file:%s", *path == '/' ? "" : "./");

	for (; *path && n + 4 < size; path++)
		n += snprintf(to + n, size - n, strchr("%?#", *path) ? "%%%02x" : "%c", *path);
	snprintf(to + n, size - n, "?%s", query);
}

static int open_reader(const char *path, const char *query, sqlite3 **ret_db)
{
	char uri[3 * STORE_WHY];
	int code;

	uri_of(path, query, uri, sizeof(uri));
	code = sqlite3_open_v2(
		uri, ret_db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
		NULL);
	if (!code) {
		distrust(*ret_db);
		sqlite3_busy_timeout(*ret_db, BUSY_MS);
		code = sqlite3_exec(*ret_db, "SELECT count(*) FROM sqlite_master", NULL, NULL, NULL);
	}
	return code;
}

enum store_fault schema_open_reader(const char *path, sqlite3 **ret_db, char why[STORE_WHY])
{
	enum store_fault fault;
	sqlite3 *db = NULL;
	int64_t version = 0;
	int code = open_reader(path, "mode=ro", &db);

	/* Who may not write into the folder cannot make the shared index of a write-ahead log; without a log there
	 * is no need for one. */
	if (schema_fault(code) == STORE_UNWRITABLE && !access(path, R_OK) && !file_wal_bytes(path)) {
		sqlite3_close(db);
		db = NULL;
		code = open_reader(path, "mode=ro&immutable=1", &db);
	}
	fault = code ? failed(db, path, code, why) : identify(db, path, &version, why);
	if (!fault && version < SCHEMA_VERSION) {
		snprintf(why, STORE_WHY, "%.400s has no tables of version %d; a sensor that opens it makes them",
			 path, SCHEMA_VERSION);
		fault = STORE_FAILED;
	}
	if (fault)
		sqlite3_close(db);
	else
		*ret_db = db;
	return fault;
}
