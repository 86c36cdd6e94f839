/* heap.c: see heap.h. */
#include "heap.h"

#include <stdio.h>
#include <stdlib.h>

static int before(const struct heap_entry *a, const struct heap_entry *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void heap_add(struct heap *h, __u64 at, void *what)
{
	struct heap_entry entry = { .at = at, .order = h->order++, .what = what };
	size_t i = h->n++;

	if (h->n > h->room) {
		h->room = h->room ? h->room * 2 : 1024;
		h->entries = realloc(h->entries, h->room * sizeof(*h->entries));
		if (!h->entries) {
			fprintf(stderr, "labgen: out of memory\n");
			exit(1);
		}
	}
	for (; i && before(&entry, &h->entries[(i - 1) / 2]); i = (i - 1) / 2)
		h->entries[i] = h->entries[(i - 1) / 2];
	h->entries[i] = entry;
}

const struct heap_entry *heap_first(const struct heap *h)
{
	return h->n ? &h->entries[0] : NULL;
}

void *heap_take(struct heap *h)
{
	void *what = h->entries[0].what;
	struct heap_entry last = h->entries[--h->n];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < h->n) {
		if (child + 1 < h->n && before(&h->entries[child + 1], &h->entries[child]))
			child++;
		if (!before(&h->entries[child], &last))
			break;
		h->entries[i] = h->entries[child];
		i = child;
	}
	h->entries[i] = last;
	return what;
}

void heap_free(struct heap *h)
{
	free(h->entries);
	*h = (struct heap){ 0 };
}
