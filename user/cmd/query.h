/* query.h: what profiles, domains and alerts share: rows of the store as a table for people or as JSON lines. */
#ifndef METSUKE_CMD_QUERY_H
#define METSUKE_CMD_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/cmd.h"

enum query_show {
	SHOW_TEXT, /* cut on its right where the terminal is too narrow */
	SHOW_NAME, /* cut on its left: the end of a path or a domain tells more */
	SHOW_COUNT,
	SHOW_REAL,
	SHOW_TIME, /* nanoseconds since 1970 */
	SHOW_ID,   /* text that is of use as a whole alone: never cut */
	SHOW_LINE, /* JSON alone: the whole line, as it is */
};

struct query_column {
	const char *name;  /* in JSON, and of --sort */
	const char *sql;   /* expression */
	const char *title; /* in the table; NULL: in JSON alone */
	enum query_show show;
};

#define QUERY_MAX_COLUMNS 32

struct query {
	const char *table;
	const struct query_column *columns; /* up to one without a name */
	const char *time;		    /* column that --since is about */
	const char *client, *domain; /* conditions with ?1, for --client and --domain; NULL: no such option */
	const char *sort; /* name of the column sorted by without --sort; NULL: by time, the newest last */
	const char *keys; /* what decides between equals */
};

/* A file that can be read is there; otherwise that is said, and what to do. */
bool query_is_store(const char *path);

/* The store that -S or the configuration names, for reading. Returns 0, or the exit status (logged). */
struct sqlite3;
int query_open_store(const struct cmd_options *o, struct sqlite3 **ret_db);

/* The whole command: options, store, output. Returns the exit status. */
int query_command(int argc, char **argv, const struct option *options, const char *usage, const struct query *q);

#endif
