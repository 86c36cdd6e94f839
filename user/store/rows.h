/* rows.h: what changed, packed as rows on the caller's thread and bound to statements on the writer's. */
#ifndef METSUKE_STORE_ROWS_H
#define METSUKE_STORE_ROWS_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "support/buf.h"

struct profile_change;
struct profiles;
struct store_alert;

enum row {
	ROW_CLIENT,
	ROW_DOMAIN,
	ROW_PAIR,
	ROW_CLIENT_GONE,
	ROW_DOMAIN_GONE,
	ROW_PAIR_GONE,
	ROW_ALERT,
	ROW_TOTALS, /* what belongs to no single profile */
	N_ROWS
};

/* Appends one row. Returns its event time, 0 for a row that goes. */
uint64_t rows_put_change(struct buf *b, const struct profile_change *change);
void rows_put_totals(struct buf *b, const struct profiles *p);
void rows_put_alert(struct buf *b, const struct store_alert *a);

/* How a kind stands in the tables; NULL for a number that has no name. */
const char *rows_kind(unsigned int kind);

struct row_statements {
	sqlite3_stmt *stmt[N_ROWS];
};

int rows_prepare(struct row_statements *s, sqlite3 *db);
void rows_finalize(struct row_statements *s);

/* Executes the row at *at, which lies within bytes[0..len), and moves *at behind it. Returns a code of SQLite. */
int rows_write(const struct row_statements *s, const char *bytes, size_t len, size_t *at);

#endif
