/* main.c: captures of a small network's gateway, in event time, the same for the same seed.
 * usage: labgen bots|benign|mixed [OPTION]... FILE
 *        labgen transplant|merge ...: transplant.c, merge.c
 *
 * Beside FILE stands FILE.labels.tsv. Of bots and benign it has a line for each host: address, bot or benign,
 * which, and what of the listed names it contacts: name=protocol=addresses, several with a semicolon. Of mixed it
 * is ledger.h's. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "acts.h"
#include "mixed.h"
#include "networks.h"
#include "transplant.h"

#define START 1767571200 /* 2026-01-05, a Monday */
#define LIGHT 1100	 /* content of a response or a record that fits one segment */

enum mode { BOTS, BENIGN, MIXED };

struct options {
	enum mode mode;
	unsigned long hosts, hours, from_hour;
	const char *folder, *path;
	int light, daily, with_networks;
	__u64 seed;
	struct mixed mixed;
};

static int usage(void)
{
	fprintf(stderr,
		"usage: labgen bots|benign [-n HOSTS] [-t HOURS] [-s SEED] [-d FOLDER] FILE\n"
		"       labgen mixed [-n HOSTS] [-b BOTS] [-t HOURS] [-s SEED] [-f HOUR] [--light] [--daily]\n"
		"              [--hard] [--period S[:S]] [--jitter SHARE[:SHARE]]\n"
		"              [--spread uniform|gaussian] [--url fixed|rotating|random] [--method GET|POST]\n"
		"              [--kinds KIND,...|all] [--benign KIND,...|all] [--pfx2as] FILE\n"
		"       labgen transplant --host OLD=NEW [--host OLD=NEW]... [--resolver OLD]... [--start SECONDS] IN OUT\n"
		"       labgen merge OUT IN...\n");
	return 2;
}

struct act *acts_add(struct acts *acts, struct host *h, __u64 (*step)(struct lab *, struct act *, __u64), __u64 at)
{
	struct act *a = calloc(1, sizeof(*a));

	if (!a) {
		fprintf(stderr, "labgen: out of memory\n");
		exit(1);
	}
	a->host = h;
	a->step = step;
	heap_add(&acts->heap, at, a);
	return a;
}

/* A step writes packets of its own time and later: what is older is complete. */
void acts_run(struct acts *acts, struct lab *l)
{
	const struct heap_entry *first;

	while ((first = heap_first(&acts->heap)) && first->at < l->end) {
		__u64 now = first->at, next;
		struct act *a = heap_take(&acts->heap);

		wire_flush(&l->wire, now);
		next = a->step(l, a, now);
		if (next)
			heap_add(&acts->heap, next, a);
		else
			free(a);
	}
	wire_flush(&l->wire, l->end);
	while (acts->heap.n)
		free(heap_take(&acts->heap));
	heap_free(&acts->heap);
}

static void populate(struct lab *l, struct acts *acts, struct host *hosts, unsigned int n, struct bots *bots,
		     FILE *labels)
{
	for (unsigned int i = 0; i < n; i++) {
		struct host *h = &hosts[i];

		host_start(h, l, IP4(198, 18, (bots ? 128 : 1) + i / 250, 1 + i % 250), (bots ? 1000000 : 0) + i);
		people_machine(acts, l, h);
		if (bots) {
			bots_start(bots, i % bots_count(bots), acts, l, h, labels);
			continue;
		}
		people_person(acts, l, h, i);
		fprintf(labels, "%u.%u.%u.%u\tbenign\tbenign-%u\t-\n", h->ip >> 24, h->ip >> 16 & 255,
			h->ip >> 8 & 255, h->ip & 255, i + 1);
	}
}

static int open_wire(struct lab *l, const struct options *o)
{
	return o->daily ? wire_open_daily(&l->wire, o->path, l->start) : wire_open(&l->wire, o->path);
}

/* The lab's time, from its first packet to its last. */
static int run(struct lab *l, struct options *o, struct host *hosts, struct bots *bots, FILE *labels)
{
	struct acts acts = { 0 };
	int err;

	if (open_wire(l, o))
		return -1;
	if (o->mode == MIXED)
		mixed_populate(&o->mixed, l, &acts);
	else
		populate(l, &acts, hosts, o->hosts, bots, labels);
	acts_run(&acts, l);
	if (l->ledger)
		ledger_print(l->ledger, labels);
	err = wire_close(&l->wire, o->path);
	printf("%s: %llu packets, %lu hosts, %.1f h\n", o->path, (unsigned long long)l->wire.packets, o->hosts,
	       (double)(l->end - l->start) / HOUR);
	return err;
}

static int generate(struct lab *l, struct options *o, struct bots *bots)
{
	struct host *hosts = calloc(o->hosts, sizeof(*hosts));
	char beside[4096];
	FILE *labels;
	int err;

	snprintf(beside, sizeof(beside), "%s.labels.tsv", o->path);
	labels = fopen(beside, "w");
	if (!labels || !hosts) {
		perror(beside);
		free(hosts);
		return -1;
	}
	err = run(l, o, hosts, bots, labels);
	if (fclose(labels)) {
		perror(beside);
		err = -1;
	}
	if (o->with_networks) {
		snprintf(beside, sizeof(beside), "%s.pfx2as", o->path);
		err |= networks_write(beside);
	}
	for (unsigned int i = 0; i < o->hosts; i++)
		table_free(&hosts[i].cached);
	free(hosts);
	return err;
}

/* Whole and within the bounds, or 0. */
static unsigned long number(const char *text, unsigned long most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	return *end || n > most ? 0 : n;
}

/* A, or A:B. Returns whether it is within the bounds. */
static int range(const char *text, double least, double most, double ret_range[2])
{
	char *end;

	ret_range[0] = ret_range[1] = strtod(text, &end);
	if (end == text)
		return 0;
	if (*end == ':') {
		text = end + 1;
		ret_range[1] = strtod(text, &end);
		if (end == text)
			return 0;
	}
	return !*end && ret_range[0] >= least && ret_range[0] <= ret_range[1] && ret_range[1] <= most;
}

/* Which of the words; -1: none of them. */
static int choice(const char *text, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(text, words[i]) && *text)
			return i;
	return -1;
}

static const char *const url_words[] = { "fixed", "", "rotating", "", "random", NULL }; /* as enum urls */
static const char *const spread_words[] = { "uniform", "gaussian", NULL };
static const char *const method_words[] = { "GET", "POST", NULL };

/* Those of mixed. Returns whether it is right. */
static int mixed_option(struct options *o, int option, const char *value)
{
	struct beacon_options *bots = &o->mixed.bots;

	switch (option) {
	case 'b':
		o->mixed.n_bots = number(value, 5000);
		return o->mixed.n_bots || !strcmp(value, "0");
	case 'f':
		o->from_hour = number(value, 23);
		return o->from_hour || !strcmp(value, "0");
	case 'L':
		o->light = 1;
		return 1;
	case 'D':
		o->daily = 1;
		return 1;
	case 'H':
		o->mixed.hard = 1;
		return 1;
	case 'P':
		return range(value, 1, 86400, bots->period_s);
	case 'J':
		return range(value, 0, 1, bots->jitter);
	case 'U':
		return (bots->urls = choice(value, url_words)) >= 0;
	case 'S':
		return (bots->spread = choice(value, spread_words)) >= 0;
	case 'M':
		return (bots->method = choice(value, method_words)) >= 0;
	case 'X':
		o->with_networks = 1;
		return 1;
	case 'B':
		return (o->mixed.n_near = near_read(value, o->mixed.near)) != 0;
	case 'K':
		return (o->mixed.n_kinds = kinds_read(value, o->mixed.kinds)) != 0;
	}
	return 0;
}

static int read_option(struct options *o, int option, const char *value)
{
	switch (option) {
	case 'n':
		return (o->hosts = number(value, o->mode == MIXED ? 5000 : 25000)) != 0;
	case 't':
		return (o->hours = number(value, 24 * 366)) != 0;
	case 's':
		o->seed = strtoull(value, NULL, 10);
		return 1;
	case 'd':
		o->folder = value;
		return 1;
	default:
		return option != '?' && o->mode == MIXED && mixed_option(o, option, value);
	}
}

static int read_options(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "light", no_argument, NULL, 'L' },	    { "daily", no_argument, NULL, 'D' },
		{ "period", required_argument, NULL, 'P' }, { "jitter", required_argument, NULL, 'J' },
		{ "url", required_argument, NULL, 'U' },    { "spread", required_argument, NULL, 'S' },
		{ "method", required_argument, NULL, 'M' }, { "hard", no_argument, NULL, 'H' },
		{ "kinds", required_argument, NULL, 'K' },  { "benign", required_argument, NULL, 'B' },
		{ "pfx2as", no_argument, NULL, 'X' },	    { 0 }
	};
	static const char *const modes[] = { "bots", "benign", "mixed", NULL };
	int option, mode = argc < 3 ? -1 : choice(argv[1], modes);

	if (mode < 0)
		return -1;
	o->mode = mode;
	while ((option = getopt_long(argc - 1, argv + 1, "n:t:s:d:b:f:", longs, NULL)) != -1)
		if (!read_option(o, option, optarg))
			return -1;
	if (optind != argc - 2)
		return -1;
	o->path = argv[argc - 1];
	return 0;
}

/* What there is apart from the hosts. 0, or -1 with a message printed. */
static int prepare(struct lab *l, struct options *o, struct bots **bots)
{
	l->seed = o->seed;
	l->start = START * SEC + o->from_hour * HOUR;
	l->end = l->start + (o->hours ? o->hours : o->mode == BOTS ? 1 : 24) * HOUR;
	if (o->mode == MIXED) {
		o->hosts = o->hosts ? o->hosts : 20;
		o->mixed.n_hosts = o->hosts;
		l->most = o->light ? LIGHT : 0;
		if (mixed_make(&o->mixed, l))
			return -1;
		l->ledger = ledger_new(l->end);
		return 0;
	}
	if (world_make(&l->world, o->folder, l->seed))
		return -1;
	if (o->mode == BOTS) {
		*bots = bots_read(o->folder, &l->world);
		if (!*bots || !bots_count(*bots))
			return -1;
	}
	if (!o->hosts)
		o->hosts = o->mode == BOTS ? bots_count(*bots) : 20;
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = { .folder = "tests/lab",
			     .seed = 20080101,
			     .mixed = { .n_bots = 4, .bots = BEACON_ANY } };
	struct lab l = { 0 };
	struct bots *bots = NULL;
	int err;

	if (argc > 1 && !strcmp(argv[1], "transplant"))
		return transplant_main(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "merge"))
		return merge_main(argc - 1, argv + 1);
	if (read_options(&o, argc, argv))
		return usage();
	err = prepare(&l, &o, &bots);
	if (!err)
		err = generate(&l, &o, bots);
	bots_free(bots);
	mixed_free(&o.mixed);
	ledger_free(l.ledger);
	free(l.kept);
	world_free(&l.world);
	return err ? 1 : 0;
}
