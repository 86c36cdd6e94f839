/* queries.c: see queries.h. Buckets of a few entries; within one the oldest makes room. */
#include "observe/queries.h"

#include <stdlib.h>
#include <string.h>

#include "support/hash.h"

#define WAYS 4
#define TIMEOUT_NS 30000000000ULL /* resolvers give up well before */

/* What a look-up reads, in one cache line; the queries themselves stand elsewhere. */
struct bucket {
	uint64_t hash[WAYS]; /* of the key; 0: free */
	uint64_t time_ns[WAYS];
} __attribute__((aligned(64)));

struct queries {
	size_t buckets;
	uint64_t seed;
	uint64_t evicted;
	struct bucket *bucket;
	struct query *query; /* WAYS for each bucket */
};

struct queries *queries_new(size_t capacity)
{
	size_t buckets = 1;
	struct queries *q;

	while (buckets * WAYS < capacity)
		buckets *= 2;
	q = calloc(1, sizeof(*q));
	if (!q)
		return NULL;
	q->buckets = buckets;
	q->seed = hash_seed();
	q->bucket = aligned_alloc(64, buckets * sizeof(*q->bucket));
	q->query = calloc(buckets * WAYS, sizeof(*q->query));
	if (!q->bucket || !q->query) {
		queries_free(q);
		return NULL;
	}
	memset(q->bucket, 0, buckets * sizeof(*q->bucket));
	return q;
}

void queries_free(struct queries *q)
{
	if (!q)
		return;
	free(q->bucket);
	free(q->query);
	free(q);
}

uint64_t queries_evicted(const struct queries *q)
{
	return q->evicted;
}

static uint64_t key_hash(const struct queries *q, const struct observation *o)
{
	struct {
		uint8_t client[16], server[16];
		uint16_t client_port, server_port, id, type;
	} key;

	memcpy(key.client, o->source.ip, 16);
	memcpy(key.server, o->destination.ip, 16);
	key.client_port = o->source.port;
	key.server_port = o->destination.port;
	key.id = o->dns.id;
	key.type = o->dns.type;
	return hash_bytes(o->dns.question.at, o->dns.question.len, hash_bytes(&key, sizeof(key), q->seed)) | 1;
}

static bool is_live(const struct bucket *b, int way, uint64_t now)
{
	return b->hash[way] && b->time_ns[way] + TIMEOUT_NS >= now && b->time_ns[way] <= now + TIMEOUT_NS;
}

static size_t bucket_of(const struct queries *q, uint64_t hash)
{
	return (hash >> 1) & (q->buckets - 1);
}

/* A way that is free or out of date, else the oldest. */
static int victim(const struct bucket *b, uint64_t now)
{
	int way = 0;

	for (int i = 0; i < WAYS; i++) {
		if (!is_live(b, i, now))
			return i;
		if (b->time_ns[i] < b->time_ns[way])
			way = i;
	}
	return way;
}

void queries_add(struct queries *q, const struct observation *o, const struct owner_key *owner)
{
	uint64_t hash = key_hash(q, o);
	size_t at = bucket_of(q, hash);
	struct bucket *b = &q->bucket[at];
	struct query *e;
	int way;

	for (way = 0; way < WAYS; way++)
		if (b->hash[way] == hash && is_live(b, way, o->time_ns))
			break;
	if (way < WAYS && !q->query[at * WAYS + way].answered) {
		if (owner->quality)
			q->query[at * WAYS + way].owner = *owner;
		return;
	}
	if (way == WAYS) {
		way = victim(b, o->time_ns);
		if (is_live(b, way, o->time_ns))
			q->evicted++;
	}
	b->hash[way] = hash;
	b->time_ns[way] = o->time_ns;
	e = &q->query[at * WAYS + way];
	e->answered = false;
	e->time_ns = o->time_ns;
	e->owner = *owner;
	e->client = o->source;
	e->bytes = o->source_bytes;
	e->ifindex = o->ifindex;
	memcpy(e->mac, o->mac, 6);
	e->forwarded = o->forwarded;
	e->direction = o->direction;
}

const struct query *queries_find(struct queries *q, const struct observation *o)
{
	uint64_t hash = key_hash(q, o);
	size_t at = bucket_of(q, hash);
	const struct bucket *b = &q->bucket[at];

	for (int i = 0; i < WAYS; i++)
		if (b->hash[i] == hash && is_live(b, i, o->time_ns) && b->time_ns[i] <= o->time_ns) {
			q->query[at * WAYS + i].answered = true;
			return &q->query[at * WAYS + i];
		}
	return NULL;
}
