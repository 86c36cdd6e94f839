/* flagged.h: the pinned map `flagged`: hosts and processes with a verdict against them, as accused.h tells it. fd: of
 * the map. */
#ifndef METSUKE_CAPTURE_FLAGGED_H
#define METSUKE_CAPTURE_FLAGGED_H

#include "pinned.h"

/* f: NULL takes it out. */
void flagged_put(int fd, const struct flagged_key *key, const struct flagged *f);

void flagged_each(int fd, void (*fn)(void *ctx, const struct flagged_key *key, const struct flagged *f), void *ctx);

#endif
