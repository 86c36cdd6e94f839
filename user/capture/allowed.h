/* allowed.h: what somebody said is fine (metsuke allow), into the maps that the packet programs ask before they drop. */
#ifndef METSUKE_CAPTURE_ALLOWED_H
#define METSUKE_CAPTURE_ALLOWED_H

#include <linux/types.h>
#include <stdint.h>

struct allow;

struct allowed_maps {
	int names;
	int networks;
	uint32_t generation; /* of what is there now: stands above the bits of each value */
};

/* What a holds at this time (CLOCK_REALTIME) takes the place of what is there. *key is settings.allow_key: with it the
 * new names count, all at once. What the programs cannot know lets more pass, not less: of an entry with a domain only
 * that counts, of one without the server, of one without either the client's network. A program alone is none of
 * these. Returns when the next entry is over; 0: none is. a may be NULL. */
uint64_t allowed_put(struct allowed_maps *maps, const struct allow *a, uint64_t now_ns, __u64 *key);

#endif
