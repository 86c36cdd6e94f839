/* heap.h: things to do, the earliest first; those of one moment in the order they came in. */
#ifndef METSUKE_LAB_HEAP_H
#define METSUKE_LAB_HEAP_H

#include <linux/types.h>
#include <stddef.h>

struct heap_entry {
	__u64 at;
	__u64 order;
	void *what;
};

struct heap {
	struct heap_entry *entries;
	size_t n, room;
	__u64 order;
};

void heap_add(struct heap *h, __u64 at, void *what);
/* The earliest, which stays; NULL: there is none. */
const struct heap_entry *heap_first(const struct heap *h);
/* The earliest, which goes; there has to be one. */
void *heap_take(struct heap *h);
void heap_free(struct heap *h);

#endif
