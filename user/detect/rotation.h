/* rotation.h: one program at several domains, one after the other or any of them: its check-ins are regular, those at
 * each domain need not be. */
#ifndef METSUKE_DETECT_ROTATION_H
#define METSUKE_DETECT_ROTATION_H

#include "profile/profile.h"

struct rotation {
	unsigned int domains; /* the pair's own included */
	struct rhythm rhythm; /* of check-ins at any of them, as far back as all of them are remembered */
	bool chosen;	      /* for what they look like together; else all that one program asks */
	bool told;	      /* there was an alert about another that could be of them */
};

/* Of the client's domains that nobody else knows, 128 used last. Over HTTP those asked by the same User-Agents and methods
 * as the pair's own, where that User-Agent goes nowhere that more than two clients know; or else (a browser's) those of them
 * that are asked for evenly: in the same time, and from half to twice as often. Of look-ups, where nothing tells whose they
 * are, those asked for evenly, or up to 3 of 8 that are asked for about as often, chosen one by one: what makes the better
 * rhythm. Returns whether there is one; then rhythm is to be freed. Pure. */
bool rotation_of_requests(const struct pair_profile *pair, struct rotation *ret_rotation);
bool rotation_of_lookups(const struct pair_profile *pair, struct rotation *ret_rotation);

#endif
