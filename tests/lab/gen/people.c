/* people.c: benign hosts. Nothing here knows of bots, except that some sites share a listed server's address and
 * that people follow links to names that look like listed ones. */
#include <stdlib.h>

#include "acts.h"

#define BROWSER "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
#define MINUTE (60 * SEC)

static __u64 seconds(double s)
{
	return (__u64)(s * SEC) + 1;
}

/* Late evening to morning there is nobody; n shifts the day a little. */
static int awake(struct act *a, __u64 now)
{
	unsigned int hour = (now / HOUR + 24 - a->n % 5) % 24;

	return hour >= 6 && hour < 21;
}

static void fetch_tls(struct lab *l, struct act *a, const struct name *n, __u64 at, unsigned int exchanges)
{
	struct rng *r = &a->host->rng;
	struct tcp t;
	__u32 ip = dns_resolve(l, a->host, n, &at);

	tcp_open(&t, l, a->host, ip, n->port, at);
	tls_start(&t, n->text);
	while (exchanges--) {
		double size = rng_lognormal(r, 7000, 1.1);

		tls_exchange(&t, 250 + rng_below(r, 600), size > 400000 ? 400000 : (unsigned int)size + 100);
		t.now += rng_below(r, 400) * MSEC;
	}
	tcp_close(&t);
}

static void fetch_http(struct lab *l, struct act *a, const struct name *n, __u64 at, const char *path,
		       const char *agent, const char *type, unsigned int size)
{
	struct tcp t;
	__u32 ip = dns_resolve(l, a->host, n, &at);

	tcp_open(&t, l, a->host, ip, n->port, at);
	http_exchange(&t, "GET", n->text, path, agent, 0, type, size);
	tcp_close(&t);
}

/* One page: the site, what it embeds, and what an ad blocker's resolver denies. */
static void page(struct lab *l, struct act *a, __u64 at)
{
	struct rng *r = &a->host->rng;
	const struct name *site =
		rng_chance(r, 0.03) ? world_any(&l->world, r, LOOKALIKE) : world_popular(&l->world, r, SITE);
	unsigned int helpers = rng_below(r, 5);
	char text[NAME_TEXT];

	if (site->protocol == HTTP) {
		snprintf(text, sizeof(text), "/%u/item-%u.html", rng_below(r, 30), rng_below(r, 10000));
		fetch_http(l, a, site, at, text, BROWSER, "text/html",
			   2000 + (unsigned int)rng_lognormal(r, 9000, 0.8));
	} else {
		fetch_tls(l, a, site, at, 1 + rng_below(r, 4));
	}
	while (helpers--) {
		at += (40 + rng_below(r, 400)) * MSEC;
		fetch_tls(l, a, world_popular(&l->world, r, HELPER), at, 1 + rng_below(r, 2));
	}
	if (rng_chance(r, 0.25)) {
		snprintf(text, sizeof(text), "ads%u.counter-%u.test", rng_below(r, 40), rng_below(r, 12));
		dns_missing(l, a->host, text, &at);
	}
}

/* Sessions of pages with the gaps of a reader; left: pages of this session. */
static __u64 browse(struct lab *l, struct act *a, __u64 now)
{
	struct rng *r = &a->host->rng;

	if (!a->left) {
		if (!awake(a, now))
			return now + rng_between(r, 20, 60) * MINUTE;
		a->left = 1 + (unsigned int)rng_exponential(r, 9);
	}
	page(l, a, now);
	if (--a->left)
		return now + seconds(3 + rng_lognormal(r, 25, 1.0));
	return now + seconds(120 + rng_exponential(r, 2700));
}

/* The mailbox stays open while somebody is there. */
static __u64 mail(struct lab *l, struct act *a, __u64 now)
{
	struct rng *r = &a->host->rng;

	if (!awake(a, now)) {
		if (a->left) {
			a->tcp.now = now;
			tcp_close(&a->tcp);
		}
		a->left = 0;
		return now + 30 * MINUTE;
	}
	if (!a->left) {
		__u32 ip = dns_resolve(l, a->host, a->name, &now);

		tcp_open(&a->tcp, l, a->host, ip, a->name->port, now);
		tls_start(&a->tcp, a->name->text);
		a->left = 1;
	}
	if (a->tcp.now < now)
		a->tcp.now = now;
	tls_exchange(&a->tcp, 60, rng_chance(r, 0.1) ? rng_between(r, 3000, 60000) : 90);
	return a->tcp.now + 5 * MINUTE + rng_below(r, 2000) * MSEC;
}

/* A person on a chat network: the same protocol as many bots, and nothing wrong with it. */
static __u64 chat(struct lab *l, struct act *a, __u64 now)
{
	if (!a->left) {
		__u32 ip = dns_resolve(l, a->host, a->name, &now);

		tcp_open(&a->tcp, l, a->host, ip, a->name->port, now);
		irc_join(&a->tcp, a->name->text, "mika", "#gardening", "what grows this week");
		a->left = 1;
	}
	if (a->tcp.now < now)
		a->tcp.now = now;
	if (rng_chance(&a->host->rng, 0.3))
		irc_said(&a->tcp, "jo", "#gardening", "have you seen the tomatoes");
	else
		irc_ping(&a->tcp, a->name->text);
	return a->tcp.now + 90 * SEC;
}

static __u64 telemetry(struct lab *l, struct act *a, __u64 now)
{
	struct rng *r = &a->host->rng;
	__u64 at = now;
	struct tcp t;
	__u32 ip = dns_resolve(l, a->host, a->name, &at);

	tcp_open(&t, l, a->host, ip, a->name->port, at);
	tls_start(&t, a->name->text);
	tls_exchange(&t, rng_between(r, 400, 3000), 120);
	tcp_close(&t);
	return now + a->n * MINUTE + rng_below(r, 30000) * MSEC;
}

/* A look for updates every hour or so; now and then one is fetched, as large as the bots' (Table 7). */
static __u64 update(struct lab *l, struct act *a, __u64 now)
{
	struct rng *r = &a->host->rng;

	fetch_http(l, a, a->name, now, "/v2/check?os=7", "Updater/2.1", "text/plain", 90);
	if (rng_chance(r, 0.08))
		fetch_http(l, a, a->name, now + 4 * SEC, "/v2/setup.exe", "Updater/2.1",
			   "application/octet-stream", rng_between(r, 27, 314) * 1024);
	return now + 55 * MINUTE + rng_below(r, 600) * SEC;
}

static __u64 ocsp(struct lab *l, struct act *a, __u64 now)
{
	const struct name *n = world_any(&l->world, &a->host->rng, OCSP);
	__u64 at = now;
	struct tcp t;
	__u32 ip = dns_resolve(l, a->host, n, &at);

	tcp_open(&t, l, a->host, ip, n->port, at);
	http_exchange(&t, "POST", n->text, "/", "ocsp/1.0", 83, "application/octet-stream", 471);
	tcp_close(&t);
	return now + seconds(600 + rng_exponential(&a->host->rng, 5400));
}

static __u64 ntp(struct lab *l, struct act *a, __u64 now)
{
	__u64 at = now;
	__u32 ip = dns_resolve(l, a->host, a->name, &at);

	ntp_exchange(l, a->host, ip, at);
	return now + (256ULL << rng_below(&a->host->rng, 3)) * SEC;
}

/* A short name, tried below the office's own domain. */
static __u64 search(struct lab *l, struct act *a, __u64 now)
{
	static const char *const names[] = { "wpad.corp.example", "printer2.corp.example",
					     "fileserver.corp.example", "isatap.corp.example" };
	__u64 at = now;

	dns_missing(l, a->host, names[rng_below(&a->host->rng, 4)], &at);
	return now + seconds(300 + rng_exponential(&a->host->rng, 1500));
}

static __u64 soon(struct lab *l, struct host *h, unsigned int minutes)
{
	return l->start + rng_below(&h->rng, minutes * 60000) * MSEC;
}

void people_machine(struct acts *acts, struct lab *l, struct host *h)
{
	struct act *a;

	for (int i = 0; i < 2; i++) {
		a = acts_add(acts, h, telemetry, soon(l, h, 10));
		a->name = world_any(&l->world, &h->rng, TELEMETRY);
		a->n = rng_between(&h->rng, 8, 30);
	}
	a = acts_add(acts, h, update, soon(l, h, 60));
	a->name = world_any(&l->world, &h->rng, UPDATE);
	a = acts_add(acts, h, ntp, soon(l, h, 5));
	a->name = world_any(&l->world, &h->rng, CLOCK);
	acts_add(acts, h, search, soon(l, h, 20));
}

void people_person(struct acts *acts, struct lab *l, struct host *h, unsigned int n)
{
	struct act *a = acts_add(acts, h, browse, soon(l, h, 30));

	a->n = n;
	acts_add(acts, h, ocsp, soon(l, h, 60))->n = n;
	a = acts_add(acts, h, mail, soon(l, h, 30));
	a->n = n;
	a->name = world_any(&l->world, &h->rng, MAIL);
	if (n % 10 == 3) {
		a = acts_add(acts, h, chat, soon(l, h, 60));
		a->name = world_any(&l->world, &h->rng, CHAT);
	}
}
