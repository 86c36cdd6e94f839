/* pool.c: see pool.h. Blocks go back at the end alone: a pool is as large as it was at most. */
#include "profile/pool.h"

#include <stdlib.h>
#include <string.h>

#define PIECES 64 /* of a block */

struct pool_block {
	struct pool_block *next;
	char pieces[];
};

struct pool_free {
	struct pool_free *next;
};

static void *cut(struct pool *p)
{
	if (!p->left) {
		struct pool_block *b = malloc(sizeof(*b) + PIECES * p->size);

		if (!b)
			return NULL;
		b->next = p->blocks;
		p->blocks = b;
		p->left = PIECES;
	}
	return p->blocks->pieces + (PIECES - p->left--) * p->size;
}

void *pool_get(struct pool *p)
{
	void *piece = p->free;

	if (piece)
		p->free = p->free->next;
	else
		piece = cut(p);
	return piece ? memset(piece, 0, p->size) : NULL;
}

void pool_put(struct pool *p, void *piece)
{
	struct pool_free *f = piece;

	f->next = p->free;
	p->free = f;
}

void pool_each(const struct pool *p, void (*each)(void *piece))
{
	size_t unused = p->left;

	for (struct pool_block *b = p->blocks; b; b = b->next, unused = 0)
		for (size_t i = 0; i < PIECES - unused; i++)
			each(b->pieces + i * p->size);
}

void pool_free(struct pool *p)
{
	while (p->blocks) {
		struct pool_block *b = p->blocks;

		p->blocks = b->next;
		free(b);
	}
	p->free = NULL;
	p->left = 0;
}
