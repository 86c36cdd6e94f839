/* near_servers.c: machines that nobody sits at: one that looks whether services are there, one that builds
 * programs, one that asks for many others; and backups at night. */
#include <stdio.h>

#include "near.h"

#define WATCHED 24
#define REGISTRIES 6
#define BEHIND 12 /* people behind the forwarder */

static const struct habit sealed = { 0, 0, "-", "-", "-", "-" };

struct watch {
	const struct name *names[WATCHED];
	unsigned int n;
	struct habit habit;
};

/* All of them in turn, every minute or five, as exactly as it can. left: the next one of this round. */
static __u64 watch(struct lab *l, struct act *a, __u64 now)
{
	const struct watch *w = a->plan;
	struct rng *r = &a->host->rng;

	if (!a->left)
		a->until = now;
	near_fetch(l, a, w->names[a->left], DEED_MONITOR, &w->habit, "/", "check_http/2.4",
		   rng_between(r, 200, 900), now);
	if (++a->left < w->n)
		return now + pc_seconds(0.1 + rng_exponential(r, 0.05));
	a->left = 0;
	return a->until + pc_seconds(w->habit.period_s + 0.01 * rng_below(r, 20));
}

static const struct name *site_of(struct place *p, unsigned int i)
{
	const struct world *w = &p->g->lab->world;

	if (i % 2)
		return world_popular(w, &p->r, SITE);
	return town_more(p->g->town, rng_chance(&p->r, 0.5) ? HTTP : TLS, NULL);
}

void near_monitor(struct place *p)
{
	struct watch *w = ground_keep(p->g, sizeof(*w));
	struct pc *pc = near_server(p);

	w->n = rng_between(&p->r, 12, WATCHED);
	for (unsigned int i = 0; i < w->n; i++)
		w->names[i] = site_of(p, i);
	w->habit = (struct habit){ 60 * (double)rng_between(&p->r, 1, 5), 0.001, "delay", "fixed", "GET", "own" };
	pc->machine = ALWAYS_ON;
	acts_add(p->g->acts, &pc->host, watch, p->g->lab->start + 7 * SEC)->plan = w;
}

struct build {
	const struct name *source, *registries[REGISTRIES];
	struct habit habit;
};

/* Is there anything new? Then everything that the build needs is fetched. */
static __u64 build(struct lab *l, struct act *a, __u64 now)
{
	static const struct habit plain = { 0, 0, "-", "random", "GET", "own" };
	const struct build *b = a->plan;
	struct rng *r = &a->host->rng;
	unsigned int hour = now / HOUR % 24;
	__u64 at = near_fetch(l, a, b->source, DEED_BUILD, &b->habit, "/api/events?after=0", "ci-runner/16.2", 300,
			      now);

	if (!rng_chance(r, hour >= 8 && hour < 19 ? 0.05 : 0.004))
		return now + pc_seconds(b->habit.period_s + rng_exponential(r, 0.3));
	for (unsigned int n = rng_between(r, 10, 80); n; n--) {
		char path[60];

		snprintf(path, sizeof(path), "/pool/%x/%x.tgz", rng_below(r, 16), rng_below(r, 1 << 20));
		at = near_fetch(l, a, b->registries[rng_below(r, 1 + rng_below(r, REGISTRIES))], DEED_BUILD,
				&plain, path, "pkg/3.1", (unsigned int)rng_lognormal(r, 30000, 1) % 300000, at) +
		     rng_between(r, 5, 400) * MSEC;
	}
	return at + pc_seconds(b->habit.period_s);
}

/* People open the same pages of the source's host. */
static __u64 look_at_source(struct lab *l, struct act *a, __u64 now)
{
	static const struct habit plain = { 0, 0, "-", "-", "GET", "browser" };
	struct rng *r = &a->host->rng;
	__u64 later = pc_deserted(pc_of(a), l, now);
	char path[60];

	if (later)
		return later + pc_seconds(60 + rng_exponential(r, 1200));
	snprintf(path, sizeof(path), "/team/project/%x", rng_below(r, 200) * 7919);
	near_fetch(l, a, a->name, DEED_BUILD, &plain, path, pc_of(a)->browser, rng_between(r, 2000, 30000), now);
	return now + pc_seconds(10 + rng_lognormal(r, 200, 1.4));
}

void near_build(struct place *p)
{
	struct build *b = ground_keep(p->g, sizeof(*b));
	struct pc *pc = near_server(p);

	b->source = town_more(p->g->town, rng_chance(&p->r, 0.5) ? HTTP : TLS, "");
	for (int i = 0; i < REGISTRIES; i++)
		b->registries[i] = town_more(p->g->town, rng_chance(&p->r, 0.5) ? HTTP : TLS, "registry.");
	b->habit = (struct habit){ 30 * (double)rng_between(&p->r, 1, 10), 0.01, "delay", "fixed", "GET", "own" };
	pc->machine = ALWAYS_ON;
	acts_add(p->g->acts, &pc->host, build, p->g->lab->start + 20 * SEC)->plan = b;
	for (unsigned int k = 0; k < p->hosts; k++)
		if (k < 4 || rng_chance(&p->r, 0.15))
			acts_add(p->g->acts, &p->pcs[k].host, look_at_source,
				 p->g->lab->start + pc_seconds(rng_exponential(&p->pcs[k].host.rng, 3600)))
				->name = (struct name *)b->source;
}

/* Where everything of one night goes. */
static __u64 back_up(struct lab *l, struct act *a, __u64 now)
{
	struct rng *r = &a->host->rng;
	__u64 later = pc_asleep(pc_of(a), l, now), at = now;
	struct tcp t;
	__u32 ip;

	if (later)
		return later + pc_seconds(60 + rng_exponential(r, 120));
	ip = dns_resolve(l, a->host, a->name, &at);
	ledger_add(l->ledger, a->host->ip, a->name, DEED_BACKUP, &sealed, at);
	tcp_open(&t, l, a->host, ip, a->name->port, at);
	tls_start(&t, a->name->text);
	for (unsigned int n = rng_between(r, 5, 40); n; n--) {
		tls_exchange(&t, rng_between(r, 20000, 400000), 60);
		t.now += rng_between(r, 10, 900) * MSEC;
	}
	tcp_close(&t);
	return now + a->n * HOUR + rng_below(r, 120) * SEC;
}

void near_backup(struct place *p)
{
	struct name *everyone = town_more(p->g->town, TLS, "backup."), *one = town_more(p->g->town, TLS, "vault.");
	unsigned int chosen = rng_below(&p->r, p->hosts);

	for (unsigned int k = 0; k < p->hosts; k++) {
		struct act *a;

		if (k != chosen && !rng_chance(&p->r, 0.25))
			continue;
		a = acts_add(p->g->acts, &p->pcs[k].host, back_up,
			     p->g->lab->start + pc_seconds(600.0 * (k % 60)));
		a->name = k == chosen ? one : everyone;
		a->n = k == chosen ? 1 : 24;
	}
}

/* Whatever the people behind it do: their names, their pages, with their browsers. */
static __u64 forward(struct lab *l, struct act *a, __u64 now)
{
	static const struct habit plain = { 0, 0, "-", "-", "GET", "browser" };
	struct rng *r = &a->host->rng;
	unsigned int hour = now / HOUR % 24, people = hour >= 7 && hour < 20 ? BEHIND : 2;
	const struct name *n =
		rng_chance(r, 0.9) ? world_popular(&l->world, r, SITE) : world_any(&l->world, r, RARE);
	char path[60];

	snprintf(path, sizeof(path), "/%x/%x", rng_below(r, 100), rng_below(r, 100000));
	near_fetch(l, a, n, DEED_FORWARDER, &plain, path, pc_browser(r), rng_between(r, 500, 40000), now);
	for (unsigned int more = rng_below(r, 4); more; more--)
		near_fetch(l, a, world_popular(&l->world, r, HELPER), DEED_FORWARDER, &plain, "/lib/fonts.css",
			   pc_browser(r), 900, now + rng_between(r, 50, 900) * MSEC);
	return now + pc_seconds(rng_exponential(r, 45.0 / people));
}

void near_forwarder(struct place *p)
{
	struct pc *pc = near_server(p);

	pc->machine = ALWAYS_ON;
	acts_add(p->g->acts, &pc->host, forward, p->g->lab->start + 3 * SEC);
}
