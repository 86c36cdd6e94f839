/* near_missing.c: names that do not exist and that nobody has made up from a date: ads that a resolver denies,
 * what is tried below the office's domain, what browsers try to see whether somebody answers for anything,
 * addresses whose names are asked for. */
#include <stdio.h>
#include <string.h>

#include "near.h"
#include "query.h"

#define ADS 150

static const struct habit none = { 0, 0, "-", "-", "-", "-" };

struct blocker {
	unsigned int how; /* 0: as if they did not exist; 1: as if they had address 0.0.0.0 */
	const struct name *ads[ADS];
};

/* What a page would show besides, after it was opened. */
static __u64 ads(struct lab *l, struct act *a, __u64 now)
{
	const struct blocker *b = a->plan;
	struct rng *r = &a->host->rng;
	__u64 later = pc_deserted(pc_of(a), l, now), at = now;

	if (later)
		return later + pc_seconds(30 + rng_exponential(r, 300));
	for (unsigned int n = rng_between(r, 2, 12); n; n--) {
		const struct name *name = b->ads[(unsigned int)rng_lognormal(r, 12, 1.1) % ADS];
		struct query q;

		query_start(&q, RR_A);
		snprintf(q.text, sizeof(q.text), "%s", name->text);
		if (b->how)
			record_address(query_record(&q, RR_A, 10), 0);
		else
			q.rcode = RCODE_NXDOMAIN;
		ledger_add(l->ledger, a->host->ip, name, DEED_AD_BLOCK, &none, at);
		query_ask(l, a->host, &q, at);
		at += rng_between(r, 5, 200) * MSEC;
	}
	return now + pc_seconds(20 + rng_lognormal(r, 60, 1.2));
}

static void start_on(struct place *p, struct pc *pc, __u64 (*step)(struct lab *, struct act *, __u64),
		     const void *plan, struct name *n)
{
	struct act *a = acts_add(p->g->acts, &pc->host, step,
				 p->g->lab->start + pc_seconds(rng_exponential(&pc->host.rng, 900)));

	a->plan = plan;
	a->name = n;
}

void near_ad_block(struct place *p)
{
	static const char *const hosts[] = { "ads.", "pixel.", "track.",    "stats.",
					     "tag.", "sync.",  "adserver.", "c." };
	struct blocker *b = ground_keep(p->g, sizeof(*b));

	b->how = rng_chance(&p->r, 0.35);
	for (int i = 0; i < ADS; i++)
		b->ads[i] = town_more(p->g->town, TLS, hosts[rng_below(&p->r, 8)]);
	for (unsigned int k = 0; k < p->hosts; k++)
		start_on(p, &p->pcs[k], ads, b, NULL);
}

/* Three at once when a browser starts, of no domain at all. */
static __u64 probe(struct lab *l, struct act *a, __u64 now)
{
	struct rng *r = &a->host->rng;
	__u64 later = pc_deserted(pc_of(a), l, now), at = now;

	if (later)
		return later + pc_seconds(5 + rng_exponential(r, 120));
	for (int i = 0; i < 3; i++) {
		unsigned int len = rng_between(r, 7, 15);
		char text[16] = "";

		for (unsigned int k = 0; k < len; k++)
			text[k] = 'a' + (char)rng_below(r, 26);
		ledger_add(l->ledger, a->host->ip, a->name, DEED_PROBE, &none, at);
		query_missing(l, a->host, text, 1, at);
		at += rng_between(r, 1, 40) * MSEC;
	}
	return now + pc_seconds(3600 + rng_exponential(r, 10000));
}

void near_probe(struct place *p)
{
	struct name *nobody = near_nobody(p);

	for (unsigned int k = 0; k < p->hosts; k++)
		if (!k || rng_chance(&p->r, 0.6))
			start_on(p, &p->pcs[k], probe, NULL, nobody);
}

static const struct name *corp(struct lab *l)
{
	return &l->world.names[l->world.first[MISSING] + CORP];
}

/* A system that looks below its own domain first, whatever is asked for. */
static __u64 suffix(struct lab *l, struct act *a, __u64 now)
{
	struct rng *r = &a->host->rng;
	__u64 later = pc_asleep(pc_of(a), l, now);
	char text[QUERY_NAME];

	if (later)
		return later + pc_seconds(5 + rng_exponential(r, 120));
	snprintf(text, sizeof(text), "%s.corp.example", world_popular(&l->world, r, SITE)->text);
	ledger_add(l->ledger, a->host->ip, corp(l), DEED_SUFFIX, &none, now);
	query_missing(l, a->host, text, 1, now);
	return now + pc_seconds(5 + rng_exponential(r, 300));
}

void near_suffix(struct place *p)
{
	for (unsigned int k = 0; k < p->hosts; k++)
		if (!k || rng_chance(&p->r, 0.25))
			start_on(p, &p->pcs[k], suffix, NULL, NULL);
}

/* Which server has the directory, the tickets, the telephone: some there are, some not. */
static __u64 discover(struct lab *l, struct act *a, __u64 now)
{
	static const char *const services[] = {
		"_ldap._tcp.dc._msdcs", "_kerberos._tcp.site._sites", "_sip._tcp",
		"_sipinternaltls._tcp", "_xmpp-client._tcp",	      "_autodiscover._tcp"
	};
	struct rng *r = &a->host->rng;
	__u64 later = pc_asleep(pc_of(a), l, now);
	unsigned int which = rng_below(r, 6);
	struct query q;

	if (later)
		return later + pc_seconds(1 + rng_exponential(r, 60));
	query_start(&q, RR_SRV);
	snprintf(q.text, sizeof(q.text), "%s.corp.example", services[which]);
	if (which < 2) {
		struct record *rec = query_record(&q, RR_SRV, 600);

		memcpy(rec->data, "\0\0\0\x64\1\x85", 6);
		rec->len = 6;
		snprintf(rec->target, sizeof(rec->target), "dc%u.corp.example", rng_between(r, 1, 3));
	} else {
		q.rcode = RCODE_NXDOMAIN;
	}
	ledger_add(l->ledger, a->host->ip, corp(l), DEED_DISCOVERY, &none, now);
	query_ask(l, a->host, &q, now);
	return now + pc_seconds(60 + rng_exponential(r, 1800));
}

void near_discovery(struct place *p)
{
	for (unsigned int k = 0; k < p->hosts; k++)
		if (!k || rng_chance(&p->r, 0.5))
			start_on(p, &p->pcs[k], discover, NULL, NULL);
}

/* Somebody's list of connections, with names instead of addresses. */
static __u64 reverse(struct lab *l, struct act *a, __u64 now)
{
	struct rng *r = &a->host->rng;
	__u64 later = pc_deserted(pc_of(a), l, now), at = now;

	if (later)
		return later + pc_seconds(60 + rng_exponential(r, 3600));
	for (unsigned int n = rng_between(r, 1, 20); n; n--) {
		struct query q;

		query_start(&q, RR_PTR);
		snprintf(q.text, sizeof(q.text), "%u.%u.19.198.in-addr.arpa", rng_between(r, 1, 254),
			 rng_below(r, 200));
		if (rng_chance(r, 0.55))
			q.rcode = RCODE_NXDOMAIN;
		else
			snprintf(query_record(&q, RR_PTR, 3600)->target, QUERY_NAME, "%s%u.%s-hosting.test",
				 town_word(r), rng_below(r, 1000), town_word(r));
		ledger_add(l->ledger, a->host->ip, a->name, DEED_REVERSE, &none, at);
		query_ask(l, a->host, &q, at);
		at += rng_between(r, 2, 300) * MSEC;
	}
	return now + pc_seconds(30 + rng_exponential(r, 1800));
}

void near_reverse(struct place *p)
{
	struct name *arpa = near_nobody(p);

	snprintf(arpa->text, sizeof(arpa->text), "in-addr.arpa");
	for (unsigned int k = 0; k < p->hosts; k++)
		if (!k || rng_chance(&p->r, 0.1))
			start_on(p, &p->pcs[k], reverse, NULL, arpa);
}
