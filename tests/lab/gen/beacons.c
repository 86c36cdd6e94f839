/* beacons.c: see beacons.h. A request, a rest, a request: the rest is what its author wrote, give or take. Some
 * imitate a browser, some servers fail now and then, and an order is fetched at once. */
#include "kinds.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_PATHS 6

enum agent_kind { AS_BROWSER, AS_OTHER_BROWSER, OLD_BROWSER, TOOL, NO_AGENT, AGENT_KINDS };

struct beacon {
	const struct name *name;
	double period_s, jitter;
	int spread, urls, post;
	enum agent_kind kind;
	const char *agent;
	unsigned int sent, n_paths;
	char paths[MOST_PATHS][48];
	double misses, retries, orders;
	/* Of kinds that are not the plain one: */
	enum deed deed;
	const struct name *const *names; /* its servers, one after the other or any; NULL: name alone */
	unsigned int n_names;
	int any_name, any_size, by_address, at_work;
};

static double between(struct rng *r, const double range[2])
{
	return range[0] + (range[1] - range[0]) * rng_below(r, 100001) / 100000;
}

static const char *any_agent(struct rng *r, enum agent_kind kind)
{
	static const char *const old[] = {
		"Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)",
		"Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko"
	};
	static const char *const tools[] = { "curl/7.88.1",	   "python-requests/2.31.0",
					     "Go-http-client/1.1", "WinHTTP/1.0",
					     "Updater/1.4",	   "okhttp/4.12.0" };

	switch (kind) {
	case AS_OTHER_BROWSER:
		return pc_browser(r);
	case OLD_BROWSER:
		return old[rng_below(r, 2)];
	case TOOL:
		return tools[rng_below(r, 6)];
	default:
		return NULL;
	}
}

static void any_path(struct rng *r, char *path, size_t room)
{
	static const char *const folders[] = { "/api", "",	  "/images",	  "/content",
					       "/v1",  "/client", "/wp-includes", "/feed" };
	static const char *const leaves[] = { "status",	       "index.php", "check",	  "news.php",  "gate.php",
					      "jquery.min.js", "poll",	    "submit.php", "pixel.gif", "time" };

	snprintf(path, room, "%s/%s", folders[rng_below(r, 8)], leaves[rng_below(r, 10)]);
	if (rng_chance(r, 0.4)) {
		size_t len = strlen(path);

		snprintf(path + len, room - len, "?id=%08x", (unsigned int)rng_next(r));
	}
}

static void make(struct beacon *b, struct rng *r, const struct beacon_options *o)
{
	static const unsigned int url_shares[] = { URL_FIXED, URL_FIXED, URL_ROTATING, URL_RANDOM };
	const double logs[2] = { log(o->period_s[0]), log(o->period_s[1]) };

	b->period_s = exp(between(r, logs));
	b->jitter = between(r, o->jitter);
	b->spread = rng_chance(r, 0.75) ? UNIFORM : GAUSSIAN;
	b->urls = url_shares[rng_below(r, 4)];
	b->post = rng_chance(r, 0.35);
	b->spread = o->spread < 0 ? b->spread : o->spread;
	b->urls = o->urls < 0 ? b->urls : o->urls;
	b->post = o->method < 0 ? b->post : o->method;
	b->kind = rng_below(r, AGENT_KINDS);
	b->agent = any_agent(r, b->kind);
	b->sent = rng_between(r, 20, 400);
	b->n_paths = b->urls == URL_ROTATING ? rng_between(r, 2, MOST_PATHS) : 1;
	for (unsigned int i = 0; i < b->n_paths; i++)
		any_path(r, b->paths[i], sizeof(b->paths[i]));
	b->misses = 0.01 * rng_below(r, 6);
	b->retries = 0.01 * rng_below(r, 4);
	b->orders = 0.01 * rng_below(r, 4);
}

struct beacon *beacons_make(struct lab *l, unsigned int n, unsigned int hosts, const struct beacon_options *o)
{
	struct beacon *all = calloc(n ? n : 1, sizeof(*all));
	struct rng r = rng_start(l->seed, ~2ULL);

	if (!all) {
		fprintf(stderr, "labgen: out of memory\n");
		exit(1);
	}
	for (unsigned int i = 0; i < n; i++) {
		int shared = i > 1 && all[i - 1].name == all[i - 2].name;

		if (i % hosts && !shared && rng_chance(&r, 0.15)) { /* two hosts have the same one */
			all[i] = all[i - 1];
			continue;
		}
		all[i].name = &l->world.names[l->world.first[BEACON] + i];
		make(&all[i], &r, o);
	}
	return all;
}

static void choose_path(const struct beacon *b, struct rng *r, char *path, size_t room)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
	size_t len;

	snprintf(path, room, "%s", b->paths[rng_below(r, b->n_paths)]);
	if (b->urls != URL_RANDOM)
		return;
	len = strlen(path);
	if (rng_chance(r, 0.5))
		len = (size_t)snprintf(path, room, "/");
	else
		len += (size_t)snprintf(path + len, room - len, strchr(path, '?') ? "&q=" : "?q=");
	for (unsigned int i = rng_between(r, 4, 60); i; i--)
		path[len++] = letters[rng_below(r, sizeof(letters) - 1)];
	path[len] = 0;
}

static struct habit habit_of(const struct beacon *b)
{
	static const char *const spreads[] = { "uniform", "gaussian" };
	static const char *const urls[] = { "fixed", "of-host", "rotating", "counting", "random" };
	static const char *const agents[] = { "browser", "other-browser", "old-browser", "tool", "none" };

	if (b->name->protocol == TLS)
		return (struct habit){ b->period_s, b->jitter, spreads[b->spread], "-", "-", "-" };
	return (struct habit){
		b->period_s,	b->jitter, spreads[b->spread], urls[b->urls], b->post ? "POST" : "GET",
		agents[b->kind]
	};
}

/* What is said is not to be read; the first time with a greeting. */
static void ask_sealed(struct tcp *t, const struct name *n, unsigned int sent, unsigned int size)
{
	if (!t->greeted)
		tls_start(t, n->text);
	t->greeted = 1;
	tls_exchange(t, 150 + sent, 120 + size);
}

/* One request, at t->now. status: NULL: it is answered. */
static void ask(struct tcp *t, struct act *a, const struct name *n, const char *status, unsigned int size)
{
	const struct beacon *b = a->plan;
	const char *agent = b->kind == AS_BROWSER ? pc_of(a)->browser : b->agent,
		   *method = b->post ? "POST" : "GET";
	struct habit habit = habit_of(b);
	unsigned int sent = b->any_size ? rng_between(&a->host->rng, 20, b->sent) : b->sent;
	char path[160];

	choose_path(b, &a->host->rng, path, sizeof(path));
	ledger_add(t->lab->ledger, a->host->ip, n, b->deed, &habit, t->now);
	if (n->protocol == TLS)
		ask_sealed(t, n, sent, size);
	else if (status)
		http_refused(t, method, n->text, path, agent, b->post ? sent : 0, status);
	else
		http_exchange(t, method, n->text, path, agent, b->post ? sent : 0, "text/html", size);
}

static double rest_of(const struct beacon *b, struct rng *r)
{
	double off;

	if (b->spread == UNIFORM)
		off = b->jitter * ((double)rng_below(r, 2000001) / 1000000 - 1);
	else /* 95 of 100 within the jitter */
		off = b->jitter / 2 * log(rng_lognormal(r, 1, 1));
	return b->period_s * (off < -0.9 ? 0.1 : 1 + off);
}

/* n: how many check-ins there were. */
static const struct name *name_of(const struct beacon *b, struct act *a)
{
	if (!b->names)
		return b->name;
	return b->names[b->any_name ? rng_below(&a->host->rng, b->n_names) : a->n++ % b->n_names];
}

static __u32 find(struct lab *l, struct act *a, const struct name *n, __u64 *at)
{
	const struct beacon *b = a->plan;

	return b->by_address ? n->addrs[0] : dns_resolve(l, a->host, n, at);
}

/* Some are there only while people are. */
static __u64 absent(const struct beacon *b, struct pc *pc, struct lab *l, __u64 now)
{
	return b->at_work ? pc_deserted(pc, l, now) : pc_asleep(pc, l, now);
}

/* left: a check-in that failed is tried again. */
static __u64 beacon(struct lab *l, struct act *a, __u64 now)
{
	const struct beacon *b = a->plan;
	struct rng *r = &a->host->rng;
	__u64 later = absent(b, pc_of(a), l, now), at = now;
	const struct name *n = name_of(b, a);
	int again = a->left, fails;
	struct tcp t;
	__u32 ip;

	a->left = 0;
	if (later)
		return later + pc_seconds(1 + rng_exponential(r, 10));
	if (rng_chance(r, b->misses)) {
		if (rng_chance(r, 0.5)) { /* nobody is there */
			ip = find(l, a, n, &at);
			tcp_refused(l, a->host, ip, n->port, at);
		}
		return now + pc_seconds(rest_of(b, r));
	}
	fails = !again && rng_chance(r, b->retries);
	ip = find(l, a, n, &at);
	tcp_open(&t, l, a->host, ip, n->port, at);
	ask(&t, a, n, fails ? "503 Service Unavailable" : NULL, rng_between(r, 0, 60));
	for (unsigned int more = !fails && rng_chance(r, b->orders) ? 1 + rng_below(r, 2) : 0; more; more--) {
		t.now += rng_between(r, 50, 600) * MSEC;
		ask(&t, a, n, NULL, rng_between(r, 200, 60000));
	}
	tcp_close(&t);
	a->left = fails;
	return fails ? t.now + pc_seconds(3 + rng_exponential(r, 3)) : t.now + pc_seconds(rest_of(b, r));
}

static void start(struct beacon *b, struct acts *acts, struct lab *l, struct pc *pc)
{
	struct rng *r = &pc->host.rng;
	__u64 span = l->end - l->start, first = span / 10 < HOUR ? span / 10 : HOUR;
	double part = (double)rng_below(r, 1000000) / 1000000;
	struct habit habit = habit_of(b);

	ledger_expect(l->ledger, pc->host.ip, b->name, b->deed, &habit);
	if (rng_chance(r, 0.2)) /* it arrives later */
		first = span / 2;
	acts_add(acts, &pc->host, beacon, l->start + (__u64)(part * (double)first))->plan = b;
}

void beacons_start(struct beacon *b, unsigned int n, struct acts *acts, struct lab *l, struct pc *pc)
{
	start(&b[n], acts, l, pc);
}

static const struct name *const *names_of(struct infection *i, enum protocol protocol)
{
	unsigned int n = (unsigned int)ground_log_between(&i->rng, 2, MOST_NAMES_EACH + 0.9);
	const struct name **names = ground_keep(i->g, (n + 1) * sizeof(*names));

	names[0] = i->name;
	for (unsigned int k = 1; k < n; k++)
		names[k] = town_more(i->g->town, protocol, NULL);
	return names;
}

/* Compromised machines stand before the server, and its name moves on from some to others. */
static void make_flux(struct infection *i)
{
	struct rng *r = &i->rng;
	struct zone *z = ground_zone(i->g, r, rng_between(r, 100, 800), rng_between(r, 40, 200));

	z->n_ns = rng_between(r, 2, 5);
	z->ns_moves = i->deed == DEED_DOUBLE_FLUX;
	i->name->zone = z;
	i->name->shown = rng_between(r, 3, 20);
	i->name->ttl = 30 * rng_between(r, 1, 10);
	i->name->n_aliases = 0;
}

static void make_more(struct beacon *b, struct infection *i)
{
	static const __u32 short_ttls[] = { 30, 60, 60, 120, 300 };
	struct rng *r = &i->rng;

	if (i->deed == DEED_HTTPS || (i->deed == DEED_DOMAINS && rng_chance(r, 0.4))) {
		i->name->protocol = TLS;
		i->name->port = 443;
	}
	if (i->deed == DEED_DOMAINS) {
		b->names = names_of(i, i->name->protocol);
		while (b->names[b->n_names])
			b->n_names++;
		b->any_name = rng_chance(r, 0.4);
	} else if (i->deed == DEED_BY_ADDRESS) {
		__u32 ip = i->name->addrs[0];

		snprintf(i->name->text, sizeof(i->name->text), "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255,
			 ip >> 8 & 255, ip & 255);
		b->by_address = 1;
	}
	if (i->name->protocol == TLS)
		for (unsigned int k = 0; k < (b->names ? b->n_names : 1); k++)
			((struct name *)(b->names ? b->names[k] : i->name))->ttl = short_ttls[rng_below(r, 5)];
	b->at_work = i->deed == DEED_WORKTIME;
	b->any_size = rng_chance(r, 0.5);
	if (i->deed == DEED_FLUX || i->deed == DEED_DOUBLE_FLUX) {
		make_flux(i);
		if (b->period_s > 900)
			b->period_s = ground_log_between(r, 30, 900);
	}
}

/* To so many more hosts, where there are as many. */
static void spread(struct beacon *b, struct infection *i, unsigned int more)
{
	for (; more && i->n_hosts > 1; more--) {
		struct pc *pc = &i->pcs[i->order[(*i->others)++ % i->n_hosts]];

		if (pc != i->pc && more < i->n_hosts)
			start(b, i->g->acts, i->g->lab, pc);
	}
}

void beacons_infect(struct infection *i)
{
	struct beacon *b = ground_keep(i->g, sizeof(*b));
	struct habit habit;

	b->name = i->name;
	make(b, &i->rng, i->o);
	b->deed = i->deed;
	make_more(b, i);
	start(b, i->g->acts, i->g->lab, i->pc);
	if (i->deed == DEED_CROWD)
		spread(b, i, rng_between(&i->rng, 2, 5));
	habit = habit_of(b);
	for (unsigned int k = 1; k < b->n_names; k++)
		ledger_expect(i->g->lab->ledger, i->pc->host.ip, b->names[k], b->deed, &habit);
}
