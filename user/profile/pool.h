/* pool.h: equal pieces of memory, cut from blocks and used again. What leaves a table and what comes into it take
 * turns, message by message; malloc would join and split the same chunks each time, and at the end once more. */
#ifndef METSUKE_PROFILE_POOL_H
#define METSUKE_PROFILE_POOL_H

#include <stddef.h>

struct pool {
	size_t size; /* of a piece, a multiple of 8; set before the first */
	struct pool_block *blocks;
	struct pool_free *free;
	size_t left; /* pieces of the first block that were never given out */
};

/* All zero, or NULL. */
void *pool_get(struct pool *p);
void pool_put(struct pool *p, void *piece);

/* Every piece that was ever given out, those that were put back too (of which the first word is the pool's own). */
void pool_each(const struct pool *p, void (*each)(void *piece));
void pool_free(struct pool *p);

#endif
