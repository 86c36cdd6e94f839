/* mixed.c: see mixed.h. */
#include "mixed.h"

#include <stdlib.h>

int mixed_make(struct mixed *m, struct lab *l)
{
	unsigned int more = (m->n_kinds ? m->n_bots * MOST_NAMES_EACH : 0) + (m->n_near ? NEAR_NAMES : 0);

	if (town_make(&m->town, &l->world, l->seed, m->n_hosts, m->n_bots, more, m->hard))
		return -1;
	m->pcs = calloc(m->n_hosts, sizeof(*m->pcs));
	l->kept = calloc(l->world.room, sizeof(*l->kept));
	if (!m->pcs || !l->kept) {
		fprintf(stderr, "labgen: out of memory\n");
		return -1;
	}
	m->beacons = beacons_make(l, m->n_kinds ? 0 : m->n_bots, m->n_hosts, &m->bots);
	return 0;
}

/* The hosts' numbers in any order. */
static unsigned int *shuffled(unsigned int n, struct rng *r)
{
	unsigned int *all = malloc(n * sizeof(*all));

	if (!all) {
		fprintf(stderr, "labgen: out of memory\n");
		exit(1);
	}
	for (unsigned int i = 0; i < n; i++) {
		unsigned int k = rng_below(r, i + 1);

		all[i] = i;
		if (k != i) {
			all[i] = all[k];
			all[k] = i;
		}
	}
	return all;
}

/* Each on a host of its own as long as there are any. */
static void infect(struct mixed *m, struct lab *l, const unsigned int *order)
{
	unsigned int others = m->n_bots;

	for (unsigned int i = 0; i < m->n_bots; i++) {
		struct infection one = { .g = &m->ground,
					 .pc = &m->pcs[order[i % m->n_hosts]],
					 .deed = m->kinds[i % m->n_kinds],
					 .name = &l->world.names[l->world.first[BEACON] + i],
					 .o = &m->bots,
					 .pcs = m->pcs,
					 .order = order,
					 .n_hosts = m->n_hosts,
					 .others = &others,
					 .rng = rng_start(l->seed, 5000000 + i) };

		kinds_start(&one);
	}
}

void mixed_populate(struct mixed *m, struct lab *l, struct acts *acts)
{
	struct rng r = rng_start(l->seed, ~3ULL);
	unsigned int *order = shuffled(m->n_hosts, &r);

	m->ground = (struct ground){ .acts = acts, .lab = l, .town = &m->town };
	for (unsigned int i = 0; i < m->n_hosts; i++) {
		pc_start(&m->pcs[i], l, i, IP4(198, 18, 1 + i / 250, 1 + i % 250));
		agents_start(acts, l, &m->pcs[i], &m->town);
		surf_start(acts, l, &m->pcs[i], &m->town);
	}
	for (unsigned int i = 0; i < m->town.n_products; i++) {
		unsigned int at = rng_below(&r, m->n_hosts);

		for (unsigned int k = 0; k < m->town.products[i].few && k < m->n_hosts; k++)
			agents_install(acts, l, &m->pcs[order[(at + k) % m->n_hosts]], &m->town.products[i]);
	}
	free(order);
	if (m->n_near)
		near_start(&m->ground, m->near, m->n_near, m->pcs, m->n_hosts);
	order = shuffled(m->n_hosts, &r);
	if (m->n_kinds)
		infect(m, l, order);
	for (unsigned int i = 0; i < m->n_bots && !m->n_kinds; i++)
		beacons_start(m->beacons, i, acts, l, &m->pcs[order[i % m->n_hosts]]);
	free(order);
}

void mixed_free(struct mixed *m)
{
	for (unsigned int i = 0; m->pcs && i < m->n_hosts; i++)
		table_free(&m->pcs[i].host.cached);
	free(m->pcs);
	free(m->beacons);
	ground_free(&m->ground);
	town_free(&m->town);
}
