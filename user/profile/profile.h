/* profile.h: what each client, each registrable domain, and each client at each domain has done so far, as
 * small features that gather over time (Yan, Koide, Sakurai: features are kept, not packets). Everything is in
 * event time; two profiles of different sensors or days can be joined exactly (Welford, Chan et al.; HyperLogLog).
 *
 * A client is a program where the sensor runs on the host itself, and an address behind a gateway. */
#ifndef METSUKE_PROFILE_PROFILE_H
#define METSUKE_PROFILE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "observe/observation.h"
#include "profile/distinct.h"
#include "profile/moments.h"
#include "profile/rhythm.h"

enum client_kind { CLIENT_PROGRAM = 1, CLIENT_ADDRESS = 2 };

enum judgement {
	JUDGED_UNKNOWN,	   /* too little data */
	JUDGED_ORDINARY,   /* stage 1 finds nothing odd */
	JUDGED_SOFTWARE,   /* stage 1 finds an agent, stage 2 nothing odd about its domain */
	JUDGED_SUSPICIOUS, /* both stages */
	JUDGED_LISTED,	   /* a list holds it: never trains a baseline */
	N_JUDGEMENTS
};

/* In words; NULL: none of them. */
const char *judgement_name(enum judgement j);

/* What the detectors said last, kept with the profile that it is about. */
struct profile_state {
	uint64_t judged_ns, told_ns; /* told: the last alert, 0: none */
	uint64_t next_checkins;	     /* judged again at so many */
	uint64_t next_queries;	     /* or at so many of these */
	double score;
	uint8_t judgement;	/* enum judgement */
	uint8_t excuse;		/* enum excuse (detect/excuse.h): why the last verdict was not told; 0: nothing */
	uint64_t told_evidence; /* what was told: a bit of each feature beyond its limit (detect/judge.c) */
	double told_score;	/* and the highest score */
};

/* A sequential test (Wald; Page's form, which starts again at 0) over registrable domains that are new to the whole
 * network and asked for by themselves: each that does not exist moves it up, each that does moves it down, and with
 * time it fades. DGA_* in profile/dga_walk.h. */
struct dga_walk {
	double walk;	    /* log-likelihood ratio at ns */
	uint64_t ns;	    /* of the newest step */
	uint64_t since_ns;  /* when it left 0 */
	uint64_t names;	    /* that do not exist, since then */
	uint64_t generated; /* of these, those that look it */
	uint64_t told_ns;   /* the last alert, 0: none */
};

struct client_profile {
	const char *key; /* path of the executable, or the address as text */
	enum client_kind kind;
	uint64_t first_ns, last_ns;
	uint64_t queries, responses, nxdomain, requests;
	struct distinct domains;    /* registrable, asked for or contacted */
	struct distinct nx_domains; /* registrable, of names that do not exist */
	struct moments name_length; /* of names asked for */
	uint64_t other_names;	    /* queries and responses about names that are no domains: see profiles_add() */
	struct dga_walk dga;
	/* Registrable domains asked for below top-level domains that there are not; and the names in full. */
	struct distinct nowhere;
	struct moments nowhere_length;
	uint64_t nowhere_told_ns;
	uint64_t flagged;	    /* pairs with JUDGED_SUSPICIOUS or JUDGED_LISTED */
	struct distinct asked_by;    /* other clients whose look-ups it answered: see profile/role.h */
	struct distinct fetches_for; /* other clients whose requests it took for other hosts */
};

enum { ASKED_A, ASKED_AAAA, ASKED_CNAME, ASKED_TXT, ASKED_NULL, ASKED_MX, ASKED_HTTPS, ASKED_OTHER, N_ASKED };

/* Over all clients. Of queries: names, name_length, asked. */
struct domain_profile {
	const char *key; /* registrable domain, or the address where a site has no name */
	uint64_t first_ns, last_ns;
	uint64_t queries, responses, nxdomain, requests;
	uint64_t failed;   /* responses that neither say yes nor NXDOMAIN: SERVFAIL, REFUSED, ... */
	bool nowhere;	   /* below no top-level domain that there is */
	uint64_t reversed; /* queries for addresses written backwards below it, as in DNS blocklists (RFC 5782) */
	uint64_t asked[N_ASKED];
	struct distinct clients;
	struct distinct names; /* full names asked for: subdomains */
	struct moments name_length;
	/* Of responses with addresses: */
	struct moments addresses; /* a response */
	struct moments fresh;	  /* addresses not seen before, of each response after the first; with more
				   * than DISTINCT_EXACT of them those that an estimate can tell: a lower bound */
	struct moments ttl;	  /* least of each response, seconds */
	uint32_t ttl_min;	  /* of all; where ttl.n is 0 it says nothing */
	struct distinct ips;
	struct distinct networks; /* prefixes, by the longest match; without a table /16 and /48 */
	struct distinct systems;  /* AS numbers, where a table knows them */
};

struct pair_profile {
	struct client_profile *client;
	struct domain_profile *domain;
	struct rhythm http; /* requests */
	struct rhythm dns;  /* queries */
	struct moments url_length;
	struct distinct urls;
	struct distinct agents;		/* User-Agents; an absent one counts as one */
	uint64_t get, post, other;	/* methods */
	uint64_t no_agent;		/* requests without one */
	uint64_t browser_like;		/* requests whose User-Agent begins like a browser's ("Mozilla/5.0 (") */
	struct persistence persistence; /* of either */
	struct profile_state state;
};

struct prefixes;

/* At most so many of each, and so many bytes in all (0: no limit of bytes). At a limit, what was not used for
 * longest goes first: domains that no pair is left of, then pairs, whose judgement is neither JUDGED_SUSPICIOUS
 * nor JUDGED_LISTED; those only where they are more than half of the limit, or nothing else is left. A client that
 * holds more than an equal share loses its own oldest pairs instead of others' that were in use within a day.
 * Domains and clients take their pairs with them. */
struct profile_limits {
	size_t pairs, domains, clients;
	size_t bytes;
};

struct profile_counts {
	size_t pairs, domains, clients;
	uint64_t pairs_evicted, domains_evicted, clients_evicted;
	uint64_t flagged_kept; /* evictions that passed over a flagged one that was older */
	uint64_t own_evicted;  /* pairs that made room for another of the same client, which held more than its
				  share */
	uint64_t backwards;    /* messages older than the newest of their pair */
	uint64_t other_names;
	uint64_t refused; /* for want of memory */
	size_t bytes;	  /* that the tables and profiles hold */
};

struct profiles;

/* prefixes: borrowed, may be NULL. NULL: out of memory. */
struct profiles *profiles_new(const struct profile_limits *limits, const struct prefixes *prefixes);
void profiles_free(struct profiles *p);

/* One message. Returns the pair it belongs to, or NULL where it belongs to none (a response without a query, a
 * name that has no registrable domain or is below .arpa or .local, out of memory). Valid until the next call that
 * may evict. A request's domain is that of its host, else the host itself, else the server's address. */
struct pair_profile *profiles_add(struct profiles *p, const struct observation *o);

/* May be called before that, with the same message and nothing of the profiles in between: what it needs comes from
 * memory while the caller does something else. */
void profiles_fetch(struct profiles *p, const struct observation *o);

/* The newest of all times seen, and the first. 0: nothing yet. */
uint64_t profiles_now(const struct profiles *p);
uint64_t profiles_since(const struct profiles *p);

/* Clients that were seen at since_ns or later; counting stops at `most`. */
size_t profiles_clients_since(const struct profiles *p, uint64_t since_ns, size_t most);

void profiles_counts(const struct profiles *p, struct profile_counts *counts);

struct pair_profile *profiles_find_pair(struct profiles *p, enum client_kind kind, const char *client,
					const char *domain);
struct domain_profile *profiles_find_domain(struct profiles *p, const char *domain);

struct client_profile *profiles_find_client(struct profiles *p, enum client_kind kind, const char *client);

/* In the order of last use, oldest first: calls each until one returns false. The callee may touch, not add. */
void profiles_each_pair(struct profiles *p, bool (*each)(void *ctx, struct pair_profile *pair), void *ctx);
void profiles_each_domain(struct profiles *p, bool (*each)(void *ctx, struct domain_profile *domain), void *ctx);
void profiles_each_client(struct profiles *p, bool (*each)(void *ctx, struct client_profile *client), void *ctx);
/* Those of one client, last used first. */
void profiles_each_pair_of(const struct client_profile *c, bool (*each)(void *ctx, const struct pair_profile *pair),
			   void *ctx);
/* Those at one domain, in no order that counts. */
void profiles_each_pair_at(const struct domain_profile *d, bool (*each)(void *ctx, const struct pair_profile *pair),
			   void *ctx);

/* What a store has to write: profiles that are new or changed, and those that were pushed out (which leave the
 * store too, so that it holds what memory holds). Off until asked for. */
struct profile_change {
	bool gone;				     /* then only the keys below count */
	const struct client_profile *client_profile; /* one of the three, or NULL */
	const struct domain_profile *domain_profile;
	const struct pair_profile *pair_profile;
	enum client_kind kind; /* 0: of a domain */
	const char *client;    /* keys: of a pair both, else the other is NULL */
	const char *domain;
};

/* On before anything is added or loaded, where a store is to follow. */
void profiles_track_changes(struct profiles *p, bool on);
/* Hands over at most `most` changes, what is gone first, then oldest first; each once. A pair comes after its
 * client and domain. Returns how many. */
size_t profiles_take_changes(struct profiles *p, size_t most,
			     void (*change)(void *ctx, const struct profile_change *change), void *ctx);
/* A judgement or the like was changed from outside: to be called after each change of pair->state. */
void profiles_touch_pair(struct profiles *p, struct pair_profile *pair);
/* Everything is a change: the store that had it is lost. */
void profiles_touch_all(struct profiles *p);

/* Their bytes: little-endian, with a version in front, the same for the same profile; order of last use included,
 * so that the profiles of a restart go on exactly as those of one run. Appends to b. */
struct buf;
void profile_pack_client(const struct client_profile *c, struct buf *b);
void profile_pack_domain(const struct domain_profile *d, struct buf *b);
void profile_pack_pair(const struct pair_profile *pair, struct buf *b);
/* What belongs to none of them: times, counters, the clock of use. One for all, to be written with each batch. */
void profiles_pack_totals(const struct profiles *p, struct buf *b);

/* Bytes from a store, which is untrusted: 0 or -EINVAL (damaged, or a pair whose client or domain is missing),
 * -EPROTO (another version), -ENOSPC (over a limit, which was lowered since: hand over the newest first), -ENOMEM;
 * a profile that is there already is joined with it. To be called for clients and domains first. profiles_loaded()
 * ends it: it puts what was loaded into its order of last use. */
int profiles_load_client(struct profiles *p, enum client_kind kind, const char *key, const void *bytes,
			 size_t len);
int profiles_load_domain(struct profiles *p, const char *key, const void *bytes, size_t len);
int profiles_load_pair(struct profiles *p, enum client_kind kind, const char *client, const char *domain,
		       const void *bytes, size_t len);
int profiles_load_totals(struct profiles *p, const void *bytes, size_t len);
void profiles_loaded(struct profiles *p);

#endif
