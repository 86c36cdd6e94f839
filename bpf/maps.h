/* maps.h: the maps of the packet programs. User space pins those that people read under
 * /sys/fs/bpf/metsuke/; each says who writes it, who reads it, and what happens when it is full. */
#ifndef METSUKE_BPF_MAPS_H
#define METSUKE_BPF_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "counters.h"
#include "extract.h"
#include "pinned.h"
#include "settings.h"

/* The ledger. Written by the packet programs, read by the daemon and by people. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counters);
} counters SEC(".maps");

/* Records to the daemon. Full: the record is lost and counted as lost_bulk. The daemon sets its size. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} bulk SEC(".maps");

/* Records about listed names and addresses, and of flagged processes: a flood on the bulk ring leaves this one empty.
 * It wakes a reader that waits at once. Full: the record goes to the bulk ring. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} urgent SEC(".maps");

/* Interfaces whose ingress is seen too: a packet that came in there is not reported again when it
 * leaves. Written by the daemon. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u32); /* interface index */
	__type(value, __u32);
} watched SEC(".maps");

/* Who asks for what how often, by client address. Written by the daemon from the records it read, at
 * most once a second; the client silent for longest makes room. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, HOSTS_MAX);
	__type(key, struct host_key);
	__type(value, struct host_counts);
} hosts SEC(".maps");

/* Hosts and processes with a verdict against them. Written by the daemon. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FLAGGED_MAX);
	__type(key, struct flagged_key);
	__type(value, struct flagged);
} flagged SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

/* Written by the daemon before it attaches and on reload, read by direct access. */
struct settings settings SEC(".data.settings");

/* Unfinished request heads; see extract.h. All CPUs share them: the segments of a connection mostly
 * arrive on one, and a slot that another CPU changed under us only costs one head its rest. */
struct head_table heads;

#endif
