/* kinds.h: bots of any kind in a mixed network. What each does is modelled on what is published of such programs,
 * with parameters from the seed. */
#ifndef METSUKE_LAB_KINDS_H
#define METSUKE_LAB_KINDS_H

#include "beacons.h"
#include "ground.h"

#define MOST_KINDS 32
#define MOST_NAMES_EACH 50 /* of one bot */

/* One to be put on a host. */
struct infection {
	struct ground *g;
	struct pc *pc;
	enum deed deed;
	struct name *name; /* its server, of the family BEACON */
	const struct beacon_options *o;
	struct pc
		*pcs; /* all, in some order; `others` counts those that bots of several hosts have taken besides */
	const unsigned int *order;
	unsigned int n_hosts, *others;
	struct rng rng; /* for what it is like; what it does is its host's chance */
};

/* "all" or words with commas between. Returns how many there are now in kinds, 0 with a message printed. */
unsigned int kinds_read(const char *list, enum deed ret_kinds[MOST_KINDS]);
/* The same, of others. */
unsigned int kinds_choose(const char *option, const char *list, enum deed (*nth)(unsigned int i), unsigned int n,
			  enum deed ret_kinds[MOST_KINDS]);
/* Starts one. */
void kinds_start(struct infection *i);

/* What it is. They enter what they do into the ledger, and themselves where nothing comes of it. */
void tunnels_start(struct infection *i); /* DEED_TUNNEL_..., DEED_TXT_ORDERS */
void dga_start(struct infection *i);	 /* DEED_DGA, DEED_SLOW_DGA */

void failed_start(struct infection *i);	  /* DEED_NO_NAME, DEED_NO_ANSWER */
void sessions_start(struct infection *i); /* DEED_IRC, DEED_SCANNER */

#endif
