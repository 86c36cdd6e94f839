/* prefixes.h: the announced network that an address is in, and the AS that announces it: the longest match in the
 * tables that the user names. Without one, /16 and /48 stand in. */
#ifndef METSUKE_OBSERVE_PREFIXES_H
#define METSUKE_OBSERVE_PREFIXES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

struct prefix {
	uint8_t bits; /* of 128: IPv4 as mapped, 96 more than its own */
	uint32_t as;  /* 0: not known */
	bool known;   /* false: no table holds it */
};

struct prefixes;

enum prefix_format { PREFIX_TEXT, PREFIX_MMDB };

struct prefixes_report {
	enum prefix_format format[CONFIG_MAX_LIST]; /* by file */
	size_t v4, v6;				    /* prefixes */
	size_t refused;	   /* lines; the first few are logged with file, line and reason */
	size_t duplicates; /* prefixes that stood there before, with the same AS */
	size_t bytes;	   /* that the table holds */
};

/* One file: text as CAIDA's pfx2as, or an MMDB with AS numbers; either also compressed by gzip. NULL: it cannot be
 * used, and why, with the path, in error[0..size). Lines that cannot be used are logged, and the rest is read. */
struct prefixes *prefixes_load(const char *path, char *error, size_t size);

/* The same of several files, joined into one table; of none: a table that knows nothing. stop, which may be NULL,
 * ends it early from another thread; then error is empty. */
struct prefixes *prefixes_load_all(const struct config_list *paths, const atomic_bool *stop,
				   struct prefixes_report *report, char *error, size_t size);
void prefixes_free(struct prefixes *p);

/* p, which others may hold, becomes what next is; next is freed. Nobody may be looking anything up meanwhile. */
void prefixes_replace(struct prefixes *p, struct prefixes *next);

/* p may be NULL: no table. The prefix itself is ip cut after its bits. */
struct prefix prefixes_find(const struct prefixes *p, const uint8_t ip[16]);

#endif
