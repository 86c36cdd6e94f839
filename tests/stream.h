/* stream.h: made-up traffic for tests and measurements of what gathers: many clients, many domains, some of them
 * far more often than others, with times that now and then jump back. The same seed gives the same. */
#ifndef METSUKE_TESTS_STREAM_H
#define METSUKE_TESTS_STREAM_H

#include <stdio.h>
#include <string.h>

#include "observe/observation.h"

#define STREAM_ANSWERS 8

struct stream {
	uint64_t random; /* the seed; not 0 */
	uint64_t time_ns;
	uint32_t clients, domains;
	uint32_t step_ms;      /* mean, between messages */
	uint32_t domains_each; /* that a client has to do with; 0: all */
	char name[128], target[128], agent[64];
	uint8_t addr[STREAM_ANSWERS][4];
};

static inline uint64_t stream_random(struct stream *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return s->random;
}

/* Small numbers more often than large ones. */
static inline uint32_t stream_skewed(struct stream *s, uint32_t below)
{
	uint32_t a = stream_random(s) % below, b = stream_random(s) % below;

	return (uint64_t)a * b / below;
}

static inline void stream_client(struct stream *s, struct observation *o, uint32_t n)
{
	static const uint8_t v4[12] = { [10] = 0xff, [11] = 0xff };

	memcpy(o->source.ip, v4, 12);
	o->source.ip[12] = 10;
	o->source.ip[13] = n >> 16;
	o->source.ip[14] = n >> 8;
	o->source.ip[15] = n;
	memcpy(o->destination.ip, v4, 12);
	o->destination.ip[12] = 198;
	o->destination.ip[13] = 18;
	(void)s;
}

/* www or one of a few other names below domain number n. */
static inline void stream_name(struct stream *s, uint32_t n, struct text *name, struct domain_parts *parts)
{
	static const char *const below[] = { "www.", "api.", "cdn.static.", "" };
	const char *first = below[stream_random(s) % 4];
	int len = snprintf(s->name, sizeof(s->name), "%sdomain-%u.example", first, n);
	size_t at = strlen(first);

	*name = (struct text){ s->name, len, true };
	parts->registered = (struct text){ s->name + at, len - at, true };
	parts->subdomain = (struct text){ s->name, at ? at - 1 : 0, true };
	parts->suffix = (struct text){ s->name + len - 7, 7, true };
}

static inline void stream_answers(struct stream *s, struct observation *o, uint32_t domain)
{
	unsigned int n = 1 + domain % 3;

	o->dns.rcode = domain % 50 == 7 ? 3 : 0;
	o->dns.n_answers = o->dns.rcode ? 0 : n;
	for (unsigned int i = 0; i < o->dns.n_answers; i++) {
		s->addr[i][0] = 203;
		s->addr[i][1] = domain;
		s->addr[i][2] = domain >> 8;
		s->addr[i][3] =
			stream_random(s) % (domain % 20 ? 2 : 200); /* some change their addresses all the time */
		o->dns.answers[i] = (struct dns_answer){
			.addr = s->addr[i], .ttl = 60 + domain % 7 * 100, .type = 1, .class = 1
		};
	}
}

static inline void stream_request(struct stream *s, struct observation *o, struct text host,
				  struct domain_parts parts)
{
	int len =
		snprintf(s->target, sizeof(s->target), "/page/%u?x=%u", stream_skewed(s, 60), stream_skewed(s, 3));

	o->http.host = host;
	o->http.domain = parts;
	o->http.target = (struct text){ s->target, len, true };
	o->http.method = stream_random(s) % 8 ? (struct text){ "GET", 3, true } : (struct text){ "POST", 4, true };
	len = snprintf(s->agent, sizeof(s->agent), "%s/5.0 (agent %u)", stream_random(s) % 4 ? "Mozilla" : "tool",
		       o->source.ip[15] % 5U);
	o->http.agent = (struct text){ s->agent, len, true };
	o->http.has_agent = stream_random(s) % 16;
}

static inline void stream_next(struct stream *s, struct observation *o)
{
	uint32_t client = stream_skewed(s, s->clients), domain, kind = stream_random(s) % 10;
	struct domain_parts parts;
	struct text name;

	domain = s->domains_each ? (client * 7919U + stream_skewed(s, s->domains_each) * 104729U) % s->domains
				 : stream_skewed(s, s->domains);
	s->time_ns += stream_random(s) % (2000000ULL * s->step_ms) + 1;
	o->time_ns = s->time_ns;
	if (stream_random(s) % 200 == 0)
		o->time_ns -= stream_random(s) % 5000000000ULL;
	o->process = NULL;
	stream_client(s, o, client);
	stream_name(s, domain, &name, &parts);
	o->kind = kind < 4 ? OBSERVED_DNS_QUERY : kind < 8 ? OBSERVED_DNS_RESPONSE : OBSERVED_HTTP_REQUEST;
	if (o->kind == OBSERVED_HTTP_REQUEST) {
		stream_request(s, o, name, parts);
		return;
	}
	o->dns.question = name;
	o->dns.domain = parts;
	o->dns.has_question = true;
	o->dns.type = stream_random(s) % 5 ? 1 : 28;
	o->dns.n_answers = 0;
	o->dns.rcode = 0;
	if (o->kind == OBSERVED_DNS_RESPONSE)
		stream_answers(s, o, domain);
}

#endif
