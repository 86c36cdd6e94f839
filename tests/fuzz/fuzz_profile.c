/* fuzz_profile.c: the bytes of a stored profile. The first byte says of what. What is taken is what would be
 * written again, byte for byte; it can be joined, go on, and be asked for every feature. */
#include <math.h>
#include <string.h>

#include "fuzz.h"
#include "profile/features.h"
#include "profile/pack.h"
#include "support/buf.h"

#define CLIENT "192.0.2.1"
#define DOMAIN "a.example"
#define NS 1700000000000000000ULL

/* A client and a domain as empty as can be: what a pair needs. */
static void load_rest(struct profiles *p)
{
	static const uint8_t client[13] = { 1, 'c', 1 }, domain[27] = { 1, 'd', 1 };

	if (profiles_load_client(p, CLIENT_ADDRESS, CLIENT, client, sizeof(client)))
		fuzz_check("an empty client is refused");
	if (profiles_load_domain(p, DOMAIN, domain, sizeof(domain)))
		fuzz_check("an empty domain is refused");
}

static int load(struct profiles *p, unsigned int kind, const uint8_t *data, size_t size)
{
	switch (kind) {
	case 0:
		return profiles_load_client(p, CLIENT_ADDRESS, CLIENT, data, size);
	case 1:
		return profiles_load_domain(p, DOMAIN, data, size);
	case 2:
		return profiles_load_pair(p, CLIENT_ADDRESS, CLIENT, DOMAIN, data, size);
	default:
		return profiles_load_totals(p, data, size);
	}
}

static bool same(struct profiles *p, unsigned int kind, const uint8_t *data, size_t size)
{
	struct buf b = { 0 };
	bool as_it_was;

	switch (kind) {
	case 0:
		profile_pack_client(profiles_find_client(p, CLIENT_ADDRESS, CLIENT), &b);
		break;
	case 1:
		profile_pack_domain(profiles_find_domain(p, DOMAIN), &b);
		break;
	case 2:
		profile_pack_pair(profiles_find_pair(p, CLIENT_ADDRESS, CLIENT, DOMAIN), &b);
		break;
	default:
		profiles_pack_totals(p, &b);
	}
	as_it_was = b.len == size && !memcmp(b.data, data, size);
	buf_free(&b);
	return as_it_was;
}

static void add(struct profiles *p, enum observation_kind kind, uint64_t ns)
{
	static struct observation o;
	const struct text name = { DOMAIN, sizeof(DOMAIN) - 1, true };

	memset(&o, 0, offsetof(struct observation, dns));
	memset(&o.http, 0, sizeof(o.http));
	o.kind = kind;
	o.time_ns = ns;
	memcpy(o.source.ip, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1", 16);
	if (kind == OBSERVED_HTTP_REQUEST) {
		o.http.domain.registered = o.http.host = o.http.target = o.http.method = o.http.agent = name;
	} else {
		o.dns.domain.registered = o.dns.question = name;
		o.dns.n_answers = 0;
	}
	if (!profiles_add(p, &o))
		fuzz_check("a message that belongs to no pair");
}

static void ask_features(struct profiles *p)
{
	const struct pair_profile *pair = profiles_find_pair(p, CLIENT_ADDRESS, CLIENT, DOMAIN);

	if (!pair)
		fuzz_check("no pair");
	for (unsigned int id = 0; id < N_FEATURES; id++)
		if (isinf(feature_of_pair(id, pair, p).value))
			fuzz_check("a feature that is infinite");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct profile_limits limits = { 4, 4, 4, 0 };
	struct profiles *p = profiles_new(&limits, NULL);
	unsigned int kind;
	int err;

	if (!p)
		abort();
	if (!size) {
		profiles_free(p);
		return -1;
	}
	kind = *data++ % 4;
	size--;
	if (kind == 2)
		load_rest(p);
	err = load(p, kind, data, size);
	if (!err && data[0] == PACK_VERSION && !same(p, kind, data, size)) /* an older one becomes the present one */
		fuzz_check("taken, but it would be written differently");
	if (!err && load(p, kind, data, size))
		fuzz_check("it cannot be joined with itself");
	profiles_loaded(p);
	add(p, OBSERVED_DNS_QUERY, NS);
	add(p, OBSERVED_HTTP_REQUEST, NS + 60000000000ULL);
	add(p, OBSERVED_HTTP_REQUEST, NS);
	ask_features(p);
	profiles_free(p);
	return 0;
}
