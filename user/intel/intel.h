/* intel.h: the configured lists as one set, with its generation. */
#ifndef METSUKE_INTEL_INTEL_H
#define METSUKE_INTEL_INTEL_H

#include <stdatomic.h>

#include "config.h"
#include "intel/load.h"
#include "intel/popular.h"

#define INTEL_WHY 256 /* bytes of a reason */

struct intel {
	struct indicators *set;
	struct config_intel_lists lists; /* copies: the set's texts point into them */
	struct list_report report[CONFIG_MAX_LIST];
	bool read[CONFIG_MAX_LIST]; /* to its end */
	char *popular_path;	 /* empty: none */
	struct popular *popular; /* NULL: none, or it cannot be read */
	struct popular_report popular_report;
	bool allow_empty;
	bool say_all;	     /* log all that is refused */
	uint64_t generation; /* counts the sets of this run, from 1 */
};

/* Reads all lists; what cannot be read is logged. NULL: one of them cannot be read or all are empty, and
 * intel.allow_empty is not set; or out of memory (logged). */
struct intel *intel_load(const struct config *c, uint64_t generation);

/* The same, whatever they are, and all that is refused is logged: for those who look at lists. */
struct intel *intel_load_any(const struct config *c);

/* In two steps: what needs the configuration, and what takes its time. NULL, false: out of memory, or stopped. */
struct intel *intel_new(const struct config *c, uint64_t generation);
bool intel_read(struct intel *in, const atomic_bool *stop);

/* Whether a set may take the old one's place: all its lists could be read (those that could not be before
 * excepted, where intel.allow_empty is set), and at least half of the entries of the lists that both have are
 * still there. If not, why (logged). */
bool intel_replaces(const struct intel *in, const struct intel *old, char why[INTEL_WHY]);

size_t intel_unread(const struct intel *in); /* lists that could not be read, intel.popular among them */
void intel_free(struct intel *i);

#endif
