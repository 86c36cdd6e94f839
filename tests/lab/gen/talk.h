/* talk.h: what two machines say to each other, as packets on the wire. A conversation begins at a time and knows
 * by itself when its packets come: a server is as far away as its address says. */
#ifndef METSUKE_LAB_TALK_H
#define METSUKE_LAB_TALK_H

#include "ledger.h"
#include "table.h"
#include "wire.h"
#include "world.h"

struct host {
	__u32 ip;
	__u16 ip_id, port;
	struct rng rng;
	int asks6;	     /* asks for AAAA besides A */
	int mixed_case;	     /* its lookups have capitals anywhere (draft-vixie-dnsext-dns0x20) */
	struct table cached; /* for each name of the world, until when its answer may be used */
};

/* What the resolver holds of a name. */
struct kept {
	__u64 until;
	unsigned int turn; /* the first of the addresses that it answers with */
};

struct lab {
	struct wire wire;
	struct world world;
	__u64 seed, start, end;
	struct ledger *ledger; /* NULL: nobody keeps one */
	struct kept *kept;     /* for each name; NULL: each answer is as if fresh from the zone's own server */
	unsigned int most;     /* bytes of a response's or a record's content; 0: as they come */
};

void host_start(struct host *h, const struct lab *l, __u32 ip, __u64 n);

/* The address of a name at *at, which moves on to the time of the answer. Asks only where the last answer is too
 * old. */
__u32 dns_resolve(struct lab *l, struct host *h, const struct name *n, __u64 *at);
/* A name that does not exist. */
void dns_missing(struct lab *l, struct host *h, const char *text, __u64 *at);

/* A connection; `now` is the time of its next packet. */
struct tcp {
	struct lab *lab;
	struct host *host;
	struct end ours, theirs;
	__u32 our_seq, their_seq;
	__u64 now, rtt;
	int greeted; /* it is sealed already */
};

void tcp_open(struct tcp *t, struct lab *l, struct host *h, __u32 ip, __u16 port, __u64 at);
/* Our bytes; theirs, which come a round trip later. */
void tcp_say(struct tcp *t, const void *data, unsigned int len);
void tcp_hear(struct tcp *t, const void *data, unsigned int len);
void tcp_close(struct tcp *t);
/* Nobody is there: three tries, three and six seconds apart. */
void tcp_refused(struct lab *l, struct host *h, __u32 ip, __u16 port, __u64 at);

/* Refused by a machine that is there. */
void tcp_denied(struct lab *l, struct host *h, __u32 ip, __u16 port, __u64 at);
/* One SYN with a sequence number of the caller's; denied: somebody is there. */
void tcp_probe(struct lab *l, struct host *h, __u32 ip, __u16 port, __u32 seq, int denied, __u64 at);

/* A request and its response of a type and size. method: "GET" or "POST"; agent: NULL: without the field; sent:
 * bytes of a body with it. */
void http_exchange(struct tcp *t, const char *method, const char *host, const char *path, const char *agent,
		   unsigned int sent, const char *type, unsigned int size);
/* A request that is answered with a status and no content. */
void http_refused(struct tcp *t, const char *method, const char *host, const char *path, const char *agent,
		  unsigned int sent, const char *status);
void tls_start(struct tcp *t, const char *name);
void tls_exchange(struct tcp *t, unsigned int sent, unsigned int size);
/* Up to the channel's topic. */
void irc_join(struct tcp *t, const char *server, const char *nick, const char *channel, const char *topic);
void irc_ping(struct tcp *t, const char *server);
void irc_said(struct tcp *t, const char *nick, const char *channel, const char *text);
void ntp_exchange(struct lab *l, struct host *h, __u32 ip, __u64 at);

#endif
