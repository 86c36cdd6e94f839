/* table.c: see table.h. Open addressing, at most two thirds full. */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>

static struct table_slot *slot_of(const struct table *t, __u64 stored)
{
	size_t i = (stored * 0x9e3779b97f4a7c15ULL >> 20) & (t->room - 1);

	while (t->slots[i].key && t->slots[i].key != stored)
		i = (i + 1) & (t->room - 1);
	return &t->slots[i];
}

static void grow(struct table *t)
{
	struct table old = *t;

	t->room = old.room ? old.room * 2 : 64;
	t->slots = calloc(t->room, sizeof(*t->slots));
	if (!t->slots) {
		fprintf(stderr, "labgen: out of memory\n");
		exit(1);
	}
	for (size_t i = 0; i < old.room; i++)
		if (old.slots[i].key)
			*slot_of(t, old.slots[i].key) = old.slots[i];
	free(old.slots);
}

__u64 *table_at(struct table *t, __u64 key)
{
	struct table_slot *slot;

	if (t->n * 3 >= t->room * 2)
		grow(t);
	slot = slot_of(t, key + 1);
	if (!slot->key) {
		slot->key = key + 1;
		t->n++;
	}
	return &slot->value;
}

void table_free(struct table *t)
{
	free(t->slots);
	*t = (struct table){ 0 };
}
