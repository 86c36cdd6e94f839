/* excuse.h: what explains a verdict that the client's own behaviour does not: somebody said it is fine, the vendor of
 * an operating system is at the other end, or everybody knows the domain. Asked for what would be told only. */
#ifndef METSUKE_DETECT_EXCUSE_H
#define METSUKE_DETECT_EXCUSE_H

#include "detect/verdict.h"

enum excuse {
	EXCUSE_NONE,
	EXCUSE_EXCEPTION, /* a list's, with allow: true */
	EXCUSE_ALLOWED,	  /* metsuke allow */
	EXCUSE_UPDATE,	  /* the built-in list of update domains */
	EXCUSE_POPULAR,	  /* a rank that is good enough */
	N_EXCUSES
};

/* In words; of EXCUSE_NONE and what is none: NULL. */
const char *excuse_name(enum excuse e);

struct allow;
struct intel;

struct excuses {
	const struct intel *intel; /* exceptions and ranks; NULL: none */
	const struct allow *allow; /* NULL: none */
	uint64_t popular_most;	   /* the worst rank that explains */
	bool updates;		   /* the built-in list counts */
};

/* o: the message that brought the verdict about. A rank that is not good enough explains nothing, and takes its part of
 * the score away; what it said goes into the verdict as evidence either way. */
enum excuse excuse_of(const struct excuses *x, const struct observation *o, const struct pair_profile *pair,
		      struct verdict *v);

#endif
