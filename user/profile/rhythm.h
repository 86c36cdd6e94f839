/* rhythm.h: when a client asked for something: check-ins, the gaps between them, and in which hours it came back
 * at all. Event time; records may come out of order. */
#ifndef METSUKE_PROFILE_RHYTHM_H
#define METSUKE_PROFILE_RHYTHM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/moments.h"

#define CHECKIN_MERGE_NS 2000000000ULL /* requests closer than this are one check-in (METHODS 2.4) */
#define RECENT_GAPS 64

/* Share of hours, of 4 h and of 24 h in which something happened, of the newest ten each (Giroire et al. 2009). */
enum { SCALE_HOUR, SCALE_4_HOURS, SCALE_DAY, N_SCALES };
#define PERSISTENCE_BINS 10

struct persistence {
	uint64_t newest[N_SCALES]; /* number of the bin that bit 0 stands for, since 1970 */
	uint16_t bins[N_SCALES];   /* ten bits */
};

/* Points in time at which something was asked for; those closer than CHECKIN_MERGE_NS to the one before are one,
 * whose time is that of its first. (Closer to the one before and not to the first: a page that loads for ten
 * seconds is one visit. So what asks more often than every two seconds is one long check-in.) */
struct rhythm {
	uint64_t first_ns, last_ns; /* last: of the newest message, merged or not */
	uint64_t checkin_ns;	    /* start of the newest check-in */
	uint64_t messages, checkins;
	uint64_t backwards;   /* messages older than the newest: no gap is taken */
	struct moments gap_s; /* between the starts of neighbouring check-ins */
	uint32_t *recent_ms;  /* a ring of the newest gaps, cut at 2^32-1; rhythm_recent() reads it */
	uint8_t n_recent, next_recent, recent_room;
	struct persistence persistence;
};

void persistence_add(struct persistence *p, uint64_t ns);
void persistence_merge(struct persistence *to, const struct persistence *from);
/* Bins of the ten up to the newest in which something happened. */
unsigned int persistence_active(const struct persistence *p, unsigned int scale);

/* Returns false where the message is older than the newest: it is counted, no gap is taken, and time stays. Out of
 * memory: the gap is missing among the recent ones. */
bool rhythm_add(struct rhythm *r, uint64_t ns);

/* Both together: counts and moments exactly; no gap is taken between what the two saw. The recent gaps are those
 * that ended last. -ENOMEM: the recent gaps of `to` alone stay. */
int rhythm_merge(struct rhythm *to, const struct rhythm *from);

/* Copies the recent gaps, oldest first; returns how many. */
unsigned int rhythm_recent(const struct rhythm *r, uint32_t ret_ms[RECENT_GAPS]);

/* An empty ring becomes these, oldest first. */
int rhythm_set_recent(struct rhythm *r, const uint32_t *ms, unsigned int n);

size_t rhythm_bytes(const struct rhythm *r); /* that hang at it */
void rhythm_free(struct rhythm *r);

#endif
