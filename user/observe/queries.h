/* queries.h: lookups that wait for their response. A response is joined to its query by client, server,
 * DNS id, type and name; from the query it takes its process, its client's side and its start. */
#ifndef METSUKE_OBSERVE_QUERIES_H
#define METSUKE_OBSERVE_QUERIES_H

#include "observe/observation.h"

struct query {
	uint64_t time_ns;
	struct owner_key owner;
	struct endpoint client; /* before source NAT, where that is known */
	uint32_t bytes;
	uint32_t ifindex;
	uint8_t mac[6];
	uint8_t forwarded;
	uint8_t direction; /* enum direction */
	bool answered;
};

struct queries;

/* capacity: most lookups remembered, rounded up to a power of two. NULL: out of memory. */
struct queries *queries_new(size_t capacity);
void queries_free(struct queries *q);

/* Remembers a query. One that is sent again before its response keeps its first time. */
void queries_add(struct queries *q, const struct observation *o, const struct owner_key *owner);

/* The query of a response, or NULL; valid until the next add. */
const struct query *queries_find(struct queries *q, const struct observation *o);

/* Waiting or answered lookups pushed out by newer ones before they were too old to matter. */
uint64_t queries_evicted(const struct queries *q);

#endif
