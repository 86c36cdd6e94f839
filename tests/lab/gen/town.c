/* town.c: see town.h. */
#include "town.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SITES 400
#define HELPERS 60
#define SHARED_HOSTS 40 /* addresses that many small sites stand on */
#define HTTP_SHARE 0.4

static const char *const words[] = { "river", "stone",	"north",  "paper",  "garden", "silver", "market", "cloud",
				     "light", "bridge", "green",  "union",  "harbor", "metro",	"family", "travel",
				     "sport", "music",	"kit",	  "school", "radio",  "photo",	"forum",  "health",
				     "train", "winter", "summer", "island", "coffee", "window", "orange", "planet",
				     "pixel", "nova",	"micro",  "data",   "soft",   "zen",	"alto",	  "vera",
				     "lumi",  "quick",	"prime",  "delta",  "honey",  "maple",	"fox",	  "owl",
				     "raven", "cedar",	"amber",  "cobalt", "echo",   "field",	"craft",  "works",
				     "press", "media",	"labs",	  "tech",   "shop",   "world",	"point",  "base" };
#define N_WORDS (sizeof(words) / sizeof(words[0]))
static const __u32 ttls[] = { 60, 60, 120, 300, 300, 300, 600, 1800, 3600, 3600, 14400, 86400 };
#define N_TTLS (sizeof(ttls) / sizeof(ttls[0]))

struct maker {
	struct world *world;
	struct rng rng;
	struct table taken; /* hashes of registrable domains */
	__u32 shared[SHARED_HOSTS];
};

static const char *word(struct rng *r)
{
	return words[rng_below(r, N_WORDS)];
}

static __u64 hash(const char *text)
{
	__u64 h = 0xcbf29ce484222325ULL;

	for (; *text; text++)
		h = (h ^ (__u8)*text) * 0x100000001b3ULL;
	return h >> 1;
}

/* One that nobody else has. */
static void new_domain(struct maker *m, char *text, size_t room)
{
	struct rng *r = &m->rng;
	__u64 *taken;

	do {
		const char *suffix = rng_below(r, 2) ? "example" : "test", *a = word(r), *b = word(r);

		switch (rng_below(r, 6)) {
		case 0:
			snprintf(text, room, "%s-%s.%s", a, b, suffix);
			break;
		case 1:
			snprintf(text, room, "%s%u.%s", a, rng_below(r, 1000), suffix);
			break;
		case 2:
			snprintf(text, room, "%s%s%s.%s", a, b, word(r), suffix);
			break;
		case 3:
			snprintf(text, room, "%c%c-%s%s.%s", 'a' + (char)rng_below(r, 26),
				 'a' + (char)rng_below(r, 26), a, b, suffix);
			break;
		default:
			snprintf(text, room, "%s%s.%s", a, b, suffix);
		}
		taken = table_at(&m->taken, hash(text));
	} while (*taken);
	*taken = 1;
}

/* hosts: "www.", "", ...: one of them is put before. */
static struct name *make(struct maker *m, enum family family, const char *const *hosts, unsigned int n_hosts,
			 enum protocol protocol)
{
	struct name *n = world_add(m->world, family);
	struct rng *r = &m->rng;
	char domain[NAME_TEXT - 20];

	new_domain(m, domain, sizeof(domain));
	snprintf(n->text, sizeof(n->text), "%s%s", hosts[rng_below(r, n_hosts)], domain);
	n->domain = n - m->world->names;
	n->protocol = protocol;
	n->port = protocol == HTTP ? 80 : 443;
	n->ttl = ttls[rng_below(r, N_TTLS)];
	world_settle(n, r, rng_chance(r, 0.25) ? 4 : 1);
	if (rng_chance(r, 0.3)) {
		n->n_addrs = 1;
		n->addrs[0] = m->shared[rng_below(r, SHARED_HOSTS)];
	}
	if (rng_chance(r, 0.15)) {
		n->n_aliases = 1;
		snprintf(n->aliases[0], NAME_TEXT, "%s%u.%s-hosting.test", word(r), rng_below(r, 100),
			 words[rng_below(r, 8)]);
	}
	return n;
}

/* A delivery network: an alias, a TTL of seconds, a few addresses an answer of many in a few networks. */
static void deliver(struct maker *m, struct name *n)
{
	struct rng *r = &m->rng;
	__u32 networks[3];

	n->ttl = 20 + 20 * rng_below(r, 4);
	n->n_addrs = rng_between(r, 8, NAME_ADDRS);
	n->shown = rng_between(r, 2, 6);
	for (int i = 0; i < 3; i++)
		networks[i] = IP4(198, 19, rng_below(r, 200), 0);
	for (unsigned int i = 0; i < n->n_addrs; i++)
		n->addrs[i] = networks[rng_below(r, 3)] + 1 + rng_below(r, 254);
	n->n_aliases = 1;
	snprintf(n->aliases[0], NAME_TEXT, "e%u.%c.edge-%s.test", rng_below(r, 100000),
		 'a' + (char)rng_below(r, 8), words[rng_below(r, 4)]);
}

static void make_sites(struct maker *m, enum family family, unsigned int how_many)
{
	static const char *const hosts[] = { "www.", "www.", "www.", "", "", "blog.", "shop.", "m." };

	while (how_many--)
		make(m, family, hosts, 8, rng_chance(&m->rng, HTTP_SHARE) ? HTTP : TLS);
}

/* Half of the sites have their images elsewhere. */
static void make_assets(struct maker *m, enum family family)
{
	static const char *const hosts[] = { "img", "static", "assets", "media", "s1" };
	struct rng *r = &m->rng;

	for (unsigned int i = 0; i < m->world->count[family]; i++) {
		unsigned int site = m->world->first[family] + i;
		const char *text = m->world->names[site].text, *domain = text;
		struct name *n;

		if (!rng_chance(r, 0.5))
			continue;
		if (strchr(text, '.') != strrchr(text, '.'))
			domain = strchr(text, '.') + 1;
		n = world_add(m->world, ASSETS);
		snprintf(n->text, sizeof(n->text), "%s.%.80s", hosts[rng_below(r, 5)], domain);
		n->domain = site;
		n->protocol = m->world->names[site].protocol;
		n->port = m->world->names[site].port;
		n->ttl = m->world->names[site].ttl;
		world_settle(n, r, 2);
		if (rng_chance(r, 0.4))
			deliver(m, n);
		m->world->names[site].beside = n - m->world->names;
	}
}

static void make_some(struct maker *m, enum family family, unsigned int how_many, const char *host,
		      enum protocol protocol, __u16 port)
{
	while (how_many--)
		make(m, family, &host, 1, protocol)->port = port;
}

/* The hosts of software and of bots: names say nothing. */
static const char *const service_hosts[] = { "api.", "update.", "cdn.", "www.",	    "",	      "events.", "sync.",
					     "app.", "data.",	"dl.",	"gateway.", "check.", "s.",	 "news." };
#define N_SERVICE_HOSTS (sizeof(service_hosts) / sizeof(service_hosts[0]))
static const char *const paths[] = { "/api/v1/status", "/v2/check",  "/update/manifest.json",
				     "/ping",	       "/report",    "/client/config",
				     "/feed/latest",   "/index.php", "/",
				     "/gate",	       "/collect",   "/time",
				     "/version.txt",   "/poll",	     "/data/now" };
#define N_PATHS (sizeof(paths) / sizeof(paths[0]))

static struct product *add_product(struct town *t, struct maker *m, enum deed deed, double share, double period_s)
{
	static const char *const agents[] = { "Updater/2.1",
					      "libcurl-agent/1.0",
					      "WinHTTP/1.0",
					      "Go-http-client/1.1",
					      "python-requests/2.31.0",
					      "okhttp/4.12.0",
					      "Mozilla/5.0 (compatible; Agent 3.2)",
					      "curl/7.88.1" };
	struct product *p = &t->products[t->n_products];
	struct rng *r = &m->rng;

	if (t->n_products == MOST_PRODUCTS)
		abort();
	t->n_products++;
	*p = (struct product){ .deed = deed,
			       .share = share,
			       .system = -1,
			       .period_s = period_s,
			       .drift_s = 0.05 + rng_exponential(r, 0.5),
			       .urls = rng_below(r, 4),
			       .method = "GET",
			       .agent = rng_chance(r, 0.1) ? NULL : agents[rng_below(r, 8)],
			       .size = rng_between(r, 20, 900),
			       .extra = 0.02 };
	p->name = make(m, PRODUCT, service_hosts, N_SERVICE_HOSTS, HTTP);
	snprintf(p->path, sizeof(p->path), "%s", paths[rng_below(r, N_PATHS)]);
	return p;
}

static void make_updates(struct town *t, struct maker *m)
{
	static const double shares[] = { 0.7, 0.5, 0.35, 0.25, 0.2, 0.15, 0.1, 0.1, 0.05, 0.05, 0.03, 0.03 };
	static const double periods[] = { 3600, 4 * 3600.0, 86400 };

	for (int i = 0; i < 12; i++) {
		double period = periods[rng_below(&m->rng, 3)];
		struct product *p = add_product(t, m, DEED_UPDATE, shares[i], period);

		/* As timers of real ones have it: some exact, most with a random delay. */
		p->delay = rng_chance(&m->rng, 0.25) ? 0.01 : 0.1 + 0.1 * rng_below(&m->rng, 5);
		p->extra = 0.06;
	}
	for (int i = 0; i < SYSTEMS; i++) {
		struct product *p = add_product(t, m, DEED_UPDATE, 1, i ? 86400 : 22 * 3600.0);

		p->system = i;
		p->delay = 0.5;
		p->extra = 0.5;
		deliver(m, (struct name *)p->name);
	}
}

static void make_chatter(struct town *t, struct maker *m)
{
	static const double shares[] = { 0.5, 0.3, 0.2, 0.1, 0.05 };
	struct rng *r = &m->rng;

	for (int i = 0; i < 5; i++) {
		struct product *p = add_product(t, m, DEED_TELEMETRY, shares[i], 300 + 60 * rng_below(r, 11));

		p->method = "POST";
		p->sent = rng_between(r, 100, 900);
		p->delay = 0.01 * rng_below(r, 12);
		p->extra = i % 2 ? 0.1 : 0;
	}
	for (int i = 0; i < 2; i++)
		add_product(t, m, DEED_WEATHER, i ? 0.12 : 0.25, i ? 1800 : 900)->urls = URL_OF_HOST;
	for (int i = 0; i < SYSTEMS; i++) { /* one system asks all the time, the others when they wake up */
		struct product *p = add_product(t, m, DEED_CONNECTIVITY, 1, i ? 12 * 3600.0 : 300);

		p->system = i;
		p->urls = URL_FIXED;
		p->delay = 0;
		p->agent = i ? p->agent : NULL;
		p->extra = 0;
	}
}

/* Programs of a department: few hosts have them, and nobody else does. */
static void make_vendors(struct town *t, struct maker *m, unsigned int hosts)
{
	unsigned int n = 2 + hosts / 100;
	struct rng *r = &m->rng;

	for (unsigned int i = 0; i < n && i < 12; i++) {
		struct product *p = add_product(t, m, DEED_VENDOR, 0, 60 * (double)rng_between(r, 1, 15));

		p->few = rng_between(r, 2, 4);
		p->delay = 0.02 * rng_below(r, 4);
		if (rng_chance(r, 0.5)) {
			p->method = "POST";
			p->sent = rng_between(r, 50, 400);
		}
	}
}

/* Nothing is on a few hosts alone: who manages them installs it. */
static void share_out(struct town *t, unsigned int hosts)
{
	unsigned int least = (8 * hosts + 99) / 100;

	if (least < 4)
		least = 4;
	for (struct product *p = t->products; p < t->products + t->n_products; p++) {
		if (p->system >= 0)
			continue;
		if (!p->few)
			p->few = (unsigned int)(p->share * hosts + 0.5);
		if (p->few < least)
			p->few = least;
	}
}

static void make_missing(struct maker *m)
{
	static const char *const none[] = { "" };

	for (int i = 0; i < 13; i++) {
		struct name *n = make(m, MISSING, none, 1, HTTP);

		if (i == CORP)
			snprintf(n->text, sizeof(n->text), "corp.example");
	}
}

static void make_beacons(struct maker *m, unsigned int how_many)
{
	struct rng *r = &m->rng;

	while (how_many--) {
		struct name *n = make(m, BEACON, service_hosts, N_SERVICE_HOSTS, HTTP);

		if (rng_chance(r, 0.15)) { /* a site that was broken into shares its server */
			n->n_addrs = 1;
			n->addrs[0] = world_any(m->world, r, SITE)->addrs[0];
		}
	}
}

int town_make(struct town *t, struct world *w, __u64 seed, unsigned int hosts, unsigned int beacons,
	      unsigned int more, int hard)
{
	struct maker m = { .world = w, .rng = rng_start(seed, ~1ULL) };
	struct rng *r = &m.rng;

	*t = (struct town){ .hard = hard, .maker = malloc(sizeof(m)) };
	*w = (struct world){ .room = 2 * (SITES + hosts * RARE_EACH) + HELPERS + MOST_PRODUCTS + beacons + more +
				     100 };
	w->names = calloc(w->room, sizeof(*w->names));
	if (!w->names || !t->maker) {
		fprintf(stderr, "labgen: out of memory\n");
		return -1;
	}
	for (int i = 0; i < SHARED_HOSTS; i++)
		m.shared[i] = IP4(198, 19, rng_below(r, 200), 1 + rng_below(r, 254));
	*table_at(&m.taken, hash("corp.example")) = 1;
	make_sites(&m, SITE, SITES);
	make_sites(&m, RARE, hosts * RARE_EACH);
	make_assets(&m, SITE);
	make_assets(&m, RARE);
	make_some(&m, HELPER, HELPERS, "cdn.", TLS, 443);
	for (unsigned int i = 0; i < HELPERS; i++) {
		struct name *n = &w->names[w->first[HELPER] + i];

		deliver(&m, n);
		if (rng_chance(r, 0.3)) {
			n->protocol = HTTP;
			n->port = 80;
		}
	}
	make_some(&m, TELEMETRY, 12, "telemetry.", TLS, 443);
	make_some(&m, OCSP, 5, "ocsp.", HTTP, 80);
	make_some(&m, MAIL, 4, "imap.", TLS, 993);
	make_some(&m, CLOCK, 4, "ntp.", NTP, 123);
	make_some(&m, CHAT, 4, "chat.", TLS, 443);
	make_updates(t, &m);
	make_chatter(t, &m);
	make_vendors(t, &m, hosts);
	if (!hard)
		share_out(t, hosts);
	make_missing(&m);
	make_beacons(&m, beacons);
	m.rng = rng_start(seed, ~4ULL);
	*t->maker = m;
	return 0;
}

void town_free(struct town *t)
{
	if (t->maker)
		table_free(&t->maker->taken);
	free(t->maker);
	t->maker = NULL;
}

struct name *town_more(struct town *t, enum protocol protocol, const char *host)
{
	return make(t->maker, EXTRA, host ? &host : service_hosts, host ? 1 : N_SERVICE_HOSTS, protocol);
}

void town_deliver(struct town *t, struct name *n)
{
	deliver(t->maker, n);
}

int town_has(struct town *t, const char *domain)
{
	return *table_at(&t->maker->taken, hash(domain)) != 0;
}

const char *town_word(struct rng *r)
{
	return word(r);
}
