/* heads.h: HTTP request heads that span several segments, put together in order. */
#ifndef METSUKE_OBSERVE_HEADS_H
#define METSUKE_OBSERVE_HEADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

#define HEAD_TIMEOUT_NS 10000000000ULL

struct head {
	bool used;
	bool complete; /* the last segment of it was seen */
	uint8_t denied; /* enum denied of the segment that started it */
	uint32_t next_seq;
	uint32_t len;
	uint64_t order; /* heads started before this one */
	struct record_head first; /* of the segment that started it */
	uint8_t bytes[HTTP_MAX];
};

struct heads;

struct heads *heads_new(size_t capacity);
void heads_free(struct heads *h);

/* Adds one sound RECORD_HTTP_PART. Returns a head that is over with this (complete, or pushed out by
 * this one), or NULL; the caller reads it and gives it back with heads_done(). Call again with the same
 * part while *ret_again is set. */
struct head *heads_add(struct heads *h, const struct record *part, bool *ret_again);

/* A head whose first segment is too long ago at `now_ns` of the records' time (UINT64_MAX: any), the
 * oldest first; or NULL. */
struct head *heads_expired(struct heads *h, uint64_t now_ns);

void heads_done(struct heads *h, struct head *head);

/* Parts that belong to no head that is known. */
uint64_t heads_orphans(const struct heads *h);

#endif
