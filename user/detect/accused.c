/* accused.c: see accused.h. One pool of grounds with two chained hash tables over it, by whom they are about and by
 * what they are; the order of renewal, which is that of expiry, is a list through them. */
#include "detect/accused.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "support/hash.h"

#define BUCKETS FLAGGED_MAX
#define NONE UINT32_MAX

enum { BY_KEY, BY_GROUND, N_TABLES };

struct ground {
	struct flagged_key key;
	uint64_t id;
	struct flagged f;
	uint32_t next[N_TABLES];
	uint32_t newer, older; /* by renewal; newer: of a free one the next free one */
};

struct accused {
	accused_told *tell;
	void *ctx;
	uint64_t seed;
	uint32_t n_used; /* of the pool; what was given back is in free */
	uint32_t free, newest, oldest;
	uint32_t bucket[N_TABLES][BUCKETS];
	struct ground ground[FLAGGED_MAX];
};

struct accused *accused_new(accused_told *tell, void *ctx)
{
	struct accused *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->tell = tell;
	a->ctx = ctx;
	a->seed = hash_seed();
	a->free = a->newest = a->oldest = NONE;
	memset(a->bucket, 0xff, sizeof(a->bucket));
	return a;
}

void accused_free(struct accused *a)
{
	free(a);
}

uint64_t accused_ground(unsigned int kind, const char *who, size_t who_len, const char *what, size_t what_len)
{
	return hash_bytes(what, what_len, hash_bytes(who, who_len, hash_seed() + kind));
}

static uint32_t *bucket_of(const struct accused *a, int table, const struct flagged_key *key, uint64_t id)
{
	uint64_t hash = table == BY_KEY ? hash_bytes(key, sizeof(*key), a->seed) : id;

	return (uint32_t *)&a->bucket[table][hash % BUCKETS];
}

static bool same_key(const struct flagged_key *a, const struct flagged_key *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static bool stronger(const struct flagged *a, const struct flagged *b)
{
	if (a->verdict != b->verdict)
		return a->verdict == VERDICT_LISTED;
	return a->score != b->score ? a->score > b->score : a->until_ns > b->until_ns;
}

/* What is to be told of the key. False: nothing. */
static bool strongest(const struct accused *a, const struct flagged_key *key, struct flagged *ret)
{
	const struct ground *best = NULL;
	enum flagged_effect effect = EFFECT_TOLD;
	uint64_t since_ns = UINT64_MAX;

	for (uint32_t i = *bucket_of(a, BY_KEY, key, 0); i != NONE; i = a->ground[i].next[BY_KEY]) {
		const struct ground *g = &a->ground[i];

		if (!same_key(&g->key, key))
			continue;
		if (g->f.since_ns < since_ns)
			since_ns = g->f.since_ns;
		if (g->f.effect > effect)
			effect = g->f.effect;
		if (!best || stronger(&g->f, &best->f))
			best = g;
	}
	if (!best)
		return false;
	*ret = best->f;
	ret->since_ns = since_ns;
	ret->effect = effect;
	return true;
}

static void tell_change(struct accused *a, const struct flagged_key *key, const struct flagged *before)
{
	struct flagged now;

	if (!strongest(a, key, &now))
		a->tell(a->ctx, key, NULL);
	else if (!before || memcmp(before, &now, sizeof(now)))
		a->tell(a->ctx, key, &now);
}

static void leave_order(struct accused *a, const struct ground *g)
{
	*(g->newer == NONE ? &a->newest : &a->ground[g->newer].older) = g->older;
	*(g->older == NONE ? &a->oldest : &a->ground[g->older].newer) = g->newer;
}

static void enter_order(struct accused *a, uint32_t i)
{
	struct ground *g = &a->ground[i];

	g->newer = NONE;
	g->older = a->newest;
	*(a->newest == NONE ? &a->oldest : &a->ground[a->newest].newer) = i;
	a->newest = i;
}

static void drop(struct accused *a, uint32_t i)
{
	struct ground *g = &a->ground[i];
	const struct flagged_key key = g->key;
	struct flagged before;
	bool told = strongest(a, &key, &before);

	for (int table = 0; table < N_TABLES; table++) {
		uint32_t *at = bucket_of(a, table, &g->key, g->id);

		while (*at != i)
			at = &a->ground[*at].next[table];
		*at = g->next[table];
	}
	leave_order(a, g);
	g->newer = a->free;
	a->free = i;
	tell_change(a, &key, told ? &before : NULL);
}

static uint32_t find(struct accused *a, const struct flagged_key *key, uint64_t id)
{
	uint32_t i = *bucket_of(a, BY_GROUND, key, id);

	while (i != NONE && (a->ground[i].id != id || !same_key(&a->ground[i].key, key)))
		i = a->ground[i].next[BY_GROUND];
	return i;
}

static uint32_t take_free(struct accused *a)
{
	uint32_t i;

	if (a->free == NONE && a->n_used < FLAGGED_MAX)
		return a->n_used++;
	if (a->free == NONE)
		drop(a, a->oldest);
	i = a->free;
	a->free = a->ground[i].newer;
	return i;
}

void accused_add(struct accused *a, const struct flagged_key *key, uint64_t ground, const struct flagged *f)
{
	struct flagged before;
	bool told;
	uint32_t i = find(a, key, ground);
	struct ground *g;

	if (i == NONE) {
		i = take_free(a);
		told = strongest(a, key, &before);
		g = &a->ground[i];
		*g = (struct ground){ .key = *key, .id = ground, .f = *f };
		for (int table = 0; table < N_TABLES; table++) {
			uint32_t *first = bucket_of(a, table, key, ground);

			g->next[table] = *first;
			*first = i;
		}
	} else {
		uint64_t since_ns = a->ground[i].f.since_ns;

		told = strongest(a, key, &before);
		g = &a->ground[i];
		g->f = *f;
		g->f.since_ns = since_ns;
		leave_order(a, g);
	}
	enter_order(a, i);
	tell_change(a, key, told ? &before : NULL);
}

void accused_withdraw(struct accused *a, uint64_t ground)
{
	uint32_t i = a->bucket[BY_GROUND][ground % BUCKETS];

	while (i != NONE) {
		uint32_t next = a->ground[i].next[BY_GROUND];

		if (a->ground[i].id == ground)
			drop(a, i);
		i = next;
	}
}

void accused_withdraw_from(struct accused *a, const struct flagged_key *key, uint64_t ground)
{
	uint32_t i = find(a, key, ground);

	if (i != NONE)
		drop(a, i);
}

void accused_expire(struct accused *a, uint64_t now_ns)
{
	while (a->oldest != NONE && a->ground[a->oldest].f.until_ns < now_ns)
		drop(a, a->oldest);
}

void accused_tell_again(const struct accused *a, accused_told *tell, void *ctx)
{
	struct flagged f;

	for (uint32_t i = a->newest; i != NONE; i = a->ground[i].older)
		if (strongest(a, &a->ground[i].key, &f))
			tell(ctx, &a->ground[i].key, &f);
}
