/* nat.h: who is behind a gateway's source NAT, from the kernel's own tables: conntrack tells a
 * translated client's address, the neighbour table its MAC. */
#ifndef METSUKE_CAPTURE_NAT_H
#define METSUKE_CAPTURE_NAT_H

#include "observe/observation.h"

struct nat;

/* Never fails: without conntrack it knows nothing. NULL only when out of memory. */
struct nat *nat_new(void);
void nat_free(struct nat *n);

/* Where o->source is the gateway's own address in a translated flow, puts the client's address and port
 * there; fills o->mac where it is not known yet. own: o->source is an address of this machine. n may be NULL. */
void nat_client_of(struct nat *n, struct observation *o, bool own);

#endif
