/* mmdb.h: writes small MMDB files (MaxMind DB 2.0), so that tests need none from elsewhere. */
#ifndef METSUKE_TESTS_MMDB_H
#define METSUKE_TESTS_MMDB_H

#include <stddef.h>
#include <stdint.h>

#include "support/buf.h"

struct mmdb_network {
	const char *network; /* a.b.c.d/length or x::/length; IPv4 goes below ::/96 */
	const char *key;     /* of the one pair in its record; NULL: an empty map */
	const char *text;    /* the value, or NULL: the number */
	uint32_t number;
};

enum {
	MMDB_ALIASES = 1, /* ::ffff:0:0/96 and 2002::/16 lead to IPv4 as MaxMind's writers do it */
	MMDB_CIRCLE = 2,  /* the last node leads back to the second */
	MMDB_OUTSIDE = 4, /* and the right half of the first out of the file */
	MMDB_IPV4_ONLY = 8
};

/* Appends a whole database to b. record_bits: 24, 28 or 32. */
void mmdb_write(struct buf *b, const struct mmdb_network *networks, size_t n, unsigned int record_bits, int how);

#endif
