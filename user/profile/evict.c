/* evict.c: who makes room when a table is full. Everything here decides by the order of last use alone, in a
 * bounded number of looks. */
#include "profile/table.h"

#include <stdlib.h>

#define ACTIVE_NS 86400000000000ULL /* a pair that was in use within a day is worth more than one of a flood */
#define LOOKS 16		    /* at a client's own pairs, past those that are flagged */
#define OWN_PAIRS 8		    /* that a client loses at most for one new domain */

void table_evict(struct profiles *p, struct node *n)
{
	p->table[n->kind].evicted++;
	if (n->kind == NODE_CLIENT) {
		struct client *c = container_of(n, struct client, node);

		while (c->oldest)
			table_evict(p, &c->oldest->node);
	} else if (n->kind == NODE_DOMAIN) {
		table_evict_pairs_of_domain(p, container_of(n, struct domain, node));
	}
	table_remove(p, n);
}

/* Flagged ones stay while they are at most half of what there is room for. */
static struct node *pick(struct profiles *p, enum node_kind kind)
{
	struct order *order = p->table[kind].order;
	struct node *used = order[CLASS_USED].oldest, *flagged = order[CLASS_FLAGGED].oldest;

	if (order[CLASS_IDLE].oldest)
		return order[CLASS_IDLE].oldest;
	if (!used || order[CLASS_FLAGGED].n > p->table[kind].limit / 2)
		return flagged;
	if (flagged && flagged->used < used->used)
		p->flagged_kept++;
	return used;
}

/* When something happened last. */
static uint64_t last_ns(const struct node *n)
{
	const struct pair_profile *pair;

	if (n->kind == NODE_CLIENT)
		return container_of(n, struct client, node)->profile.last_ns;
	if (n->kind == NODE_DOMAIN)
		return container_of(n, struct domain, node)->profile.last_ns;
	pair = &container_of(n, struct pair, node)->profile;
	return pair->http.last_ns > pair->dns.last_ns ? pair->http.last_ns : pair->dns.last_ns;
}

/* Where a client holds more than an equal share of the room, and who would have to make room is active: the
 * client's own oldest pair. A flagged one of another only goes for one that is flagged as well: who looks up a whole list
 * of known names does not push out what others were found with. NULL: it may take another's. */
static struct node *own_instead(const struct profiles *p, const struct client *c, const struct node *victim,
				uint64_t ns)
{
	const struct table *clients = &p->table[NODE_CLIENT];
	size_t n_clients = clients->n - clients->order[CLASS_IDLE].n;
	struct pair *pair = c->oldest;

	if (n_clients < 2 || c->n_pairs <= p->table[victim->kind].limit / n_clients)
		return NULL;
	if (ns > last_ns(victim) && ns - last_ns(victim) > ACTIVE_NS)
		return NULL;
	for (unsigned int i = 0; pair && i < LOOKS; i++, pair = pair->newer)
		if (pair->node.class != CLASS_FLAGGED || victim->class == CLASS_FLAGGED)
			return &pair->node;
	return NULL;
}

static void evict_own(struct profiles *p, struct node *own, const struct node *instead)
{
	if (own != instead)
		p->own_evicted++;
	table_evict(p, own);
}

struct client *table_add_client(struct profiles *p, struct key key)
{
	struct table *t = &p->table[NODE_CLIENT];
	struct client *c;

	if (t->n >= t->limit)
		table_evict(p, pick(p, NODE_CLIENT));
	c = table_insert_client(p, key);
	if (c)
		table_use(p, &c->node);
	return c;
}

struct domain *table_add_domain(struct profiles *p, struct key key, struct client *asking, uint64_t ns)
{
	struct table *t = &p->table[NODE_DOMAIN];
	struct domain *d;

	if (t->n >= t->limit) {
		struct node *victim = pick(p, NODE_DOMAIN), *own;

		for (unsigned int i = 0; i < OWN_PAIRS && !t->order[CLASS_IDLE].n; i++) {
			own = own_instead(p, asking, victim, ns);
			if (!own)
				break;
			evict_own(p, own, victim);
		}
		table_evict(p, t->order[CLASS_IDLE].n ? t->order[CLASS_IDLE].oldest : victim);
	}
	d = table_insert_domain(p, key);
	if (d)
		table_use(p, &d->node);
	return d;
}

struct pair *table_add_pair(struct profiles *p, struct client *c, struct domain *d, uint64_t ns)
{
	struct table *t = &p->table[NODE_PAIR];
	struct pair *pair;

	if (t->n >= t->limit) {
		struct node *victim = pick(p, NODE_PAIR), *own = own_instead(p, c, victim, ns);

		if (own)
			evict_own(p, own, victim);
		else
			table_evict(p, victim);
	}
	pair = table_insert_pair(p, c, d);
	if (pair)
		table_use(p, &pair->node);
	return pair;
}

void table_shrink(struct profiles *p)
{
	while (p->most_bytes && p->bytes > p->most_bytes) {
		if (p->table[NODE_DOMAIN].order[CLASS_IDLE].n)
			table_evict(p, p->table[NODE_DOMAIN].order[CLASS_IDLE].oldest);
		else if (p->table[NODE_PAIR].n)
			table_evict(p, pick(p, NODE_PAIR));
		else if (p->table[NODE_CLIENT].n)
			table_evict(p, pick(p, NODE_CLIENT));
		else
			return;
	}
}
