/* prefix_text.h: one line of a text table of prefixes. Pure: no file. */
#ifndef METSUKE_OBSERVE_PREFIX_TEXT_H
#define METSUKE_OBSERVE_PREFIX_TEXT_H

#include "observe/prefix_build.h"

enum prefix_line { PREFIX_LINE_ENTRY, PREFIX_LINE_EMPTY, PREFIX_LINE_REFUSED };

struct prefix_refusal {
	const char *value; /* within the line */
	size_t len;
	const char *why;
};

/* CAIDA's pfx2as, address, length and AS separated by blanks; address/length is taken, too. # and ; begin comment
 * lines. Sets all of *e but its place, or *refusal. */
enum prefix_line prefix_line(const char *line, size_t len, struct prefix_entry *e, struct prefix_refusal *refusal);

/* "64500", "AS64500"; of "64500_64501" (announced by several, the most frequent one first) and "64500,64501" (a
 * set) the first. NULL, or why not. */
const char *prefix_as(const char *text, size_t len, uint32_t *ret_as);

/* What no table says of an address: NULL, or why not. Sets address and length. */
const char *prefix_network(struct prefix_entry *e, const uint8_t ip[16], unsigned int bits);

#endif
