/* world.c: see world.h. */
#include "world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_NAMES 1024
#define DELIVERY_ADDRS 8
#define SHARED_EVERY 25 /* of the sites one is hosted on the address of a listed server */

static const char *const words[] = { "river",  "stone",	 "north",  "paper", "garden",  "silver", "market",
				     "cloud",  "light",	 "bridge", "green", "union",   "harbor", "metro",
				     "family", "travel", "sport",  "music", "kitchen", "school", "radio",
				     "photo",  "forum",	 "health", "train", "winter",  "summer", "island",
				     "coffee", "window", "orange", "planet" };
#define N_WORDS (sizeof(words) / sizeof(words[0]))
static const char *const suffixes[] = { "example", "test" };

struct name *world_add(struct world *w, enum family family)
{
	struct name *n = &w->names[w->n];

	if (w->n == w->room)
		abort();
	if (!w->count[family]++)
		w->first[family] = w->n;
	w->n++;
	n->family = family;
	return n;
}

static int add_address(struct name *n, const char *text)
{
	struct in_addr four;

	if (inet_pton(AF_INET6, text, n->addr6) == 1) {
		n->has6 = 1;
		return 0;
	}
	if (n->n_addrs == NAME_ADDRS || inet_pton(AF_INET, text, &four) != 1)
		return -1;
	n->addrs[n->n_addrs++] = ntohl(four.s_addr);
	return 0;
}

static int parse_server(struct name *n, char *line)
{
	char *fields[8], *rest, *item;
	unsigned int i = 0;

	for (item = strtok_r(line, "\t\n", &rest); item && i < 8; item = strtok_r(NULL, "\t\n", &rest))
		fields[i++] = item;
	if (i != 8 || item)
		return -1;
	snprintf(n->text, sizeof(n->text), "%s", fields[0]);
	snprintf(n->id, sizeof(n->id), "%s", fields[2]);
	if (strcmp(fields[3], "irc") && strcmp(fields[3], "http"))
		return -1;
	n->protocol = strcmp(fields[3], "irc") ? HTTP : IRC;
	n->port = strtoul(fields[4], NULL, 10);
	n->ttl = strtoul(fields[5], NULL, 10);
	for (item = strtok_r(fields[6], ",", &rest); item; item = strtok_r(NULL, ",", &rest))
		if (add_address(n, item))
			return -1;
	for (item = strtok_r(fields[7], ",", &rest); item && strcmp(item, "-");
	     item = strtok_r(NULL, ",", &rest)) {
		if (n->n_aliases == NAME_ALIASES)
			return -1;
		snprintf(n->aliases[n->n_aliases++], NAME_TEXT, "%s", item);
	}
	return n->port && n->n_addrs ? 0 : -1;
}

static int read_servers(struct world *w, const char *folder, const char *file, enum family family)
{
	char path[4096], line[1024];
	unsigned int number = 0;
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	in = fopen(path, "r");
	if (!in) {
		fprintf(stderr, "labgen: %s: %s\n", path, strerror(errno));
		return -1;
	}
	while (fgets(line, sizeof(line), in)) {
		number++;
		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (parse_server(world_add(w, family), line)) {
			fprintf(stderr,
				"labgen: %s:%u: not name, family, id, irc or http, port, ttl, addresses, aliases\n",
				path, number);
			fclose(in);
			return -1;
		}
	}
	fclose(in);
	return 0;
}

void world_settle(struct name *n, struct rng *r, unsigned int most)
{
	n->n_addrs = 1 + rng_below(r, most);
	for (unsigned int i = 0; i < n->n_addrs; i++)
		n->addrs[i] = IP4(198, 19, rng_below(r, 200), 1 + rng_below(r, 254));
	n->has6 = rng_chance(r, 0.3);
	if (n->has6) {
		__u64 low = rng_next(r);

		memcpy(n->addr6, "\x20\x01\x0d\xb8\x00\x19", 6);
		memcpy(n->addr6 + 8, &low, 8);
	}
}

static void make(struct world *w, struct rng *r, enum family family, unsigned int how_many, const char *form,
		 enum protocol protocol, __u16 port, __u32 ttl)
{
	for (unsigned int i = 0; i < how_many; i++) {
		struct name *n = world_add(w, family);

		snprintf(n->text, sizeof(n->text), form, words[rng_below(r, N_WORDS)],
			 words[rng_below(r, N_WORDS)], i, suffixes[rng_below(r, 2)]);
		n->protocol = protocol;
		n->port = port;
		n->ttl = ttl;
		world_settle(n, r, 2);
	}
}

static void make_sites(struct world *w, struct rng *r, unsigned int how_many)
{
	static const __u32 ttls[] = { 60, 300, 300, 3600, 14400 };
	const struct name *listed = &w->names[w->first[LISTED]];

	make(w, r, SITE, how_many, "www.%s-%s%u.%s", TLS, 443, 300);
	for (unsigned int i = 0; i < how_many; i++) {
		struct name *n = &w->names[w->first[SITE] + i];

		n->ttl = ttls[rng_below(r, 5)];
		if (rng_chance(r, 0.2)) {
			n->protocol = HTTP;
			n->port = 80;
		}
		if (i % SHARED_EVERY == SHARED_EVERY - 1) {
			n->n_addrs = 1;
			n->addrs[0] = listed[i / SHARED_EVERY % w->count[LISTED]].addrs[0];
		}
	}
}

/* Delivery networks: an alias, several addresses, a TTL of seconds. */
static void make_helpers(struct world *w, struct rng *r, unsigned int how_many)
{
	make(w, r, HELPER, how_many, "static.%s-%s%u.%s", TLS, 443, 60);
	for (unsigned int i = 0; i < how_many; i++) {
		struct name *n = &w->names[w->first[HELPER] + i];

		n->ttl = 20 + 20 * rng_below(r, 4);
		world_settle(n, r, DELIVERY_ADDRS);
		n->n_aliases = 1;
		snprintf(n->aliases[0], NAME_TEXT, "e%u.%c.edge-%s.test", rng_below(r, 100000),
			 'a' + (char)(i % 8), words[i % 4]);
	}
}

static void add_lookalike(struct world *w, struct rng *r, const char *form, const char *a, const char *b)
{
	struct name *n = world_add(w, LOOKALIKE);

	snprintf(n->text, sizeof(n->text), form, a, b);
	n->protocol = HTTP;
	n->port = 80;
	n->ttl = 300;
	world_settle(n, r, 2);
}

static void make_lookalikes(struct world *w, struct rng *r)
{
	for (unsigned int i = 0; i < w->count[LISTED]; i++) {
		char text[NAME_TEXT], stem[NAME_TEXT], *parent, *suffix;

		memcpy(text, w->names[w->first[LISTED] + i].text, NAME_TEXT);
		memcpy(stem, text, NAME_TEXT);
		parent = strchr(text, '.') + 1;
		suffix = strrchr(stem, '.');
		*suffix++ = 0;
		add_lookalike(w, r, "x%s%s", text, "");
		add_lookalike(w, r, "%s%s", text + 1, "");
		add_lookalike(w, r, "%sx.%s", stem, suffix);
		add_lookalike(w, r, "%s.%s", stem, strcmp(suffix, "test") ? "test" : "example");
		add_lookalike(w, r, "%s.hosting.%s", text, "example");
		add_lookalike(w, r, "%s%s", parent, "");
		add_lookalike(w, r, "www.%s%s", parent, "");
		text[parent - text - 1] = '-';
		add_lookalike(w, r, "%s%s", text, "");
	}
}

int world_make(struct world *w, const char *folder, __u64 seed)
{
	struct rng r = rng_start(seed, ~0ULL);

	*w = (struct world){ .names = calloc(MOST_NAMES, sizeof(*w->names)), .room = MOST_NAMES };
	if (!w->names || read_servers(w, folder, "watchlist.tsv", LISTED) ||
	    read_servers(w, folder, "others.tsv", BOT_SERVER))
		return -1;
	if (!w->count[LISTED]) {
		fprintf(stderr, "labgen: %s/watchlist.tsv: not one server\n", folder);
		return -1;
	}
	make_sites(w, &r, 400);
	make_helpers(w, &r, 48);
	make(w, &r, UPDATE, 8, "update.%s-%s%u.%s", HTTP, 80, 300);
	make(w, &r, TELEMETRY, 12, "events.%s-%s%u.%s", TLS, 443, 60);
	make(w, &r, OCSP, 4, "ocsp.%s-%s%u.%s", HTTP, 80, 3600);
	make(w, &r, MAIL, 4, "imap.%s-%s%u.%s", TLS, 993, 3600);
	make(w, &r, CLOCK, 4, "%s.%s%u.ntp.%s", NTP, 123, 150);
	make(w, &r, CHAT, 2, "irc.%s-%s%u.%s", IRC, 6667, 3600);
	make_lookalikes(w, &r);
	return 0;
}

void world_free(struct world *w)
{
	free(w->names);
	*w = (struct world){ 0 };
}

const char *world_domain(const char *text)
{
	const char *at = strrchr(text, '.');

	if (!at || (at[1] >= '0' && at[1] <= '9'))
		return text;
	while (at > text && at[-1] != '.')
		at--;
	return at;
}

__u32 world_address(const struct name *n, unsigned int turn, unsigned int i)
{
	const struct zone *z = n->zone;
	struct rng r;

	if (!z)
		return n->addrs[(i + turn) % n->n_addrs];
	r = rng_start(n->domain, turn);
	return z->addrs[(rng_below(&r, z->n_addrs) + (__u64)i * rng_between(&r, 1, z->n_addrs - 1)) % z->n_addrs];
}

struct name *world_by_id(const struct world *w, const char *id)
{
	for (unsigned int i = 0; i < w->n; i++)
		if (!strcmp(w->names[i].id, id))
			return &w->names[i];
	return NULL;
}

struct name *world_any(const struct world *w, struct rng *r, enum family family)
{
	return &w->names[w->first[family] + rng_below(r, w->count[family])];
}

/* About as 1 / rank. */
struct name *world_popular(const struct world *w, struct rng *r, enum family family)
{
	double u = (double)rng_below(r, 1 << 20) / (1 << 20);

	return &w->names[w->first[family] + (unsigned int)(pow(w->count[family] + 1, u) - 1)];
}
