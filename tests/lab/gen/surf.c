/* surf.c: what people do in a mixed network: pages of sites that they come back to, of sites that everybody knows
 * and of some that nobody else does; and pages that load themselves again while they are open. */
#include <stdlib.h>
#include <string.h>

#include "pc.h"

static void enter(struct lab *l, struct act *a, const struct name *n, enum deed deed, __u64 at)
{
	static const struct habit plain = { 0, 0, "-", "-", "GET", "browser" },
				  sealed = { 0, 0, "-", "-", "-", "browser" };

	ledger_add(l->ledger, a->host->ip, n, deed, n->protocol == HTTP && deed != DEED_MISSING ? &plain : &sealed,
		   at);
}

static void get(struct tcp *t, struct act *a, const struct name *n, const char *path, enum deed deed,
		const char *type, double size)
{
	enter(t->lab, a, n, deed, t->now);
	http_exchange(t, "GET", n->text, path, pc_of(a)->browser, 0, type,
		      size > 300000 ? 300000 : (unsigned int)size + 40);
}

/* The path of one of a site's pages; sites differ in how theirs look. */
static void page_path(const struct name *site, struct rng *r, char *path, size_t room)
{
	static const char *const topics[] = { "news", "sport", "world", "culture", "tech", "life" };
	unsigned int page = rng_below(r, 400);

	switch (site->domain % 4) {
	case 0:
		snprintf(path, room, "/%s/2026/%u-the-%s-of-the-week", topics[page % 6], 1000 + page * 7,
			 topics[page % 5]);
		break;
	case 1:
		snprintf(path, room, "/?p=%u", page * 3);
		break;
	case 2:
		snprintf(path, room, "/%u/item-%u.html", page % 30, page * 17);
		break;
	default:
		snprintf(path, room, "/%s/%s", topics[page % 6], page % 3 ? topics[page % 4] : "");
	}
	if (rng_chance(r, 0.25))
		snprintf(path, room, "/");
	else if (rng_chance(r, 0.05))
		snprintf(path, room, "/search?q=%x+%x&page=%u", rng_below(r, 1 << 28), rng_below(r, 1 << 12),
			 rng_below(r, 4));
}

/* Images and styles of a page, in the same connection where they come from the same host. */
static void embed(struct tcp *t, struct act *a, const struct name *n, unsigned int how_many)
{
	struct rng *r = &a->host->rng;
	char path[80];

	while (how_many--) {
		t->now += rng_between(r, 15, 250) * MSEC;
		if (rng_chance(r, 0.3))
			snprintf(path, sizeof(path), "/static/style.css?v=%u", n->domain % 90);
		else
			snprintf(path, sizeof(path), "/img/%x.jpg", rng_below(r, 1 << 16) * 4099);
		get(t, a, n, path, DEED_BROWSING, "image/avif", rng_lognormal(r, 6000, 1.0));
	}
}

static void talk_tls(struct tcp *t, struct act *a, unsigned int exchanges)
{
	struct rng *r = &a->host->rng;

	while (exchanges--) {
		double size = rng_lognormal(r, 7000, 1.1);

		tls_exchange(t, 250 + rng_below(r, 600), size > 400000 ? 400000 : (unsigned int)size + 100);
		t->now += rng_below(r, 400) * MSEC;
	}
}

/* What stands elsewhere: the site's images, delivery networks, names that an ad blocker denies, and whether the
 * certificate still holds. */
static void around(struct lab *l, struct act *a, const struct name *site, __u64 at)
{
	struct rng *r = &a->host->rng;
	unsigned int helpers = rng_below(r, 3);
	struct tcp t;

	if (site->beside && rng_chance(r, 0.6)) {
		const struct name *n = &l->world.names[site->beside];
		__u64 then = at + rng_between(r, 30, 150) * MSEC;
		__u32 ip = dns_resolve(l, a->host, n, &then);

		tcp_open(&t, l, a->host, ip, n->port, then);
		if (n->protocol == HTTP) {
			embed(&t, a, n, 1 + rng_below(r, 3));
		} else {
			enter(l, a, n, DEED_BROWSING, t.now);
			tls_start(&t, n->text);
			talk_tls(&t, a, 1);
		}
		tcp_close(&t);
	}
	while (helpers--) {
		const struct name *n = world_popular(&l->world, r, HELPER);
		__u64 then = at + rng_between(r, 40, 900) * MSEC;
		__u32 ip = dns_resolve(l, a->host, n, &then);

		tcp_open(&t, l, a->host, ip, n->port, then);
		if (n->protocol == HTTP) {
			get(&t, a, n, "/lib/fonts.css", DEED_DELIVERY, "text/css", 900);
		} else {
			enter(l, a, n, DEED_DELIVERY, t.now);
			tls_start(&t, n->text);
			talk_tls(&t, a, 1);
		}
		tcp_close(&t);
	}
	if (rng_chance(r, 0.2)) {
		const struct name *n =
			&l->world.names[l->world.first[MISSING] + 1 + rng_below(r, l->world.count[MISSING] - 1)];
		char text[NAME_TEXT + 20];
		__u64 then = at + rng_between(r, 100, 700) * MSEC;

		snprintf(text, sizeof(text), "ads%u.%s", rng_below(r, 40), n->text);
		text[NAME_TEXT - 1] = 0;
		enter(l, a, n, DEED_MISSING, then);
		dns_missing(l, a->host, text, &then);
	}
}

/* Several at once, with a path that is never the same twice. */
static void ask_certificates(struct lab *l, struct act *a, __u64 at)
{
	static const struct habit habit = { 0, 0, "-", "random", "GET", "browser" };
	struct rng *r = &a->host->rng;
	const struct name *n = world_any(&l->world, r, OCSP);
	unsigned int how_many = 1 + rng_below(r, 3);
	__u32 ip = dns_resolve(l, a->host, n, &at);
	struct tcp t;

	tcp_open(&t, l, a->host, ip, n->port, at);
	while (how_many--) {
		char path[100];
		int len = 0;

		path[len++] = '/';
		for (int i = 0; i < 9; i++)
			len += snprintf(path + len, sizeof(path) - len, "%08x", (unsigned int)rng_next(r));
		ledger_add(l->ledger, a->host->ip, n, DEED_OCSP, &habit, t.now);
		http_exchange(&t, "GET", n->text, path, pc_of(a)->browser, 0, "application/octet-stream", 471);
		t.now += rng_between(r, 20, 300) * MSEC;
	}
	tcp_close(&t);
}

static void visit(struct lab *l, struct act *a, const struct name *site, __u64 at)
{
	struct rng *r = &a->host->rng;
	char path[100];
	struct tcp t;
	__u32 ip = dns_resolve(l, a->host, site, &at);

	tcp_open(&t, l, a->host, ip, site->port, at);
	if (site->protocol == HTTP) {
		page_path(site, r, path, sizeof(path));
		get(&t, a, site, path, DEED_BROWSING, "text/html", rng_lognormal(r, 9000, 0.8));
		embed(&t, a, site, rng_chance(r, 0.3) ? 0 : rng_below(r, 5));
	} else {
		enter(l, a, site, DEED_BROWSING, t.now);
		tls_start(&t, site->text);
		talk_tls(&t, a, 1 + rng_below(r, 3));
	}
	tcp_close(&t);
	around(l, a, site, at);
	if (site->protocol == TLS && rng_chance(r, 0.08))
		ask_certificates(l, a, at + 50 * MSEC);
}

static const struct name *choose(struct lab *l, struct act *a)
{
	struct rng *r = &a->host->rng;
	struct pc *pc = pc_of(a);
	double u = rng_below(r, 100);

	if (u < 50) /* the first far more often */
		return pc->favourites[rng_below(r, 1 + rng_below(r, pc->n_favourites))];
	if (u < 85)
		return world_popular(&l->world, r, SITE);
	return &l->world.names[l->world.first[RARE] + pc->id * RARE_EACH + rng_below(r, RARE_EACH)];
}

/* As long as one reads; now and then somebody comes in, or the phone rings. */
static __u64 reading(struct rng *r)
{
	double s = 2 + rng_lognormal(r, 22, 1.1);

	return pc_seconds(rng_chance(r, 0.07) ? s * 8 : s);
}

/* left: pages of this sitting; n: pages of the site. */
static __u64 browse(struct lab *l, struct act *a, __u64 now)
{
	struct rng *r = &a->host->rng;
	__u64 later = pc_deserted(pc_of(a), l, now);

	if (later) {
		a->left = 0;
		return later + pc_seconds(30 + rng_exponential(r, 300));
	}
	if (!a->left)
		a->left = 1 + (unsigned int)rng_exponential(r, 9);
	if (!a->n) {
		a->n = 1 + (unsigned int)rng_exponential(r, 2.5);
		a->name = (struct name *)choose(l, a);
	}
	visit(l, a, a->name, now);
	a->n--;
	if (--a->left)
		return now + reading(r);
	a->n = 0;
	return now + pc_seconds(60 + rng_exponential(r, 1500));
}

/* A mailbox or a page of news in a tab: by itself every n seconds, as the page says, and where its person clicks.
 * left: 1 while it is open; until: when it will be closed. */
static __u64 reload(struct lab *l, struct act *a, __u64 now)
{
	struct rng *r = &a->host->rng;
	__u64 later = pc_deserted(pc_of(a), l, now), at = now;
	struct tcp t;
	__u32 ip;

	if (later || (a->left && now >= a->until)) {
		a->left = 0;
		return (later ? later : now) + pc_seconds(60 + rng_exponential(r, 3600));
	}
	if (!a->left) {
		a->left = 1;
		a->until = now + pc_seconds(rng_lognormal(r, 5400, 0.8));
	}
	ip = dns_resolve(l, a->host, a->name, &at);
	tcp_open(&t, l, a->host, ip, a->name->port, at);
	get(&t, a, a->name, a->name->domain % 2 ? "/inbox?refresh=1" : "/", DEED_RELOAD, "text/html",
	    rng_lognormal(r, 4000, 0.3));
	if (rng_chance(r, 0.3)) {
		t.now += rng_between(r, 30, 300) * MSEC;
		get(&t, a, a->name, "/img/new.png", DEED_RELOAD, "image/avif", 900);
	}
	tcp_close(&t);
	return t.now + pc_seconds(a->n + 0.02 + rng_exponential(r, 0.15));
}

static __u64 click(struct lab *l, struct act *a, __u64 now)
{
	const struct act *tab = a->plan;
	struct rng *r = &a->host->rng;

	if (tab->left && now < tab->until && !pc_deserted(pc_of(a), l, now))
		visit(l, a, a->name, now);
	return now + pc_seconds(20 + rng_exponential(r, 600));
}

/* A popular one without TLS. */
static struct name *plain_site(struct lab *l, struct rng *r)
{
	const struct name *n;

	do
		n = world_popular(&l->world, r, SITE);
	while (n->protocol != HTTP);
	return (struct name *)n;
}

void surf_start(struct acts *acts, struct lab *l, struct pc *pc, const struct town *t)
{
	struct host *h = &pc->host;
	struct act *tab, *a;

	acts_add(acts, h, browse, l->start + rng_below(&h->rng, 600000) * MSEC);
	if (!t->hard || !rng_chance(&h->rng, 0.3))
		return;
	tab = acts_add(acts, h, reload, l->start + rng_below(&h->rng, 600000) * MSEC);
	tab->name = plain_site(l, &h->rng);
	tab->n = 30 * rng_between(&h->rng, 2, 10);
	a = acts_add(acts, h, click, l->start + rng_below(&h->rng, 600000) * MSEC);
	a->name = tab->name;
	a->plan = tab; /* acts that come again live as long as the lab */
}
