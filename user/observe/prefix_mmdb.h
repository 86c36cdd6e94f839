/* prefix_mmdb.h: a table of prefixes out of an MMDB (MaxMind DB 2.0) with AS numbers. */
#ifndef METSUKE_OBSERVE_PREFIX_MMDB_H
#define METSUKE_OBSERVE_PREFIX_MMDB_H

#include "observe/prefix_text.h"

struct prefix_mmdb {
	struct prefix_builder *builder;
	uint32_t *place;	 /* goes on with every record */
	const atomic_bool *stop; /* may be NULL */
	void (*refused)(void *ctx, const struct prefix_refusal *refusal);
	void *ctx;
};

/* Adds every network of the database in this file, which must not change meanwhile. Returns 0; -ENOMEM, -E2BIG,
 * -ECANCELED; or -EINVAL, and why in *ret_why. */
int prefix_mmdb_read(const struct prefix_mmdb *to, const char *path, const char **ret_why);

#endif
