/* writer.h: a batch into the file as one transaction, and what keeps the file usable and within its bounds. */
#ifndef METSUKE_STORE_WRITER_H
#define METSUKE_STORE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/fault.h"
#include "support/buf.h"

struct store_options;
struct writer;

struct batch {
	struct batch *next;
	struct buf rows;
	size_t whole;	    /* bytes of rows that are complete */
	uint64_t newest_ns; /* event time */
	bool settle;	    /* age and size are looked at, due or not */
};

struct batch *batch_new(void);
void batch_free(struct batch *b);

struct writer *writer_new(const char *path, const struct store_options *options);
void writer_free(struct writer *w);

/* Opens the file unless it is open. A damaged one is moved aside, and a fresh one takes its place. */
enum store_fault writer_open(struct writer *w, char why[STORE_WHY]);

/* All of it or nothing; after a failure the same batch can be tried again. */
enum store_fault writer_write(struct writer *w, const struct batch *b, char why[STORE_WHY]);

/* Somebody else found that the file cannot be read. */
void writer_set_damaged(struct writer *w);

bool writer_is_open(const struct writer *w);

/* Since the last call a fresh file took the place of the one that was open, or of a damaged one. */
bool writer_took_replaced(struct writer *w);

struct writer_stats {
	uint64_t rows, batches, alerts;
	uint64_t refused; /* rows that SQLite does not take */
	uint64_t expired, pruned;
	uint64_t bytes;
};

struct writer_stats writer_stats(const struct writer *w);

#endif
