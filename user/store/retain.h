/* retain.h: what leaves the store by age, and what when it would grow beyond its size. */
#ifndef METSUKE_STORE_RETAIN_H
#define METSUKE_STORE_RETAIN_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/* Removes rows last seen before newest_ns - keep_ns. Returns a code of SQLite. */
int retain_age(sqlite3 *db, uint64_t newest_ns, uint64_t keep_ns, uint64_t *removed);

/* Where the pages in use pass most_bytes, removes rows until nine tenths of it are left: those of ordinary pairs
 * that were silent for longest, with the domains and clients that nothing refers to any more, then flagged pairs,
 * then alerts; alerts first, oldest first, while they take more than half. In slices of a transaction each. */
int retain_size(sqlite3 *db, uint64_t most_bytes, uint64_t *removed);

/* Bytes of the file's pages; in_use: without the free ones. */
uint64_t retain_bytes(sqlite3 *db, bool in_use);

#endif
