/* packed.h: all that profiles hold as bytes, to compare two of them. */
#ifndef METSUKE_TESTS_PACKED_H
#define METSUKE_TESTS_PACKED_H

#include "profile/profile.h"
#include "support/buf.h"
#include "unit.h"

static inline bool packed_pair(void *ctx, struct pair_profile *pair)
{
	buf_str(ctx, pair->client->key);
	buf_str(ctx, pair->domain->key);
	profile_pack_pair(pair, ctx);
	return true;
}

static inline bool packed_domain(void *ctx, struct domain_profile *d)
{
	buf_str(ctx, d->key);
	profile_pack_domain(d, ctx);
	return true;
}

static inline bool packed_client(void *ctx, struct client_profile *c)
{
	buf_str(ctx, c->key);
	profile_pack_client(c, ctx);
	return true;
}

/* In their order of use; to be freed. */
static inline struct buf packed_all(struct profiles *p)
{
	struct buf b = { 0 };

	profiles_each_client(p, packed_client, &b);
	profiles_each_domain(p, packed_domain, &b);
	profiles_each_pair(p, packed_pair, &b);
	profiles_pack_totals(p, &b);
	assert_false(b.failed);
	return b;
}

/* Frees both. */
static inline void assert_same_bytes(struct buf a, struct buf b)
{
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, a.len);
	buf_free(&a);
	buf_free(&b);
}

#endif
