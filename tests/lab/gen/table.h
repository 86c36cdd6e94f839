/* table.h: numbers by numbers. */
#ifndef METSUKE_LAB_TABLE_H
#define METSUKE_LAB_TABLE_H

#include <linux/types.h>
#include <stddef.h>

struct table {
	struct table_slot {
		__u64 key, value; /* key: plus 1; 0 is an empty slot */
	} * slots;
	size_t n, room;
};

/* Where the value of a key is, 0 at first; until the next call. */
__u64 *table_at(struct table *t, __u64 key);
void table_free(struct table *t);

#endif
