/* explain.h: what metsuke explain shares between its files: an alert as it went out becomes a case, which is one JSON
 * object (docs/store.md), and the case is what --json prints and what the text is made of. */
#ifndef METSUKE_CMD_EXPLAIN_H
#define METSUKE_CMD_EXPLAIN_H

#include <jansson.h>
#include <stdbool.h>

#include "cmd/cmd.h"

/* A member by its path ("event.id"); NULL: not there. What is in a store is untrusted: any member may be missing, or
 * of another type. */
const json_t *explain_at(const json_t *of, const char *path);
const char *explain_text(const json_t *of, const char *path); /* "": no text there */
double explain_number(const json_t *of, const char *path);    /* NaN: no number there */

/* How a verdict came about, and what else it could have been. */
struct explain_way {
	const char *verdict;	 /* that it would be */
	const char *features[3]; /* if all of these that are beyond their limits were not; NULL: no more */
	const char *unless;	 /* only where this one is within its limit; NULL: always */
};
struct explain_kind {
	const char *rule;	/* rule.id */
	const char *does;	/* what the client does: words before and after the domain that it is about */
	const char *there;	/* NULL: it is about the client alone */
	const char *counts;	/* what metsuke.anomaly.sample_count is the number of */
	const char *stages[2];	/* what they ask */
	const struct explain_way *ways; /* up to one without a verdict */
};

/* Never NULL: for a rule that is not known, a kind without ways. */
const struct explain_kind *explain_kind(const json_t *event);

/* The case without neighbours. store: its path, for the commands; NULL: there is none. NULL: out of memory. */
json_t *explain_case(const json_t *event, const char *store);

/* Adds those that are most like the alert's client among what the store holds: `most` of each group. Returns 0, or
 * the exit status (logged). */
int explain_neighbours(json_t *of, const json_t *event, const struct config *c, size_t most);

void explain_print(const json_t *of);

#endif
