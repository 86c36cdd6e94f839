/* load.h: rows back into profiles, a slice at a time. */
#ifndef METSUKE_STORE_LOAD_H
#define METSUKE_STORE_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "store/fault.h"
#include "store/store.h"

struct profiles;
struct load;

/* On a connection of its own. NULL: out of memory, or *ret_fault says why. */
struct load *load_new(const char *path, enum store_fault *ret_fault, char why[STORE_WHY]);

/* At most `most` rows. Returns true when there are no more; *ret_fault then is STORE_DAMAGED where part of the
 * file could not be read. */
bool load_some(struct load *l, struct profiles *p, size_t most, struct store_loaded *loaded,
	       enum store_fault *ret_fault);
void load_free(struct load *l);

#endif
