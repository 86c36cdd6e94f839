/* store_stream.h: messages of many clients at many sites, the same for the same seed, for tests of what gathers.
 */
#ifndef METSUKE_TESTS_STORE_STREAM_H
#define METSUKE_TESTS_STORE_STREAM_H

#include "exchange.h"

struct stream {
	uint64_t state; /* xorshift64; never 0 */
	uint64_t time_ns;
	unsigned int n_clients, n_sites;
	struct observation o;
	char site[32], name[48], target[32];
};

static inline void stream_init(struct stream *s, uint64_t seed, unsigned int n_clients, unsigned int n_sites)
{
	memset(s, 0, sizeof(*s));
	s->state = seed * 0x9e3779b97f4a7c15ULL + 1;
	s->time_ns = EXCHANGE_NS;
	s->n_clients = n_clients;
	s->n_sites = n_sites;
}

static inline uint64_t stream_random(struct stream *s)
{
	s->state ^= s->state << 13;
	s->state ^= s->state >> 7;
	s->state ^= s->state << 17;
	return s->state;
}

static inline void stream_domain(struct stream *s, struct domain_parts *d)
{
	d->registered = unit_text(s->site);
	d->suffix = unit_text("example");
}

/* A message of this client at this site: a query, or a request for one of a few targets. */
static inline const struct observation *stream_message(struct stream *s, unsigned int client, unsigned int site)
{
	struct observation *o = &s->o;
	bool request = stream_random(s) & 1;

	if (request)
		exchange_request(o);
	else
		exchange_query(o);
	s->time_ns += stream_random(s) % 4000000000;
	o->time_ns = s->time_ns;
	o->forwarded = true;
	o->source.ip[12] = 10;
	o->source.ip[13] = client >> 16;
	o->source.ip[14] = client >> 8;
	o->source.ip[15] = client;
	snprintf(s->site, sizeof(s->site), "site%u.example", site);
	snprintf(s->name, sizeof(s->name), "www.%s", s->site);
	snprintf(s->target, sizeof(s->target), "/%u", (unsigned int)(stream_random(s) % 50));
	if (request) {
		o->http.host = unit_text(s->name);
		o->http.target = unit_text(s->target);
		stream_domain(s, &o->http.domain);
	} else {
		o->dns.question = unit_text(s->name);
		stream_domain(s, &o->dns.domain);
	}
	return o;
}

static inline const struct observation *stream_next(struct stream *s)
{
	unsigned int client = stream_random(s) % s->n_clients;

	return stream_message(s, client, stream_random(s) % s->n_sites);
}

#endif
