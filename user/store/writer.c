/* writer.c: see writer.h. */
#include "store/writer.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/file.h"
#include "store/retain.h"
#include "store/rows.h"
#include "store/schema.h"
#include "store/store.h"
#include "support/log.h"

#define AGE_STEPS 50 /* rows leave when they are this share of the time too old */

struct writer {
	struct store_file file;
	char *sensor;
	uint64_t keep_ns, max_bytes;
	sqlite3 *db;
	struct row_statements statements;
	uint64_t newest_ns, aged_ns; /* event time of the newest row, and as of the last look at age */
	bool damaged, replaced;
	struct writer_stats stats;
};

struct batch *batch_new(void)
{
	return calloc(1, sizeof(struct batch));
}

void batch_free(struct batch *b)
{
	if (b)
		buf_free(&b->rows);
	free(b);
}

struct writer *writer_new(const char *path, const struct store_options *options)
{
	struct writer *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->file.path = strdup(path);
	w->file.lock_fd = -1;
	w->sensor = strdup(options->sensor ? options->sensor : "");
	w->keep_ns = options->retention_seconds * 1000000000;
	w->max_bytes = options->max_bytes;
	if (!w->file.path || !w->sensor) {
		writer_free(w);
		return NULL;
	}
	return w;
}

static void close_database(struct writer *w)
{
	rows_finalize(&w->statements);
	sqlite3_close(w->db); /* the log goes into the file, and away */
	w->db = NULL;
}

void writer_free(struct writer *w)
{
	if (!w)
		return;
	close_database(w);
	file_release(&w->file);
	free(w->file.path);
	free(w->sensor);
	free(w);
}

static enum store_fault failed(struct writer *w, int code, char why[STORE_WHY])
{
	snprintf(why, STORE_WHY, "%.400s: %s", w->file.path, sqlite3_errstr(code));
	return schema_fault(code);
}

static enum store_fault move_aside(struct writer *w, char why[STORE_WHY])
{
	char to[PATH_MAX], damage[STORE_WHY];
	int err;

	snprintf(damage, sizeof(damage), "%s", why);
	err = file_move_aside(&w->file, to, sizeof(to));
	if (err) {
		snprintf(why, STORE_WHY, "%.200s; it cannot be moved to %.200s: %s", damage, to, strerror(-err));
		return STORE_DAMAGED;
	}
	log_warning("store: %s; it is now %s, and a new one takes its place", damage, to);
	w->replaced = true;
	return STORE_FINE;
}

static enum store_fault open_once(struct writer *w, char why[STORE_WHY])
{
	enum store_fault fault = file_claim(&w->file, why);
	int code;

	if (!fault)
		fault = schema_open(w->file.path, w->sensor, w->max_bytes, &w->db, why);
	if (fault)
		return fault;
	code = rows_prepare(&w->statements, w->db);
	if (code) {
		fault = failed(w, code, why);
		/* tables of ours that are not as they have to be */
		if (code == SQLITE_ERROR)
			fault = STORE_DAMAGED;
		close_database(w);
		return fault;
	}
	w->newest_ns = schema_meta(w->db, "newest_ns");
	w->aged_ns = 0; /* the time to keep may be another than before */
	w->stats.bytes = retain_bytes(w->db, false) + file_wal_bytes(w->file.path);
	return STORE_FINE;
}

enum store_fault writer_open(struct writer *w, char why[STORE_WHY])
{
	enum store_fault fault;

	if (w->db && !w->damaged && !file_is_same(&w->file)) {
		log_warning("store: %s was taken away; a new one takes its place", w->file.path);
		close_database(w);
		w->replaced = true;
	}
	if (w->damaged) {
		snprintf(why, STORE_WHY, "%.400s: %s", w->file.path, sqlite3_errstr(SQLITE_CORRUPT));
		close_database(w);
		fault = move_aside(w, why);
		if (fault)
			return fault;
		w->damaged = false;
	}
	if (w->db)
		return STORE_FINE;
	fault = open_once(w, why);
	if (fault == STORE_DAMAGED) {
		fault = move_aside(w, why);
		if (!fault)
			fault = open_once(w, why);
	}
	return fault;
}

/* Rows that SQLite does not take are left out and counted; everything else ends the transaction. */
static bool is_rows_own(int code)
{
	return (code & 0xff) == SQLITE_CONSTRAINT || (code & 0xff) == SQLITE_TOOBIG ||
	       (code & 0xff) == SQLITE_MISMATCH;
}

static int write_rows(struct writer *w, const struct batch *b, struct writer_stats *stats)
{
	uint64_t newest = b->newest_ns > w->newest_ns ? b->newest_ns : w->newest_ns;
	int code = SQLITE_OK;

	for (size_t at = 0; at < b->rows.len && !code;) {
		bool alert = b->rows.data[at + sizeof(uint32_t)] == ROW_ALERT;

		code = rows_write(&w->statements, b->rows.data, b->rows.len, &at);
		if (is_rows_own(code)) {
			stats->refused++;
			code = SQLITE_OK;
			continue;
		}
		stats->rows++;
		stats->alerts += alert && sqlite3_changes(w->db);
	}
	stats->batches++;
	if (!code)
		code = schema_set_meta(w->db, "newest_ns", newest);
	if (!code)
		code = schema_set_meta(w->db, "batches", schema_meta(w->db, "batches") + 1);
	return code;
}

static int write_batch(struct writer *w, const struct batch *b)
{
	struct writer_stats stats = w->stats;
	int code = sqlite3_exec(w->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	if (!code)
		code = write_rows(w, b, &stats);
	if (!code)
		code = sqlite3_exec(w->db, "COMMIT", NULL, NULL, NULL);
	if (code) {
		(void)sqlite3_exec(w->db, "ROLLBACK", NULL, NULL, NULL); /* may be over already */
		return code;
	}
	w->stats = stats;
	if (b->newest_ns > w->newest_ns)
		w->newest_ns = b->newest_ns;
	return SQLITE_OK;
}

static uint64_t most_pages_bytes(const struct writer *w)
{
	return w->max_bytes - schema_wal_share(w->max_bytes);
}

static int apply_age(struct writer *w)
{
	int code = sqlite3_exec(w->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	if (!code)
		code = retain_age(w->db, w->newest_ns, w->keep_ns, &w->stats.expired);
	if (!code)
		code = sqlite3_exec(w->db, "COMMIT", NULL, NULL, NULL);
	if (code)
		(void)sqlite3_exec(w->db, "ROLLBACK", NULL, NULL, NULL); /* may be over already */
	w->aged_ns = w->newest_ns;
	return code;
}

/* Nothing here undoes the batch that was written: what fails is tried with the next. */
static void keep_bounds(struct writer *w, bool settle)
{
	uint64_t before = w->stats.pruned, expired = w->stats.expired;
	int code = SQLITE_OK;

	if (w->keep_ns && (settle || w->newest_ns - w->aged_ns > w->keep_ns / AGE_STEPS))
		code = apply_age(w);
	/* Before the hard limit of the file is reached. */
	if (!code)
		code = retain_size(w->db, most_pages_bytes(w) / 16 * 15, &w->stats.pruned);
	if (code)
		log_warning("store: %s cannot be made smaller: %s", w->file.path, sqlite3_errstr(code));
	if (w->stats.expired != expired)
		log_info("store: %llu rows are older than store.retention_days before the newest, and gone", (unsigned long long)(w->stats.expired - expired));
	if (w->stats.pruned != before)
		log_info("store: %llu rows removed, oldest first, to stay within store.max_bytes",
			 (unsigned long long)(w->stats.pruned - before));
	w->stats.bytes = retain_bytes(w->db, false) + file_wal_bytes(w->file.path);
}

/* A reader that stays in the middle of something holds the log, which then grows with each batch. */
static enum store_fault bound_log(struct writer *w, char why[STORE_WHY])
{
	int log = 0, done = 0, code;

	if (file_wal_bytes(w->file.path) < schema_wal_share(w->max_bytes))
		return STORE_FINE;
	code = sqlite3_wal_checkpoint_v2(w->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &log, &done);
	if (!code)
		return STORE_FINE;
	snprintf(why, STORE_WHY, "%.350s: the write-ahead log cannot be emptied, another program reads: %s",
		 w->file.path, sqlite3_errstr(code));
	return schema_fault(code);
}

enum store_fault writer_write(struct writer *w, const struct batch *b, char why[STORE_WHY])
{
	enum store_fault fault = writer_open(w, why);
	uint64_t before = w->stats.pruned;
	int code;

	if (!fault)
		fault = bound_log(w, why);
	if (fault)
		return fault;
	code = write_batch(w, b);
	/* Its own limit, and not the disk's? */
	if (schema_fault(code) == STORE_FULL && retain_bytes(w->db, false) > most_pages_bytes(w) / 8 * 7 &&
	    !retain_size(w->db, most_pages_bytes(w) / 4 * 3, &w->stats.pruned) && w->stats.pruned != before)
		code = write_batch(w, b);
	fault = code ? failed(w, code, why) : STORE_FINE;
	if (fault == STORE_FINE) {
		keep_bounds(w, b->settle);
	} else if (fault == STORE_DAMAGED) {
		w->damaged = true;
		fault = writer_open(w, why);
		if (!fault)
			fault = schema_fault(write_batch(w, b));
	} else if (fault != STORE_BUSY && fault != STORE_FULL) {
		close_database(w); /* opened again with the next attempt */
	}
	return fault;
}

void writer_set_damaged(struct writer *w)
{
	w->damaged = true;
}

bool writer_is_open(const struct writer *w)
{
	return w->db;
}

bool writer_took_replaced(struct writer *w)
{
	bool replaced = w->replaced;

	w->replaced = false;
	return replaced;
}

struct writer_stats writer_stats(const struct writer *w)
{
	return w->stats;
}
