/* near.c: see near.h. */
#include "near.h"

#include <stdio.h>
#include <string.h>

static const struct {
	enum deed deed;
	void (*start)(struct place *p);
} kinds[] = {
	{ DEED_WIDE_DELIVERY, near_wide_delivery },
	{ DEED_CLOCK_POOL, near_clock_pool },
	{ DEED_AD_BLOCK, near_ad_block },
	{ DEED_BLOCKLIST, near_blocklist },
	{ DEED_REPUTATION, near_reputation },
	{ DEED_PROBE, near_probe },
	{ DEED_SUFFIX, near_suffix },
	{ DEED_REVERSE, near_reverse },
	{ DEED_MAIL_SERVER, near_mail_server },
	{ DEED_DISCOVERY, near_discovery },
	{ DEED_BACKUP, near_backup },
	{ DEED_BUILD, near_build },
	{ DEED_MONITOR, near_monitor },
	{ DEED_FORWARDER, near_forwarder },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static enum deed nth(unsigned int i)
{
	return kinds[i].deed;
}

unsigned int near_read(const char *list, enum deed ret_kinds[MOST_KINDS])
{
	return kinds_choose("--benign", list, nth, N_KINDS, ret_kinds);
}

void near_start(struct ground *g, const enum deed *some, unsigned int n, struct pc *pcs, unsigned int hosts)
{
	for (unsigned int i = 0; i < n; i++) {
		struct place p = { .g = g,
				   .pcs = pcs,
				   .hosts = hosts,
				   .deed = some[i],
				   .r = rng_start(g->lab->seed, 6000000 + some[i]) };

		for (unsigned int k = 0; k < N_KINDS; k++)
			if (kinds[k].deed == some[i])
				kinds[k].start(&p);
	}
}

struct pc *near_server(struct place *p)
{
	struct rng r = rng_start(p->g->lab->seed, 6999999);

	return &p->pcs[(rng_below(&r, p->hosts) + (unsigned int)p->deed) % p->hosts];
}

__u64 near_fetch(struct lab *l, struct act *a, const struct name *n, enum deed deed, const struct habit *habit,
		 const char *path, const char *agent, unsigned int size, __u64 at)
{
	static const struct habit sealed = { 0, 0, "-", "-", "-", "-" };
	__u32 ip = dns_resolve(l, a->host, n, &at);
	struct tcp t;

	tcp_open(&t, l, a->host, ip, n->port, at);
	ledger_add(l->ledger, a->host->ip, n, deed, n->protocol == HTTP ? habit : &sealed, t.now);
	if (n->protocol == HTTP) {
		http_exchange(&t, "GET", n->text, path, agent, 0, "text/html", size);
	} else {
		tls_start(&t, n->text);
		tls_exchange(&t, rng_between(&a->host->rng, 200, 900), size);
	}
	tcp_close(&t);
	return t.now;
}

struct name *near_nobody(struct place *p)
{
	struct name *n = town_more(p->g->town, HTTP, "");

	snprintf(n->text, sizeof(n->text), "-");
	return n;
}
