/* flux.c: fluxscore/1: the score itself, and the answers for names over time, which go through a profile as those
 * of the wire do, with the file's table of prefixes. */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "detect/flux.h"
#include "label.h"
#include "observe/prefixes.h"
#include "profile/profile.h"
#include "support/hash.h"
#include "vectors.h"

static const struct profile_limits limits = { .pairs = 16, .domains = 16, .clients = 16, .bytes = 16 << 20 };

/* One name, with the table and without: then /16 stands in for a prefix. */
struct zone {
	const char *name;
	struct profiles *profiles, *without_table;
	struct domain_profile *domain, *domain16;
	struct distinct nets24; /* no feature of the sensor */
	uint64_t with_new_ip;
	double single;
};

static bool zone_start(struct zone *z, const char *name, const struct prefixes *p)
{
	*z = (struct zone){ .name = name };
	z->profiles = profiles_new(&limits, p);
	z->without_table = profiles_new(&limits, NULL);
	return z->profiles && z->without_table;
}

static void zone_end(struct zone *z)
{
	distinct_free(&z->nets24);
	profiles_free(z->profiles);
	profiles_free(z->without_table);
}

/* A response as the decoder gives it. */
static bool set_response(struct observation *o, const char *name, const json_t *event)
{
	static uint8_t addresses[MAX_ANSWERS][4];
	const json_t *list = json_object_get(event, "a"), *address;
	struct text question = { name, strlen(name) };
	const char *dot = strchr(name, '.');
	size_t i;

	memset(o, 0, sizeof(*o));
	o->kind = OBSERVED_DNS_RESPONSE;
	o->time_ns = (1700000000 + (uint64_t)number_of(event, "t")) * 1000000000;
	o->query_ns = o->time_ns - 1000000;
	o->family = 4;
	memcpy(o->source.ip, (uint8_t[16]){ [10] = 0xff, 0xff, 192, 0, 2, 1 }, 16);
	o->dns.question = question;
	o->dns.has_question = true;
	o->dns.domain.registered = question;
	o->dns.domain.suffix = (struct text){ dot ? dot + 1 : "", dot ? strlen(dot + 1) : 0 };
	o->dns.type = o->dns.class = 1;
	json_array_foreach(list, i, address)
	{
		const char *text = json_string_value(address);

		if (i == MAX_ANSWERS || !text || inet_pton(AF_INET, text, addresses[i]) != 1)
			return false;
		o->dns.answers[i] = (struct dns_answer){
			.addr = addresses[i], .type = 1, .class = 1, .ttl = number_of(event, "ttl")
		};
	}
	o->dns.n_answers = i;
	return true;
}

static bool add_answer(struct zone *z, const json_t *event)
{
	static struct observation o;
	double before = z->domain ? distinct_count(&z->domain->ips) : 0;

	if (!set_response(&o, z->name, event))
		return false;
	profiles_add(z->profiles, &o);
	profiles_add(z->without_table, &o);
	z->domain = profiles_find_domain(z->profiles, z->name);
	z->domain16 = profiles_find_domain(z->without_table, z->name);
	if (!z->domain || !z->domain16)
		return false;
	if (z->domain->addresses.n == 1)
		z->single = flux_single_score(distinct_count(&z->domain->ips), distinct_count(&z->domain->systems),
					      z->domain->ttl_min);
	else
		z->with_new_ip += distinct_count(&z->domain->ips) > before;
	for (unsigned int i = 0; i < o.dns.n_answers; i++)
		distinct_add(&z->nets24, hash_bytes(o.dns.answers[i].addr, 3, 0));
	return true;
}

static void compare(const json_t *expected, const struct zone *z)
{
	const struct domain_profile *d = z->domain;
	double score = flux_score(distinct_count(&d->ips), distinct_count(&d->systems), 0);

	vector_integer(json_object_get(expected, "responses"), d->responses, "responses");
	vector_number(json_object_get(expected, "mean_ips_per_response"), d->addresses.mean,
		      "addresses a response");
	/* Written with 12 digits, of which those before the point are some. */
	vector_within(json_object_get(expected, "mean_ttl"), d->ttl.mean, 1e-9 + 1e-11 * d->ttl.mean, "mean TTL");
	vector_integer(json_object_get(expected, "min_ttl"), d->ttl_min, "least TTL");
	vector_number(json_object_get(expected, "distinct_ips"), distinct_count(&d->ips), "addresses");
	vector_number(json_object_get(expected, "distinct_bgp_prefixes"), distinct_count(&d->networks),
		      "prefixes");
	vector_number(json_object_get(expected, "distinct_asn"), distinct_count(&d->systems), "AS numbers");
	vector_number(json_object_get(expected, "distinct_24"), distinct_count(&z->nets24), "/24");
	vector_number(json_object_get(expected, "distinct_16"), distinct_count(&z->domain16->networks), "/16");
	vector_integer(json_object_get(expected, "responses_with_new_ip"), z->with_new_ip,
		       "responses with a new one");
	vector_number(json_object_get(expected, "flux_score"), score, "score");
	vector_bool(json_object_get(expected, "fast_flux"), flux_is_fast(score), "fast flux");
	vector_number(json_object_get(expected, "single_lookup_score_first_event"), z->single,
		      "score of the first alone");
}

static void check_sequence(const json_t *sequence, const struct prefixes *p)
{
	const json_t *event;
	struct zone z;
	size_t i;

	vector_case("%s", text_of(sequence, "domain"));
	if (!zone_start(&z, text_of(sequence, "domain"), p))
		vector_fail("out of memory");
	json_array_foreach(json_object_get(sequence, "events"), i, event)
	{
		if (!add_answer(&z, event)) {
			vector_fail("answer %zu found no profile", i);
			zone_end(&z);
			return;
		}
	}
	if (z.domain)
		compare(json_object_get(sequence, "expect"), &z);
	zone_end(&z);
}

/* As a file in CAIDA's format, as a user would give it. */
static struct prefixes *read_table(const json_t *table)
{
	char path[] = "/tmp/vectors-pfx2as-XXXXXX", error[256];
	int fd = mkstemp(path);
	FILE *to = fd < 0 ? NULL : fdopen(fd, "w");
	struct prefixes *p;
	const json_t *entry;
	size_t i;

	if (!to)
		return NULL;
	json_array_foreach(table, i, entry)
	{
		const char *prefix = json_string_value(json_array_get(entry, 0));
		int len = prefix ? strcspn(prefix, "/") : 0;

		if (!len || !prefix[len]) {
			fclose(to);
			unlink(path);
			return NULL;
		}
		fprintf(to, "%.*s\t%s\t%lld\n", len, prefix, prefix + len + 1,
			(long long)json_integer_value(json_array_get(entry, 1)));
	}
	fclose(to);
	p = prefixes_load(path, error, sizeof(error));
	unlink(path);
	return p;
}

void vectors_flux(const json_t *file)
{
	struct prefixes *p = read_table(json_object_get(file, "prefix_table"));
	const json_t *c;
	size_t i;

	if (!p) {
		vector_case("prefix_table");
		vector_fail("it cannot be used");
	}
	json_array_foreach(json_object_get(file, "static"), i, c)
	{
		double score;

		vector_case("static %zu", i);
		score = flux_score(number_of(c, "n_A"), number_of(c, "n_ASN"), number_of(c, "n_NS"));
		vector_number(json_object_get(c, "flux_score"), score, "score");
		vector_bool(json_object_get(c, "fast_flux"), flux_is_fast(score), "fast flux");
	}
	json_array_foreach(json_object_get(file, "sequences"), i, c) check_sequence(c, p);
	prefixes_free(p);
}
