/* site.c: see site.h. */
#include "profile/site.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#define HOST_MOST 253 /* longer is no name (RFC 1035); the address stands in */

/* An address in the host is written in one way, with or without brackets. */
static struct text literal(struct text host, char text[IP_TEXT])
{
	char copy[64];
	uint8_t ip[16] = { [10] = 0xff, [11] = 0xff };
	bool bracket = host.len > 2 && host.at[0] == '[' && host.at[host.len - 1] == ']';

	if (host.len >= sizeof(copy))
		return host;
	memcpy(copy, host.at + bracket, host.len - 2 * bracket);
	copy[host.len - 2 * bracket] = '\0';
	if (inet_pton(AF_INET, copy, ip + 12) != 1 && inet_pton(AF_INET6, copy, ip) != 1)
		return host;
	return (struct text){ text, ip_text(ip, text) };
}

static bool may_be_address(struct text host)
{
	char last = host.at[host.len - 1];

	return host.at[0] == '[' || (last >= '0' && last <= '9') || memchr(host.at, ':', host.len);
}

/* Letters, digits, what people put into names beside them, and all that is not ASCII. */
static bool may_be_name(struct text host)
{
	for (size_t i = 0; i < host.len; i++) {
		unsigned char c = (unsigned char)host.at[i];

		if (c < 0x80 && !isalnum(c) && !strchr("-._:[]", c))
			return false;
	}
	return true;
}

struct text site_of(const struct observation *o, char text[IP_TEXT])
{
	struct text host = o->http.host;

	if (o->http.domain.registered.len && o->http.domain.registered.len <= HOST_MOST)
		return o->http.domain.registered;
	if (host.len > 1 && host.at[host.len - 1] == '.')
		host.len--;
	if (!host.len || host.len > HOST_MOST || !may_be_name(host))
		return (struct text){ text, ip_text(o->destination.ip, text) };
	return may_be_address(host) ? literal(host, text) : host;
}
