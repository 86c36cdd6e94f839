/* ledger.c: see ledger.h. */
#include "ledger.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const deeds[DEEDS] = { "beacon",    "browsing", "delivery",	   "reload",  "update",
					  "telemetry", "vendor",   "connectivity", "weather", "feed",
					  "ocsp",      "mail",	   "chat",	   "clock",   "missing" };

struct row {
	__u32 client;
	enum deed deed;
	const struct name *name;
	struct habit habit;
	__u64 first, last, checkins, requests;
};

struct ledger {
	__u64 end;
	struct table by_key; /* index of the row plus 1 */
	struct row *rows;
	size_t n, room;
};

struct ledger *ledger_new(__u64 end)
{
	struct ledger *b = calloc(1, sizeof(*b));

	if (!b) {
		fprintf(stderr, "labgen: out of memory\n");
		exit(1);
	}
	b->end = end;
	return b;
}

void ledger_free(struct ledger *b)
{
	if (!b)
		return;
	table_free(&b->by_key);
	free(b->rows);
	free(b);
}

/* The registrable domain: .example and .test are suffixes by themselves. */
static const char *domain_of(const struct name *n)
{
	const char *at = strrchr(n->text, '.');

	while (at > n->text && at[-1] != '.')
		at--;
	return at;
}

static struct row *row_of(struct ledger *b, __u32 client, const struct name *n, enum deed deed)
{
	__u64 key = (__u64)(client & 0xffff) << 40 | (__u64)n->domain << 8 | deed;
	__u64 *at = table_at(&b->by_key, key);

	if (*at)
		return &b->rows[*at - 1];
	if (b->n == b->room) {
		b->room = b->room ? b->room * 2 : 256;
		b->rows = realloc(b->rows, b->room * sizeof(*b->rows));
		if (!b->rows) {
			fprintf(stderr, "labgen: out of memory\n");
			exit(1);
		}
	}
	*at = ++b->n;
	b->rows[b->n - 1] =
		(struct row){ .client = client, .deed = deed, .name = n, .habit = { 0, 0, "-", "-", "-", "-" } };
	return &b->rows[b->n - 1];
}

void ledger_add(struct ledger *b, __u32 client, const struct name *n, enum deed deed, const struct habit *habit,
		__u64 at)
{
	struct row *row;

	if (!b || at >= b->end)
		return;
	row = row_of(b, client, n, deed);
	if (habit)
		row->habit = *habit;
	if (!row->requests++)
		row->first = row->last = at;
	else if (at < row->first)
		row->first = at;
	if (row->requests == 1 || at >= row->last + CHECKIN_MERGE)
		row->checkins++;
	if (at > row->last)
		row->last = at;
}

void ledger_expect(struct ledger *b, __u32 client, const struct name *n, enum deed deed, const struct habit *habit)
{
	row_of(b, client, n, deed)->habit = *habit;
}

static int compare(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	if (a->client != b->client)
		return a->client < b->client ? -1 : 1;
	if (a->deed != b->deed)
		return a->deed < b->deed ? -1 : 1;
	return strcmp(domain_of(a->name), domain_of(b->name));
}

static void print_time(FILE *out, __u64 at)
{
	time_t seconds = (time_t)(at / 1000000);
	struct tm tm;
	char text[32];

	if (!at) {
		fprintf(out, "\t-");
		return;
	}
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &tm));
	fprintf(out, "\t%s.%06lluZ", text, at % 1000000);
}

static void print_row(FILE *out, const struct row *r)
{
	const struct habit *h = &r->habit;

	fprintf(out, "%u.%u.%u.%u\t%s\t%s\t%s\t%s", r->client >> 24, r->client >> 16 & 255, r->client >> 8 & 255,
		r->client & 255, r->deed == DEED_BOT ? "bot" : "benign", deeds[r->deed], domain_of(r->name),
		r->name->text);
	if (h->period_s > 0)
		fprintf(out, "\t%.3f\t%.4f", h->period_s, h->jitter);
	else
		fprintf(out, "\t-\t-");
	fprintf(out, "\t%s\t%s\t%s\t%s", h->spread, h->urls, h->method, h->agent);
	print_time(out, r->first);
	print_time(out, r->last);
	fprintf(out, "\t%llu\t%llu\n", r->checkins, r->requests);
}

void ledger_print(const struct ledger *b, FILE *out)
{
	qsort(b->rows, b->n, sizeof(*b->rows), compare);
	fprintf(out,
		"# client\trole\tkind\tdomain\tname\tperiod_s\tjitter\tspread\turl\tmethod\tagent\tfirst\tlast"
		"\tcheckins\trequests\n");
	for (size_t i = 0; i < b->n; i++)
		print_row(out, &b->rows[i]);
}
