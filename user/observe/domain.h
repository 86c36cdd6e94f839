/* domain.h: where a name's registrable part begins (Public Suffix List, libpsl), remembered per name:
 * a look-up costs about a microsecond. */
#ifndef METSUKE_OBSERVE_DOMAIN_H
#define METSUKE_OBSERVE_DOMAIN_H

#include "observe/observation.h"

struct domains;

/* file: a Public Suffix List in either of libpsl's formats, or NULL for the system's. NULL with errno:
 * it could not be read. */
struct domains *domains_new(const char *file);
void domains_free(struct domains *d);

/* Splits a lower-case name; the parts point into it. All empty for an address or the root; a name that
 * is itself a public suffix has nothing but that. */
void domains_split(struct domains *d, struct text name, struct domain_parts *ret_parts);

#endif
