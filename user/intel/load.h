/* load.h: list files into a set. */
#ifndef METSUKE_INTEL_LOAD_H
#define METSUKE_INTEL_LOAD_H

#include <stdatomic.h>

#include "intel/lines.h"

struct list_source {
	struct indicator_list list; /* list.path is read */
	int format;		    /* enum list_format; -1: as it looks */
	const char *column;	    /* CSV: column; JSON: key ("domain") */
	const char *first_seen;	    /* the same of the date; NULL: none */
	bool allow_tld;
	bool say_all;		 /* log everything that is refused, not the first few alone */
	const atomic_bool *stop; /* true: give up; may be NULL */
};

#define LIST_REASONS 24

struct list_report {
	enum list_format format;
	size_t entries; /* added to the set */
	size_t names;	/* of those */
	size_t networks;
	size_t exceptions;
	size_t duplicates; /* the list had it already */
	size_t refused;	   /* lines or values */
	struct {
		const char *why;
		size_t n;
	} reason[LIST_REASONS]; /* the same by reason; what has no place here is not told apart */
};

/* Reads one list into the set; what it refuses is logged as file:line, the first few of each list, and the
 * number of the rest. Returns 0, or -errno when the file cannot be read at all (logged): what was read
 * before stays in the set. -ESTALE: the file changed meanwhile; -ECANCELED: *stop. */
int list_load(struct indicators *s, const struct list_source *source, struct list_report *report);

#endif
