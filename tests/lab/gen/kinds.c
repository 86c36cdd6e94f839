/* kinds.c: see kinds.h. */
#include "kinds.h"

#include <stdio.h>
#include <string.h>

static const struct {
	enum deed deed;
	void (*start)(struct infection *i);
} kinds[] = {
	{ DEED_BOT, beacons_infect },	     { DEED_WORKTIME, beacons_infect },
	{ DEED_BY_ADDRESS, beacons_infect }, { DEED_HTTPS, beacons_infect },
	{ DEED_DOMAINS, beacons_infect },    { DEED_FLUX, beacons_infect },
	{ DEED_DOUBLE_FLUX, beacons_infect }, { DEED_DGA, dga_start },
	{ DEED_SLOW_DGA, dga_start },	     { DEED_TUNNEL_RAW, tunnels_start },
	{ DEED_TUNNEL_HEX, tunnels_start },  { DEED_TUNNEL_OUT, tunnels_start },
	{ DEED_TUNNEL_SLOW, tunnels_start }, { DEED_TXT_ORDERS, tunnels_start },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

unsigned int kinds_read(const char *list, enum deed ret_kinds[MOST_KINDS])
{
	unsigned int n = 0;

	if (!strcmp(list, "all")) {
		for (n = 0; n < N_KINDS; n++)
			ret_kinds[n] = kinds[n].deed;
		return n;
	}
	for (;;) {
		size_t len = strcspn(list, ",");
		unsigned int i = 0;

		while (i < N_KINDS && (strncmp(ledger_word(kinds[i].deed), list, len) || ledger_word(kinds[i].deed)[len]))
			i++;
		if (i == N_KINDS || n == MOST_KINDS) {
			fprintf(stderr, "labgen: --kinds %.*s: no such kind; there are:", (int)len, list);
			for (i = 0; i < N_KINDS; i++)
				fprintf(stderr, " %s", ledger_word(kinds[i].deed));
			fprintf(stderr, "\n");
			return 0;
		}
		ret_kinds[n++] = kinds[i].deed;
		if (!list[len])
			return n;
		list += len + 1;
	}
}

void kinds_start(struct infection *i)
{
	for (unsigned int k = 0; k < N_KINDS; k++)
		if (kinds[k].deed == i->deed)
			kinds[k].start(i);
}
