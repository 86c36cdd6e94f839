/* observation.h: one message as the rest of the daemon sees it: text decoded, roles sorted out, joined
 * to its query and its process. Everything it points to is valid until the next record is fed. */
#ifndef METSUKE_OBSERVE_OBSERVATION_H
#define METSUKE_OBSERVE_OBSERVATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "counters.h"
#include "record.h"

struct process;

enum observation_kind {
	OBSERVED_DNS_QUERY,
	OBSERVED_DNS_RESPONSE,
	OBSERVED_HTTP_REQUEST,
	OBSERVED_SYN, /* a TCP connection is asked for; neither dns nor http holds anything */
	N_OBSERVATION_KINDS
};

static inline bool observed_dns(enum observation_kind kind)
{
	return kind == OBSERVED_DNS_QUERY || kind == OBSERVED_DNS_RESPONSE;
}

enum direction {
	DIRECTION_EGRESS,  /* this host asks */
	DIRECTION_INGRESS, /* this host is asked */
	DIRECTION_OUTBOUND, /* forwarded: from a home network to elsewhere */
	DIRECTION_INBOUND,
	DIRECTION_INTERNAL,
	DIRECTION_EXTERNAL,
};

struct text {
	const char *at; /* not NUL-terminated */
	size_t len;
	bool plain; /* known to need no escape in JSON */
};

/* A name split at its registrable domain (public suffix list); empty parts have len 0. */
struct domain_parts {
	struct text registered;
	struct text subdomain;
	struct text suffix;
	bool listed; /* the suffix is in the Public Suffix List; else it is the last label, whatever that is */
};

struct endpoint {
	uint8_t ip[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint16_t port;
};

struct dns_answer {
	struct text name;
	struct text data;
	const uint8_t *addr; /* A and AAAA: 4 or 16 bytes; else NULL */
	uint32_t ttl;	     /* seconds, as on the wire */
	uint16_t type;
	uint16_t class;
};

#define MAX_ANSWERS 512

struct dns_observation {
	struct text question; /* lower case, escaped; "." is the root; empty: no question */
	struct domain_parts domain;
	bool has_question;
	uint16_t id;
	uint16_t type;
	uint16_t class;
	uint16_t flags; /* second 16 bits of the header */
	uint16_t rcode; /* with EDNS's upper bits */
	uint16_t n_answers;
	bool edns;
	bool edns_do;
	uint16_t edns_size;
	struct dns_answer answers[MAX_ANSWERS];
};

struct http_observation {
	struct text method;
	struct text target; /* as sent, escaped */
	struct text host;   /* of an absolute target, else Host field; without port; empty: none */
	struct text agent;
	struct text referrer;
	struct domain_parts domain; /* of host */
	bool host_in_target;
	bool has_agent;
	bool has_referrer;
	bool chunked;
	int minor; /* HTTP/1.minor; -1: none given */
	int64_t content_length; /* -1: none given */
	uint32_t head_len;	/* 0: the head has no end */
	uint32_t host_port;	/* behind the host; 0: none */
};

struct observation {
	enum observation_kind kind;
	uint64_t time_ns; /* since 1970 */
	uint8_t family;
	uint8_t proto;
	uint16_t vlan;
	uint16_t marks; /* enum mark */
	uint8_t tunnel;
	uint8_t denied; /* enum denied: why the packet was dropped */
	bool forwarded; /* for others, or out of a capture: there is no host of ours in it */
	enum direction direction;
	struct endpoint source;	     /* who asks, in both directions of an exchange */
	struct endpoint destination; /* who answers */
	uint32_t source_bytes;	     /* UDP payload; 0: not known */
	uint32_t destination_bytes;
	uint8_t mac[6]; /* the client's, where its frame was seen; else zero */
	uint32_t ifindex; /* the client's side; 0: not known */
	const struct process *process; /* NULL: not known */
	enum owner_quality quality;
	uint64_t query_ns; /* response: time of the matching query; 0: none seen */
	union {
		struct dns_observation dns;
		struct http_observation http;
	};
};

/* What a request or lookup is about: the name, cut to the domain where it has one. */
static inline struct text observation_name(const struct observation *o)
{
	const struct domain_parts *domain = o->kind == OBSERVED_HTTP_REQUEST ? &o->http.domain : &o->dns.domain;

	if (o->kind == OBSERVED_SYN)
		return (struct text){ 0 };
	if (domain->registered.len)
		return domain->registered;
	return o->kind == OBSERVED_HTTP_REQUEST ? o->http.host : o->dns.question;
}

static inline bool text_is(struct text t, const char *s)
{
	size_t i = 0;

	while (i < t.len && s[i] && t.at[i] == s[i])
		i++;
	return i == t.len && !s[i];
}

#endif
