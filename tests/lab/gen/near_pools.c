/* near_pools.c: names with many addresses that change all the time, as the names of fast flux have: what large
 * sites are delivered from, by several providers, and the pool of clocks that volunteers run. */
#include <stdio.h>

#include "near.h"

#define WIDE 6
#define NETWORKS_OF_POOL 150

static const struct habit sealed = { 0, 0, "-", "-", "-", "-" }, plain = { 0, 0, "-", "fixed", "GET", "browser" };

/* What pages have from there, while somebody reads. */
static __u64 view(struct lab *l, struct act *a, __u64 now)
{
	struct rng *r = &a->host->rng;
	__u64 later = pc_deserted(pc_of(a), l, now);

	if (later)
		return later + pc_seconds(10 + rng_exponential(r, 300));
	near_fetch(l, a, a->name, DEED_WIDE_DELIVERY, &plain, "/player.js", pc_of(a)->browser,
		   (unsigned int)rng_lognormal(r, 6000, 1) % 200000, now);
	if (!a->left)
		a->left = (unsigned int)rng_exponential(r, 12);
	else
		a->left--;
	return now + pc_seconds(a->left ? 5 + rng_exponential(r, 60) : 300 + rng_exponential(r, 3000));
}

static void follow(struct place *p, struct pc *pc, struct name *n)
{
	acts_add(p->g->acts, &pc->host, view, p->g->lab->start + pc_seconds(rng_exponential(&pc->host.rng, 1800)))
		->name = n;
}

/* Most are everybody's; the last two are each of one host alone. */
void near_wide_delivery(struct place *p)
{
	for (unsigned int i = 0; i < WIDE; i++) {
		struct name *n = town_more(p->g->town, rng_chance(&p->r, 0.5) ? HTTP : TLS, NULL);
		struct zone *z =
			ground_zone_of(p->g, &p->r, rng_between(&p->r, 20, 120), rng_between(&p->r, 1, 4));

		n->zone = z;
		n->shown = rng_between(&p->r, 2, 8);
		n->ttl = 20 + 20 * rng_below(&p->r, 5);
		z->n_ns = i % 2 ? 4 : 0;
		if (i >= WIDE - 2) {
			follow(p, &p->pcs[rng_below(&p->r, p->hosts)], n);
			continue;
		}
		for (unsigned int k = 0; k < p->hosts; k++)
			if (rng_chance(&p->r, 0.5))
				follow(p, &p->pcs[k], n);
	}
}

/* Four servers, each asked from time to time; their names are looked up whenever one does not answer well. */
static __u64 ask_time(struct lab *l, struct act *a, __u64 now)
{
	struct rng *r = &a->host->rng;
	const struct name *const *pool = a->plan;
	__u64 later = pc_asleep(pc_of(a), l, now), at = now;
	const struct name *n = pool[a->n++ % 4];
	__u32 ip;

	if (later)
		return later + pc_seconds(1 + rng_exponential(r, 5));
	ip = dns_resolve(l, a->host, n, &at);
	ledger_add(l->ledger, a->host->ip, n, DEED_CLOCK_POOL, &sealed, at);
	ntp_exchange(l, a->host, ip, at);
	if (a->n % 4)
		return at + pc_seconds(0.2);
	return now + (64ULL << rng_below(r, 5)) * SEC;
}

void near_clock_pool(struct place *p)
{
	const struct name **pool = ground_keep(p->g, 4 * sizeof(*pool));
	struct name *first = town_more(p->g->town, NTP, "0.pool.");

	for (int i = 0; i < 4; i++) {
		struct name *n = i ? town_more(p->g->town, NTP, "") : first;

		snprintf(n->text, sizeof(n->text), "%d.pool.%.70s", i, world_domain(first->text));
		n->domain = first->domain;
		n->port = 123;
		n->ttl = 130 + 10 * rng_below(&p->r, 3);
		n->n_aliases = 0;
		n->zone = ground_zone(p->g, &p->r, rng_between(&p->r, 300, 1200), NETWORKS_OF_POOL);
		n->shown = 4;
		pool[i] = n;
	}
	for (unsigned int k = 0; k < p->hosts; k++)
		if (!k || rng_chance(&p->r, 0.4))
			acts_add(p->g->acts, &p->pcs[k].host, ask_time,
				 p->g->lab->start + pc_seconds(rng_exponential(&p->pcs[k].host.rng, 600)))
				->plan = pool;
}
