/* role.c: see role.h. */
#include "profile/role.h"

#include <string.h>

#include "profile/table.h"
#include "support/ip.h"

enum client_role role_of(const struct client_profile *c)
{
	if (c->queries && c->asked_by.n >= ROLE_LEAST) /* n: up to DISTINCT_EXACT, and one more for all beyond */
		return ROLE_RESOLVER;
	return c->fetches_for.n >= ROLE_LEAST ? ROLE_PROXY : ROLE_NONE;
}

const char *role_name(enum client_role role)
{
	return role == ROLE_RESOLVER ? "resolver" : role == ROLE_PROXY ? "proxy" : NULL;
}

void role_note(struct profiles *p, const struct observation *o)
{
	bool request = o->kind == OBSERVED_HTTP_REQUEST;
	char text[IP_TEXT];
	struct client *c;

	if (request ? !o->http.host_in_target : o->kind != OBSERVED_DNS_RESPONSE)
		return;
	if (!memcmp(o->source.ip, o->destination.ip, 16)) /* itself, on the loopback */
		return;
	c = table_find_client(p, table_key(p, CLIENT_ADDRESS, text, ip_text(o->destination.ip, text)));
	if (c && table_distinct_add(p, request ? &c->profile.fetches_for : &c->profile.asked_by,
				    distinct_hash(o->source.ip, 16)))
		changes_mark(p, &c->node);
}
