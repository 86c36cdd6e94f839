/* listed.h: a set of lists into the tables that the packet programs ask. */
#ifndef METSUKE_CAPTURE_LISTED_H
#define METSUKE_CAPTURE_LISTED_H

#include <stdint.h>

#include "intel/indicators.h"

struct listed_maps {
	int fingerprints; /* array of one map each */
	int networks;
};

/* Makes new tables of the set and puts them in the place of the old ones, whole: a packet meets the old or
 * the new. An empty set leaves none. Returns 0 or -errno, logged; the old ones stay then. */
int listed_put(const struct listed_maps *maps, const struct indicators *set, uint64_t generation);

#endif
