/* query.c: see query.h. Everything is read before anything is printed: a pager that waits holds no lock on the
 * store that a sensor is writing. */
#include "cmd/query.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cmd/query_cell.h"
#include "intel/date.h"
#include "profile/profile.h"
#include "store/schema.h"
#include "support/buf.h"
#include "support/log.h"

#define ON_TERMINAL 50 /* rows, unless -n says otherwise */
#define NARROWEST 12   /* of a column that is cut */
#define GAP 2

struct answer {
	const struct query *q;
	const struct query_column *shown[QUERY_MAX_COLUMNS];
	size_t n_shown;
	struct buf text;   /* JSON lines; or cells, each ended by a NUL */
	size_t rows, left; /* left: more there would have been */
	size_t width[QUERY_MAX_COLUMNS];
	bool hidden[QUERY_MAX_COLUMNS];
};

struct conditions {
	const char *client, *domain, *judgement, *kind;
	uint64_t since_ns;
	const struct query_column *sort;
	uint64_t most; /* 0: all */
};

static const struct query_column *column_named(const struct query *q, const char *name)
{
	for (const struct query_column *c = q->columns; c->name; c++)
		if (c->show != SHOW_LINE && !strcmp(c->name, name))
			return c;
	return NULL;
}

static bool parse_since(const char *text, uint64_t *ret_ns)
{
	static const char units[] = "smhd";
	static const uint32_t seconds[] = { 1, 60, 3600, 86400 };
	char *end;
	uint64_t n, now = (uint64_t)time(NULL);
	uint32_t date;
	const char *unit;

	if (date_parse(text, strlen(text), &date)) {
		*ret_ns = date * 1000000000ULL;
		return true;
	}
	n = strtoull(text, &end, 10);
	unit = end == text || *text == '-' || !*end || end[1] ? NULL : strchr(units, *end);
	if (!unit || n > now / seconds[unit - units])
		return false;
	*ret_ns = (now - n * seconds[unit - units]) * 1000000000;
	return true;
}

static bool is_judgement(const char *text)
{
	for (enum judgement i = 0; i < N_JUDGEMENTS; i++)
		if (!strcmp(judgement_name(i), text))
			return true;
	return false;
}

static bool parse_most(const char *text, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	return end != text && !*end && *text != '-' && !errno && *ret <= INT64_MAX;
}

/* The option that is wrong is said; returns false. */
static bool parse_conditions(const struct query *q, const struct cmd_options *o, struct conditions *c)
{
	*c = (struct conditions){
		.client = o->client, .domain = o->domain, .judgement = o->judgement, .kind = o->kind
	};
	c->most = isatty(STDOUT_FILENO) && !o->json ? ON_TERMINAL : 0;
	if (o->judgement && !is_judgement(o->judgement)) {
		log_error("--judgement: '%s' is not one of: unknown ordinary software suspicious listed",
			  o->judgement);
		return false;
	}
	if (o->kind && strcmp(o->kind, "blocklist-match") && strcmp(o->kind, "anomaly")) {
		log_error("--kind: '%s' is not one of: blocklist-match anomaly", o->kind);
		return false;
	}
	if (o->since && !parse_since(o->since, &c->since_ns)) {
		log_error("--since: '%s' is neither a time (2026-11-25, 2026-11-25T10:00:00+01:00; UTC without an "
			  "offset) nor an age (90s, 30m, 12h, 7d)",
			  o->since);
		return false;
	}
	if (o->most && !parse_most(o->most, &c->most)) {
		log_error("--most: '%s' is not a whole number", o->most);
		return false;
	}
	c->sort = column_named(q, o->sort ? o->sort : q->sort ? q->sort : "time");
	if (!c->sort) {
		struct buf names = { 0 };

		for (const struct query_column *k = q->columns; k->name; k++)
			buf_printf(&names, " %s", k->name);
		log_error("--sort: '%s' is not one of:%.*s", o->sort, (int)names.len, names.len ? names.data : "");
		buf_free(&names);
	}
	return c->sort;
}

/* The rows that are asked for, in their order. ?1 client, ?2 domain, ?3 judgement, ?4 kind, ?5 since. */
static void put_from(struct buf *sql, const struct query *q, const struct conditions *c)
{
	buf_printf(sql, " FROM %s WHERE ?5 <= %s", q->table, q->time);
	if (c->client)
		buf_printf(sql, " AND (%s)", q->client);
	if (c->domain)
		buf_printf(sql, " AND (%s)", q->domain);
	if (c->judgement)
		buf_lit(sql, " AND judgement = ?3");
	if (c->kind)
		buf_lit(sql, " AND kind = ?4");
}

static void put_select(struct buf *sql, const struct answer *a, const struct conditions *c)
{
	const struct query *q = a->q;
	bool text = c->sort->show == SHOW_TEXT || c->sort->show == SHOW_NAME || c->sort->show == SHOW_ID;

	buf_lit(sql, "SELECT ");
	for (size_t i = 0; i < a->n_shown; i++)
		buf_printf(sql, "%s%s", i ? "," : "", a->shown[i]->sql);
	put_from(sql, q, c);
	if (!q->sort) /* the newest last: what LIMIT takes away are the oldest */
		buf_printf(sql, " ORDER BY %s, %s", q->time, q->keys);
	else
		buf_printf(sql, " ORDER BY %s %s, %s", c->sort->sql, text ? "ASC" : "DESC", q->keys);
	if (c->most)
		buf_printf(sql, " LIMIT %llu", (unsigned long long)c->most);
}

static sqlite3_stmt *prepare(sqlite3 *db, const struct buf *sql, const struct conditions *c)
{
	const char *const texts[] = { c->client, c->domain, c->judgement, c->kind };
	sqlite3_stmt *stmt;

	if (sql->failed || sqlite3_prepare_v2(db, sql->data, (int)sql->len, &stmt, NULL))
		return NULL;
	for (int i = 0; i < 4; i++)
		if (texts[i]) /* no such parameter: no such condition */
			(void)sqlite3_bind_text(stmt, i + 1, texts[i], -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(stmt, 5, (int64_t)c->since_ns);
	return stmt;
}

static int64_t count_rows(sqlite3 *db, const struct query *q, const struct conditions *c)
{
	struct buf sql = { 0 };
	sqlite3_stmt *stmt;
	int64_t n = 0;

	buf_lit(&sql, "SELECT count(*)");
	put_from(&sql, q, c);
	stmt = prepare(db, &sql, c);
	buf_free(&sql);
	if (stmt && sqlite3_step(stmt) == SQLITE_ROW)
		n = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return n;
}

static void take_json(struct answer *a, sqlite3_stmt *stmt)
{
	if (a->shown[0]->show == SHOW_LINE) {
		cell_line(&a->text, stmt, 0);
	} else {
		buf_char(&a->text, '{');
		for (size_t i = 0; i < a->n_shown; i++) {
			buf_printf(&a->text, "%s\"%s\":", i ? "," : "", a->shown[i]->name);
			cell_json(&a->text, stmt, (int)i, a->shown[i]->show == SHOW_TIME);
		}
		buf_char(&a->text, '}');
	}
	buf_char(&a->text, '\n');
}

static void take_cells(struct answer *a, sqlite3_stmt *stmt)
{
	for (size_t i = 0; i < a->n_shown; i++) {
		size_t from = a->text.len, width;

		cell_text(&a->text, stmt, (int)i, a->shown[i]->show);
		buf_char(&a->text, '\0');
		width = a->text.failed ? 0 : cell_width(a->text.data + from);
		if (width > a->width[i])
			a->width[i] = width;
	}
}

static int take_rows(struct answer *a, sqlite3 *db, const struct conditions *given, bool json)
{
	struct conditions c = *given;
	struct buf sql = { 0 };
	sqlite3_stmt *stmt;
	int code = SQLITE_ERROR;
	int64_t all = c.most ? count_rows(db, a->q, &c) : 0;

	put_select(&sql, a, &c);
	if (!a->q->sort && c.most && all > (int64_t)c.most)
		buf_printf(&sql, " OFFSET %lld", (long long)(all - (int64_t)c.most));
	stmt = prepare(db, &sql, &c);
	buf_free(&sql);
	while (stmt && (code = sqlite3_step(stmt)) == SQLITE_ROW && !a->text.failed) {
		if (json)
			take_json(a, stmt);
		else
			take_cells(a, stmt);
		a->rows++;
	}
	if (stmt && a->text.failed)
		log_error("out of memory");
	else if (code != SQLITE_DONE)
		log_error("the store cannot be read: %s", sqlite3_errmsg(db));
	sqlite3_finalize(stmt);
	a->left = all > (int64_t)a->rows ? all - a->rows : 0;
	return code == SQLITE_DONE && !a->text.failed ? 0 : EXIT_FAILED;
}

static bool is_cut(const struct query_column *c)
{
	return c->show == SHOW_TEXT || c->show == SHOW_NAME;
}

/* The widest column that may still be cut, or n_shown. */
static size_t widest(const struct answer *a)
{
	size_t at = a->n_shown;

	for (size_t i = 0; i < a->n_shown; i++)
		if (is_cut(a->shown[i]) && a->width[i] > NARROWEST &&
		    (at == a->n_shown || a->width[i] > a->width[at]))
			at = i;
	return at;
}

static bool is_number(const struct query_column *c)
{
	return c->show == SHOW_COUNT || c->show == SHOW_REAL;
}

/* Leaves out the column furthest to the right, numbers first; never the first one, the last, or a name. Returns
 * what that saves, 0 where there is none. */
static size_t leave_out(struct answer *a)
{
	for (int numbers = 1; numbers >= 0; numbers--) {
		for (size_t i = a->n_shown; i > 2; i--) {
			size_t at = i - 2;

			if (a->hidden[at] || a->shown[at]->show == SHOW_NAME ||
			    (numbers && !is_number(a->shown[at])))
				continue;
			a->hidden[at] = true;
			return a->width[at] + GAP;
		}
	}
	return 0;
}

/* Until the line fits into the terminal: first columns of text become narrower, then columns are left out. */
static void fit(struct answer *a)
{
	struct winsize size = { 0 };
	size_t total = 0, saved;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return;
	for (size_t i = 0; i < a->n_shown; i++)
		total += a->width[i] + GAP;
	for (total -= GAP; total > size.ws_col; total -= saved) {
		size_t at = widest(a);

		if (at < a->n_shown) {
			a->width[at]--;
			saved = 1;
		} else {
			saved = leave_out(a);
		}
		if (!saved)
			return;
	}
}

static void print_cell(const struct answer *a, size_t i, const char *text)
{
	bool left = !is_number(a->shown[i]), last = i + 1 == a->n_shown;
	size_t width = cell_width(text), room = a->width[i];
	struct buf cell = { 0 };

	if (a->hidden[i])
		return;
	cell_cut(&cell, text, room, a->shown[i]->show == SHOW_NAME);
	width = width > room ? room : width;
	printf("%*s%.*s%*s", left ? 0 : (int)(room - width), "", (int)cell.len, cell.len ? cell.data : "",
	       last ? 0 : (int)(left ? room - width + GAP : GAP), "");
	buf_free(&cell);
}

static void print_table(struct answer *a)
{
	const char *at = a->text.data;

	for (size_t i = 0; i < a->n_shown; i++)
		if (strlen(a->shown[i]->title) > a->width[i])
			a->width[i] = strlen(a->shown[i]->title);
	fit(a);
	if (!a->rows)
		return;
	for (size_t i = 0; i < a->n_shown; i++)
		print_cell(a, i, a->shown[i]->title);
	putchar('\n');
	for (size_t row = 0; row < a->rows; row++) {
		for (size_t i = 0; i < a->n_shown; i++) {
			print_cell(a, i, at);
			at += strlen(at) + 1;
		}
		putchar('\n');
	}
}

bool query_is_store(const char *path)
{
	struct stat st;

	if (access(path, R_OK)) {
		int err = errno;

		if (err == ENOENT)
			log_error(
				"there is no store at %s: name one with -S FILE; 'metsuke run' makes it, or 'metsuke "
				"replay -S FILE'",
				path);
		else if (err == EACCES)
			log_error("not permitted to read the store %s; use sudo", path);
		else
			log_error("the store %s cannot be read: %s", path, strerror(err));
		return false;
	}
	if (!stat(path, &st) && !S_ISREG(st.st_mode)) {
		log_error("the store cannot be read: %s is not a regular file", path);
		return false;
	}
	return true;
}

int query_open_store(const struct cmd_options *o, sqlite3 **ret_db)
{
	const char *path = o->config.store_path;
	char why[STORE_WHY];

	if (o->store_given && !o->config.store_enabled) {
		log_error("-S none: this command reads a store");
		return EXIT_USAGE;
	}
	if (!query_is_store(path))
		return EXIT_FAILED;
	if (schema_open_reader(path, ret_db, why)) {
		log_error("the store cannot be read: %s", why);
		return EXIT_FAILED;
	}
	return 0;
}

static int answer(const struct query *q, const struct cmd_options *o)
{
	struct answer a = { .q = q };
	struct conditions c;
	sqlite3 *db;
	int status;

	if (!parse_conditions(q, o, &c))
		return EXIT_USAGE;
	for (const struct query_column *k = q->columns; k->name; k++)
		if (o->json ? k->show == SHOW_LINE || q->columns->show != SHOW_LINE : k->title != NULL)
			a.shown[a.n_shown++] = k;
	if (o->json && q->columns->show == SHOW_LINE)
		a.n_shown = 1;
	status = query_open_store(o, &db);
	if (status)
		return status;
	status = take_rows(&a, db, &c, o->json);
	sqlite3_close(db);
	if (!status && o->json)
		(void)fwrite(a.text.data, 1, a.text.len, stdout); /* told by fflush() below */
	else if (!status)
		print_table(&a);
	if (!status && fflush(stdout)) {
		log_error("standard output: %s", strerror(errno));
		status = EXIT_FAILED;
	}
	if (!status && !a.rows)
		log_info("nothing in %s matches", o->config.store_path);
	else if (!status && a.left && !o->most)
		log_info("%zu more; -n 0 shows all", a.left);
	buf_free(&a.text);
	return status;
}

int query_command(int argc, char **argv, const struct option *options, const char *usage, const struct query *q)
{
	struct cmd_options o;
	int status = cmd_parse(argc, argv, options, usage, &o);

	if (status >= 0)
		return status;
	if (!cmd_no_operands(argc, argv)) {
		status = EXIT_USAGE;
	} else {
		status = answer(q, &o);
	}
	cmd_options_free(&o);
	return status;
}
