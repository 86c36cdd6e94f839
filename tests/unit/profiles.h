/* profiles.h: messages for tests of what gathers. */
#ifndef METSUKE_TESTS_PROFILES_H
#define METSUKE_TESTS_PROFILES_H

#include "exchange.h"
#include "profile/profile.h"

#define PROFILES_S 1000000000ULL
#define PROFILES_START 1700000000000000000ULL

static struct observation profiles_message;

/* registered: how much of the end of name is the registrable domain, or NULL: none; suffix: of that. */
static inline void profiles_split(struct domain_parts *parts, const char *name, const char *registered)
{
	const char *dot;

	*parts = (struct domain_parts){ 0 };
	if (!registered)
		return;
	parts->registered = unit_text(name + strlen(name) - strlen(registered));
	dot = strchr(parts->registered.at, '.');
	parts->suffix = unit_text(dot ? dot + 1 : "");
	parts->listed = true;
	if (parts->registered.at > name)
		parts->subdomain = (struct text){ name, parts->registered.at - name - 1, true };
}

static inline struct pair_profile *profiles_query(struct profiles *p, const char *client, const char *name,
						  const char *registered, uint64_t ns)
{
	struct observation *o = &profiles_message;

	exchange_query(o);
	unit_ip(o->source.ip, client);
	o->dns.question = unit_text(name);
	profiles_split(&o->dns.domain, name, registered);
	o->time_ns = ns;
	return profiles_add(p, o);
}

/* A response with these A records, up to NULL. */
static inline struct pair_profile *profiles_answer(struct profiles *p, const char *client, const char *name,
						   const char *registered, uint16_t rcode, uint32_t ttl,
						   const char *const *addresses)
{
	static uint8_t ip[MAX_ANSWERS][16];
	struct observation *o = &profiles_message;

	exchange_response(o);
	unit_ip(o->source.ip, client);
	o->dns.question = unit_text(name);
	profiles_split(&o->dns.domain, name, registered);
	o->dns.rcode = rcode;
	for (; addresses && *addresses; addresses++, o->dns.n_answers++) {
		bool v6 = strchr(*addresses, ':');

		unit_ip(ip[o->dns.n_answers], *addresses);
		o->dns.answers[o->dns.n_answers] =
			(struct dns_answer){ .addr = ip[o->dns.n_answers] + (v6 ? 0 : 12),
					     .type = v6 ? 28 : 1,
					     .class = 1,
					     .ttl = ttl + o->dns.n_answers };
	}
	return profiles_add(p, o);
}

static inline struct pair_profile *profiles_request(struct profiles *p, const char *client, const char *host,
						    const char *registered, const char *target, uint64_t ns)
{
	struct observation *o = &profiles_message;

	exchange_request(o);
	unit_ip(o->source.ip, client);
	o->http.host = unit_text(host);
	profiles_split(&o->http.domain, host, registered);
	o->http.target = unit_text(target);
	o->time_ns = ns;
	return profiles_add(p, o);
}

/* example-n.org */
static inline struct pair_profile *profiles_ask_number(struct profiles *p, const char *client, unsigned int n,
						       uint64_t ns)
{
	char name[64];

	snprintf(name, sizeof(name), "example-%u.org", n);
	return profiles_query(p, client, name, name, ns);
}

static inline struct profiles *profiles_of(size_t pairs, size_t domains, size_t clients, size_t bytes)
{
	struct profiles *p = profiles_new(&(struct profile_limits){ pairs, domains, clients, bytes }, NULL);

	assert_non_null(p);
	return p;
}

static inline struct profile_counts profiles_count(const struct profiles *p)
{
	struct profile_counts counts;

	profiles_counts(p, &counts);
	return counts;
}

#endif
