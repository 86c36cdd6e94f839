/* hash.h: seeded hashing for tables that traffic fills. */
#ifndef METSUKE_SUPPORT_HASH_H
#define METSUKE_SUPPORT_HASH_H

#include <stddef.h>
#include <stdint.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Random per process; it decides where things lie, never what is printed. */
uint64_t hash_seed(void);

static inline uint64_t hash_bytes(const void *bytes, size_t len, uint64_t seed)
{
	return XXH3_64bits_withSeed(bytes, len, seed);
}

#endif
