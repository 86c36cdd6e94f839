/* reload.h: another set of lists, read on a thread of its own: a million names take a second, in which the ring
 * has to be emptied. One at a time. */
#ifndef METSUKE_INTEL_RELOAD_H
#define METSUKE_INTEL_RELOAD_H

#include "intel/intel.h"

struct reload;

/* prepare(ctx, in) is called on the thread for a set that will be taken, before it is: for slow work that the set
 * becoming current needs. */
struct reload *reload_new(void (*prepare)(void *ctx, const struct intel *in), void *ctx);
void reload_free(struct reload *r); /* gives up what is being read */

/* Readable when a set was read, until it is taken. */
int reload_fd(const struct reload *r);

/* Begins to read the lists of c, which is copied; old stays as it is until the result is taken. Where lists are
 * being read already, it is remembered, and they are read again after that. Returns 0, or -errno (logged). */
int reload_start(struct reload *r, const struct config *c, const struct intel *old);

/* The set that was read, or NULL: refused (logged), and why, in text of size bytes. Only when reload_fd() is
 * readable. */
struct intel *reload_take(struct reload *r, char *why, size_t size);

/* Asked for meanwhile: to be started again. */
bool reload_again(struct reload *r);

#endif
