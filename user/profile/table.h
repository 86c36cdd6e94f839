/* table.h: where profiles live: three hash tables, the order of last use, and what a store has to be told. For the
 * files of this folder.
 *
 * Everything that decides what is evicted is in `used`, a clock that ticks at each use: after a restart the same
 * profiles go on in the same order. Hashes and addresses decide nothing. */
#ifndef METSUKE_PROFILE_TABLE_H
#define METSUKE_PROFILE_TABLE_H

#include "profile/pool.h"
#include "profile/profile.h"
#include "support/buf.h"
#include "support/ip.h"

enum node_kind { NODE_CLIENT, NODE_DOMAIN, NODE_PAIR, N_NODE_KINDS };

/* Each has its order of last use. Pairs are never idle. */
enum node_class { CLASS_IDLE /* no pair is left */, CLASS_USED, CLASS_FLAGGED, N_CLASSES };

struct node {
	struct node *next; /* in its bucket */
	uint64_t hash;
	uint64_t used;
	struct node *newer, *older; /* of its class */
	struct node *changed_next, *changed_before;
	uint8_t kind, class;
	bool changed, told; /* told: a store has it */
};

struct order {
	struct node *oldest, *newest;
	size_t n;
};

#define CLIENT_ROOM 40 /* any address; the paths of programs are longer, and fewer */
#define DOMAIN_ROOM 32

struct pair;

struct client {
	struct node node;
	struct client_profile profile;
	size_t n_pairs;
	struct pair *oldest, *newest; /* by use */
	uint64_t id;		      /* the same on every sensor */
	size_t key_len;
	char *key;
	char room[CLIENT_ROOM]; /* for a key that is shorter */
};

struct domain {
	struct node node;
	struct domain_profile profile;
	size_t n_pairs, n_flagged;
	struct pair *pairs;
	uint64_t id;
	size_t key_len;
	char *key;
	char room[DOMAIN_ROOM];
};

struct pair {
	struct node node;
	struct pair_profile profile;
	struct pair *newer, *older; /* of its client */
	struct pair *next, *before; /* of its domain, in no order that counts */
};

struct table {
	struct pool pool;
	struct node **bucket;
	size_t n_buckets, n, limit;
	struct order order[N_CLASSES];
	uint64_t evicted;
};

/* The keys of what has left and a store still has. */
struct gone {
	enum node_kind kind;
	enum client_kind client_kind;
	char *client, *domain;
};

struct key {
	const char *at;
	size_t len;
	enum client_kind kind; /* of a client; 0: of a domain */
	uint64_t hash;
};

/* A message's client and domain. Many messages are of the same two as the one before, as a response is, or a page's
 * requests are: then there is nothing to hash and to find. */
struct finding {
	bool valid;
	struct client *client; /* the last message's, or NULL */
	struct domain *domain;
	struct key client_key, domain_key; /* where it is NULL */
	char text[IP_TEXT], site[IP_TEXT]; /* that the keys may be in */
};

struct profiles {
	const struct prefixes *prefixes;
	struct table table[N_NODE_KINDS];
	size_t bytes, most_bytes;
	uint64_t seed;
	uint64_t clock; /* of use */
	uint64_t now_ns, since_ns;
	uint64_t flagged_kept, own_evicted, backwards, other_names, refused;
	struct finding found; /* of profiles_fetch() */
	/* Of the last message, or NULL: */
	struct client *last_client; /* that had no process */
	uint8_t last_ip[16];
	struct domain *last_domain;
	bool tracking;
	bool loading; /* nothing is used or changed by it */
	struct node *changed_first, *changed_last;
	struct gone *gone;
	size_t n_gone, room_gone, next_gone;
};

#define container_of(at, type, member) ((type *)((char *)(at)-offsetof(type, member)))

static inline struct client *client_of(const struct client_profile *c)
{
	return container_of(c, struct client, profile);
}

static inline struct domain *domain_of(const struct domain_profile *d)
{
	return container_of(d, struct domain, profile);
}

static inline struct pair *pair_of(const struct pair_profile *pair)
{
	return container_of(pair, struct pair, profile);
}

static inline bool judged_flagged(uint8_t judgement)
{
	return judgement == JUDGED_SUSPICIOUS || judgement == JUDGED_LISTED;
}

struct key table_key(const struct profiles *p, enum client_kind kind, const char *at, size_t len);

/* To be called some time before the finding of nodes with these hashes, so that memory is waited for meanwhile:
 * first the buckets, some time later the nodes; and who would have to make room. */
void table_fetch(const struct profiles *p, uint64_t client, uint64_t domain);
void table_fetch_nodes(const struct profiles *p, uint64_t client, uint64_t domain);
void table_fetch_oldest(const struct profiles *p);

/* NULL: not there. */
struct client *table_find_client(const struct profiles *p, struct key key);
struct domain *table_find_domain(const struct profiles *p, struct key key);
struct pair *table_find_pair(const struct profiles *p, const struct client *c, const struct domain *d);

/* Without a look at the limits. */
struct client *table_insert_client(struct profiles *p, struct key key);
struct domain *table_insert_domain(struct profiles *p, struct key key);
struct pair *table_insert_pair(struct profiles *p, struct client *c, struct domain *d);
/* A client and a domain must have no pair any more. */
void table_remove(struct profiles *p, struct node *n);
/* All at once: nothing is told, nothing is kept in order. */
void table_drop(struct table *t);
void table_evict_pairs_of_domain(struct profiles *p, struct domain *d);

/* New ones, at the end of the order; at a limit others make room. NULL: out of memory. ns: of the message for
 * which. */
struct client *table_add_client(struct profiles *p, struct key key);
struct domain *table_add_domain(struct profiles *p, struct key key, struct client *asking, uint64_t ns);
struct pair *table_add_pair(struct profiles *p, struct client *c, struct domain *d, uint64_t ns);

/* It was used or changed just now. */
void table_use(struct profiles *p, struct node *n);
/* Into the class that its pairs or its judgement give it. */
void table_classify(struct profiles *p, struct node *n);

/* With its pairs. */
void table_evict(struct profiles *p, struct node *n);
/* Until the limit of bytes holds. */
void table_shrink(struct profiles *p);

/* Orders everything by `used` again. */
void table_sort(struct profiles *p);

/* A set of a profile of these tables: bytes are counted. */
bool table_distinct_add(struct profiles *p, struct distinct *d, uint64_t hash);

void changes_mark(struct profiles *p, struct node *n);
void changes_unmark(struct profiles *p, struct node *n);
/* It leaves: what a store has of it has to leave too. */
void changes_gone(struct profiles *p, struct node *n);
void changes_free(struct profiles *p);

size_t client_heap(const struct client_profile *c);
size_t domain_heap(const struct domain_profile *d);
size_t pair_heap(const struct pair_profile *pair);
void client_heap_free(struct client_profile *c);
void domain_heap_free(struct domain_profile *d);
void pair_heap_free(struct pair_profile *pair);

#endif
