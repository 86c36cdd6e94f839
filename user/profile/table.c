/* table.c: see table.h: finding, adding, the order of last use. */
#include "profile/table.h"

#include <stdlib.h>
#include <string.h>

#include "support/hash.h"

struct key table_key(const struct profiles *p, enum client_kind kind, const char *at, size_t len)
{
	return (struct key){ at, len, kind, hash_bytes(at, len, p->seed + kind) };
}

static uint64_t pair_hash(uint64_t client, uint64_t domain)
{
	return (client ^ (domain << 31 | domain >> 33)) * 0x9e3779b97f4a7c15ULL;
}

static struct node **bucket_of(const struct table *t, uint64_t hash)
{
	return &t->bucket[(hash ^ hash >> 32) & (t->n_buckets - 1)];
}

/* The lines that a node lies in. */
static void fetch_node(const struct node *n)
{
	if (!n)
		return;
	for (size_t at = 0; at < 512; at += 64)
		__builtin_prefetch((const char *)n + at);
}

void table_fetch(const struct profiles *p, uint64_t client, uint64_t domain)
{
	__builtin_prefetch(bucket_of(&p->table[NODE_CLIENT], client));
	__builtin_prefetch(bucket_of(&p->table[NODE_DOMAIN], domain));
	__builtin_prefetch(bucket_of(&p->table[NODE_PAIR], pair_hash(client, domain)));
}

void table_fetch_nodes(const struct profiles *p, uint64_t client, uint64_t domain)
{
	fetch_node(*bucket_of(&p->table[NODE_CLIENT], client));
	fetch_node(*bucket_of(&p->table[NODE_DOMAIN], domain));
	fetch_node(*bucket_of(&p->table[NODE_PAIR], pair_hash(client, domain)));
}

void table_fetch_oldest(const struct profiles *p)
{
	for (unsigned int kind = 0; kind < N_NODE_KINDS; kind++) {
		const struct table *t = &p->table[kind];
		const struct node *n = t->order[CLASS_USED].oldest;

		if (!n)
			continue;
		__builtin_prefetch(bucket_of(t, n->hash)); /* n was fetched when it was the next */
		fetch_node(n->newer);
	}
}

struct client *table_find_client(const struct profiles *p, struct key key)
{
	for (struct node *n = *bucket_of(&p->table[NODE_CLIENT], key.hash); n; n = n->next) {
		struct client *c = container_of(n, struct client, node);

		if (n->hash == key.hash && c->profile.kind == key.kind && c->key_len == key.len &&
		    !memcmp(c->key, key.at, key.len))
			return c;
	}
	return NULL;
}

struct domain *table_find_domain(const struct profiles *p, struct key key)
{
	for (struct node *n = *bucket_of(&p->table[NODE_DOMAIN], key.hash); n; n = n->next) {
		struct domain *d = container_of(n, struct domain, node);

		if (n->hash == key.hash && d->key_len == key.len && !memcmp(d->key, key.at, key.len))
			return d;
	}
	return NULL;
}

struct pair *table_find_pair(const struct profiles *p, const struct client *c, const struct domain *d)
{
	uint64_t hash = pair_hash(c->node.hash, d->node.hash);

	for (struct node *n = *bucket_of(&p->table[NODE_PAIR], hash); n; n = n->next) {
		struct pair *pair = container_of(n, struct pair, node);

		if (pair->profile.client == &c->profile && pair->profile.domain == &d->profile)
			return pair;
	}
	return NULL;
}

static void order_remove(struct order *o, struct node *n)
{
	*(n->newer ? &n->newer->older : &o->newest) = n->older;
	*(n->older ? &n->older->newer : &o->oldest) = n->newer;
	o->n--;
}

static void order_append(struct order *o, struct node *n)
{
	n->newer = NULL;
	n->older = o->newest;
	*(o->newest ? &o->newest->newer : &o->oldest) = n;
	o->newest = n;
	o->n++;
}

static void client_remove(struct client *c, struct pair *pair)
{
	*(pair->newer ? &pair->newer->older : &c->newest) = pair->older;
	*(pair->older ? &pair->older->newer : &c->oldest) = pair->newer;
}

static void client_append(struct client *c, struct pair *pair)
{
	pair->newer = NULL;
	pair->older = c->newest;
	*(c->newest ? &c->newest->newer : &c->oldest) = pair;
	c->newest = pair;
}

static void move(struct profiles *p, struct node *n, uint8_t class)
{
	struct table *t = &p->table[n->kind];
	struct order *from = &t->order[n->class];

	if (n->class == class && from->newest == n)
		return;
	order_remove(from, n);
	n->class = class;
	order_append(&t->order[class], n);
}

void table_use(struct profiles *p, struct node *n)
{
	if (p->loading)
		return;
	n->used = ++p->clock;
	move(p, n, n->class);
	if (n->kind == NODE_PAIR) {
		struct pair *pair = container_of(n, struct pair, node);
		struct client *c = client_of(pair->profile.client);

		if (c->newest != pair) {
			client_remove(c, pair);
			client_append(c, pair);
		}
	}
	changes_mark(p, n);
}

static enum node_class class_of(const struct node *n)
{
	const struct client *c;
	const struct domain *d;

	switch (n->kind) {
	case NODE_CLIENT:
		c = container_of(n, struct client, node);
		return !c->n_pairs ? CLASS_IDLE : c->profile.flagged ? CLASS_FLAGGED : CLASS_USED;
	case NODE_DOMAIN:
		d = container_of(n, struct domain, node);
		return !d->n_pairs ? CLASS_IDLE : d->n_flagged ? CLASS_FLAGGED : CLASS_USED;
	default:
		return judged_flagged(container_of(n, struct pair, node)->profile.state.judgement) ? CLASS_FLAGGED
												   : CLASS_USED;
	}
}

/* Another class is another order: it goes to the end of it, as what was used just now. */
static void classify(struct profiles *p, struct node *n)
{
	enum node_class class = class_of(n);

	if (class == n->class)
		return;
	move(p, n, class);
	table_use(p, n);
}

static void count_flagged(struct pair *pair, int by)
{
	client_of(pair->profile.client)->profile.flagged += by;
	domain_of(pair->profile.domain)->n_flagged += by;
}

void table_classify(struct profiles *p, struct node *n)
{
	if (n->kind == NODE_PAIR && class_of(n) != n->class) {
		struct pair *pair = container_of(n, struct pair, node);

		count_flagged(pair, class_of(n) == CLASS_FLAGGED ? 1 : -1);
		classify(p, &client_of(pair->profile.client)->node);
		classify(p, &domain_of(pair->profile.domain)->node);
	}
	classify(p, n);
}

static size_t key_heap(size_t len, size_t room)
{
	return len < room ? 0 : heap_bytes(len + 1);
}

static size_t node_bytes(const struct node *n)
{
	const struct client *c = container_of(n, struct client, node);
	const struct domain *d = container_of(n, struct domain, node);
	const struct pair *pair = container_of(n, struct pair, node);

	switch (n->kind) {
	case NODE_CLIENT:
		return sizeof(*c) + key_heap(c->key_len, CLIENT_ROOM) + client_heap(&c->profile);
	case NODE_DOMAIN:
		return sizeof(*d) + key_heap(d->key_len, DOMAIN_ROOM) + domain_heap(&d->profile);
	default:
		return sizeof(*pair) + pair_heap(&pair->profile);
	}
}

static void insert(struct profiles *p, struct node *n, enum node_kind kind, enum node_class class, uint64_t hash)
{
	struct table *t = &p->table[kind];
	struct node **bucket = bucket_of(t, hash);

	n->kind = kind;
	n->class = class;
	n->hash = hash;
	n->next = *bucket;
	*bucket = n;
	t->n++;
	order_append(&t->order[class], n);
	p->bytes += node_bytes(n);
}

/* NULL: out of memory. */
static char *copy_key(struct key key, char *room, size_t size)
{
	char *to = key.len < size ? room : malloc(key.len + 1);

	if (!to)
		return NULL;
	memcpy(to, key.at, key.len);
	to[key.len] = '\0';
	return to;
}

struct client *table_insert_client(struct profiles *p, struct key key)
{
	struct client *c = pool_get(&p->table[NODE_CLIENT].pool);

	if (!c)
		return NULL;
	c->key = copy_key(key, c->room, sizeof(c->room));
	if (!c->key) {
		pool_put(&p->table[NODE_CLIENT].pool, c);
		return NULL;
	}
	c->key_len = key.len;
	c->id = hash_bytes(key.at, key.len, DISTINCT_SEED + key.kind);
	c->profile.key = c->key;
	c->profile.kind = key.kind;
	insert(p, &c->node, NODE_CLIENT, CLASS_IDLE, key.hash);
	return c;
}

struct domain *table_insert_domain(struct profiles *p, struct key key)
{
	struct domain *d = pool_get(&p->table[NODE_DOMAIN].pool);

	if (!d)
		return NULL;
	d->key = copy_key(key, d->room, sizeof(d->room));
	if (!d->key) {
		pool_put(&p->table[NODE_DOMAIN].pool, d);
		return NULL;
	}
	d->key_len = key.len;
	d->id = distinct_hash(key.at, key.len);
	d->profile.key = d->key;
	insert(p, &d->node, NODE_DOMAIN, CLASS_IDLE, key.hash);
	return d;
}

struct pair *table_insert_pair(struct profiles *p, struct client *c, struct domain *d)
{
	struct pair *pair = pool_get(&p->table[NODE_PAIR].pool);

	if (!pair)
		return NULL;
	pair->profile.client = &c->profile;
	pair->profile.domain = &d->profile;
	client_append(c, pair);
	c->n_pairs++;
	pair->next = d->pairs;
	if (d->pairs)
		d->pairs->before = pair;
	d->pairs = pair;
	d->n_pairs++;
	insert(p, &pair->node, NODE_PAIR, CLASS_USED, pair_hash(c->node.hash, d->node.hash));
	classify(p, &c->node);
	classify(p, &d->node);
	return pair;
}

static void detach_pair(struct profiles *p, struct pair *pair)
{
	struct client *c = client_of(pair->profile.client);
	struct domain *d = domain_of(pair->profile.domain);

	client_remove(c, pair);
	c->n_pairs--;
	*(pair->before ? &pair->before->next : &d->pairs) = pair->next;
	if (pair->next)
		pair->next->before = pair->before;
	d->n_pairs--;
	if (pair->node.class == CLASS_FLAGGED)
		count_flagged(pair, -1);
	classify(p, &c->node);
	classify(p, &d->node);
}

/* What a node holds beside itself; of one that is freed already, nothing. */
static void free_heap(void *node)
{
	struct node *n = node;

	if (n->kind == NODE_PAIR) {
		pair_heap_free(&container_of(n, struct pair, node)->profile);
	} else if (n->kind == NODE_DOMAIN) {
		struct domain *d = container_of(n, struct domain, node);

		domain_heap_free(&d->profile);
		if (d->key != d->room)
			free(d->key);
		d->key = NULL;
	} else {
		struct client *c = container_of(n, struct client, node);

		client_heap_free(&c->profile);
		if (c->key != c->room)
			free(c->key);
		c->key = NULL;
	}
}

/* Without its pairs, which are gone. */
void table_remove(struct profiles *p, struct node *n)
{
	struct table *t = &p->table[n->kind];
	struct node **link = bucket_of(t, n->hash);

	changes_gone(p, n);
	if (p->last_client && n == &p->last_client->node)
		p->last_client = NULL;
	if (p->last_domain && n == &p->last_domain->node)
		p->last_domain = NULL;
	p->bytes -= node_bytes(n);
	while (*link != n)
		link = &(*link)->next;
	*link = n->next;
	order_remove(&t->order[n->class], n);
	t->n--;
	if (n->kind == NODE_PAIR)
		detach_pair(p, container_of(n, struct pair, node));
	free_heap(n);
	pool_put(&t->pool, n);
}

void table_drop(struct table *t)
{
	pool_each(&t->pool, free_heap);
	pool_free(&t->pool);
	free(t->bucket);
}

/* What is sorted. */
struct slot {
	struct node *node;
};

static int by_use(const void *a, const void *b)
{
	const struct node *x = ((const struct slot *)a)->node, *y = ((const struct slot *)b)->node;

	return (x->used > y->used) - (x->used < y->used);
}

/* Profiles of two sensors may have the same time of use: then their keys decide. */
static int by_use_and_key(const void *a, const void *b)
{
	const struct node *x = ((const struct slot *)a)->node, *y = ((const struct slot *)b)->node;
	int by = by_use(a, b);

	if (by)
		return by;
	if (x->kind == NODE_CLIENT) {
		const struct client *c = container_of(x, struct client, node),
				    *e = container_of(y, struct client, node);

		return c->profile.kind != e->profile.kind ? (int)c->profile.kind - (int)e->profile.kind
							  : strcmp(c->key, e->key);
	}
	if (x->kind == NODE_DOMAIN)
		return strcmp(container_of(x, struct domain, node)->key,
			      container_of(y, struct domain, node)->key);
	const struct pair_profile *s = &container_of(x, struct pair, node)->profile,
				  *t = &container_of(y, struct pair, node)->profile;

	by = strcmp(s->domain->key, t->domain->key);
	if (!by)
		by = strcmp(s->client->key, t->client->key);
	return by ? by : (int)s->client->kind - (int)t->client->kind;
}

static int sort_table(struct table *t)
{
	struct slot *all = malloc((t->n + 1) * sizeof(*all));
	size_t n = 0;

	if (!all)
		return -1;
	for (unsigned int i = 0; i < N_CLASSES; i++) {
		for (struct node *at = t->order[i].oldest; at; at = at->newer)
			all[n++].node = at;
		t->order[i] = (struct order){ 0 };
	}
	qsort(all, n, sizeof(*all), by_use_and_key);
	for (size_t i = 0; i < n; i++) {
		struct node *at = all[i].node;

		order_append(&t->order[at->class], at);
		if (at->kind == NODE_PAIR) {
			struct pair *pair = container_of(at, struct pair, node);
			struct client *c = client_of(pair->profile.client);

			client_remove(c, pair);
			client_append(c, pair);
		}
	}
	free(all);
	return 0;
}

void table_sort(struct profiles *p)
{
	for (unsigned int i = 0; i < N_NODE_KINDS; i++)
		if (sort_table(&p->table[i]))
			p->refused++; /* the order stays that of loading */
}

/* The order in which a domain lists its pairs is no order of use, and theirs decides what happens after. */
void table_evict_pairs_of_domain(struct profiles *p, struct domain *d)
{
	struct slot *all = malloc((d->n_pairs + 1) * sizeof(*all));
	size_t n = 0;

	if (all) {
		for (struct pair *pair = d->pairs; pair; pair = pair->next)
			all[n++].node = &pair->node;
		qsort(all, n, sizeof(*all), by_use);
		for (size_t i = 0; i < n; i++)
			table_evict(p, all[i].node);
		free(all);
	}
	while (d->pairs)
		table_evict(p, &d->pairs->node);
}

bool table_distinct_add(struct profiles *p, struct distinct *d, uint64_t hash)
{
	uint32_t room = d->room;
	size_t before = distinct_bytes(d);
	bool new = distinct_add(d, hash);

	if (d->room != room)
		p->bytes += distinct_bytes(d) - before;
	return new;
}
