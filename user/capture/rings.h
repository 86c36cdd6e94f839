/* rings.h: the two rings that the packet programs fill, emptied in the right order. */
#ifndef METSUKE_CAPTURE_RINGS_H
#define METSUKE_CAPTURE_RINGS_H

#include <stddef.h>

#include "record.h"

struct rings;

/* Called for each record; the bytes are valid until it returns. */
typedef void rings_record_fn(void *ctx, const struct record *rec, size_t len);

/* Maps both. NULL: it cannot (logged). */
struct rings *rings_new(int bulk_map, int urgent_map, rings_record_fn *fn, void *ctx);
void rings_free(struct rings *r);

/* Readable when the bulk ring wants to be emptied before its time. */
int rings_bulk_fd(const struct rings *r);

/* Readable when there is something in the urgent ring. */
int rings_urgent_fd(const struct rings *r);

/* Feeds up to `most` records of the bulk ring, and what is urgent before each few of them. Returns how many. */
size_t rings_drain(struct rings *r, size_t most);

/* Feeds what is urgent, and of the bulk ring only what has to come before. */
void rings_drain_urgent(struct rings *r);

#endif
