/* query_cell.h: one value of the store as text. What is in a store is untrusted: no control character of it
 * reaches a terminal. */
#ifndef METSUKE_CMD_QUERY_CELL_H
#define METSUKE_CMD_QUERY_CELL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#include "cmd/query.h"
#include "support/buf.h"

/* Column i of the statement's row, without a NUL. Nothing is "-" in a table, null in JSON. */
void cell_text(struct buf *b, sqlite3_stmt *stmt, int i, enum query_show show);
void cell_json(struct buf *b, sqlite3_stmt *stmt, int i, bool time);

/* Text as it stands; control characters within, which a line of JSON cannot have, become spaces. */
void cell_line(struct buf *b, sqlite3_stmt *stmt, int i);

/* clean: UTF-8. Control characters, and what turns or hides text, as \xHH. */
void cell_visible(struct buf *b, const char *clean);

/* Nanoseconds since 1970 as local time with its offset; "-" for none. */
void cell_time(struct buf *b, int64_t ns);

/* Characters of UTF-8. */
size_t cell_width(const char *text);

/* At most width characters; where more, two dots stand for the beginning or the end. */
void cell_cut(struct buf *b, const char *text, size_t width, bool keep_end);

#endif
