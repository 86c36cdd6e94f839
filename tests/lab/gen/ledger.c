/* ledger.c: see ledger.h. */
#include "ledger.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const deeds[DEEDS] = {
	[DEED_BOT] = "beacon",
	[DEED_BROWSING] = "browsing",
	[DEED_DELIVERY] = "delivery",
	[DEED_RELOAD] = "reload",
	[DEED_UPDATE] = "update",
	[DEED_TELEMETRY] = "telemetry",
	[DEED_VENDOR] = "vendor",
	[DEED_CONNECTIVITY] = "connectivity",
	[DEED_WEATHER] = "weather",
	[DEED_FEED] = "feed",
	[DEED_OCSP] = "ocsp",
	[DEED_MAIL] = "mail",
	[DEED_CHAT] = "chat",
	[DEED_CLOCK] = "clock",
	[DEED_MISSING] = "missing",
	[DEED_WIDE_DELIVERY] = "wide-delivery",
	[DEED_CLOCK_POOL] = "clock-pool",
	[DEED_AD_BLOCK] = "ad-block",
	[DEED_BLOCKLIST] = "blocklist",
	[DEED_REPUTATION] = "reputation",
	[DEED_PROBE] = "probe",
	[DEED_SUFFIX] = "suffix",
	[DEED_REVERSE] = "reverse",
	[DEED_MAIL_SERVER] = "mail-server",
	[DEED_BACKUP] = "backup",
	[DEED_DISCOVERY] = "discovery",
	[DEED_BUILD] = "build",
	[DEED_MONITOR] = "monitor",
	[DEED_FORWARDER] = "forwarder",
	[DEED_WORKTIME] = "worktime",
	[DEED_BY_ADDRESS] = "by-address",
	[DEED_HTTPS] = "https",
	[DEED_DOMAINS] = "domains",
	[DEED_CROWD] = "crowd",
	[DEED_FLUX] = "flux",
	[DEED_DOUBLE_FLUX] = "double-flux",
	[DEED_DGA] = "dga",
	[DEED_SLOW_DGA] = "slow-dga",
	[DEED_TUNNEL_RAW] = "tunnel-raw",
	[DEED_TUNNEL_HEX] = "tunnel-hex",
	[DEED_TUNNEL_OUT] = "tunnel-out",
	[DEED_TUNNEL_SLOW] = "tunnel-slow",
	[DEED_TXT_ORDERS] = "txt-orders",
	[DEED_NO_NAME] = "no-name",
	[DEED_NO_ANSWER] = "no-answer",
	[DEED_IRC] = "irc",
	[DEED_SCANNER] = "scanner",
};

const char *ledger_word(enum deed deed)
{
	return deeds[deed];
}

int ledger_is_bot(enum deed deed)
{
	return deed == DEED_BOT || deed >= FIRST_BOT_DEED;
}

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
	return strcmp(world_domain(a->name->text), world_domain(b->name->text));
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
		r->client & 255, ledger_is_bot(r->deed) ? "bot" : "benign", deeds[r->deed],
		world_domain(r->name->text), r->name->text);
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
