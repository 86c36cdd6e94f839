/* arena.h: room for the text of one observation; reset before the next. */
#ifndef METSUKE_OBSERVE_ARENA_H
#define METSUKE_OBSERVE_ARENA_H

#include <stddef.h>

#define ARENA_BYTES (512 << 10)

struct arena {
	size_t used;
	char bytes[ARENA_BYTES];
};

/* NULL when the observation has used up its room; what does not fit is left out and marked. */
static inline char *arena_take(struct arena *a, size_t len)
{
	char *p = a->bytes + a->used;

	if (len > ARENA_BYTES - a->used)
		return NULL;
	a->used += len;
	return p;
}

/* Gives back what a take left unused. */
static inline void arena_trim(struct arena *a, const char *end)
{
	a->used = end - a->bytes;
}

#endif
