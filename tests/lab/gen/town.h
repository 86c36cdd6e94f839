/* town.h: a mixed network's world: sites, delivery networks, software and its servers, and the bots' servers among
 * them. Names, suffixes, addresses and TTLs come from the same pools whoever they belong to: only what is done
 * with them tells a bot. */
#ifndef METSUKE_LAB_TOWN_H
#define METSUKE_LAB_TOWN_H

#include "ledger.h"
#include "rng.h"
#include "world.h"

#define MOST_PRODUCTS 64
#define RARE_EACH 24 /* sites that only one person knows */
#define SYSTEMS 3    /* kinds of operating systems */
#define CORP 0	     /* of the names that do not exist: the office's own; the others are ad servers */

enum urls { URL_FIXED, URL_OF_HOST, URL_ROTATING, URL_COUNTING, URL_RANDOM };

/* A program that talks by itself. */
struct product {
	enum deed deed;
	const struct name *name;
	double share;	  /* of the hosts, or of those with its system */
	unsigned int few; /* ... or so many of all hosts */
	int system;	  /* -1: any */
	double period_s;
	double delay;	/* up to this part of the period later, evenly */
	double drift_s; /* mean of what a timer is late, by itself */
	enum urls urls;
	const char *method, *agent; /* agent: NULL: none */
	char path[40];
	unsigned int sent, size;
	double extra; /* chance of a second request at once: there is something to fetch */
};

struct maker;

struct town {
	int hard;
	unsigned int n_products;
	struct product products[MOST_PRODUCTS];
	struct maker *maker; /* what has been given away */
};

/* For so many hosts and beacons, and with room for more names. hard: with what is as regular and as rare as a
 * beacon: software that few hosts have, readers of feeds, pages that load themselves again. Without, as in a
 * network that is managed, each program has at least four hosts and 8 of 100. 0, or -1 with a message printed. */
int town_make(struct town *t, struct world *w, __u64 seed, unsigned int hosts, unsigned int beacons,
	      unsigned int more, int hard);
void town_free(struct town *t);
/* One more name of a domain that nobody has. host: what stands before it, "" for nothing, or NULL for any. */
struct name *town_more(struct town *t, enum protocol protocol, const char *host);
/* Puts it into a delivery network: an alias, a TTL of seconds, many addresses in up to three networks. */
void town_deliver(struct town *t, struct name *n);
/* Whether somebody has a domain. */
int town_has(struct town *t, const char *domain);
/* Any of the words that names are made of. */
const char *town_word(struct rng *r);

#endif
