/* distinct.h: how many different things there were: exactly up to DISTINCT_EXACT, beyond that by HyperLogLog with
 * 2^10 registers (Flajolet et al. 2007; standard error 1.04/sqrt(1024) = 3.3 %). Sets of two sensors can be
 * joined. */
#ifndef METSUKE_PROFILE_DISTINCT_H
#define METSUKE_PROFILE_DISTINCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/hash.h"

#define DISTINCT_EXACT 32
#define DISTINCT_REGISTERS 1024
#define DISTINCT_RANK_MOST 55 /* of a register: 64 - 10 bits, and one */

/* The seed of all hashes that are kept or compared between sensors. Tables that traffic fills have a random one.
 */
#define DISTINCT_SEED 0x6d657473756b65ULL

/* A set of one, which most are, holds nothing beside; what is larger hangs at `more`: the hashes in ascending order,
 * or the registers, so that equal sets are equal bytes, whatever the order in which they were filled. Zero is the
 * empty set. */
struct distinct {
	uint32_t n;    /* exact count, or DISTINCT_EXACT + 1: estimated */
	uint32_t room; /* at more; 0: there is none */
	union {
		void *more;
		uint64_t one;
	};
};

static inline uint64_t distinct_hash(const void *bytes, size_t len)
{
	return hash_bytes(bytes, len, DISTINCT_SEED);
}

/* What malloc takes for so many bytes. */
static inline size_t heap_bytes(size_t bytes)
{
	return bytes <= 24 ? 32 : (bytes + 8 + 15) & ~(size_t)15;
}

static inline bool distinct_exact(const struct distinct *d)
{
	return d->n <= DISTINCT_EXACT;
}

/* Of an exact set, in ascending order. */
static inline const uint64_t *distinct_hashes(const struct distinct *d)
{
	return d->room ? d->more : &d->one;
}

/* That hang at `more`. */
static inline size_t distinct_bytes(const struct distinct *d)
{
	return d->room ? heap_bytes(distinct_exact(d) ? d->room * sizeof(uint64_t) : DISTINCT_REGISTERS) : 0;
}

/* hash: of 64 well mixed bits, the same on every sensor. Returns true where it is new (an estimate's register
 * grew, beyond DISTINCT_EXACT). Out of memory: the set stays as it is. */
bool distinct_add(struct distinct *d, uint64_t hash);
bool distinct_has(const struct distinct *d, uint64_t hash); /* exact sets only; an estimate says true */
double distinct_count(const struct distinct *d);
int distinct_merge(struct distinct *to,
		   const struct distinct *from); /* -ENOMEM: `to` stays a set, of some of both */
void distinct_free(struct distinct *d);

/* An empty set becomes one of n hashes in ascending order, or of these registers. 0, -EINVAL where they are not
 * what a set holds, -ENOMEM. */
int distinct_set_exact(struct distinct *d, const uint64_t *hashes, uint32_t n);
int distinct_set_registers(struct distinct *d, const uint8_t registers[DISTINCT_REGISTERS]);

#endif
