/* roles.h: who asked whom in a record, and is either of them this host? */
#ifndef METSUKE_ROLES_H
#define METSUKE_ROLES_H

#include "observe/observation.h"

struct networks;

struct roles {
	const struct networks *home;
	/* live: is this one of the machine's own addresses? May be NULL. */
	bool (*is_local)(void *ctx, const uint8_t ip[16]);
	/* live: the client's own address behind source NAT, and its MAC. May be NULL. */
	void (*client_of)(void *ctx, struct observation *o);
	void *ctx;
};

void roles_set(const struct roles *r, struct observation *o, const struct record_head *h);

/* On the far side of address translation the packet has the gateway's address; who asked is forwarded. */
void roles_find_client(const struct roles *r, struct observation *o, const struct record_head *h);

#endif
