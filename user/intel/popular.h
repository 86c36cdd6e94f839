/* popular.h: a ranked list of domains that everybody visits (Tranco, Umbrella, Radar, or one's own): a file that the
 * user names, and nothing else. It is never learnt from traffic, so no host can make its server popular. Eight bytes
 * an entry and as much again for room. */
#ifndef METSUKE_INTEL_POPULAR_H
#define METSUKE_INTEL_POPULAR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POPULAR_MOST 8000000	  /* entries: 128 MB */
#define POPULAR_RANK_MOST 16777215

struct popular;

struct popular_report {
	size_t entries;
	size_t doubles; /* of an entry that was there: the better rank counts */
	size_t refused;
};

/* One domain a line, the most popular first; or `rank,domain` in any order; or CSV whose header has a column `domain`
 * (or `host`, `name`) and, if it likes, one with `rank` in its name. What is no name or no rank is refused (logged as
 * file:line: value: reason, the first few). NULL with a message in error[0..size): the file cannot be read, holds
 * nothing, or *stop (which may be NULL) became true. */
struct popular *popular_load(const char *path, const atomic_bool *stop, struct popular_report *ret_report, char *error,
			     size_t size);
void popular_free(struct popular *p);

/* Of the name itself, lower case; 0: it is not there. p may be NULL. */
uint32_t popular_rank(const struct popular *p, const char *name, size_t len);

size_t popular_bytes(const struct popular *p);

#endif
