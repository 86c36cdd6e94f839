/* dga.c: bots that make their server's name up from the date: they try one after the other until one exists, which
 * is the one that its owner has registered, if any. Bursts of dozens to hundreds every hour or day; or a few an
 * hour all the time. */
#include <stdio.h>
#include <string.h>

#include "generated.h"
#include "kinds.h"
#include "query.h"

#define DAY (24 * HOUR)

struct dga {
	enum deed deed;
	struct town *town;
	struct generated names;
	const struct name *found; /* whom the labels speak of: the registered one, or "-" */
	unsigned int place;	  /* it is tried after so many; beyond n: never */
	unsigned int n;		  /* tried in a burst */
	double gap_s, every_s;
	int daily; /* the same names all day long */
	int both;  /* A and AAAA, as its host does */
	struct habit habit;
};

static void report(struct lab *l, struct act *a, const struct dga *d, __u64 at)
{
	struct tcp t;
	__u32 ip = dns_resolve(l, a->host, d->found, &at);

	ledger_add(l->ledger, a->host->ip, d->found, d->deed, &d->habit, at);
	tcp_open(&t, l, a->host, ip, d->found->port, at);
	if (d->found->protocol == HTTP) {
		http_exchange(&t, "POST", d->found->text, "/", pc_of(a)->browser, 180, "text/html",
			      rng_between(&a->host->rng, 0, 400));
	} else {
		tls_start(&t, d->found->text);
		tls_exchange(&t, 300, 200);
	}
	tcp_close(&t);
}

static __u64 rest_of(const struct dga *d, struct rng *r, __u64 now)
{
	return now + pc_seconds(d->every_s * ground_between(r, 0.95, 1.05));
}

/* left: tried in this burst; n: names that went before, of other bursts. */
static __u64 try(struct lab *l, struct act *a, __u64 now)
{
	const struct dga *d = a->plan;
	struct rng *r = &a->host->rng;
	__u64 later = pc_asleep(pc_of(a), l, now), answered;
	char text[NAME_TEXT];

	if (later)
		return later + pc_seconds(1 + rng_exponential(r, 30));
	if (a->left == d->place) {
		a->left = 0;
		a->n += d->n;
		report(l, a, d, now);
		return rest_of(d, r, now);
	}
	generated_name(&d->names, now / DAY, (d->daily ? 0 : a->n) + a->left, text, sizeof(text));
	answered = now;
	if (!town_has(d->town, text)) { /* words happen to be somebody's */
		ledger_add(l->ledger, a->host->ip, d->found, d->deed, &d->habit, now);
		answered = query_missing(l, a->host, text, d->both, now);
	}
	if (++a->left == d->n) {
		a->left = 0;
		a->n += d->n;
		return rest_of(d, r, now);
	}
	return answered + pc_seconds(d->deed == DEED_SLOW_DGA ? rng_exponential(r, d->gap_s)
							      : d->gap_s * ground_between(r, 0.8, 1.2));
}

static void settle(struct dga *d, struct rng *r)
{
	static const double every[] = { 3600, 3600, 10800, 21600, 86400 };

	d->names = generated_any(r);
	d->both = rng_chance(r, 0.3);
	if (d->deed == DEED_SLOW_DGA) {
		d->n = rng_between(r, 20, 200);
		d->gap_s = 3600 / ground_log_between(r, 2, 12);
		d->every_s = d->gap_s;
		d->place = rng_chance(r, 0.3) ? rng_below(r, d->n) : d->n;
		return;
	}
	d->n = (unsigned int)ground_log_between(r, 30, 500);
	d->gap_s = ground_log_between(r, 0.05, 3);
	d->every_s = every[rng_below(r, 5)];
	d->daily = rng_chance(r, 0.5);
	d->place = rng_chance(r, 0.6) ? rng_between(r, 12, d->n) : d->n;
}

void dga_start(struct infection *i)
{
	struct dga *d = ground_keep(i->g, sizeof(*d));
	struct name *n = i->name;

	d->deed = i->deed;
	d->town = i->g->town;
	d->habit = (struct habit){ 0, 0, "-", "-", "-", "-" };
	settle(d, &i->rng);
	d->habit.period_s = d->every_s;
	/* Epoch 0 is none that is tried, so that the registered name stands in no list twice. */
	if (d->place < d->n)
		generated_name(&d->names, 0, 0, n->text, sizeof(n->text));
	else
		snprintf(n->text, sizeof(n->text), "-");
	n->ttl = 300;
	d->found = n;
	ledger_expect(i->g->lab->ledger, i->pc->host.ip, n, i->deed, &d->habit);
	acts_add(i->g->acts, &i->pc->host, try, ground_arrival(i->g->lab, &i->pc->host.rng))->plan = d;
}
