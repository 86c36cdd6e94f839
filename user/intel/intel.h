/* intel.h: the configured lists as one set, with its generation. */
#ifndef METSUKE_INTEL_INTEL_H
#define METSUKE_INTEL_INTEL_H

#include "config.h"
#include "intel/load.h"

struct intel {
	struct indicators *set;
	struct config_intel_lists lists; /* copies: the set's texts point into them */
	struct list_report report[CONFIG_MAX_LIST];
	bool read[CONFIG_MAX_LIST];
	uint64_t generation; /* counts the sets of this run, from 1 */
};

/* Reads all lists; what cannot be read is logged. NULL: no list could be read although some are configured,
 * or nothing is in them, or out of memory (logged). */
struct intel *intel_load(const struct config *c, uint64_t generation);

/* The same at run time: NULL also where a list cannot be read, or more than half of the old set's entries
 * would be gone (logged): the old set stays. */
struct intel *intel_reload(const struct config *c, const struct intel *old);

void intel_free(struct intel *i);

#endif
