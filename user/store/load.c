/* load.c: see load.h. Everything in a row is untrusted. */
#include "store/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/profile.h"
#include "store/schema.h"
#include "support/log.h"

enum { LOAD_TOTALS, LOAD_CLIENTS, LOAD_DOMAINS, LOAD_PAIRS, N_LOADS };

/* The newest first: where the limits of memory were lowered, the oldest are left out. That reads the whole table
 * before its first row, which a malformed page in it ends; then from one end to that page, and from the other. */
enum { NEWEST_FIRST, FORWARD, BACKWARD };

static const struct {
	const char *name, *columns; /* of the table: state, kind, client, domain */
} tables[N_LOADS] = {
	[LOAD_TOTALS] = { "meta", "value" },
	[LOAD_CLIENTS] = { "clients", "state, kind, client" },
	[LOAD_DOMAINS] = { "domains", "state, NULL, NULL, domain" },
	[LOAD_PAIRS] = { "pairs", "state, kind, client, domain" },
};

enum { COLUMN_ROWID, COLUMN_STATE, COLUMN_KIND, COLUMN_CLIENT, COLUMN_DOMAIN };

struct load {
	sqlite3 *db;
	sqlite3_stmt *stmt;
	int table, way;
	uint64_t rows;	  /* of this table and way */
	int64_t at_rowid; /* of the last of them */
	enum store_fault fault;
};

struct load *load_new(const char *path, enum store_fault *ret_fault, char why[STORE_WHY])
{
	struct load *l = calloc(1, sizeof(*l));

	*ret_fault = STORE_FAILED;
	if (!l)
		return NULL;
	*ret_fault = schema_open_reader(path, &l->db, why);
	if (*ret_fault) {
		free(l);
		return NULL;
	}
	/* One state of the file, however many slices it takes. */
	(void)sqlite3_exec(l->db, "BEGIN", NULL, NULL, NULL);
	return l;
}

void load_free(struct load *l)
{
	if (!l)
		return;
	sqlite3_finalize(l->stmt);
	sqlite3_close(l->db);
	free(l);
}

/* Text of a key, or NULL where it is none: not text, empty, or with a NUL within. */
static const char *key_at(sqlite3_stmt *stmt, int column)
{
	const char *text;

	if (sqlite3_column_type(stmt, column) != SQLITE_TEXT)
		return NULL;
	text = (const char *)sqlite3_column_text(stmt, column);
	return text && *text && strlen(text) == (size_t)sqlite3_column_bytes(stmt, column) ? text : NULL;
}

static bool kind_at(sqlite3_stmt *stmt, enum client_kind *ret_kind)
{
	const char *text = key_at(stmt, COLUMN_KIND);

	if (!text || (strcmp(text, "program") && strcmp(text, "address")))
		return false;
	*ret_kind = *text == 'p' ? CLIENT_PROGRAM : CLIENT_ADDRESS;
	return true;
}

static int load_row(struct load *l, struct profiles *p)
{
	const void *bytes = sqlite3_column_blob(l->stmt, COLUMN_STATE);
	size_t len = sqlite3_column_bytes(l->stmt, COLUMN_STATE);
	const char *client, *domain;
	enum client_kind kind;

	if (!bytes || sqlite3_column_type(l->stmt, COLUMN_STATE) != SQLITE_BLOB)
		return -EINVAL;
	if (l->table == LOAD_TOTALS)
		return profiles_load_totals(p, bytes, len);
	domain = key_at(l->stmt, COLUMN_DOMAIN);
	if (l->table == LOAD_DOMAINS)
		return domain ? profiles_load_domain(p, domain, bytes, len) : -EINVAL;
	client = key_at(l->stmt, COLUMN_CLIENT);
	if (!client || !kind_at(l->stmt, &kind))
		return -EINVAL;
	if (l->table == LOAD_CLIENTS)
		return profiles_load_client(p, kind, client, bytes, len);
	return domain ? profiles_load_pair(p, kind, client, domain, bytes, len) : -EINVAL;
}

static void count_row(struct load *l, int err, struct store_loaded *loaded)
{
	if (err == -ENOSPC)
		loaded->left_out++;
	else if (err)
		loaded->damaged++;
	else if (l->table == LOAD_CLIENTS)
		loaded->clients++;
	else if (l->table == LOAD_DOMAINS)
		loaded->domains++;
	else if (l->table == LOAD_PAIRS)
		loaded->pairs++;
}

static int prepare(struct load *l)
{
	const char *name = tables[l->table].name, *columns = tables[l->table].columns;
	char sql[512];
	int code;

	if (l->table == LOAD_TOTALS)
		snprintf(sql, sizeof(sql), "SELECT 0, %s FROM %s WHERE key = 'totals'", columns, name);
	else if (l->way == NEWEST_FIRST)
		snprintf(
			sql, sizeof(sql),
			"SELECT r, %s FROM (SELECT rowid AS r FROM %s ORDER BY last_ns DESC) JOIN %s ON %s.rowid = r",
			columns, name, name, name);
	else
		snprintf(sql, sizeof(sql), "SELECT rowid, %s FROM %s WHERE rowid > ?1 ORDER BY rowid %s", columns,
			 name, l->way == FORWARD ? "ASC" : "DESC");
	code = sqlite3_prepare_v2(l->db, sql, -1, &l->stmt, NULL);
	if (!code && sqlite3_bind_parameter_count(l->stmt))
		code = sqlite3_bind_int64(l->stmt, 1, l->way == FORWARD ? INT64_MIN : l->at_rowid);
	l->rows = 0;
	return code;
}

/* The next way, or the next table. A table that cannot be read takes nothing from the others. */
static void next(struct load *l, int code)
{
	bool again =
		code && l->table != LOAD_TOTALS && (l->way == FORWARD || (l->way == NEWEST_FIRST && !l->rows));

	if (l->way == FORWARD && !l->rows)
		l->at_rowid = INT64_MIN;
	if (code)
		l->fault = schema_fault(code);
	if (code && l->way == NEWEST_FIRST)
		log_warning("store: part of the table %s cannot be read: %s", tables[l->table].name,
			    sqlite3_errmsg(l->db));
	sqlite3_finalize(l->stmt);
	l->stmt = NULL;
	l->way = again ? l->way + 1 : NEWEST_FIRST;
	l->table += !again;
}

bool load_some(struct load *l, struct profiles *p, size_t most, struct store_loaded *loaded,
	       enum store_fault *ret_fault)
{
	int code;

	while (most && l->table < N_LOADS) {
		code = l->stmt ? SQLITE_OK : prepare(l);
		if (!code)
			code = sqlite3_step(l->stmt);
		if (code != SQLITE_ROW) {
			next(l, code == SQLITE_DONE ? SQLITE_OK : code);
			continue;
		}
		l->rows++;
		l->at_rowid = sqlite3_column_int64(l->stmt, COLUMN_ROWID);
		count_row(l, load_row(l, p), loaded);
		most--;
	}
	if (l->table < N_LOADS)
		return false;
	*ret_fault = l->fault;
	return true;
}
