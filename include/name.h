/* name.h: a domain name to 64-bit fingerprints, its own and those of all its parents, in one pass over its
 * labels: fingerprint(l0 l1 ... ln) = mix(fingerprint(l1 ... ln) + hash(l0)). Labels are read eight bytes at a
 * time and in lower case (RFC 4343). The key is random, so that nobody outside can choose names that collide.
 *
 * (A polynomial over the bytes gives the same from prefix sums, at a multiplication a byte; over labels it
 * is one for eight bytes.) */
#ifndef METSUKE_NAME_H
#define METSUKE_NAME_H

#include "bounded.h"

/* The last labels of a name that count: parents of more labels are not told apart from it here. */
#define NAME_LABELS 16
#define NAME_LABEL_MAX 63
#define NAME_MULTIPLIER 0x9e3779b97f4a7c15ULL /* 2^64 / golden ratio, odd */

static __always_inline __u64 name_mix(__u64 h)
{
	h *= NAME_MULTIPLIER;
	return h ^ h >> 32;
}

/* Eight bytes at once: 0x20 is added where a byte is 'A' to 'Z'. */
static __always_inline __u64 name_lower(__u64 w)
{
	__u64 low = w & 0x7f7f7f7f7f7f7f7fULL;
	__u64 upper = (low + 0x3f3f3f3f3f3f3f3fULL) & ~(low + 0x2525252525252525ULL) & ~w & 0x8080808080808080ULL;

	return w | upper >> 2;
}

/* Hash of the label msg[at..at + len), len at most NAME_LABEL_MAX; msg can be read 8 bytes past MESSAGE_MASK. */
static __always_inline __u64 name_label(const __u8 *msg, __u64 at, __u32 len, __u64 key)
{
	__u64 h = key ^ len;

	for (__u32 i = 0; i < 8; i++) {
		__u64 w;

		BOUND(at, MESSAGE_MASK);
		w = *(const loose64 *)(msg + at);
		if (len <= 8) {
			w = len == 8 ? w : w & (((__u64)1 << (8 * (len & 7))) - 1);
			return name_mix(h ^ name_lower(w));
		}
		h = name_mix(h ^ name_lower(w));
		at += 8;
		len -= 8;
	}
	return h;
}

/* The labels of a name as they come, first one first. In map memory for BPF. */
struct name_labels {
	__u64 hash[NAME_LABELS]; /* a ring */
	__u32 n;		 /* of the whole name */
	__u32 _pad;
};

static __always_inline void name_add_label(struct name_labels *l, __u64 hash)
{
	__u64 at = l->n;

	BOUND(at, NAME_LABELS - 1);
	l->hash[at] = hash;
	l->n++;
}

/* Fingerprint of an address (IPv4 as ::ffff:a.b.c.d). */
static __always_inline __u64 name_of_address(const __u8 ip[16], __u64 key)
{
	const loose64 *w = (const loose64 *)ip;

	return name_mix(name_mix(~key ^ w[0]) ^ w[1]);
}

#endif
