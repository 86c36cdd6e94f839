/* world.h: the names that hosts look up and the servers behind them. The bots' are read from files, everybody
 * else's are made up from a seed. All names end in .example or .test, all addresses are of 198.18.0.0/15 and
 * 2001:db8::/32. */
#ifndef METSUKE_LAB_WORLD_H
#define METSUKE_LAB_WORLD_H

#include "rng.h"

#define NAME_ADDRS 24
#define NAME_ALIASES 2
#define NAME_TEXT 100

#define IP4(a, b, c, d) ((__u32)(a) << 24 | (b) << 16 | (c) << 8 | (d))
#define RESOLVER IP4(198, 18, 0, 53)

enum family {
	BOT_SERVER, /* of others.tsv */
	LISTED,	    /* of watchlist.tsv */
	SITE,
	HELPER, /* what pages fetch from elsewhere: delivery networks, fonts, counters */
	UPDATE,
	TELEMETRY,
	OCSP,
	MAIL,
	CLOCK,
	CHAT,
	LOOKALIKE, /* one letter or suffix beside a listed name */
	/* Of a mixed network only: */
	RARE,	 /* sites that one person goes to */
	ASSETS,	 /* the other name of a site, for its images */
	PRODUCT, /* who made a program */
	MISSING, /* does not exist, nor does anything below it */
	BEACON,	 /* bots report there */
	EXTRA,	 /* of the kinds that are asked for by name */
	FAMILIES
};

enum protocol { HTTP, TLS, IRC, NTP };

/* A zone whose answers are drawn anew from many addresses whenever a resolver fetches them. */
struct zone {
	unsigned int n_addrs; /* a prime: any step goes through all */
	__u32 *addrs;
	unsigned int n_ns; /* servers of its own that the answers name, ns1. and so on; 0: none is named */
	int ns_moves;	   /* their addresses are drawn, too */
};

#define ZONE_TURNS 256 /* so many different answers */

struct name {
	char text[NAME_TEXT];
	char id[8];
	enum family family;
	enum protocol protocol;
	__u16 port;
	__u32 ttl;
	unsigned int domain; /* the same for names of one registrable domain */
	unsigned int n_addrs, n_aliases;
	unsigned int beside; /* the site's other name, for its images; 0: it has none */
	unsigned int shown;  /* so many addresses are in an answer; 0: all */
	__u32 addrs[NAME_ADDRS];
	char has6;
	__u8 addr6[16];
	char aliases[NAME_ALIASES][NAME_TEXT];
	const struct zone *zone; /* where the addresses come from instead; `shown` of them */
};

struct world {
	struct name *names;
	unsigned int n, room;
	unsigned int first[FAMILIES], count[FAMILIES];
};

/* Reads watchlist.tsv and others.tsv of a folder and makes up the rest. 0, or -1 with a message printed. */
int world_make(struct world *w, const char *folder, __u64 seed);
/* Grows by a name of a family, all zero; there has to be room. Names of a family stand together. */
struct name *world_add(struct world *w, enum family family);
/* Where a name's servers stand: its own addresses, 1 to `most`. */
void world_settle(struct name *n, struct rng *r, unsigned int most);
void world_free(struct world *w);
/* The registrable domain in a name: .example and .test are suffixes by themselves. An address is its own, "-", too. */
const char *world_domain(const char *text);
/* The i-th address of the answer that is the `turn`-th of a name's. */
__u32 world_address(const struct name *n, unsigned int turn, unsigned int i);
/* By the id in the files; NULL: there is none. */
struct name *world_by_id(const struct world *w, const char *id);
/* Any of a family; popular: the first far more often than the last. */
struct name *world_any(const struct world *w, struct rng *r, enum family family);
struct name *world_popular(const struct world *w, struct rng *r, enum family family);

#endif
