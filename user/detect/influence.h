/* influence.h: which client moves a limit by itself, so that less is odd: without its rows the limit is another (Cook 1977:
 * influence, here of a client at a time). */
#ifndef METSUKE_DETECT_INFLUENCE_H
#define METSUKE_DETECT_INFLUENCE_H

#include "detect/odv.h"

#define INFLUENCE_MOST 0.25  /* of a transformed value: with a logarithm, a quarter of the limit */
#define INFLUENCE_CLIENTS 10 /* of fewer each says a lot, and nobody can be told from the others */
#define INFLUENCE_SHARE 0.01 /* of the rows: with less nobody moves anything */

/* Of n values, whose owners stand beside them, the owner who moves the limit of pass 2 (one-sided) outwards most, where
 * that is by more than INFLUENCE_MOST; *ret_owner NULL: there is none. 0, -ENOMEM, or as odv_fit(). */
int influence_find(const struct odv_options *o, const double *x, const void *const *owners, size_t n,
		   const void **ret_owner);

#endif
