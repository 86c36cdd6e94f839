/* suffix.h: names that stand for a whole level of a registry. */
#ifndef METSUKE_INTEL_SUFFIX_H
#define METSUKE_INTEL_SUFFIX_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a registry sells names below this one (the ICANN section of the Public Suffix List: co.uk). Where a
 * whole level is one by a wildcard (*.mm), real lists hold names that somebody has there; and the private
 * section's (dynamic DNS, hosting) are listed on purpose.
 * name: lower case, of that many dots, at most NAME_MOST bytes. */
bool suffix_of_registry(const char *name, size_t dots);

/* Whether strangers have names below it: a name of one label, or any public suffix, those of the private section
 * (dynamic DNS, hosting) among them. */
bool suffix_is_public(const char *name);

#endif
