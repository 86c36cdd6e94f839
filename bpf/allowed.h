/* allowed.h: did somebody say that this is fine (metsuke allow)? Asked only of what is about to be dropped. Domains stand
 * here by fingerprints with a key of their own: what is allowed changes without the lists' table, and is there without
 * one. An entry's client cannot be told here where a name or a server is given too: it counts for all then. */
#ifndef METSUKE_BPF_ALLOWED_H
#define METSUKE_BPF_ALLOWED_H

#include "listed.h"

/* Both written by the daemon: room for what was allowed and what is now, which take turns (settings.allow_key). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * ALLOWED_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);   /* fingerprint */
	__type(value, __u32); /* enum allowed_bits */
} allowed_names SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 2 * ALLOWED_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct network_key);
	__type(value, __u32); /* enum allowed_bits */
} allowed_nets SEC(".maps");

/* Of the labels gathered in l by the key of settings, and of the parents. */
__noinline int name_allowed(struct lookup *l)
{
	__u32 bits = 0, n, i;
	__u64 f;

	if (!l)
		return 0;
	n = l->labels.n;
	f = l->head.key;
	for (i = 0; i < NAME_LABELS; i++) {
		__u64 at = n - 1 - i;
		const __u32 *found;

		if (i >= n)
			break;
		BOUND(at, NAME_LABELS - 1);
		f = name_mix(f + l->labels.hash[at]);
		found = bpf_map_lookup_elem(&allowed_names, &f);
		if (found)
			bits |= *found;
	}
	return bits;
}

static __always_inline __u32 network_allowed(const __u8 ip[16], enum network_kind kind)
{
	struct network_key network = { .bits = 8 + 128, .kind = kind };
	const __u32 *found;

	__builtin_memcpy(network.ip, ip, 16);
	found = bpf_map_lookup_elem(&allowed_nets, &network);
	return found ? *found : 0;
}

#endif
