/* keep.h: the pipeline's profiles and alerts into the store, for run and replay. */
#ifndef METSUKE_CMD_KEEP_H
#define METSUKE_CMD_KEEP_H

#include <stdbool.h>

#include "pipeline.h"
#include "store/store.h"

/* What the configuration says, with what is in the file gone into the pipeline's profiles. wait: replay. Returns 0
 * with *ret_store NULL where there is to be none; -1: memory or threads ran out (logged). */
int keep_open(const struct config *c, const char *sensor, struct pipeline *p, bool wait, struct store **ret_store);

/* What a store holds, which a sensor may be writing, to look at. NULL: it cannot be read (logged). */
struct profiles *keep_read(const struct config *c);

void keep_told(struct store *s, const struct told *t);

#endif
