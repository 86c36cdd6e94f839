/* near.h: what is benign and like some kind of bot, in a mixed network. */
#ifndef METSUKE_LAB_NEAR_H
#define METSUKE_LAB_NEAR_H

#include "ground.h"
#include "kinds.h"

#define NEAR_NAMES 600 /* room for as many names */

/* "all" or words with commas between. Returns how many there are now in kinds, 0 with a message printed. */
unsigned int near_read(const char *list, enum deed ret_kinds[MOST_KINDS]);
/* Starts what these kinds are on so many hosts. */
void near_start(struct ground *g, const enum deed *kinds, unsigned int n, struct pc *pcs, unsigned int hosts);

/* A kind on the hosts that have it. r: for what it is like. */
struct place {
	struct ground *g;
	struct pc *pcs;
	unsigned int hosts;
	enum deed deed;
	struct rng r;
};

/* Delivery networks, pools: many addresses. */
void near_wide_delivery(struct place *p);
void near_clock_pool(struct place *p);
/* Names that do not exist, or not any more. */
void near_ad_block(struct place *p);
void near_probe(struct place *p);
void near_suffix(struct place *p);
void near_discovery(struct place *p);
void near_reverse(struct place *p);
/* Names that say something. */
void near_reputation(struct place *p);
void near_blocklist(struct place *p);
void near_mail_server(struct place *p);

/* Machines that nobody sits at. */
void near_monitor(struct place *p);
void near_build(struct place *p);
void near_backup(struct place *p);
void near_forwarder(struct place *p);

/* One of the hosts; each kind has its own, where there are enough. */
struct pc *near_server(struct place *p);
/* What is asked of a site, over HTTP or sealed, at `at`. Returns the end. */
__u64 near_fetch(struct lab *l, struct act *a, const struct name *n, enum deed deed, const struct habit *habit,
		 const char *path, const char *agent, unsigned int size, __u64 at);
/* A name that stands in the labels for what has no domain. */
struct name *near_nobody(struct place *p);

#endif
