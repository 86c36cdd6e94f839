/* load.c: profiles out of a store, or of another sensor: new ones as they were, known ones joined. */
#include <errno.h>
#include <string.h>

#include "profile/join.h"
#include "profile/pack.h"

#define KEY_MOST 4096 /* PATH_MAX */

static bool is_key(struct key key)
{
	return key.len > 0 && key.len <= KEY_MOST;
}

static struct unpack reader(const void *bytes, size_t len)
{
	const uint8_t *at = len ? bytes : (const uint8_t *)"";

	return (struct unpack){ at, at + len, 0 };
}

/* The last message before the end may have gone over the limit of bytes; the first after it makes room. */
static int room(const struct profiles *p, enum node_kind kind)
{
	const struct table *t = &p->table[kind];
	size_t most = p->most_bytes + p->most_bytes / 8 + (16 << 10);

	return t->n < t->limit && (!p->most_bytes || p->bytes < most) ? 0 : -ENOSPC;
}

/* In its place in the order; it is in the store. */
static void came(struct profiles *p, struct node *n, uint64_t used)
{
	n->used = used;
	n->told = true;
	if (used > p->clock)
		p->clock = used;
}

static void joined(struct profiles *p, struct node *n, uint64_t used)
{
	if (used > n->used)
		n->used = used;
	if (used > p->clock)
		p->clock = used;
	changes_mark(p, n);
}

static void saw(struct profiles *p, uint64_t first_ns, uint64_t last_ns)
{
	if (last_ns > p->now_ns)
		p->now_ns = last_ns;
	if (first_ns && (!p->since_ns || first_ns < p->since_ns))
		p->since_ns = first_ns;
}

static int take_client(struct profiles *p, struct key key, struct client_profile *loaded, uint64_t used)
{
	struct client *c = table_find_client(p, key);
	size_t before;
	int err = 0;

	if (c) {
		before = client_heap(&c->profile);
		err = join_client(&c->profile, loaded);
		p->bytes += client_heap(&c->profile) - before;
		joined(p, &c->node, used);
		return err;
	}
	err = room(p, NODE_CLIENT);
	if (err)
		return err;
	c = table_insert_client(p, key);
	if (!c)
		return -ENOMEM;
	loaded->key = c->profile.key;
	loaded->kind = c->profile.kind;
	c->profile = *loaded;
	*loaded = (struct client_profile){ 0 };
	p->bytes += client_heap(&c->profile);
	came(p, &c->node, used);
	return 0;
}

int profiles_load_client(struct profiles *p, enum client_kind kind, const char *text, const void *bytes,
			 size_t len)
{
	struct key key = table_key(p, kind, text, strlen(text));
	struct unpack u = reader(bytes, len);
	struct client_profile c = { 0 };
	uint64_t used = 0, first, last;
	int err;

	if (!is_key(key) || (kind != CLIENT_PROGRAM && kind != CLIENT_ADDRESS))
		return -EINVAL;
	unpack_client(&u, &used, &c);
	first = c.first_ns;
	last = c.last_ns;
	p->loading = true;
	err = u.err ? u.err : take_client(p, key, &c, used);
	p->loading = false;
	client_heap_free(&c);
	if (!err)
		saw(p, first, last);
	return err;
}

static int take_domain(struct profiles *p, struct key key, struct domain_profile *loaded, uint64_t used)
{
	struct domain *d = table_find_domain(p, key);
	size_t before;
	int err;

	if (d) {
		before = domain_heap(&d->profile);
		err = join_domain(&d->profile, loaded);
		p->bytes += domain_heap(&d->profile) - before;
		joined(p, &d->node, used);
		return err;
	}
	err = room(p, NODE_DOMAIN);
	if (err)
		return err;
	d = table_insert_domain(p, key);
	if (!d)
		return -ENOMEM;
	loaded->key = d->profile.key;
	d->profile = *loaded;
	*loaded = (struct domain_profile){ 0 };
	p->bytes += domain_heap(&d->profile);
	came(p, &d->node, used);
	return 0;
}

int profiles_load_domain(struct profiles *p, const char *text, const void *bytes, size_t len)
{
	struct key key = table_key(p, 0, text, strlen(text));
	struct unpack u = reader(bytes, len);
	struct domain_profile d = { 0 };
	uint64_t used = 0, first, last;
	int err;

	if (!is_key(key))
		return -EINVAL;
	unpack_domain(&u, &used, &d);
	first = d.first_ns;
	last = d.last_ns;
	p->loading = true;
	err = u.err ? u.err : take_domain(p, key, &d, used);
	p->loading = false;
	domain_heap_free(&d);
	if (!err)
		saw(p, first, last);
	return err;
}

static int take_pair(struct profiles *p, struct client *c, struct domain *d, struct pair_profile *loaded,
		     uint64_t used)
{
	struct pair *pair = table_find_pair(p, c, d);
	size_t before;
	int err;

	if (pair) {
		before = pair_heap(&pair->profile);
		err = join_pair(&pair->profile, loaded);
		p->bytes += pair_heap(&pair->profile) - before;
		table_classify(p, &pair->node);
		joined(p, &pair->node, used);
		return err;
	}
	err = room(p, NODE_PAIR);
	if (err)
		return err;
	pair = table_insert_pair(p, c, d);
	if (!pair)
		return -ENOMEM;
	loaded->client = pair->profile.client;
	loaded->domain = pair->profile.domain;
	pair->profile = *loaded;
	*loaded = (struct pair_profile){ 0 };
	p->bytes += pair_heap(&pair->profile);
	table_classify(p, &pair->node);
	came(p, &pair->node, used);
	return 0;
}

int profiles_load_pair(struct profiles *p, enum client_kind kind, const char *client, const char *domain,
		       const void *bytes, size_t len)
{
	struct client *c = table_find_client(p, table_key(p, kind, client, strlen(client)));
	struct domain *d = table_find_domain(p, table_key(p, 0, domain, strlen(domain)));
	struct unpack u = reader(bytes, len);
	struct pair_profile pair = { 0 };
	uint64_t used = 0;
	int err;

	unpack_pair(&u, &used, &pair);
	if (!c || !d)
		unpack_fail(&u, -EINVAL);
	p->loading = true;
	err = u.err ? u.err : take_pair(p, c, d, &pair, used);
	p->loading = false;
	pair_heap_free(&pair);
	return err;
}

int profiles_load_totals(struct profiles *p, const void *bytes, size_t len)
{
	struct unpack u = reader(bytes, len);
	uint64_t clock = 0, now, since, counts[N_NODE_KINDS + 4];

	if (!unpack_head(&u, PACK_TOTALS))
		return u.err;
	clock = unpack_number(&u);
	now = unpack_number(&u);
	since = unpack_number(&u);
	for (unsigned int i = 0; i < N_NODE_KINDS + 4; i++) {
		counts[i] = unpack_number(&u);
		if (counts[i] > COUNT_MOST)
			unpack_fail(&u, -EINVAL);
	}
	if (u.at != u.end || clock > COUNT_MOST)
		unpack_fail(&u, -EINVAL);
	if (u.err)
		return u.err;
	if (clock > p->clock)
		p->clock = clock;
	saw(p, since, now);
	for (unsigned int i = 0; i < N_NODE_KINDS; i++)
		p->table[i].evicted += counts[i];
	p->flagged_kept += counts[N_NODE_KINDS];
	p->own_evicted += counts[N_NODE_KINDS + 1];
	p->backwards += counts[N_NODE_KINDS + 2];
	p->other_names += counts[N_NODE_KINDS + 3];
	return 0;
}

void profiles_loaded(struct profiles *p)
{
	table_sort(p);
}
