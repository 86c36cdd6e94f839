/* sink.h: where lines go. Each sink has a bounded queue and a thread of its own, so that a slow or dead
 * one loses its own lines, counted, and delays nobody. */
#ifndef METSUKE_OUTPUT_SINK_H
#define METSUKE_OUTPUT_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sink;

struct sink_options {
	size_t queue_bytes;
	bool wait; /* replay: no queue and no thread; the producer waits and nothing is lost */
	/* file: */
	uint64_t rotate_bytes;	 /* 0: never by size */
	uint32_t rotate_seconds; /* 0: never by time */
	unsigned int keep;	 /* rotated files kept: PATH.1 is the newest */
};

/* Is it written as a sink is? 0, or -EINVAL and why not. Opens nothing. */
int sink_check(const char *spec, char *error, size_t size);

/* spec: "-", "file:PATH" or "unix:PATH". Opens a file at once; a socket is connected to when there is
 * somebody. Returns NULL with a message in error[0..size). */
struct sink *sink_open(const char *spec, const struct sink_options *options, char *error, size_t size);

/* Queues one or more whole lines (n_lines of them). */
void sink_push(struct sink *s, const char *lines, size_t len, unsigned int n_lines);

/* Asks the thread to close and open its file again (log rotation by others). */
void sink_reopen(struct sink *s);

/* Writes what is queued, for at most `seconds`; what is left then counts as dropped. Frees the sink. */
void sink_close(struct sink *s, unsigned int seconds);

struct sink_stats {
	uint64_t sent; /* lines */
	uint64_t dropped;
	uint64_t errors;
	uint64_t queued;
	bool broken; /* its last attempt to write failed */
	bool gone;   /* it will never come back: standard output whose reader has left */
};

struct sink_stats sink_stats(struct sink *s);
const char *sink_spec(const struct sink *s);

#endif
