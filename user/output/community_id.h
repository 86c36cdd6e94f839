/* community_id.h: Community ID v1, one text per flow whichever way a packet goes
 * (https://github.com/corelight/community-id-spec). */
#ifndef METSUKE_OUTPUT_COMMUNITY_ID_H
#define METSUKE_OUTPUT_COMMUNITY_ID_H

#include <stdint.h>

#define COMMUNITY_ID_TEXT 31 /* "1:", 28 characters of base64, NUL */

struct community_flow {
	uint8_t saddr[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint8_t daddr[16];
	uint16_t sport; /* ICMP: type */
	uint16_t dport; /* ICMP: code */
	uint8_t proto;
};

/* seed: sites may choose one; 0 is the default everywhere. */
void community_id(const struct community_flow *flow, uint16_t seed, char text[COMMUNITY_ID_TEXT]);

#endif
