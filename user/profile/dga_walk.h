/* dga_walk.h: the steps of the test for generated names (METHODS 4.1: NX sequential test; Jung, Paxson et al. 2004
 * used the same for port scans), and what a generated name looks like. */
#ifndef METSUKE_PROFILE_DGA_WALK_H
#define METSUKE_PROFILE_DGA_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dga_walk;

#define DGA_WALK_MOST 100.0
#define DGA_HALF_LIFE_NS (6 * 3600000000000ULL)

/* One domain that is new to everybody, at ns: it does not exist (nx), or it does. label: of its registrable
 * domain, the part in front of the suffix; not needed where it exists. */
void dga_walk_step(struct dga_walk *w, bool nx, const char *label, size_t len, uint64_t ns);

/* What is left of it at ns. */
double dga_walk_at(const struct dga_walk *w, uint64_t ns);

/* Letters and digits as no language has them. Support, never a ground: dictionary words, and names in scripts or
 * languages of many consonants, are the two sides of its error. */
bool name_looks_generated(const char *label, size_t len);

/* d.c.b.a, of an IPv4 address, or 32 nibbles of an IPv6 one, at the beginning of what stands below a domain. */
bool name_is_reversed_address(const char *sub, size_t len);

#endif
