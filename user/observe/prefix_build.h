/* prefix_build.h: how a table of prefixes comes to be. Loaders add entries in any order; the finished table is a
 * row of ranges, each with the longest prefix that covers it. For loaders and tests; who only looks up takes
 * prefixes.h. */
#ifndef METSUKE_OBSERVE_PREFIX_BUILD_H
#define METSUKE_OBSERVE_PREFIX_BUILD_H

#include <stddef.h>
#include <stdint.h>

#include "observe/prefixes.h"

#define PREFIXES_MOST 10000000 /* a tenth of it is announced in 2026: more is some other file */

struct prefix_entry {
	uint64_t hi, lo; /* the address, IPv4 as mapped, with no bit set behind the length */
	uint32_t as;
	uint32_t place; /* where it stood: of two for one prefix the lower one counts */
	uint8_t bits;	/* of 128 */
};

struct prefix_builder {
	struct prefix_entry *entry;
	size_t n, cap;
};

/* An entry's address. Returns false, and leaves *e, where bits behind the length are set. */
bool prefix_entry_set(struct prefix_entry *e, const uint8_t ip[16], uint8_t bits);

/* Returns 0, -ENOMEM, or -E2BIG. */
int prefix_add(struct prefix_builder *b, const struct prefix_entry *e);

/* The table of all entries, which the caller frees; or NULL: out of memory. Fills v4, v6, duplicates and bytes of
 * the report. conflict: this entry's prefix stood there before with another AS. */
struct prefixes *prefix_build(struct prefix_builder *b, struct prefixes_report *report,
			      void (*conflict)(void *ctx, const struct prefix_entry *e), void *ctx);
void prefix_builder_free(struct prefix_builder *b);

/* One family's ranges, by their first addresses: each ends where the next begins. */
struct prefix_ranges {
	size_t n, cap;
	uint32_t *as;
	uint8_t *bits; /* 0: no prefix covers it */
};

struct prefixes {
	struct prefix_ranges v4, v6;
	uint32_t *start4;
	uint64_t (*start6)[2];
	uint32_t *first4; /* by the upper 16 bits: the range in which they begin; one more at the end */
};

#endif
