/* prefixes.c: see prefixes.h. The longest match is found when the table is made (prefix_build.c); a look-up is one
 * binary search, for IPv4 among the few ranges that share the upper 16 bits. */
#include "observe/prefixes.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "observe/prefix_build.h"
#include "support/ip.h"

#define UNKNOWN_V4 (96 + 16)
#define UNKNOWN_V6 48

static size_t find4(const struct prefixes *p, uint32_t ip)
{
	size_t from = p->first4[ip >> 16], to = p->first4[(ip >> 16) + 1];

	while (from < to) {
		size_t middle = to - (to - from) / 2;

		if (p->start4[middle] <= ip)
			from = middle;
		else
			to = middle - 1;
	}
	return from;
}

static size_t find6(const struct prefixes *p, uint64_t hi, uint64_t lo)
{
	size_t from = 0, to = p->v6.n - 1;

	while (from < to) {
		size_t middle = to - (to - from) / 2;
		const uint64_t *start = p->start6[middle];

		if (start[0] < hi || (start[0] == hi && start[1] <= lo))
			from = middle;
		else
			to = middle - 1;
	}
	return from;
}

struct prefix prefixes_find(const struct prefixes *p, const uint8_t ip[16])
{
	bool v4 = ip_is_v4(ip);
	const struct prefix_ranges *r;
	uint64_t half[2];
	size_t at;

	if (p) {
		memcpy(half, ip, 16);
		r = v4 ? &p->v4 : &p->v6;
		at = v4 ? find4(p, (uint32_t)be64toh(half[1])) : find6(p, be64toh(half[0]), be64toh(half[1]));
		if (r->bits[at])
			return (struct prefix){ .bits = r->bits[at], .as = r->as[at], .known = true };
	}
	return (struct prefix){ .bits = v4 ? UNKNOWN_V4 : UNKNOWN_V6 };
}

static void release(struct prefixes *p)
{
	free(p->v4.as);
	free(p->v4.bits);
	free(p->v6.as);
	free(p->v6.bits);
	free(p->start4);
	free(p->start6);
	free(p->first4);
}

void prefixes_replace(struct prefixes *p, struct prefixes *next)
{
	release(p);
	*p = *next;
	free(next);
}

void prefixes_free(struct prefixes *p)
{
	if (!p)
		return;
	release(p);
	free(p);
}
