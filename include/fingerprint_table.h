/* fingerprint_table.h: the lists' table as both halves see it: an array of 64-byte lines.
 *
 *	line 0			struct fingerprint_head
 *	lines 1..n_filters	the filter: says "not there" from one line for a name and all its parents
 *	the rest		buckets of eight fingerprints; 0 is a free place
 *
 * An entry's filter line is chosen by its last two labels, its bits by the whole entry. Its fingerprint stands in
 *one of two buckets. A reload makes another table and swaps the whole. A hit says "look closer", never more: the
 *daemon compares the text. */
#ifndef METSUKE_FINGERPRINT_TABLE_H
#define METSUKE_FINGERPRINT_TABLE_H

#include "name.h"

#define FINGERPRINT_LINE 64 /* bytes: one cache line */
#define FINGERPRINT_WORDS 8

struct fingerprint_line {
	__u64 word[FINGERPRINT_WORDS];
};

enum fingerprint_flags {
	FINGERPRINT_TOP = 1 << 0,      /* some entry has a single label */
	FINGERPRINT_ADDRESS = 1 << 1,  /* some entry is an address */
	FINGERPRINT_NETWORK = 1 << 2,  /* some is a network: those stand in a trie */
	FINGERPRINT_OVERFLOW = 1 << 3, /* not every fingerprint found a place: the filter's word is all there is */
};

struct fingerprint_head {
	__u64 key; /* of the hashes */
	__u32 n_filters;
	__u32 n_buckets;
	__u32 flags; /* enum fingerprint_flags */
	__u32 n_entries;
	__u64 generation; /* of the lists */
	__u64 _pad[4];
};
_Static_assert(sizeof(struct fingerprint_head) == FINGERPRINT_LINE, "the head is a line");
_Static_assert(sizeof(struct fingerprint_line) == FINGERPRINT_LINE, "a line is a line");

/* Key of the trie that the networks stand in. */
struct network_key {
	__u32 bits; /* of 128 */
	__u8 ip[16];
};

/* Number of the filter line of an entry whose last two labels have this fingerprint. */
static __always_inline __u32 fingerprint_filter(__u64 two_labels, __u32 n_filters)
{
	return 1 + ((two_labels & 0xffffffff) * n_filters >> 32);
}

/* The two buckets that may hold a fingerprint. */
static __always_inline __u32 fingerprint_bucket(const struct fingerprint_head *t, __u64 f, int second)
{
	__u64 h = second ? f * 0xff51afd7ed558ccdULL : f;

	return 1 + t->n_filters + ((h >> 32) * t->n_buckets >> 32);
}

/* Three of a filter line's 512 bits, by those bits of the fingerprint that chose neither line nor bucket. */
#define FINGERPRINT_BITS(f) (f) & 511, (f) >> 9 & 511, (f) >> 37 & 511

static __always_inline int fingerprint_maybe(const struct fingerprint_line *line, __u64 f)
{
	const __u64 bit[] = { FINGERPRINT_BITS(f) };

	return line->word[bit[0] >> 6] >> (bit[0] & 63) & line->word[bit[1] >> 6] >> (bit[1] & 63) &
	       line->word[bit[2] >> 6] >> (bit[2] & 63) & 1;
}

static __always_inline int fingerprint_among(const struct fingerprint_line *bucket, __u64 f)
{
	int found = 0;

	for (__u32 i = 0; i < FINGERPRINT_WORDS; i++)
		found |= bucket->word[i] == f;
	return found;
}

#endif
