/* tunnels.c: bots that talk through lookups. What they say is in the names, what they hear in the answers; a
 * zone's own server makes these up, so that no resolver's memory helps.
 *
 * raw: packets of a virtual interface in NULL, TXT or private records, any bytes in the labels. hex: a terminal in
 * hexadecimal labels, TXT, CNAME and MX in turn. out: files leave in labels of A lookups, nothing comes back.
 * slow: a sign of life now and then, and some data when there is an order. orders: one of a few names, whose TXT
 * is the order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kinds.h"
#include "query.h"

#define PRIVATE_TYPE 65399

struct tunnel {
	const struct name *zone;
	enum deed deed;
	struct habit habit;
	unsigned int type, label, room; /* characters of a label, of all that a name may hold before the zone */
	unsigned int id, counter, names;
	int fixed;	     /* its sign of life is the same each time */
	double gap_s;	     /* within a transfer */
	double busy, pieces; /* chance of one at a sign of life; median of its lookups */
	double session_s, pause_s;
};

static const char hex[] = "0123456789abcdef";
static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";
static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Appends n characters to text, a dot before each label but the first. */
static void spell(const struct tunnel *t, struct rng *r, char *text, const char *digits, unsigned int n_digits,
		  unsigned int n)
{
	size_t len = strlen(text);

	for (unsigned int i = 0; i < n; i++) {
		if (i && i % t->label == 0)
			text[len++] = '.';
		text[len++] = digits[rng_below(r, n_digits)];
	}
	text[len] = 0;
}

/* Any bytes but those that mean something in names. */
static void spell_raw(const struct tunnel *t, struct rng *r, char *text, unsigned int n)
{
	size_t len = strlen(text);

	for (unsigned int i = len; i < n; i++) {
		if (i % t->label == 0)
			text[len++] = '.';
		text[len++] = rng_chance(r, 0.5) ? (char)(0xbc + rng_below(r, 66)) : base32[rng_below(r, 32)];
	}
	text[len] = 0;
}

static void end_name(const struct tunnel *t, char *text)
{
	size_t len = strlen(text);

	snprintf(text + len, QUERY_NAME - len, ".%s", t->zone->text);
}

static void answer_bytes(struct record *rec, struct rng *r, unsigned int n, int text)
{
	__u8 data[1200];

	for (unsigned int i = 0; i < n; i++)
		data[i] = text ? (__u8)base64[rng_below(r, 64)] : rng_below(r, 256);
	if (rec->type == RR_TXT) {
		record_text(rec, data, n);
		return;
	}
	memcpy(rec->data, data, n);
	rec->len = n;
}

/* n: bytes that go out of what there is to say; 0: none, a sign of life. */
static void ask_raw(struct tunnel *t, struct rng *r, struct query *q, int data)
{
	struct record *rec;

	query_start(q, t->type);
	q->edns = 1;
	if (data) {
		snprintf(q->text, sizeof(q->text), "%c%c%c%c%c", hex[t->id % 16], base32[rng_below(r, 32)],
			 base32[rng_below(r, 32)], base32[rng_below(r, 32)], base32[t->counter % 32]);
		spell_raw(t, r, q->text, rng_chance(r, 0.6) ? t->room : rng_between(r, 20, t->room));
	} else {
		snprintf(q->text, sizeof(q->text), "p");
		spell(t, r, q->text, base32, 32, 6);
	}
	end_name(t, q->text);
	rec = query_record(q, t->type, 0);
	answer_bytes(rec, r, data && rng_chance(r, 0.5) ? rng_between(r, 200, 1100) : rng_between(r, 2, 12), 0);
}

static void ask_hex(struct tunnel *t, struct rng *r, struct query *q, int data)
{
	static const unsigned int types[] = { RR_TXT, RR_CNAME, RR_MX };
	unsigned int type = t->type ? t->type : types[rng_below(r, 3)];
	struct record *rec;

	query_start(q, type);
	if (data)
		spell(t, r, q->text, hex, 16, rng_chance(r, 0.7) ? t->room : rng_between(r, 24, t->room));
	else
		spell(t, r, q->text, hex, 16, t->fixed ? 34 : 18);
	end_name(t, q->text);
	rec = query_record(q, type, 60);
	if (type == RR_TXT) {
		answer_bytes(rec, r, data && rng_chance(r, 0.3) ? rng_between(r, 60, 180) : 18, 1);
		return;
	}
	if (type == RR_MX) {
		rec->data[1] = 10;
		rec->len = 2;
	}
	spell(t, r, rec->target, hex, 16, data && rng_chance(r, 0.3) ? rng_between(r, 40, 120) : 18);
	end_name(t, rec->target);
}

static void ask_out(struct tunnel *t, struct rng *r, struct query *q, int data)
{
	query_start(q, RR_A);
	if (data)
		snprintf(q->text, sizeof(q->text), "%u.", t->counter);
	spell(t, r, q->text, t->fixed ? hex : base32, t->fixed ? 16 : 32, data ? t->room : 8);
	end_name(t, q->text);
	record_address(query_record(q, RR_A, t->names), t->zone->addrs[0]);
}

/* A sign of life is an address lookup, whose answer says whether there is something; then text is fetched. */
static void ask_slow(struct tunnel *t, struct rng *r, struct query *q, int data)
{
	query_start(q, data && t->counter % 3 ? RR_TXT : RR_A);
	if (data)
		snprintf(q->text, sizeof(q->text), "%s.%x%04x.", t->counter % 3 ? "api" : "post", t->counter,
			 rng_below(r, 1 << 16));
	if (data && !(t->counter % 3)) {
		spell(t, r, q->text, hex, 16, t->room);
		snprintf(q->text + strlen(q->text), 10, ".");
	}
	snprintf(q->text + strlen(q->text), 20, "%08x", t->id);
	if (!data && !t->fixed)
		snprintf(q->text + strlen(q->text), 20, "%04x", t->counter & 0xffff);
	end_name(t, q->text);
	if (q->type == RR_TXT)
		answer_bytes(query_record(q, RR_TXT, 1), r, rng_between(r, 100, 240), 1);
	else
		record_address(query_record(q, RR_A, 1), t->names % 2 ? 0 : t->zone->addrs[0]);
}

static void ask_orders(struct tunnel *t, struct rng *r, struct query *q)
{
	query_start(q, RR_TXT);
	if (t->names > 1)
		snprintf(q->text, sizeof(q->text), "%c%u.", base32[t->id % 26], 1 + rng_below(r, t->names));
	snprintf(q->text + strlen(q->text), sizeof(q->text) / 2, "%s", t->zone->text);
	answer_bytes(query_record(q, RR_TXT, t->zone->ttl < 300 ? t->zone->ttl : 60), r, rng_between(r, 24, 250),
		     1);
}

static void compose(struct tunnel *t, struct rng *r, struct query *q, int data)
{
	t->counter++;
	switch (t->deed) {
	case DEED_TUNNEL_RAW:
		ask_raw(t, r, q, data);
		break;
	case DEED_TUNNEL_HEX:
		ask_hex(t, r, q, data);
		break;
	case DEED_TUNNEL_OUT:
		ask_out(t, r, q, data);
		break;
	case DEED_TUNNEL_SLOW:
		ask_slow(t, r, q, data);
		break;
	default:
		ask_orders(t, r, q);
	}
	q->far = 1;
}

static double rest_of(const struct tunnel *t, struct rng *r)
{
	return t->habit.period_s * (1 + t->habit.jitter * ground_between(r, -1, 1));
}

/* left: what of a transfer is still to be said; until: the end of a session, where it has them. */
static __u64 talk(struct lab *l, struct act *a, __u64 now)
{
	struct tunnel *t = (struct tunnel *)a->plan;
	struct rng *r = &a->host->rng;
	__u64 later = pc_asleep(pc_of(a), l, now), answered;
	struct query q;

	if (later) {
		a->left = 0;
		return later + pc_seconds(1 + rng_exponential(r, 20));
	}
	if (t->session_s > 0 && now >= a->until) {
		int first = !a->until;

		a->left = 1 + (unsigned int)rng_lognormal(r, t->pieces, 0.8);
		a->until = now + pc_seconds(rng_lognormal(r, t->session_s, 0.7));
		if (!first) {
			later = now + pc_seconds(rng_lognormal(r, t->pause_s, 0.7));
			a->until += later - now;
			return later;
		}
	}
	if (!a->left && rng_chance(r, t->busy))
		a->left = 1 + (unsigned int)rng_lognormal(r, t->pieces, 0.8);
	compose(t, r, &q, a->left > 0);
	ledger_add(l->ledger, a->host->ip, t->zone, t->deed, &t->habit, now);
	answered = query_ask(l, a->host, &q, now);
	if (a->left && --a->left)
		return answered + pc_seconds(t->gap_s * ground_between(r, 0.7, 1.3));
	return now + pc_seconds(rest_of(t, r));
}

static void settle(struct tunnel *t, struct rng *r)
{
	t->label = 63;
	switch (t->deed) {
	case DEED_TUNNEL_RAW:
		t->type = rng_chance(r, 0.5) ? RR_NULL : rng_chance(r, 0.7) ? RR_TXT : PRIVATE_TYPE;
		t->label = 57;
		t->habit.period_s = rng_chance(r, 0.6) ? 4 : 1;
		t->gap_s = 0.03;
		t->busy = ground_log_between(r, 0.001, 0.02);
		t->pieces = rng_between(r, 20, 200);
		t->session_s = ground_log_between(r, 1800, 14400);
		t->pause_s = ground_log_between(r, 3600, 43200);
		break;
	case DEED_TUNNEL_HEX:
		t->label = rng_between(r, 55, 63);
		t->type = rng_chance(r, 0.6) ? 0 : rng_chance(r, 0.5) ? RR_TXT : RR_CNAME;
		t->fixed = rng_chance(r, 0.7); /* sealed: longer */
		t->habit.period_s = ground_log_between(r, 0.5, 30);
		t->habit.jitter = 0.05;
		t->gap_s = t->habit.period_s < 1 ? t->habit.period_s : 1;
		t->busy = ground_log_between(r, 0.0005, 0.01);
		t->pieces = rng_between(r, 5, 100);
		t->session_s = ground_log_between(r, 1800, 86400);
		t->pause_s = ground_log_between(r, 3600, 43200);
		break;
	case DEED_TUNNEL_OUT:
		t->fixed = rng_chance(r, 0.4);
		t->names = rng_below(r, 2) * 60;
		t->habit.period_s = ground_log_between(r, 3600, 43200);
		t->habit.jitter = 0.3;
		t->gap_s = ground_log_between(r, 0.05, 20);
		t->busy = 1;
		t->pieces = ground_log_between(r, 60, 1500);
		break;
	case DEED_TUNNEL_SLOW:
		t->fixed = rng_chance(r, 0.3);
		t->names = rng_below(r, 2);
		t->habit.period_s = ground_log_between(r, 30, 1800);
		t->habit.jitter = ground_between(r, 0, 0.5);
		t->gap_s = ground_log_between(r, 0.1, 5);
		t->busy = ground_log_between(r, 0.005, 0.05);
		t->pieces = rng_between(r, 8, 40);
		break;
	default:
		t->names = rng_below(r, 2) ? rng_between(r, 2, 6) : 1;
		t->habit.period_s = ground_log_between(r, 60, 3600);
		t->habit.jitter = ground_between(r, 0, 0.5);
	}
}

void tunnels_start(struct infection *i)
{
	static const char *const hosts[] = { "t.", "t1.", "ns1.", "d.", "", "" };
	struct tunnel *t = ground_keep(i->g, sizeof(*t));
	struct rng *r = &i->rng;
	struct name *zone = i->name;
	char domain[NAME_TEXT];
	unsigned int most;

	snprintf(domain, sizeof(domain), "%.90s", world_domain(zone->text));
	snprintf(zone->text, sizeof(zone->text), "%s%s", hosts[rng_below(r, 6)], domain);
	t->zone = zone;
	t->deed = i->deed;
	t->habit = (struct habit){ 0, 0, "uniform", "-", "-", "-" };
	t->id = rng_next(r);
	settle(t, r);
	/* With a dot for each label; the whole is at most 253. */
	most = (253 - 20 - strlen(zone->text)) * t->label / (t->label + 1);
	t->room = i->deed == DEED_TUNNEL_SLOW || i->deed == DEED_TUNNEL_OUT
			  ? rng_between(r, 24, most < 120 ? most : 120)
			  : most;
	ledger_expect(i->g->lab->ledger, i->pc->host.ip, zone, i->deed, &t->habit);
	acts_add(i->g->acts, &i->pc->host, talk, ground_arrival(i->g->lab, &i->pc->host.rng))->plan = t;
}
