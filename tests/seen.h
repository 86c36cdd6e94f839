/* seen.h: what one look at one frame did, by whichever build: the counters that moved and the record. */
#ifndef METSUKE_TESTS_SEEN_H
#define METSUKE_TESTS_SEEN_H

#include "capture/native.h"
#include "rows.h"

#define SEEN_TEXT 32768

struct seen {
	__u64 packets;
	__u64 bytes;
	__u64 evicted;
	unsigned int n_outcomes; /* how often any outcome was counted */
	enum outcome outcome;
	unsigned int marks; /* counted, not what the record says */
	unsigned int n_records;
	unsigned int urgent; /* of those */
	unsigned int dropped; /* the packet was */
	__u64 denied_listed, denied_flagged;
	unsigned int len;
	union {
		struct record rec;
		__u8 record[RECORD_MAX];
	};
};

/* The moves from one reading of a ledger to the next; leaves the record alone. */
void seen_counters(struct seen *s, const struct counters *before, const struct counters *after);
void seen_record(struct seen *s, const void *record, unsigned int len);
void seen_native(struct seen *s, struct native *n, const __u8 *data, unsigned int len, enum link_type link);

/* NULL, or what is wrong with it whatever the frame was. */
const char *seen_unsound(const struct seen *s, unsigned int frame_len);
/* NULL, or the first difference. Time, owner, interfaces and hook are not compared. */
const char *seen_difference(const struct seen *a, const struct seen *b);
/* NULL, or what the row did not expect. */
const char *seen_unexpected(const struct seen *s, const struct step *step);
/* What was seen as words between spaces, the way rows expect them. */
void seen_words(const struct seen *s, char text[SEEN_TEXT]);

const char *outcome_name(enum outcome out);

#endif
