/* flagged.h: the pinned map `flagged`: hosts and processes with a verdict against them. fd: of the map. */
#ifndef METSUKE_CAPTURE_FLAGGED_H
#define METSUKE_CAPTURE_FLAGGED_H

#include <stdint.h>

#include "pinned.h"

/* One that is there keeps its first time and its highest score. A full map loses the entry that expires
 * first. */
void flagged_put(int fd, const struct flagged_key *key, const struct flagged *f);

/* Takes out what expired before now (since 1970), at most 64 at once. */
void flagged_expire(int fd, uint64_t now_ns);

void flagged_each(int fd, void (*fn)(void *ctx, const struct flagged_key *key, const struct flagged *f), void *ctx);

#endif
