/* mixed.h: a network of clean hosts with some bots among them. */
#ifndef METSUKE_LAB_MIXED_H
#define METSUKE_LAB_MIXED_H

#include "kinds.h"
#include "near.h"

struct mixed {
	unsigned int n_hosts, n_bots;
	int hard; /* with benign beacons that few hosts have */
	struct beacon_options bots;
	struct town town;
	struct pc *pcs;
	struct beacon *beacons;
	/* Kinds of bots, in turn; none: plain beacons. */
	unsigned int n_kinds;
	enum deed kinds[MOST_KINDS];
	/* What else there is: benign, and like some kind of bot. */
	unsigned int n_near;
	enum deed near[MOST_KINDS];
	struct ground ground;
};

/* Makes the world of the lab. 0, or -1 with a message printed. */
int mixed_make(struct mixed *m, struct lab *l);
void mixed_populate(struct mixed *m, struct lab *l, struct acts *acts);
void mixed_free(struct mixed *m);

#endif
