/* site.h: whose profile a request is: the name that it asks for, as far as there is one. */
#ifndef METSUKE_PROFILE_SITE_H
#define METSUKE_PROFILE_SITE_H

#include "observe/observation.h"
#include "support/ip.h"

/* The registrable domain of the request's host; where it has none the host itself (`intranet`, an address); the server's
 * address where there is no host, or a text that is no name. It points into o or into `text`, room for an address. */
struct text site_of(const struct observation *o, char text[IP_TEXT]);

#endif
