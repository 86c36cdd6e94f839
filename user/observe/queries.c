/* queries.c: see queries.h. Buckets of a few entries; within one the oldest makes room. */
#include "observe/queries.h"

#include <stdlib.h>
#include <string.h>

#include "support/hash.h"

#define WAYS 4
#define TIMEOUT_NS 30000000000ULL /* resolvers give up well before */

struct queries {
	size_t buckets;
	uint64_t seed;
	uint64_t evicted;
	struct query entry[];
};

struct queries *queries_new(size_t capacity)
{
	size_t buckets = 1;
	struct queries *q;

	while (buckets * WAYS < capacity)
		buckets *= 2;
	q = calloc(1, sizeof(*q) + buckets * WAYS * sizeof(q->entry[0]));
	if (!q)
		return NULL;
	q->buckets = buckets;
	q->seed = hash_seed();
	return q;
}

void queries_free(struct queries *q)
{
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

static bool is_live(const struct query *e, uint64_t now)
{
	return e->hash && e->time_ns + TIMEOUT_NS >= now && e->time_ns <= now + TIMEOUT_NS;
}

static struct query *bucket(const struct queries *q, uint64_t hash)
{
	return (struct query *)&q->entry[(hash >> 1) % q->buckets * WAYS];
}

void queries_add(struct queries *q, const struct observation *o, const struct owner_key *owner)
{
	uint64_t hash = key_hash(q, o);
	struct query *b = bucket(q, hash), *e = b;

	for (int i = 0; i < WAYS; i++) {
		if (b[i].hash == hash && is_live(&b[i], o->time_ns)) {
			if (owner->quality)
				b[i].owner = *owner;
			return;
		}
		if (!is_live(&b[i], o->time_ns))
			e = &b[i];
		else if (is_live(e, o->time_ns) && b[i].time_ns < e->time_ns)
			e = &b[i];
	}
	if (is_live(e, o->time_ns))
		q->evicted++;
	e->hash = hash;
	e->time_ns = o->time_ns;
	e->owner = *owner;
	e->client = o->source;
	e->bytes = o->source_bytes;
	e->ifindex = o->ifindex;
	memcpy(e->mac, o->mac, 6);
	e->forwarded = o->forwarded;
	e->direction = o->direction;
}

const struct query *queries_find(const struct queries *q, const struct observation *o)
{
	uint64_t hash = key_hash(q, o);
	const struct query *b = bucket(q, hash);

	for (int i = 0; i < WAYS; i++)
		if (b[i].hash == hash && is_live(&b[i], o->time_ns) && b[i].time_ns <= o->time_ns)
			return &b[i];
	return NULL;
}
