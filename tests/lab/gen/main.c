/* main.c: captures of a small network's gateway, in event time, the same for the same seed.
 * usage: labgen bots|benign [-n HOSTS] [-t HOURS] [-s SEED] [-d FOLDER] FILE
 *
 * Beside FILE stands FILE.labels.tsv, a line for each host: address, bot or benign, which, and what of the listed
 * names it contacts: name=protocol=addresses, several with a semicolon. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "acts.h"

#define START 1767571200 /* 2026-01-05, a Monday */

static int usage(void)
{
	fprintf(stderr, "usage: labgen bots|benign [-n HOSTS] [-t HOURS] [-s SEED] [-d FOLDER] FILE\n");
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

static int populate(struct lab *l, struct acts *acts, struct host *hosts, unsigned int n, struct bots *bots,
		    FILE *labels)
{
	for (unsigned int i = 0; i < n; i++) {
		struct host *h = &hosts[i];

		if (host_start(h, l, IP4(198, 18, (bots ? 128 : 1) + i / 250, 1 + i % 250),
			       (bots ? 1000000 : 0) + i))
			return -1;
		people_machine(acts, l, h);
		if (bots) {
			bots_start(bots, i % bots_count(bots), acts, l, h, labels);
			continue;
		}
		people_person(acts, l, h, i);
		fprintf(labels, "%u.%u.%u.%u\tbenign\tbenign-%u\t-\n", h->ip >> 24, h->ip >> 16 & 255,
			h->ip >> 8 & 255, h->ip & 255, i + 1);
	}
	return 0;
}

static int generate(struct lab *l, unsigned int n, struct bots *bots, const char *path)
{
	struct host *hosts = calloc(n, sizeof(*hosts));
	struct acts acts = { 0 };
	char beside[4096];
	FILE *labels;
	int err;

	snprintf(beside, sizeof(beside), "%s.labels.tsv", path);
	labels = fopen(beside, "w");
	if (!labels || !hosts) {
		perror(beside);
		return -1;
	}
	err = wire_open(&l->wire, path);
	if (!err) {
		err = populate(l, &acts, hosts, n, bots, labels);
		if (!err)
			acts_run(&acts, l);
		err |= wire_close(&l->wire, path);
		printf("%s: %llu packets, %u hosts, %.1f h\n", path, (unsigned long long)l->wire.packets, n,
		       (double)(l->end - l->start) / HOUR);
	}
	if (fclose(labels))
		err = -1;
	for (unsigned int i = 0; i < n; i++)
		free(hosts[i].cached);
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

int main(int argc, char **argv)
{
	unsigned long n = 0, hours = 0;
	const char *folder = "tests/lab";
	struct lab l = { .seed = 20080101 };
	struct bots *bots = NULL;
	int option, is_bots, err;

	if (argc < 3 || (strcmp(argv[1], "bots") && strcmp(argv[1], "benign")))
		return usage();
	is_bots = !strcmp(argv[1], "bots");
	argc--;
	argv++;
	while ((option = getopt(argc, argv, "n:t:s:d:")) != -1) {
		if (option == 'n' && !(n = number(optarg, 25000)))
			return usage();
		if (option == 't' && !(hours = number(optarg, 24 * 366)))
			return usage();
		if (option == 's')
			l.seed = strtoull(optarg, NULL, 10);
		if (option == 'd')
			folder = optarg;
		if (option == '?')
			return usage();
	}
	if (optind != argc - 1)
		return usage();
	if (world_make(&l.world, folder, l.seed))
		return 1;
	if (is_bots) {
		bots = bots_read(folder, &l.world);
		if (!bots || !bots_count(bots))
			return 1;
	}
	l.start = START * SEC;
	l.end = l.start + (hours ? hours : is_bots ? 1 : 24) * HOUR;
	err = generate(&l, n ? n : is_bots ? bots_count(bots) : 20, bots, argv[optind]);
	bots_free(bots);
	world_free(&l.world);
	return err ? 1 : 0;
}
