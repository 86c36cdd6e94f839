/* near_told.c: lookups whose names say something to who answers: fingerprints of files for a maker of antivirus
 * programs, senders' addresses for lists of those who send spam, keys and policies of mail domains. */
#include <stdio.h>
#include <string.h>

#include "near.h"
#include "query.h"

#define MAKERS 3
#define LISTS 6
#define CORRESPONDENTS 80

static const struct habit none = { 0, 0, "-", "-", "-", "-" };

struct maker_of {
	const struct name *zone;
	unsigned int labels, digits; /* so many labels of a fingerprint, each so long */
	int base32, text, unknown;   /* unknown: most do not exist */
	double every_s;
};

static void fingerprint(const struct maker_of *m, struct rng *r, char *text)
{
	size_t len = 0;

	for (unsigned int i = 0; i < m->labels; i++) {
		for (unsigned int k = 0; k < m->digits; k++)
			text[len++] = m->base32 ? "abcdefghijklmnopqrstuvwxyz234567"[rng_below(r, 32)]
						: "0123456789abcdef"[rng_below(r, 16)];
		text[len++] = '.';
	}
	snprintf(text + len, QUERY_NAME - len, "%s", m->zone->text);
}

/* What is new: a few files at a time, and all of a program that is installed. */
static __u64 look_at_files(struct lab *l, struct act *a, __u64 now)
{
	const struct maker_of *m = a->plan;
	struct rng *r = &a->host->rng;
	__u64 later = pc_asleep(pc_of(a), l, now), at = now;

	if (later)
		return later + pc_seconds(10 + rng_exponential(r, 120));
	for (unsigned int n = 1 + (unsigned int)rng_exponential(r, rng_chance(r, 0.05) ? 60 : 4); n; n--) {
		struct query q;

		query_start(&q, m->text ? RR_TXT : RR_A);
		fingerprint(m, r, q.text);
		if (rng_chance(r, m->unknown ? 0.9 : 0.02))
			q.rcode = RCODE_NXDOMAIN;
		else if (m->text)
			record_text(query_record(&q, RR_TXT, 300), "\x01 w=0 c=120 sig=4f3a", 20);
		else
			record_address(query_record(&q, RR_A, 300),
				       IP4(127, rng_below(r, 4), 0, rng_between(r, 1, 8)));
		q.far = 1;
		ledger_add(l->ledger, a->host->ip, m->zone, DEED_REPUTATION, &none, at);
		at = query_ask(l, a->host, &q, at) + rng_between(r, 1, 400) * MSEC;
	}
	return now + pc_seconds(10 + rng_exponential(r, m->every_s));
}

/* One that many hosts have, one that a few have, and one that nobody else has. */
void near_reputation(struct place *p)
{
	static const double shares[MAKERS] = { 0.6, 0.1, 0 };

	for (int i = 0; i < MAKERS; i++) {
		struct maker_of *m = ground_keep(p->g, sizeof(*m));
		unsigned int chosen = rng_below(&p->r, p->hosts);

		m->zone = town_more(p->g->town, HTTP, rng_chance(&p->r, 0.5) ? "files." : "hash.");
		m->labels = rng_between(&p->r, 1, 2);
		m->digits = m->labels == 2 ? rng_between(&p->r, 26, 52) : 8 * rng_between(&p->r, 4, 7);
		m->base32 = rng_chance(&p->r, 0.5);
		m->text = rng_chance(&p->r, 0.5);
		m->unknown = i == 1;
		m->every_s = ground_log_between(&p->r, 200, 2000);
		for (unsigned int k = 0; k < p->hosts; k++)
			if (k == chosen || rng_chance(&p->r, shares[i]))
				acts_add(p->g->acts, &p->pcs[k].host, look_at_files,
					 p->g->lab->start + pc_seconds(rng_exponential(&p->pcs[k].host.rng, 600)))
					->plan = m;
	}
}

struct post {
	const struct name *lists[LISTS];
	unsigned int n_lists;
	const struct name *arpa, *domains[CORRESPONDENTS];
	int asks_lists, asks_keys;
};

static void ask(struct lab *l, struct act *a, struct query *q, const struct name *n, enum deed deed, __u64 *at)
{
	ledger_add(l->ledger, a->host->ip, n, deed, &none, *at);
	*at = query_ask(l, a->host, q, *at);
}

static void ask_lists(struct lab *l, struct act *a, __u32 ip, __u64 at)
{
	const struct post *post = a->plan;
	struct rng *r = &a->host->rng;
	int spam = rng_chance(r, 0.3);

	for (unsigned int i = 0; i < post->n_lists; i++) {
		int listed = spam && rng_chance(r, 0.6);
		__u64 then = at;
		struct query q;

		query_start(&q, RR_A);
		snprintf(q.text, sizeof(q.text), "%u.%u.%u.%u.%s", ip & 255, ip >> 8 & 255, ip >> 16 & 255,
			 ip >> 24, post->lists[i]->text);
		if (listed)
			record_address(query_record(&q, RR_A, 300), IP4(127, 0, 0, rng_between(r, 2, 11)));
		else
			q.rcode = RCODE_NXDOMAIN;
		ask(l, a, &q, post->lists[i], DEED_BLOCKLIST, &then);
		if (listed && i % 2) { /* and why */
			query_start(&q, RR_TXT);
			snprintf(q.text, sizeof(q.text), "%u.%u.%u.%u.%s", ip & 255, ip >> 8 & 255, ip >> 16 & 255,
				 ip >> 24, post->lists[i]->text);
			record_text(query_record(&q, RR_TXT, 300), "listed, see the query page", 26);
			ask(l, a, &q, post->lists[i], DEED_BLOCKLIST, &then);
		}
		at += rng_between(r, 0, 3) * MSEC;
	}
}

static void ask_text(struct lab *l, struct act *a, const struct name *n, const char *before, const char *text,
		     __u64 *at)
{
	struct query q;

	query_start(&q, RR_TXT);
	snprintf(q.text, sizeof(q.text), "%s%s", before, world_domain(n->text));
	if (text)
		record_text(query_record(&q, RR_TXT, 3600), text, strlen(text));
	else
		q.rcode = RCODE_NXDOMAIN;
	ask(l, a, &q, n, DEED_MAIL_SERVER, at);
}

/* Policy, key, what to do with forgeries; and where an answer would go. */
static void ask_keys(struct lab *l, struct act *a, const struct name *n, __u64 at)
{
	static const char key[] =
		"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDZ0hYHxUnbUg3lC8qzWy1cWmMn7jDmUJX8vX3d"
		"6HkT3xw5bG2qv0h8Qm9rU1nX5pJcW7eT4oKyLzR2sVfA8dGuBhQ6tM0wN9xE3iPjSaFyZkCbOqDgI1rHl4UeYw";
	struct rng *r = &a->host->rng;
	struct record *rec;
	char before[60];
	struct query q;

	ask_text(l, a, n, "", "v=spf1 include:_spf.mail.example ip4:198.19.0.0/17 ~all", &at);
	snprintf(before, sizeof(before), "s%u._domainkey.", n->domain % 900);
	ask_text(l, a, n, before, rng_chance(r, 0.95) ? key : NULL, &at);
	ask_text(l, a, n, "_dmarc.", n->domain % 3 ? "v=DMARC1; p=none; rua=mailto:d@mail.example" : NULL, &at);
	if (rng_chance(r, 0.6))
		return;
	query_start(&q, RR_MX);
	snprintf(q.text, sizeof(q.text), "%s", world_domain(n->text));
	rec = query_record(&q, RR_MX, 3600);
	rec->data[1] = 10;
	rec->len = 2;
	snprintf(rec->target, sizeof(rec->target), "mx1.%s", world_domain(n->text));
	ask(l, a, &q, n, DEED_MAIL_SERVER, &at);
}

/* A letter comes in: who is this? By day one in half a minute, by night one in five. */
static __u64 letter(struct lab *l, struct act *a, __u64 now)
{
	const struct post *post = a->plan;
	struct rng *r = &a->host->rng;
	unsigned int hour = now / HOUR % 24;
	__u32 ip = IP4(198, 19, rng_below(r, 200), rng_between(r, 1, 254));
	__u64 at = now;
	struct query q;

	if (post->asks_lists) {
		query_start(&q, RR_PTR);
		snprintf(q.text, sizeof(q.text), "%u.%u.%u.%u.in-addr.arpa", ip & 255, ip >> 8 & 255,
			 ip >> 16 & 255, ip >> 24);
		if (rng_chance(r, 0.4))
			q.rcode = RCODE_NXDOMAIN;
		else
			snprintf(query_record(&q, RR_PTR, 3600)->target, QUERY_NAME, "mail%u.%s-hosting.test",
				 ip & 255, town_word(r));
		ask(l, a, &q, post->arpa, DEED_REVERSE, &at);
		ask_lists(l, a, ip, at);
	}
	if (post->asks_keys)
		ask_keys(l, a, post->domains[(unsigned int)rng_lognormal(r, 8, 1.1) % CORRESPONDENTS], at);
	return now + pc_seconds(rng_exponential(r, hour >= 7 && hour < 20 ? 30 : 300));
}

static void mail_server(struct place *p, int lists)
{
	struct post *post = ground_keep(p->g, sizeof(*post));
	struct name *arpa = near_nobody(p);
	struct pc *pc = near_server(p);

	snprintf(arpa->text, sizeof(arpa->text), "in-addr.arpa");
	post->arpa = arpa;
	post->asks_lists = lists;
	post->asks_keys = !lists;
	post->n_lists = lists ? rng_between(&p->r, 3, LISTS) : 0;
	for (unsigned int i = 0; i < post->n_lists; i++)
		post->lists[i] = town_more(p->g->town, HTTP, i ? "bl." : "zen.");
	for (unsigned int i = 0; !lists && i < CORRESPONDENTS; i++)
		post->domains[i] =
			i % 2 ? world_popular(&p->g->lab->world, &p->r, SITE) : town_more(p->g->town, HTTP, "");
	pc->machine = ALWAYS_ON;
	acts_add(p->g->acts, &pc->host, letter, p->g->lab->start + pc_seconds(20))->plan = post;
}

void near_blocklist(struct place *p)
{
	mail_server(p, 1);
}

void near_mail_server(struct place *p)
{
	mail_server(p, 0);
}
