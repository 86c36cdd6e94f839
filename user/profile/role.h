/* role.h: clients that speak for others: a resolver that forwards, a proxy. What they do is what many did: their rhythm
 * is a mixture, and a domain that they know is known to whoever asked them, not to one client more. Only addresses are
 * recognised; on the sensor's own host programs are told apart anyway. */
#ifndef METSUKE_PROFILE_ROLE_H
#define METSUKE_PROFILE_ROLE_H

#include "profile/profile.h"

enum client_role { ROLE_NONE, ROLE_RESOLVER, ROLE_PROXY };

/* So many others have to be served: who answers one or two may be anybody. */
#define ROLE_LEAST 3

/* Who answers look-ups of others and makes some itself is a resolver; who takes requests for other hosts (RFC 9112
 * 3.2.2: absolute form; CONNECT) a proxy. */
enum client_role role_of(const struct client_profile *c);

/* "resolver", "proxy"; NULL: none. */
const char *role_name(enum client_role role);

/* Notes that the message's server served its client, where that server is a client, too. */
void role_note(struct profiles *p, const struct observation *o);

#endif
