/* beacons.h: bots that ask their server for orders, over HTTP. */
#ifndef METSUKE_LAB_BEACONS_H
#define METSUKE_LAB_BEACONS_H

#include "pc.h"

enum spread { UNIFORM, GAUSSIAN };

/* What they may be; -1: any. */
struct beacon_options {
	double period_s[2], jitter[2]; /* from, to */
	int urls, spread, method;
};

#define BEACON_ANY                                                                                                \
	{                                                                                                         \
		{ 10, 3600 }, { 0, 0.3 }, -1, -1, -1                                                              \
	}

struct beacon;
struct infection;

/* So many, that are put on hosts in turn; for the names of family BEACON, one each, except where bots of one kind
 * share theirs. */
struct beacon *beacons_make(struct lab *l, unsigned int n, unsigned int hosts, const struct beacon_options *o);
/* The n-th on a host. */
void beacons_start(struct beacon *b, unsigned int n, struct acts *acts, struct lab *l, struct pc *pc);
/* One of another kind that asks for orders: kinds.h. */
void beacons_infect(struct infection *i);

#endif
