/* kinds.c: see kinds.h. */
#include "kinds.h"

#include <stdio.h>
#include <string.h>

static const struct {
	enum deed deed;
	void (*start)(struct infection *i);
} kinds[] = {
	{ DEED_BOT, beacons_infect },	      { DEED_WORKTIME, beacons_infect },
	{ DEED_BY_ADDRESS, beacons_infect },  { DEED_HTTPS, beacons_infect },
	{ DEED_DOMAINS, beacons_infect },     { DEED_FLUX, beacons_infect },
	{ DEED_DOUBLE_FLUX, beacons_infect }, { DEED_DGA, dga_start },
	{ DEED_SLOW_DGA, dga_start },	      { DEED_TUNNEL_RAW, tunnels_start },
	{ DEED_TUNNEL_HEX, tunnels_start },   { DEED_TUNNEL_OUT, tunnels_start },
	{ DEED_TUNNEL_SLOW, tunnels_start },  { DEED_TXT_ORDERS, tunnels_start },
	{ DEED_CROWD, beacons_infect },	      { DEED_NO_NAME, failed_start },
	{ DEED_NO_ANSWER, failed_start },     { DEED_IRC, sessions_start },
	{ DEED_SCANNER, sessions_start },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

unsigned int kinds_choose(const char *option, const char *list, enum deed (*nth)(unsigned int i), unsigned int n,
			  enum deed ret_kinds[MOST_KINDS])
{
	unsigned int chosen = 0, i;

	if (!strcmp(list, "all")) {
		for (i = 0; i < n; i++)
			ret_kinds[i] = nth(i);
		return n;
	}
	for (;;) {
		size_t len = strcspn(list, ",");

		for (i = 0; i < n; i++)
			if (!strncmp(ledger_word(nth(i)), list, len) && !ledger_word(nth(i))[len])
				break;
		if (i == n || chosen == MOST_KINDS) {
			fprintf(stderr, "labgen: %s %.*s: no such kind; there are:", option, (int)len, list);
			for (i = 0; i < n; i++)
				fprintf(stderr, " %s", ledger_word(nth(i)));
			fprintf(stderr, "\n");
			return 0;
		}
		ret_kinds[chosen++] = nth(i);
		if (!list[len])
			return chosen;
		list += len + 1;
	}
}

static enum deed nth_kind(unsigned int i)
{
	return kinds[i].deed;
}

unsigned int kinds_read(const char *list, enum deed ret_kinds[MOST_KINDS])
{
	return kinds_choose("--kinds", list, nth_kind, N_KINDS, ret_kinds);
}

void kinds_start(struct infection *i)
{
	for (unsigned int k = 0; k < N_KINDS; k++)
		if (kinds[k].deed == i->deed)
			kinds[k].start(i);
}
