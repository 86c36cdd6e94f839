/* native.h: one frame to at most one record, by the same text that runs in the kernel. */
#ifndef METSUKE_CAPTURE_NATIVE_H
#define METSUKE_CAPTURE_NATIVE_H

#include <stdbool.h>

#include "counters.h"
#include "packet.h"
#include "record.h"
#include "settings.h"

struct native;

/* NULL: out of memory. */
struct native *native_new(const struct settings *settings);
void native_free(struct native *n);

/* Looks at one frame of len bytes and counts it. Returns the record (head.len bytes, valid until the
 * next call; time, owner and interface are zero) or NULL where the frame has none. ret_outcome may be
 * NULL. */
struct record *native_look(struct native *n, const unsigned char *data, unsigned int len, enum link_type link,
			   enum outcome *ret_outcome);

/* The short way that the programs try first: true, and the frame is counted, where its first headers say
 * that it has no record. */
bool native_skip(struct native *n, const unsigned char *data, unsigned int len, enum link_type link);

/* Reads a request head that was put together from several segments: bytes[0..len), len <= HTTP_MAX, with
 * the record head of its first segment. Returns the RECORD_HTTP that one segment would have given, or
 * NULL where it is no request. Not counted. */
struct record *native_read_head(struct native *n, const struct record_head *first, const unsigned char *bytes,
				unsigned int len);

const struct counters *native_counters(const struct native *n);

#endif
