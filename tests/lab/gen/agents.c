/* agents.c: what machines of a mixed network do by themselves: what is installed, the system's own habits, mail
 * and chat that stay connected. */
#include <stdlib.h>
#include <string.h>

#include "pc.h"

static const struct habit sealed = { 0, 0, "-", "-", "-", "-" };

static void product_path(const struct product *p, struct act *a, char *path, size_t room, __u64 now)
{
	switch (p->urls) {
	case URL_OF_HOST:
		snprintf(path, room, "%s?id=%08x", p->path, a->n * 2654435761u);
		break;
	case URL_ROTATING:
		snprintf(path, room, "%s?part=%u", p->path, rng_below(&a->host->rng, 4));
		break;
	case URL_COUNTING: /* against caches */
		snprintf(path, room, "%s?_=%llu", p->path, (unsigned long long)(now / MSEC));
		break;
	default:
		snprintf(path, room, "%s", p->path);
	}
}

static void ask(struct tcp *t, struct act *a, const char *path)
{
	static const char *const urls[] = { "fixed", "of-host", "rotating", "counting", "random" };
	const struct product *p = a->plan;
	struct habit habit = {
		p->period_s, p->delay, "delay", urls[p->urls], p->method, p->agent ? "own" : "none"
	};

	ledger_add(t->lab->ledger, a->host->ip, p->name, p->deed, &habit, t->now);
	http_exchange(t, p->method, p->name->text, path, p->agent, p->sent, "text/plain", p->size);
}

/* Timers that ran out while the machine slept fire soon after it wakes up. */
static __u64 product(struct lab *l, struct act *a, __u64 now)
{
	const struct product *p = a->plan;
	struct rng *r = &a->host->rng;
	__u64 later = pc_asleep(pc_of(a), l, now), at = now;
	char path[100];
	struct tcp t;
	__u32 ip;

	if (later)
		return later + pc_seconds(2 + rng_exponential(r, 20));
	ip = dns_resolve(l, a->host, p->name, &at);
	tcp_open(&t, l, a->host, ip, p->name->port, at);
	product_path(p, a, path, sizeof(path), now);
	ask(&t, a, path);
	if (rng_chance(r, p->extra)) {
		t.now += rng_between(r, 100, 6000) * MSEC;
		snprintf(path, sizeof(path), "%s/get/%u", strcmp(p->path, "/") ? p->path : "",
			 rng_below(r, 100000));
		ask(&t, a, path);
	}
	tcp_close(&t);
	return now + pc_seconds(p->period_s * (1 + p->delay * rng_below(r, 1000) / 1000) +
				rng_exponential(r, p->drift_s));
}

void agents_install(struct acts *acts, struct lab *l, struct pc *pc, const struct product *p)
{
	struct rng *r = &pc->host.rng;
	double first = p->period_s > 7200 ? 7200 : p->period_s;
	struct act *a =
		acts_add(acts, &pc->host, product, l->start + pc_seconds(first * rng_below(r, 1000) / 1000));

	a->plan = p;
	a->n = pc->id;
}

static __u64 telemetry(struct lab *l, struct act *a, __u64 now)
{
	struct rng *r = &a->host->rng;
	__u64 later = pc_asleep(pc_of(a), l, now), at = now;
	struct tcp t;
	__u32 ip;

	if (later)
		return later + pc_seconds(2 + rng_exponential(r, 20));
	ip = dns_resolve(l, a->host, a->name, &at);
	ledger_add(l->ledger, a->host->ip, a->name, DEED_TELEMETRY, &sealed, at);
	tcp_open(&t, l, a->host, ip, a->name->port, at);
	tls_start(&t, a->name->text);
	tls_exchange(&t, rng_between(r, 400, 1300), 120);
	tcp_close(&t);
	return now + pc_seconds(60.0 * a->n + rng_below(r, 30));
}

/* Every feed of a reader in turn, some of them of sites that nobody else reads. n: how many; left: of this turn.
 */
static __u64 feeds(struct lab *l, struct act *a, __u64 now)
{
	static const struct habit habit = { 0, 0, "-", "fixed", "GET", "own" };
	struct rng *r = &a->host->rng;
	struct pc *pc = pc_of(a);
	__u64 later = pc_deserted(pc, l, now), at = now;
	const struct name *n;
	struct tcp t;
	__u32 ip;

	if (later) {
		a->left = 0;
		return later + pc_seconds(60 + rng_exponential(r, 600));
	}
	if (!a->left)
		a->left = a->n;
	a->left--;
	n = a->left % 2
		    ? &l->world.names[l->world.first[RARE] + pc->id * RARE_EACH + a->left % RARE_EACH]
		    : &l->world.names[l->world.first[SITE] + (pc->id * 7 + a->left * 13) % l->world.count[SITE]];
	ip = dns_resolve(l, a->host, n, &at);
	tcp_open(&t, l, a->host, ip, n->port, at);
	ledger_add(l->ledger, a->host->ip, n, DEED_FEED, n->protocol == HTTP ? &habit : &sealed, t.now);
	if (n->protocol == HTTP) {
		http_exchange(&t, "GET", n->text, "/feed.xml", "FeedReader/5.1", 0, "text/plain", 2000);
	} else {
		tls_start(&t, n->text);
		tls_exchange(&t, 300, 2000);
	}
	tcp_close(&t);
	return a->left ? t.now + pc_seconds(0.3 + rng_exponential(r, 1))
		       : now + pc_seconds(1800 + rng_exponential(r, 5));
}

static __u64 clock_of(struct lab *l, struct act *a, __u64 now)
{
	__u64 later = pc_asleep(pc_of(a), l, now), at = now;
	__u32 ip;

	if (later)
		return later + pc_seconds(1 + rng_exponential(&a->host->rng, 5));
	ip = dns_resolve(l, a->host, a->name, &at);
	ledger_add(l->ledger, a->host->ip, a->name, DEED_CLOCK, &sealed, at);
	ntp_exchange(l, a->host, ip, at);
	return now + (512ULL << rng_below(&a->host->rng, 3)) * SEC;
}

/* A connection that stays while the machine runs: mail, and a chat that says every n seconds that it is there. */
static __u64 stay(struct lab *l, struct act *a, __u64 now)
{
	struct rng *r = &a->host->rng;
	__u64 later = pc_asleep(pc_of(a), l, now);
	int is_chat = a->name->family == CHAT;

	if (later) { /* nothing is said: it fell asleep with the connection open */
		a->left = 0;
		return later + pc_seconds(3 + rng_exponential(r, 15));
	}
	if (!a->left) {
		__u32 ip = dns_resolve(l, a->host, a->name, &now);

		ledger_add(l->ledger, a->host->ip, a->name, is_chat ? DEED_CHAT : DEED_MAIL, &sealed, now);
		tcp_open(&a->tcp, l, a->host, ip, a->name->port, now);
		tls_start(&a->tcp, a->name->text);
		a->left = 1;
	}
	if (a->tcp.now < now)
		a->tcp.now = now;
	tls_exchange(&a->tcp, 40, rng_chance(r, 0.08) ? rng_between(r, 300, 20000) : 40);
	return a->tcp.now + pc_seconds(a->n + rng_exponential(r, 0.1));
}

static void missing(struct lab *l, struct act *a, const char *host, __u64 *at)
{
	const struct name *corp = &l->world.names[l->world.first[MISSING] + CORP];
	char text[NAME_TEXT];

	snprintf(text, sizeof(text), "%s.corp.example", host);
	ledger_add(l->ledger, a->host->ip, corp, DEED_MISSING, &sealed, *at);
	dns_missing(l, a->host, text, at);
}

/* Short names below the office's own domain; and a browser that starts tries whether there is somebody who answers
 * for any name. left: it was told that it runs. */
static __u64 search(struct lab *l, struct act *a, __u64 now)
{
	static const char *const names[] = { "wpad", "printer2", "fileserver", "isatap", "intranet", "proxy" };
	struct rng *r = &a->host->rng;
	__u64 later = pc_asleep(pc_of(a), l, now), at = now;

	if (later) {
		a->left = 0;
		return later + pc_seconds(1 + rng_exponential(r, 60));
	}
	if (!a->left++) {
		for (int i = 0; i < 3; i++) {
			char text[16];
			unsigned int len = rng_between(r, 7, 15);

			for (unsigned int k = 0; k < len; k++)
				text[k] = 'a' + (char)rng_below(r, 26);
			text[len] = 0;
			missing(l, a, text, &at);
		}
	} else {
		missing(l, a, names[rng_below(r, 6)], &at);
	}
	return now + pc_seconds(300 + rng_exponential(r, 2400));
}

static struct act *soon(struct acts *acts, struct lab *l, struct pc *pc,
			__u64 (*step)(struct lab *, struct act *, __u64), enum family family)
{
	struct act *a = acts_add(acts, &pc->host, step, l->start + rng_below(&pc->host.rng, 900000) * MSEC);

	a->name = world_any(&l->world, &pc->host.rng, family);
	return a;
}

void agents_start(struct acts *acts, struct lab *l, struct pc *pc, const struct town *t)
{
	struct rng *r = &pc->host.rng;

	for (unsigned int i = 0; i < t->n_products; i++) {
		const struct product *p = &t->products[i];

		if (!p->few && (p->system < 0 || p->system == pc->system) && rng_chance(r, p->share))
			agents_install(acts, l, pc, p);
	}
	for (int i = 0; i < 2; i++)
		soon(acts, l, pc, telemetry, TELEMETRY)->n = rng_between(r, 8, 30);
	soon(acts, l, pc, clock_of, CLOCK);
	soon(acts, l, pc, search, MISSING);
	if (rng_chance(r, 0.8))
		soon(acts, l, pc, stay, MAIL)->n = 300;
	if (rng_chance(r, 0.5))
		soon(acts, l, pc, stay, CHAT)->n = rng_between(r, 60, 120);
	if (t->hard && rng_chance(r, 0.15))
		soon(acts, l, pc, feeds, CHAT)->n = rng_between(r, 4, 14);
}
