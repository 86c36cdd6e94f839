/* ground.c: see ground.h. */
#include "ground.h"

#include "networks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct kept_bytes {
	struct kept_bytes *next;
	max_align_t bytes[];
};

void *ground_keep(struct ground *g, size_t size)
{
	struct kept_bytes *k = calloc(1, sizeof(*k) + size);

	if (!k) {
		fprintf(stderr, "labgen: out of memory\n");
		exit(1);
	}
	k->next = g->all;
	g->all = k;
	return k->bytes;
}

void ground_free(struct ground *g)
{
	while (g->all) {
		struct kept_bytes *next = g->all->next;

		free(g->all);
		g->all = next;
	}
}

double ground_between(struct rng *r, double from, double to)
{
	return from + (to - from) * rng_below(r, 1000001) / 1000000;
}

double ground_log_between(struct rng *r, double from, double to)
{
	return exp(ground_between(r, log(from), log(to)));
}

__u64 ground_arrival(struct lab *l, struct rng *r)
{
	__u64 span = l->end - l->start, first = span / 10 < HOUR ? span / 10 : HOUR;

	if (rng_chance(r, 0.2))
		first = span / 2;
	return l->start + (__u64)((double)first * ground_between(r, 0, 1));
}

static int is_prime(unsigned int n)
{
	for (unsigned int i = 2; i * i <= n; i++)
		if (n % i == 0)
			return 0;
	return n > 1;
}

static struct zone *zone_in(struct ground *g, struct rng *r, unsigned int at_least, const unsigned int *nets,
			    unsigned int n_nets)
{
	struct zone *z = ground_keep(g, sizeof(*z));

	for (z->n_addrs = at_least < 7 ? 7 : at_least; !is_prime(z->n_addrs);)
		z->n_addrs++;
	z->addrs = ground_keep(g, z->n_addrs * sizeof(*z->addrs));
	for (unsigned int i = 0; i < z->n_addrs; i++)
		z->addrs[i] = IP4(198, 19, nets[rng_below(r, n_nets)], 1 + rng_below(r, 254));
	return z;
}

struct zone *ground_zone(struct ground *g, struct rng *r, unsigned int at_least, unsigned int networks)
{
	unsigned int nets[NETWORKS];

	if (networks > NETWORKS)
		networks = NETWORKS;
	for (unsigned int i = 0; i < networks; i++)
		nets[i] = rng_below(r, NETWORKS);
	return zone_in(g, r, at_least, nets, networks);
}

struct zone *ground_zone_of(struct ground *g, struct rng *r, unsigned int at_least, unsigned int systems)
{
	unsigned int nets[2 * NETWORKS], n = 0;

	while (systems-- && n < NETWORKS)
		n += networks_beside(rng_below(r, NETWORKS), nets + n);
	return zone_in(g, r, at_least, nets, n);
}
