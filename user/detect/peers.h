/* peers.h: the other clients at a domain: whether they come in the same rhythm. */
#ifndef METSUKE_DETECT_PEERS_H
#define METSUKE_DETECT_PEERS_H

#include "profile/profile.h"

struct peers {
	unsigned int n;	   /* other clients at the domain */
	unsigned int same; /* of these, those whose median gap is that of the pair, give or take a tenth */
};

/* One program on several hosts has one timer, whatever the hours of each; people have none. r: the pair's check-ins,
 * over HTTP or DNS, and then those of the others likewise. Looks at 128 of the domain's clients. Pure. */
struct peers peers_of(const struct pair_profile *pair, const struct rhythm *r);

#endif
