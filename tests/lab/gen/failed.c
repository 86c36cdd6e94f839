/* failed.c: bots whose server is gone: its name is not there any more, or nobody answers at its address. They try
 * again, as often as they always did. */
#include <stdio.h>

#include "kinds.h"
#include "query.h"

struct failed {
	const struct name *name;
	enum deed deed;
	struct habit habit;
	unsigned int rcode, again; /* again: so many more lookups at once, a second apart */
	int both, reset;	   /* reset: the machine is there and refuses */
};

static __u64 look_up(struct lab *l, struct act *a, const struct failed *f, __u64 at)
{
	struct query q;

	for (unsigned int i = 0; i <= f->again; i++) {
		ledger_add(l->ledger, a->host->ip, f->name, f->deed, &f->habit, at);
		if (f->rcode == RCODE_NXDOMAIN) {
			at = query_missing(l, a->host, f->name->text, f->both, at) + SEC;
			continue;
		}
		query_start(&q, RR_A);
		q.rcode = f->rcode;
		q.far = 1;
		snprintf(q.text, sizeof(q.text), "%s", f->name->text);
		at = query_ask(l, a->host, &q, at) + SEC;
	}
	return at;
}

static __u64 try(struct lab *l, struct act *a, __u64 now)
{
	const struct failed *f = a->plan;
	struct rng *r = &a->host->rng;
	__u64 later = pc_asleep(pc_of(a), l, now), at = now;
	__u32 ip;

	if (later)
		return later + pc_seconds(1 + rng_exponential(r, 10));
	if (f->deed == DEED_NO_NAME) {
		look_up(l, a, f, now);
	} else {
		ip = dns_resolve(l, a->host, f->name, &at);
		ledger_add(l->ledger, a->host->ip, f->name, f->deed, &f->habit, at);
		(f->reset ? tcp_denied : tcp_refused)(l, a->host, ip, f->name->port, at);
	}
	return now + pc_seconds(f->habit.period_s * (1 + f->habit.jitter * ground_between(r, -1, 1)));
}

void failed_start(struct infection *i)
{
	static const unsigned short ports[] = { 80, 443, 8080, 6667, 65520, 10324, 5190, 1863 };
	struct failed *f = ground_keep(i->g, sizeof(*f));
	struct rng *r = &i->rng;

	f->name = i->name;
	f->deed = i->deed;
	f->habit = (struct habit){ ground_log_between(r, i->o->period_s[0], i->o->period_s[1]),
				   ground_between(r, i->o->jitter[0], i->o->jitter[1]),
				   "uniform",
				   "-",
				   "-",
				   "-" };
	f->rcode = rng_chance(r, 0.6) ? RCODE_NXDOMAIN : RCODE_SERVFAIL;
	f->again = rng_chance(r, 0.3) ? rng_between(r, 1, 2) : 0;
	f->both = rng_chance(r, 0.5);
	f->reset = rng_chance(r, 0.3);
	i->name->port = ports[rng_below(r, 8)];
	if (f->deed == DEED_NO_ANSWER && f->habit.period_s < 20) /* three tries take nine seconds */
		f->habit.period_s = 20;
	ledger_expect(i->g->lab->ledger, i->pc->host.ip, i->name, i->deed, &f->habit);
	acts_add(i->g->acts, &i->pc->host, try, ground_arrival(i->g->lab, &i->pc->host.rng))->plan = f;
}
