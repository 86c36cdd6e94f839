/* schema.h: the tables, their version, and how an older one becomes the present one. */
#ifndef METSUKE_STORE_SCHEMA_H
#define METSUKE_STORE_SCHEMA_H

#include <sqlite3.h>
#include <stdint.h>

#include "store/fault.h"

#define SCHEMA_VERSION 1
#define SCHEMA_APPLICATION 0x6d74736b /* "mtsk", in the file's header */

/* What a result code of SQLite means for the store. */
enum store_fault schema_fault(int code);

/* For a writer: checks whose database it is and of which version, and brings it to the present one. */
enum store_fault schema_open(const char *path, const char *sensor, uint64_t max_bytes, sqlite3 **ret_db,
			     char why[STORE_WHY]);

/* For a reader, beside a sensor that writes or after it; changes nothing. */
enum store_fault schema_open_reader(const char *path, sqlite3 **ret_db, char why[STORE_WHY]);

/* Applies steps[from] to steps[n-1], each a script that leads from version i to i + 1, in one transaction: all of
 * them or none. Returns a code of SQLite. */
int schema_migrate(sqlite3 *db, const char *const *steps, int from, int n);

/* A number in meta; 0 where there is none. */
uint64_t schema_meta(sqlite3 *db, const char *key);
int schema_set_meta(sqlite3 *db, const char *key, uint64_t value);

/* One number from a statement that gives one; -1: it failed. */
int64_t schema_number(sqlite3 *db, const char *sql);

/* Room in max_bytes that is the write-ahead log's. */
uint64_t schema_wal_share(uint64_t max_bytes);

#endif
