/* ground.h: what the acts of a mixed network are made from, and keep until its end. */
#ifndef METSUKE_LAB_GROUND_H
#define METSUKE_LAB_GROUND_H

#include "pc.h"

struct ground {
	struct acts *acts;
	struct lab *lab;
	struct town *town;
	struct kept_bytes *all;
};

/* Zeroed, until ground_free(). */
void *ground_keep(struct ground *g, size_t size);
void ground_free(struct ground *g);

/* A share of a range; of its logarithm. */
double ground_between(struct rng *r, double from, double to);
double ground_log_between(struct rng *r, double from, double to);
/* Any time within the first part of the lab's time, of which a fifth comes as late as the middle of it. */
__u64 ground_arrival(struct lab *l, struct rng *r);

/* Addresses anywhere that servers stand: n of them, in many networks. For zones, a prime of them. */
struct zone *ground_zone(struct ground *g, struct rng *r, unsigned int at_least, unsigned int networks);
/* The same, in everything that so many AS have. */
struct zone *ground_zone_of(struct ground *g, struct rng *r, unsigned int at_least, unsigned int systems);

#endif
