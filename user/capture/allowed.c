/* allowed.c: see allowed.h. */
#include "capture/allowed.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "detect/allow.h"
#include "fingerprint_table.h"
#include "intel/fingerprints.h"
#include "support/hash.h"
#include "support/log.h"

_Static_assert(ALLOWED_MAX == ALLOW_MOST, "there is room for every entry");

#define GENERATION 8 /* bits below it: enum allowed_bits */

static uint32_t bits_of(const struct allow_entry *e)
{
	return ALLOWED_FLAGGED | (e->listed ? ALLOWED_LISTED : 0);
}

static bool to_network(const struct allow_entry *e, struct network_key *key)
{
	memset(key, 0, sizeof(*key));
	if (e->domain || !(e->server || e->host))
		return false;
	key->kind = e->server ? NETWORK_ALLOWED : NETWORK_ALLOWED_CLIENT;
	key->bits = 8 + (e->server ? e->server_bits : e->host_bits);
	memcpy(key->ip, e->server ? e->server_ip : e->host_ip, sizeof(key->ip));
	return true;
}

static bool covers(const struct network_key *a, const struct network_key *b)
{
	unsigned int n = a->bits - 8, whole = n / 8, rest = n % 8;

	return a->kind == b->kind && a->bits <= b->bits && !memcmp(a->ip, b->ip, whole) &&
	       (!rest || !((a->ip[whole] ^ b->ip[whole]) >> (8 - rest)));
}

/* The trie finds the longest network alone: it says what the others around it say, too. */
static uint32_t network_bits(const struct allow *a, const struct network_key *key, uint64_t now_ns)
{
	struct network_key other;
	uint32_t bits = 0;

	for (size_t i = 0; i < allow_count(a); i++) {
		const struct allow_entry *e = allow_get(a, i);

		if (!allow_expired(e, now_ns) && to_network(e, &other) && covers(&other, key))
			bits |= bits_of(e);
	}
	return bits;
}

/* Two entries of one domain differ by client or server, which the programs do not know. */
static void put_name(const struct allowed_maps *maps, const struct allow_entry *e, uint64_t key, int *err)
{
	uint64_t f = fingerprints_of_name(e->domain, strlen(e->domain), key);
	uint32_t bits = 0;

	(void)bpf_map_lookup_elem(maps->names, &f, &bits); /* mostly there is none */
	bits |= bits_of(e) | maps->generation << GENERATION;
	if (bpf_map_update_elem(maps->names, &f, &bits, BPF_ANY))
		*err = errno;
}

static void put_network(const struct allowed_maps *maps, const struct allow *a, const struct network_key *key,
			uint64_t now_ns, int *err)
{
	uint32_t bits = network_bits(a, key, now_ns) | maps->generation << GENERATION;

	if (bpf_map_update_elem(maps->networks, key, &bits, BPF_ANY))
		*err = errno;
}

/* Takes out what is of another generation. The next key is asked for before this one goes. */
static void drop_names(const struct allowed_maps *maps)
{
	uint64_t at, next;
	uint32_t value;
	bool more = !bpf_map_get_next_key(maps->names, NULL, &next);

	while (more) {
		at = next;
		more = !bpf_map_get_next_key(maps->names, &at, &next);
		if (!bpf_map_lookup_elem(maps->names, &at, &value) && value >> GENERATION != maps->generation)
			(void)bpf_map_delete_elem(maps->names, &at);
	}
}

static void drop_networks(const struct allowed_maps *maps)
{
	struct network_key at, next;
	uint32_t value;
	bool more = !bpf_map_get_next_key(maps->networks, NULL, &next);

	while (more) {
		at = next;
		more = !bpf_map_get_next_key(maps->networks, &at, &next);
		if (!bpf_map_lookup_elem(maps->networks, &at, &value) && value >> GENERATION != maps->generation)
			(void)bpf_map_delete_elem(maps->networks, &at);
	}
}

uint64_t allowed_put(struct allowed_maps *maps, const struct allow *a, uint64_t now_ns, __u64 *key)
{
	uint64_t over_ns = 0, next;
	struct network_key network;
	bool any = false;
	int err = 0;

	maps->generation = (maps->generation + 1) & 0xffffff;
	next = name_mix(hash_seed() + maps->generation) | 1;
	for (size_t i = 0; i < allow_count(a); i++) {
		const struct allow_entry *e = allow_get(a, i);

		if (allow_expired(e, now_ns))
			continue;
		if (e->until_ns && (!over_ns || e->until_ns < over_ns))
			over_ns = e->until_ns;
		if (e->domain)
			put_name(maps, e, next, &err);
		else if (to_network(e, &network))
			put_network(maps, a, &network, now_ns, &err);
		else
			continue;
		any = true;
	}
	if (!any)
		next = 0;
	__atomic_store_n(key, next, __ATOMIC_RELEASE);
	drop_names(maps);
	drop_networks(maps);
	if (err)
		log_error("cannot give what is allowed to the packet programs: %s", strerror(err));
	return over_ns;
}
