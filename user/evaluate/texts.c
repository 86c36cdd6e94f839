/* texts.c: see texts.h. */
#include "evaluate/texts.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK 65536

struct texts {
	struct texts *before;
	size_t used, size;
	char bytes[];
};

const char *texts_keep(struct texts **t, const char *text, size_t len)
{
	char *to;

	if (!*t || (*t)->size - (*t)->used <= len) {
		size_t size = len < CHUNK ? CHUNK : len + 1;
		struct texts *more = malloc(sizeof(*more) + size);

		if (!more)
			return NULL;
		*more = (struct texts){ *t, 0, size };
		*t = more;
	}
	to = (*t)->bytes + (*t)->used;
	memcpy(to, text, len);
	to[len] = '\0';
	(*t)->used += len + 1;
	return to;
}

void texts_free(struct texts *t)
{
	while (t) {
		struct texts *before = t->before;

		free(t);
		t = before;
	}
}
