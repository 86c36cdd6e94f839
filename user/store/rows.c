/* rows.c: see rows.h. A row is its length, its kind, and its columns in the order of the table; each column one
 * letter and its value. */
#include "store/rows.h"

#include <math.h>
#include <string.h>

#include "profile/profile.h"
#include "store/store.h"

enum column { COLUMN_NULL = 'n', COLUMN_INTEGER = 'i', COLUMN_REAL = 'r', COLUMN_TEXT = 't', COLUMN_BLOB = 'b' };

const char *rows_kind(unsigned int kind)
{
	return kind == CLIENT_PROGRAM ? "program" : kind == CLIENT_ADDRESS ? "address" : NULL;
}

static void put_integer(struct buf *b, uint64_t n)
{
	int64_t value = n > INT64_MAX ? INT64_MAX : (int64_t)n;

	buf_char(b, COLUMN_INTEGER);
	buf_put(b, &value, sizeof(value));
}

/* What is not known yet is NULL: the mean of nothing is not 0. */
static void put_real(struct buf *b, double value, bool known)
{
	if (!known || !isfinite(value)) {
		buf_char(b, COLUMN_NULL);
		return;
	}
	buf_char(b, COLUMN_REAL);
	buf_put(b, &value, sizeof(value));
}

static void put_bytes(struct buf *b, enum column column, const void *bytes, uint32_t len)
{
	buf_char(b, (char)column);
	buf_put(b, &len, sizeof(len));
	buf_put(b, bytes, len);
}

static void put_text(struct buf *b, const char *text)
{
	if (text)
		put_bytes(b, COLUMN_TEXT, text, strlen(text));
	else
		buf_char(b, COLUMN_NULL);
}

/* A place for the length of what follows, and where it is. */
static size_t open_length(struct buf *b)
{
	uint32_t none = 0;

	buf_put(b, &none, sizeof(none));
	return b->len;
}

static void close_length(struct buf *b, size_t from)
{
	uint32_t len = b->len - from;

	if (!b->failed)
		memcpy(b->data + from - sizeof(len), &len, sizeof(len));
}

static void put_mean(struct buf *b, const struct moments *m)
{
	put_real(b, m->mean, m->n > 0);
}

static void put_sd(struct buf *b, const struct moments *m)
{
	put_real(b, moments_sd(m), m->n > 1);
}

static void put_count(struct buf *b, const struct distinct *d)
{
	put_real(b, distinct_count(d), true);
}

static void put_client(struct buf *b, const struct client_profile *c)
{
	size_t from;

	put_text(b, rows_kind(c->kind));
	put_text(b, c->key);
	put_integer(b, c->first_ns);
	put_integer(b, c->last_ns);
	put_integer(b, c->queries);
	put_integer(b, c->responses);
	put_integer(b, c->nxdomain);
	put_integer(b, c->requests);
	put_count(b, &c->domains);
	put_count(b, &c->nx_domains);
	put_mean(b, &c->name_length);
	put_integer(b, c->flagged);
	buf_char(b, COLUMN_BLOB);
	from = open_length(b);
	profile_pack_client(c, b);
	close_length(b, from);
}

static void put_domain(struct buf *b, const struct domain_profile *d)
{
	size_t from;

	put_text(b, d->key);
	put_integer(b, d->first_ns);
	put_integer(b, d->last_ns);
	put_integer(b, d->queries);
	put_integer(b, d->responses);
	put_integer(b, d->nxdomain);
	put_integer(b, d->requests);
	put_count(b, &d->clients);
	put_count(b, &d->names);
	put_mean(b, &d->name_length);
	put_mean(b, &d->addresses);
	put_mean(b, &d->fresh);
	put_mean(b, &d->ttl);
	put_sd(b, &d->ttl);
	if (d->ttl.n)
		put_integer(b, d->ttl_min);
	else
		buf_char(b, COLUMN_NULL);
	put_count(b, &d->ips);
	put_count(b, &d->networks);
	put_count(b, &d->systems);
	buf_char(b, COLUMN_BLOB);
	from = open_length(b);
	profile_pack_domain(d, b);
	close_length(b, from);
}

static void put_rhythm(struct buf *b, const struct rhythm *r)
{
	put_integer(b, r->messages);
	put_integer(b, r->checkins);
	put_mean(b, &r->gap_s);
	put_sd(b, &r->gap_s);
	put_real(b, moments_sd(&r->gap_s) / r->gap_s.mean, r->gap_s.n > 1);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

static uint64_t last_of(const struct pair_profile *p)
{
	return p->http.last_ns > p->dns.last_ns ? p->http.last_ns : p->dns.last_ns;
}

static void put_pair(struct buf *b, const struct pair_profile *p)
{
	size_t from;

	put_text(b, rows_kind(p->client->kind));
	put_text(b, p->client->key);
	put_text(b, p->domain->key);
	put_integer(b, earlier(p->http.first_ns, p->dns.first_ns));
	put_integer(b, last_of(p));
	put_rhythm(b, &p->http);
	put_rhythm(b, &p->dns);
	put_count(b, &p->urls);
	put_mean(b, &p->url_length);
	put_sd(b, &p->url_length);
	put_count(b, &p->agents);
	put_integer(b, p->get);
	put_integer(b, p->post);
	put_integer(b, p->other);
	put_integer(b, p->browser_like);
	put_integer(b, p->no_agent);
	put_text(b, judgement_name(p->state.judgement));
	put_real(b, p->state.score, p->state.judged_ns > 0);
	put_integer(b, p->state.judged_ns);
	put_integer(b, p->state.told_ns);
	buf_char(b, COLUMN_BLOB);
	from = open_length(b);
	profile_pack_pair(p, b);
	close_length(b, from);
}

static uint64_t put_gone(struct buf *b, const struct profile_change *c)
{
	size_t from = open_length(b);

	buf_char(b, (char)(!c->client ? ROW_DOMAIN_GONE : c->domain ? ROW_PAIR_GONE : ROW_CLIENT_GONE));
	if (c->client) {
		put_text(b, rows_kind(c->kind));
		put_text(b, c->client);
	}
	if (c->domain)
		put_text(b, c->domain);
	close_length(b, from);
	return 0;
}

uint64_t rows_put_change(struct buf *b, const struct profile_change *c)
{
	size_t from;
	uint64_t time_ns;

	if (c->gone)
		return put_gone(b, c);
	from = open_length(b);
	if (c->pair_profile) {
		buf_char(b, ROW_PAIR);
		put_pair(b, c->pair_profile);
		time_ns = last_of(c->pair_profile);
	} else if (c->domain_profile) {
		buf_char(b, ROW_DOMAIN);
		put_domain(b, c->domain_profile);
		time_ns = c->domain_profile->last_ns;
	} else {
		buf_char(b, ROW_CLIENT);
		put_client(b, c->client_profile);
		time_ns = c->client_profile->last_ns;
	}
	close_length(b, from);
	return time_ns;
}

void rows_put_totals(struct buf *b, const struct profiles *p)
{
	size_t from = open_length(b), blob;

	buf_char(b, ROW_TOTALS);
	put_text(b, "totals");
	buf_char(b, COLUMN_BLOB);
	blob = open_length(b);
	profiles_pack_totals(p, b);
	close_length(b, blob);
	close_length(b, from);
}

void rows_put_alert(struct buf *b, const struct store_alert *a)
{
	size_t from = open_length(b);

	buf_char(b, ROW_ALERT);
	put_text(b, a->event_id);
	put_integer(b, a->time_ns);
	put_text(b, a->kind);
	put_integer(b, a->severity);
	put_text(b, a->client);
	put_text(b, a->process);
	if (a->pid)
		put_integer(b, a->pid);
	else
		buf_char(b, COLUMN_NULL);
	put_text(b, a->executable);
	put_text(b, a->domain);
	put_text(b, a->destination);
	put_text(b, a->rule);
	put_text(b, a->list);
	put_text(b, a->message);
	put_bytes(b, COLUMN_TEXT, a->line, a->line_len);
	close_length(b, from);
}

struct table {
	const char *name;
	const char *keys;   /* columns, in the order in which the row has them */
	const char *values; /* NULL: the row removes what has these keys */
};

static const struct table tables[N_ROWS] = {
	[ROW_CLIENT] = { "clients", "kind,client",
			 "first_ns,last_ns,queries,responses,nxdomain,requests,domains,nx_domains,"
			 "name_length_mean,flagged,state" },
	[ROW_DOMAIN] = { "domains", "domain",
			 "first_ns,last_ns,queries,responses,nxdomain,requests,clients,names,name_length_mean,"
			 "addresses_mean,fresh_mean,ttl_mean,ttl_sd,ttl_min,ips,networks,systems,state" },
	[ROW_PAIR] = { "pairs", "kind,client,domain",
		       "first_ns,last_ns,requests,checkins,gap_mean_s,gap_sd_s,gap_cv,"
		       "queries,dns_checkins,dns_gap_mean_s,dns_gap_sd_s,dns_gap_cv,"
		       "urls,url_length_mean,url_length_sd,agents,get,post,other,browser_like,no_agent,"
		       "judgement,score,judged_ns,told_ns,state" },
	[ROW_CLIENT_GONE] = { "clients", "kind,client", NULL },
	[ROW_DOMAIN_GONE] = { "domains", "domain", NULL },
	[ROW_PAIR_GONE] = { "pairs", "kind,client,domain", NULL },
	[ROW_ALERT] = { "alerts", "event_id",
			"time_ns,kind,severity,client,process,pid,executable,domain,destination,rule,list,message,"
			"event" },
	[ROW_TOTALS] = { "meta", "key", "value" },
};

/* Calls put for each of the names between commas. */
static void each_name(struct buf *b, const char *names, const char *between,
		      void (*put)(struct buf *b, const char *name, int len))
{
	for (size_t len; *names; names += len + (names[len] == ',')) {
		len = strcspn(names, ",");
		put(b, names, (int)len);
		if (names[len])
			buf_str(b, between);
	}
}

static void put_mark(struct buf *b, const char *name, int len)
{
	(void)name;
	(void)len;
	buf_char(b, '?');
}

static void put_update(struct buf *b, const char *name, int len)
{
	buf_printf(b, "%.*s=excluded.%.*s", len, name, len, name);
}

static void put_condition(struct buf *b, const char *name, int len)
{
	buf_printf(b, "%.*s=?", len, name);
}

static void put_statement(struct buf *b, enum row row)
{
	const struct table *t = &tables[row];

	if (!t->values) {
		buf_printf(b, "DELETE FROM %s WHERE ", t->name);
		each_name(b, t->keys, " AND ", put_condition);
		return;
	}
	buf_printf(b, "INSERT INTO %s(%s,%s) VALUES(", t->name, t->keys, t->values);
	each_name(b, t->keys, ",", put_mark);
	buf_char(b, ',');
	each_name(b, t->values, ",", put_mark);
	buf_printf(b, ") ON CONFLICT(%s) DO ", t->keys);
	if (row == ROW_ALERT) {
		buf_lit(b, "NOTHING");
		return;
	}
	buf_lit(b, "UPDATE SET ");
	each_name(b, t->values, ",", put_update);
}

int rows_prepare(struct row_statements *s, sqlite3 *db)
{
	struct buf sql = { 0 };
	int code = SQLITE_OK;

	memset(s, 0, sizeof(*s));
	for (int row = 0; row < N_ROWS && !code; row++) {
		sql.len = 0;
		put_statement(&sql, row);
		code = sql.failed ? SQLITE_NOMEM
				  : sqlite3_prepare_v3(db, sql.data, (int)sql.len, SQLITE_PREPARE_PERSISTENT,
						       &s->stmt[row], NULL);
	}
	buf_free(&sql);
	if (code)
		rows_finalize(s);
	return code;
}

void rows_finalize(struct row_statements *s)
{
	for (int row = 0; row < N_ROWS; row++)
		sqlite3_finalize(s->stmt[row]);
	memset(s, 0, sizeof(*s));
}

/* One column; returns where the next one begins. The bytes are our own, packed above. */
static const char *bind(sqlite3_stmt *stmt, int n, const char *at, int *code)
{
	int64_t integer;
	double real;
	uint32_t len;

	switch (*at++) {
	case COLUMN_INTEGER:
		memcpy(&integer, at, sizeof(integer));
		*code = sqlite3_bind_int64(stmt, n, integer);
		return at + sizeof(integer);
	case COLUMN_REAL:
		memcpy(&real, at, sizeof(real));
		*code = sqlite3_bind_double(stmt, n, real);
		return at + sizeof(real);
	case COLUMN_TEXT:
		memcpy(&len, at, sizeof(len));
		at += sizeof(len);
		*code = sqlite3_bind_text(stmt, n, at, (int)len, SQLITE_STATIC);
		return at + len;
	case COLUMN_BLOB:
		memcpy(&len, at, sizeof(len));
		at += sizeof(len);
		*code = sqlite3_bind_blob(stmt, n, at, (int)len, SQLITE_STATIC);
		return at + len;
	default:
		*code = sqlite3_bind_null(stmt, n);
		return at;
	}
}

int rows_write(const struct row_statements *s, const char *bytes, size_t len, size_t *at)
{
	const char *from = bytes + *at + sizeof(uint32_t), *end;
	sqlite3_stmt *stmt;
	uint32_t row_len;
	int code = SQLITE_OK;

	memcpy(&row_len, bytes + *at, sizeof(row_len));
	end = from + row_len;
	if (end > bytes + len)
		return SQLITE_INTERNAL;
	*at = end - bytes;
	stmt = s->stmt[(uint8_t)*from++];
	for (int n = 1; from < end && !code; n++)
		from = bind(stmt, n, from, &code);
	if (!code) {
		code = sqlite3_step(stmt);
		code = code == SQLITE_DONE ? SQLITE_OK : code;
	}
	(void)sqlite3_reset(stmt); /* gives the same code again */
	(void)sqlite3_clear_bindings(stmt);
	return code;
}
