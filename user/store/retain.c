/* retain.c: see retain.h. The order of removal depends on the rows alone, not on when they were written. */
#include "store/retain.h"

#include <stddef.h>

#include "store/schema.h"

/* A slice: of many rows a twentieth, so that the write-ahead log stays small. */
#define SLICE_LEAST 64
#define SLICE_MOST 4096

static int remove_rows(sqlite3 *db, const char *sql, uint64_t bound, uint64_t *removed)
{
	sqlite3_stmt *stmt;
	int code = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	if (code)
		return code;
	sqlite3_bind_int64(stmt, 1, (int64_t)bound);
	(void)sqlite3_step(stmt); /* finalize says how it ended */
	code = sqlite3_finalize(stmt);
	if (!code)
		*removed += sqlite3_changes(db);
	return code;
}

int retain_age(sqlite3 *db, uint64_t newest_ns, uint64_t keep_ns, uint64_t *removed)
{
	static const char *const statements[] = {
		"DELETE FROM pairs WHERE last_ns < ?",
		"DELETE FROM domains WHERE last_ns < ?",
		"DELETE FROM clients WHERE last_ns < ?",
		"DELETE FROM alerts WHERE time_ns < ?",
	};
	int code = SQLITE_OK;

	if (!keep_ns || newest_ns <= keep_ns)
		return SQLITE_OK;
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]) && !code; i++)
		code = remove_rows(db, statements[i], newest_ns - keep_ns, removed);
	return code;
}

uint64_t retain_bytes(sqlite3 *db, bool in_use)
{
	int64_t pages = schema_number(db, "PRAGMA page_count"), size = schema_number(db, "PRAGMA page_size");

	if (in_use)
		pages -= schema_number(db, "PRAGMA freelist_count");
	return pages > 0 && size > 0 ? (uint64_t)pages * size : 0;
}

static uint64_t slice_of(sqlite3 *db, const char *count)
{
	int64_t n = schema_number(db, count) / 20;

	return n < SLICE_LEAST ? SLICE_LEAST : n > SLICE_MOST ? SLICE_MOST : (uint64_t)n;
}

#define OLDEST_ALERTS "DELETE FROM alerts WHERE id IN (SELECT id FROM alerts ORDER BY time_ns, event_id LIMIT ?)"

#define OLDEST_PAIRS(which)                                                                                       \
	"DELETE FROM pairs WHERE rowid IN (SELECT rowid FROM pairs WHERE judgement " which                        \
	" ('suspicious','listed') ORDER BY last_ns, domain, client, kind LIMIT ?)"

/* Of those that no pair is left of; a client that asks may have domains without a pair in the table. */
#define OLDEST_LONE(table, key)                                                                                   \
	"DELETE FROM " table " WHERE rowid IN (SELECT rowid FROM " table " WHERE " key " NOT IN (SELECT " key     \
	" FROM pairs) ORDER BY last_ns, " key " LIMIT ?)"

/* One slice; *removed stays as it is when there is nothing left. */
static int remove_slice(sqlite3 *db, uint64_t most_bytes, uint64_t *removed)
{
	static const char *const in_turn[] = {
		OLDEST_PAIRS("NOT IN"),
		OLDEST_LONE("domains", "domain"),
		OLDEST_LONE("clients", "client"),
		OLDEST_PAIRS("IN"),
		OLDEST_ALERTS,
	};
	uint64_t before = *removed, rows = slice_of(db, "SELECT count(*) FROM pairs");
	int64_t alerts = schema_number(db, "SELECT sum(length(event) + coalesce(length(message), 0)) FROM alerts");
	int code = SQLITE_OK;

	if (alerts > (int64_t)(most_bytes / 2))
		return remove_rows(db, OLDEST_ALERTS, slice_of(db, "SELECT count(*) FROM alerts"), removed);
	for (size_t i = 0; i < sizeof(in_turn) / sizeof(in_turn[0]) && !code; i++) {
		/* with the pairs go the domains and clients that were theirs alone */
		if (i >= 3 && *removed != before)
			break;
		code = remove_rows(db, in_turn[i], rows, removed);
	}
	return code;
}

int retain_size(sqlite3 *db, uint64_t most_bytes, uint64_t *removed)
{
	uint64_t before;
	int code = SQLITE_OK;

	if (retain_bytes(db, false) <= most_bytes)
		return SQLITE_OK;
	do {
		before = *removed;
		code = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
		if (!code)
			code = remove_slice(db, most_bytes, removed);
		if (!code)
			code = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
		if (code)
			(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	} while (!code && *removed != before && retain_bytes(db, true) > most_bytes / 10 * 9);
	if (!code)
		code = sqlite3_exec(db, "PRAGMA incremental_vacuum", NULL, NULL, NULL);
	if (!code) /* the log holds every page that was touched: into the file with them, and cut */
		code = sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
	return code;
}
