/* builtin.h: the two lists of names that come with the program: where operating systems, browsers and virus scanners
 * fetch their updates (share/updates.txt), and where anybody can put anything although everybody goes there
 * (share/shared.txt). Facts about the world, not about a network: the user's own lists are intel.lists. */
#ifndef METSUKE_DETECT_BUILTIN_H
#define METSUKE_DETECT_BUILTIN_H

#include <stdbool.h>
#include <stddef.h>

enum builtin { BUILTIN_UPDATES, BUILTIN_SHARED, N_BUILTINS };

/* The entry that is the name or a parent of it (lower case), not NUL-terminated; NULL: none. */
const char *builtin_match(enum builtin which, const char *name, size_t len, size_t *ret_len);

size_t builtin_count(enum builtin which);

/* Lines that are no names; 0 unless somebody broke the files. */
size_t builtin_refused(enum builtin which);

#endif
