/* owner_map.h: the map between the socket hooks, which write it, and the packet programs, which join
 * a packet's socket cookie to its process. Least recently used sockets make room. */
#ifndef METSUKE_BPF_OWNER_MAP_H
#define METSUKE_BPF_OWNER_MAP_H

#include "pinned.h"
#include "record.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, OWNERS_MAX);
	__type(key, __u64); /* socket cookie */
	__type(value, struct owner);
} owners SEC(".maps");

#endif
