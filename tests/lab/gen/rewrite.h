/* rewrite.h: other addresses in a packet that somebody captured, and checksums that are as right or wrong as they
 * were (RFC 1624): what a short snap length cut off cannot be summed again. */
#ifndef METSUKE_LAB_REWRITE_H
#define METSUKE_LAB_REWRITE_H

#include <linux/types.h>

/* IPv4 as IPv4-mapped IPv6. */
struct address {
	__u8 bytes[16];
};

struct rewrite_rule {
	struct address from, to; /* of one family */
	int is_host;		 /* one that moves; 0: whom it talks to */
};

struct rewrite {
	unsigned int n;
	const struct rewrite_rule *rules;
};

/* Where an IP packet starts in a frame of a link type (DLT_...); -1: it holds none. */
int rewrite_find_ip(int link, const __u8 *frame, unsigned int len);

/* What stands in its header; 0, or -1: too short for one. */
struct packet_ends {
	struct address from, to;
	int proto;	 /* of what it carries, -1: a later fragment */
	unsigned int l4; /* where that starts */
};
int rewrite_ends(const __u8 *ip, unsigned int len, struct packet_ends *ret_ends);

const struct rewrite_rule *rewrite_rule_of(const struct rewrite *w, const struct address *a);
/* Both addresses, and those of a packet that an ICMP error quotes. len: what was captured. */
void rewrite_packet(const struct rewrite *w, __u8 *ip, unsigned int len);

/* "192.0.2.1", "2001:db8::1". 0, or -1. */
int address_read(const char *text, struct address *ret_address);
int address_is4(const struct address *a);
void address_text(const struct address *a, char *text, unsigned int room);

#endif
