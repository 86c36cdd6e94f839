/* hosts.c: see hosts.h. A chained hash table; the order of last use is a list through the entries. */
#include "profile/hosts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "support/hash.h"

#define BUCKETS HOSTS_MAX
#define NONE UINT32_MAX
#define MAX_DROPPED HOSTS_MAX /* no more were told */

struct host {
	struct host_key key;
	struct host_counts counts;
	uint32_t next;		/* in its bucket */
	uint32_t newer, older;	/* by last use */
	bool changed;
	bool told; /* by hosts_sync() */
};

struct hosts {
	uint64_t seed;
	uint64_t evicted;
	uint32_t n;
	uint32_t newest, oldest;
	uint32_t n_dropped;
	struct host_key dropped[MAX_DROPPED];
	uint32_t bucket[BUCKETS];
	struct host host[HOSTS_MAX];
};

struct hosts *hosts_new(void)
{
	struct hosts *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->seed = hash_seed();
	h->newest = h->oldest = NONE;
	memset(h->bucket, 0xff, sizeof(h->bucket));
	return h;
}

void hosts_free(struct hosts *h)
{
	free(h);
}

size_t hosts_count(const struct hosts *h)
{
	return h->n;
}

uint64_t hosts_evicted(const struct hosts *h)
{
	return h->evicted;
}

static uint32_t *bucket_of(struct hosts *h, const uint8_t ip[16])
{
	return &h->bucket[hash_bytes(ip, 16, h->seed) % BUCKETS];
}

static void unlink_use(struct hosts *h, uint32_t at)
{
	struct host *e = &h->host[at];

	if (e->newer == NONE)
		h->newest = e->older;
	else
		h->host[e->newer].older = e->older;
	if (e->older == NONE)
		h->oldest = e->newer;
	else
		h->host[e->older].newer = e->newer;
}

static void link_newest(struct hosts *h, uint32_t at)
{
	struct host *e = &h->host[at];

	e->newer = NONE;
	e->older = h->newest;
	if (h->newest == NONE)
		h->oldest = at;
	else
		h->host[h->newest].newer = at;
	h->newest = at;
}

/* Takes the entry that was not used for longest out of its bucket. */
static uint32_t evict(struct hosts *h)
{
	uint32_t at = h->oldest, *link = bucket_of(h, h->host[at].key.ip);

	while (*link != at)
		link = &h->host[*link].next;
	*link = h->host[at].next;
	unlink_use(h, at);
	h->evicted++;
	if (h->host[at].told && h->n_dropped < MAX_DROPPED)
		h->dropped[h->n_dropped++] = h->host[at].key;
	return at;
}

static struct host *get(struct hosts *h, const uint8_t ip[16])
{
	uint32_t *bucket = bucket_of(h, ip), at;

	for (at = *bucket; at != NONE; at = h->host[at].next) {
		if (!memcmp(h->host[at].key.ip, ip, 16)) {
			unlink_use(h, at);
			link_newest(h, at);
			return &h->host[at];
		}
	}
	at = h->n < HOSTS_MAX ? h->n++ : evict(h);
	memset(&h->host[at], 0, sizeof(h->host[at]));
	memcpy(h->host[at].key.ip, ip, 16);
	h->host[at].next = *bucket;
	*bucket = at;
	link_newest(h, at);
	return &h->host[at];
}

void hosts_add(struct hosts *h, const struct observation *o)
{
	struct host *e = get(h, o->source.ip);

	switch (o->kind) {
	case OBSERVED_DNS_QUERY:
		e->counts.dns_queries++;
		break;
	case OBSERVED_DNS_RESPONSE:
		e->counts.nxdomain += o->dns.rcode == 3;
		break;
	case OBSERVED_HTTP_REQUEST:
		e->counts.http_requests++;
		break;
	default:
		break;
	}
	if (o->time_ns > e->counts.last_seen_ns)
		e->counts.last_seen_ns = o->time_ns;
	e->changed = true;
}

void hosts_sync(struct hosts *h, void (*put)(void *ctx, const struct host_key *key, const struct host_counts *counts),
		void (*drop)(void *ctx, const struct host_key *key), void *ctx)
{
	for (uint32_t i = 0; i < h->n_dropped; i++)
		drop(ctx, &h->dropped[i]);
	h->n_dropped = 0;
	/* Changed entries are at the front of the order of use. */
	for (uint32_t at = h->newest; at != NONE && h->host[at].changed; at = h->host[at].older) {
		put(ctx, &h->host[at].key, &h->host[at].counts);
		h->host[at].changed = false;
		h->host[at].told = true;
	}
}
