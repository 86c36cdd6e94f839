/* feed.h: captures as one stream of records in the order of time: each capture is taken to be in order, of several
 * that overlap the oldest record comes next. */
#ifndef METSUKE_EVALUATE_FEED_H
#define METSUKE_EVALUATE_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"
#include "settings.h"

struct feed;

/* What cannot be opened is logged, and the others are read. NULL: none of them could be, or out of memory. */
struct feed *feed_open(char *const *paths, size_t n, const struct settings *settings);
void feed_close(struct feed *f);

/* The next record, valid until the next call; NULL: that was all. A capture that is broken ends there (logged). */
const struct record *feed_next(struct feed *f);

/* Share of the first capture's way that was read, 0 to 1; negative: not known. */
double feed_progress(const struct feed *f);
uint64_t feed_frames(const struct feed *f);

/* A number that tells the captures from others. */
uint64_t feed_id(const struct feed *f);

/* Captures that could not be opened, or were not read to their end. */
size_t feed_broken(const struct feed *f);

#endif
