/* bots.c: the life of a bot as the first paper has it (Mihara et al., Figure 2): a C&C server gives an order, the
 * order names a file on a download server, what is fetched joins a second C&C server and stays. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "acts.h"

#define MOST_BOTS 1000
#define DOWNLOADS 2
#define AGENT "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)"

struct bot {
	char title[32];
	struct name *first, *second, *downloads[DOWNLOADS];
	unsigned int n_downloads;
	int by_address;
};

struct bots {
	unsigned int n;
	struct bot bots[MOST_BOTS];
};

static int parse_bot(struct bot *b, char *text, const struct world *w)
{
	char *fields[5], *rest, *item;
	unsigned int i = 0;

	for (item = strtok_r(text, "\t\n", &rest); item && i < 5; item = strtok_r(NULL, "\t\n", &rest))
		fields[i++] = item;
	if (i != 5 || item)
		return -1;
	snprintf(b->title, sizeof(b->title), "%s", fields[0]);
	b->first = world_by_id(w, fields[1]);
	b->second = world_by_id(w, fields[3]);
	b->by_address = !strcmp(fields[4], "address");
	for (item = strtok_r(fields[2], ",", &rest); item; item = strtok_r(NULL, ",", &rest)) {
		if (b->n_downloads == DOWNLOADS || !world_by_id(w, item))
			return -1;
		b->downloads[b->n_downloads++] = world_by_id(w, item);
	}
	return b->first && b->second && b->n_downloads ? 0 : -1;
}

struct bots *bots_read(const char *folder, const struct world *w)
{
	struct bots *b = calloc(1, sizeof(*b));
	char path[4096], text[1024];
	unsigned int number = 0;
	FILE *in;

	snprintf(path, sizeof(path), "%s/bots.tsv", folder);
	in = fopen(path, "r");
	if (!b || !in) {
		fprintf(stderr, "labgen: %s: %s\n", path, strerror(errno));
		bots_free(b);
		return NULL;
	}
	while (fgets(text, sizeof(text), in)) {
		number++;
		if (text[0] == '#' || text[0] == '\n')
			continue;
		if (b->n == MOST_BOTS || parse_bot(&b->bots[b->n++], text, w)) {
			fprintf(stderr,
				"labgen: %s:%u: not bot, first, downloads, second, name or address, with known ids\n",
				path, number);
			fclose(in);
			bots_free(b);
			return NULL;
		}
	}
	fclose(in);
	return b;
}

void bots_free(struct bots *b)
{
	free(b);
}

unsigned int bots_count(const struct bots *b)
{
	return b->n;
}

/* Joins or asks a C&C server; the connection stays where it is IRC. order: what it says. */
static void contact(struct lab *l, struct act *a, struct name *n, const char *order, __u64 now)
{
	__u64 at = now;
	__u32 ip = dns_resolve(l, a->host, n, &at);
	char nick[40], path[64];

	a->name = n;
	tcp_open(&a->tcp, l, a->host, ip, n->port, at);
	snprintf(nick, sizeof(nick), "x%04x", a->host->ip & 0xffff);
	if (n->protocol == IRC) {
		irc_join(&a->tcp, n->text, nick, "#main", order);
		return;
	}
	snprintf(path, sizeof(path), "/gate.php?id=%s", nick);
	http_exchange(&a->tcp, "GET", n->text, path, AGENT, 0, "text/plain", strlen(order));
	tcp_close(&a->tcp);
}

static void leave(struct act *a)
{
	if (a->name->protocol == IRC)
		tcp_close(&a->tcp);
}

/* 27 to 314 KB, 106 on the average (Table 7). */
static unsigned int binary_size(struct rng *r)
{
	double size = rng_lognormal(r, 92, 0.55);

	return (size < 27 ? 27 : size > 314 ? 314 : size) * 1024;
}

static __u64 fetch(struct lab *l, struct act *a, const struct name *n, __u64 now)
{
	__u64 at = now;
	__u32 ip = dns_resolve(l, a->host, n, &at);
	char host[NAME_TEXT];
	struct tcp t;

	snprintf(host, sizeof(host), "%s", n->text);
	if (a->bot->by_address)
		snprintf(host, sizeof(host), "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
	tcp_open(&t, l, a->host, ip, n->port, at);
	http_exchange(&t, "GET", host, "/u/setup.exe", AGENT, 0, "application/octet-stream",
		      binary_size(&a->host->rng));
	tcp_close(&t);
	return t.now;
}

/* a->n: where it is in its life; then the second server's rhythm. */
static __u64 live(struct lab *l, struct act *a, __u64 now)
{
	const struct bot *b = a->bot;
	struct rng *r = &a->host->rng;
	char order[2 * NAME_TEXT];
	unsigned int step = a->n++;

	if (step == 0) {
		tcp_refused(l, a->host, IP4(198, 19, 254, 1 + rng_below(r, 254)), b->first->port, now);
		return now + 21 * SEC;
	}
	if (step == 1) {
		snprintf(order, sizeof(order), "!get http://%s/u/setup.exe", b->downloads[0]->text);
		contact(l, a, b->first, order, now);
		return a->tcp.now + rng_between(r, 2, 15) * SEC;
	}
	if (step < 2 + b->n_downloads)
		return fetch(l, a, b->downloads[step - 2], now) + rng_between(r, 3, 20) * SEC;
	if (step == 2 + b->n_downloads) {
		a->tcp.now = now;
		leave(a);
		contact(l, a, b->second, "advscan 100 5 0 -r", now + 500 * MSEC);
	} else if (b->second->protocol == IRC) {
		a->tcp.now = now;
		irc_ping(&a->tcp, b->second->text);
	} else {
		contact(l, a, b->second, "wait", now);
	}
	return now + 90 * SEC + rng_below(r, 4000) * MSEC;
}

static void label_server(FILE *labels, const struct name *n, int *any)
{
	char six[INET6_ADDRSTRLEN];

	if (n->family != LISTED)
		return;
	fprintf(labels, "%s%s=%s=", *any ? ";" : "", n->text, n->protocol == IRC ? "irc" : "http");
	for (unsigned int i = 0; i < n->n_addrs; i++)
		fprintf(labels, "%s%u.%u.%u.%u", i ? "," : "", n->addrs[i] >> 24, n->addrs[i] >> 16 & 255,
			n->addrs[i] >> 8 & 255, n->addrs[i] & 255);
	if (n->has6)
		fprintf(labels, ",%s", inet_ntop(AF_INET6, n->addr6, six, sizeof(six)));
	*any = 1;
}

void bots_start(struct bots *b, unsigned int n, struct acts *acts, struct lab *l, struct host *h, FILE *labels)
{
	const struct bot *bot = &b->bots[n];
	struct act *a = acts_add(acts, h, live, l->start + rng_below(&h->rng, 600000) * MSEC);
	int any = 0;

	a->bot = bot;
	h->mixed_case = n % 4 == 3;
	fprintf(labels, "%u.%u.%u.%u\tbot\t%s\t", h->ip >> 24, h->ip >> 16 & 255, h->ip >> 8 & 255, h->ip & 255,
		bot->title);
	label_server(labels, bot->first, &any);
	for (unsigned int i = 0; i < bot->n_downloads; i++)
		label_server(labels, bot->downloads[i], &any);
	if (bot->second != bot->first)
		label_server(labels, bot->second, &any);
	fprintf(labels, "%s\n", any ? "" : "-");
}
