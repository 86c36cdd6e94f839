/* fingerprint_table.h: the lists' table as both halves see it: an array of 64-byte lines.
 *
 *	line 0			struct fingerprint_head
 *	lines 1..n_filters	the filter: says "not there" from one line for a name and all its parents
 *	the rest		buckets of eight fingerprints; 0 is a free place
 *
 * An entry's filter line is chosen by its last two labels, its bits by the whole entry. Its fingerprint stands in
 * one of two buckets. A reload makes another table and swaps the whole. For what is told a hit says "look closer",
 * never more: the daemon compares the text. What is dropped goes by the fingerprints alone; what a bare one cannot say
 * stands in the table as marks, the same fingerprint changed by a constant. Most entries need none. */
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
	FINGERPRINT_ALLOW_NETWORK = 1 << 4, /* some exception is an address or a network: those stand in the trie */
	FINGERPRINT_MARKED = 1 << 5, /* some name has a mark */
};

/* Marks of a name; what they are does not matter, only that they differ. */
#define FINGERPRINT_ALLOW_SELF 0x6c62272e07bb0142ULL	 /* the name itself is an exception */
#define FINGERPRINT_ALLOW_CHILDREN 0xd6e8feb86659fd93ULL /* all names below it are */
#define FINGERPRINT_KEEP_SELF 0xa0761d6478bd642fULL	 /* no list wants the name itself dropped */
#define FINGERPRINT_KEEP_CHILDREN 0xe7037ed1a0b428dbULL	 /* none wants the names below it dropped */

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
	__u32 bits; /* 8 + those of the network, of 128 */
	__u8 kind;  /* enum network_kind */
	__u8 ip[16];
	__u8 _pad[3];
};

enum network_kind { NETWORK_LISTED = 0, NETWORK_ALLOWED = 1 };

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
