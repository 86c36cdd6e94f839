/* prefix_tables.h: the table of prefixes that the configuration names, and how another one takes its place while
 * the sensor runs: it is read on a thread of its own, since a million prefixes take a second in which the ring has
 * to be emptied. */
#ifndef METSUKE_OBSERVE_PREFIX_TABLES_H
#define METSUKE_OBSERVE_PREFIX_TABLES_H

#include "observe/prefixes.h"

struct prefix_tables;

/* Reads the files; of none: a table that knows nothing. NULL: one cannot be used (logged). */
struct prefix_tables *prefix_tables_open(const struct config_list *paths);
void prefix_tables_free(struct prefix_tables *t); /* gives up what is being read */

/* Where the table is; it stays there, whatever is read later. */
const struct prefixes *prefix_tables_get(const struct prefix_tables *t);

/* Begins to read these files, which are copied; where others are being read, they are next. */
void prefix_tables_reload(struct prefix_tables *t, const struct config_list *paths);

/* Readable when they were read; then prefix_tables_take() puts them into the table's place, or leaves the old one
 * there where one cannot be used (logged). Between two look-ups, on their thread. */
int prefix_tables_fd(const struct prefix_tables *t);
void prefix_tables_take(struct prefix_tables *t);

/* The files that were read last are not what is in use. */
bool prefix_tables_refused(const struct prefix_tables *t);

#endif
