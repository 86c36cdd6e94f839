/* query.h: lookups of any type, answered by anything, each of its own: what a zone's server makes up as it is
 * asked. Those of names that stay are dns_resolve()'s. */
#ifndef METSUKE_LAB_QUERY_H
#define METSUKE_LAB_QUERY_H

#include "talk.h"

enum {
	RR_A = 1,
	RR_NS = 2,
	RR_CNAME = 5,
	RR_SOA = 6,
	RR_NULL = 10,
	RR_PTR = 12,
	RR_MX = 15,
	RR_TXT = 16,
	RR_AAAA = 28,
	RR_SRV = 33
};

enum { RCODE_OK = 0, RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3 };

#define QUERY_NAME 256
#define QUERY_RECORDS 8

struct record {
	unsigned int type;
	__u32 ttl;
	__u8 data[1280]; /* what stands before the target, where there is one */
	unsigned int len;
	char target[QUERY_NAME]; /* of CNAME, MX, NS, PTR, SRV; empty: none */
};

struct query {
	char text[QUERY_NAME]; /* dotted; any byte but 0 and the dot in labels */
	unsigned int type, rcode;
	int edns; /* whoever asks takes large answers */
	int far;  /* no resolver remembers it: the zone's own server is asked */
	unsigned int n;
	struct record records[QUERY_RECORDS];
};

void query_start(struct query *q, unsigned int type);
/* Grows by a record of the question's name; what it holds is written by those below. */
struct record *query_record(struct query *q, unsigned int type, __u32 ttl);
void record_address(struct record *r, __u32 ip);
/* In strings of up to 255. */
void record_text(struct record *r, const void *data, unsigned int len);

/* Returns the time of the answer. */
__u64 query_ask(struct lab *l, struct host *h, const struct query *q, __u64 at);
/* The name does not exist; A, and AAAA where the host asks for it. */
__u64 query_missing(struct lab *l, struct host *h, const char *text, int both, __u64 at);

#endif
