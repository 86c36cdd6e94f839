/* packet.h: from the first byte of a frame to its UDP or TCP payload. Ethernet, 802.1Q and 802.1ad,
 * IPv4 with options, IPv6 with extension headers, first fragments, one level of tunnel; for captures
 * also Linux cooked, loopback and raw IP. Headers are read in place. */
#ifndef METSUKE_PACKET_H
#define METSUKE_PACKET_H

#include "bounded.h"
#include "counters.h"
#include "settings.h"

enum link_type { LINK_ETHERNET, LINK_IP, LINK_SLL, LINK_SLL2, LINK_NULL };

#define MAX_VLAN_TAGS 2
#define MAX_EXTENSIONS 6

#define ETHERTYPE_IP4 0x0800
#define ETHERTYPE_VLAN 0x8100
#define ETHERTYPE_TEB 0x6558 /* transparent Ethernet bridging: an Ethernet frame inside GRE */
#define ETHERTYPE_IP6 0x86dd
#define ETHERTYPE_QINQ 0x88a8
#define ETHERTYPE_QINQ_OLD 0x9100

#define PROTO_IPIP 4
#define PROTO_TCP 6
#define PROTO_UDP 17
#define PROTO_IP6 41
#define PROTO_GRE 47

#define TCP_SYN 0x02
#define TCP_ACK 0x10

/* Checked movement over packet bytes. For BPF both ends are packet pointers. */
struct cursor {
	const __u8 *pos;
	const __u8 *end;
};

/* The next n bytes, or NULL when they are not there; the cursor moves only past what is. */
static __always_inline const __u8 *cursor_take(struct cursor *c, __u32 n)
{
	const __u8 *p = c->pos;

	if (p + n > c->end)
		return 0;
	c->pos = p + n;
	return p;
}

/* What the walk found. Pointers go into the frame. */
struct packet {
	const __u8 *start; /* first byte of the frame */
	const __u8 *mac;   /* destination, source; NULL where the link has none */
	const __u8 *addrs; /* source, destination: 2 x 4 or 2 x 16 bytes */
	const __u8 *payload;
	__u32 payload_len; /* on the wire, as far as IP and UDP carry it */
	__u32 seq;	   /* TCP */
	__u16 sport;
	__u16 dport;
	__u16 vlan;
	__u16 marks;
	__u8 family;
	__u8 proto;
	__u8 tcp_flags;
	__u8 tunnel;
	__u8 fragment; /* first fragment of several */
	__u32 *cell;   /* for FORGET */
};

#define MERGE_MAX 8191 /* headers end before this offset */

/* The cursor's position again, as an offset that the verifier knows nothing else of. */
static __always_inline enum outcome cursor_merge(struct cursor *c, struct packet *p)
{
	__u32 off = c->pos - p->start;

	FORGET(off, p->cell);
	if (off > MERGE_MAX)
		return OUTCOME_bad_extension;
	c->pos = p->start + off;
	return OUTCOME_NONE;
}

/* Ethernet header and tags: leaves the EtherType of what follows. */
static __always_inline enum outcome walk_ethernet(struct cursor *c, struct packet *p, __u32 *ethertype)
{
	const __u8 *eth = cursor_take(c, 14);
	__u32 i;

	if (!eth)
		return OUTCOME_bad_link;
	p->mac = eth;
	*ethertype = wire16(eth + 12);
	for (i = 0; i < MAX_VLAN_TAGS; i++) {
		const __u8 *tag;

		if (*ethertype != ETHERTYPE_VLAN && *ethertype != ETHERTYPE_QINQ &&
		    *ethertype != ETHERTYPE_QINQ_OLD)
			break;
		tag = cursor_take(c, 4);
		if (!tag)
			return OUTCOME_bad_link;
		if (i == 0)
			p->vlan = wire16(tag) & 0xfff;
		*ethertype = wire16(tag + 2);
	}
	return i ? cursor_merge(c, p) : OUTCOME_NONE;
}

/* The link layers that only captures have. */
static __always_inline enum outcome walk_link(struct cursor *c, struct packet *p, enum link_type link,
					      __u32 *ethertype)
{
	const __u8 *h;

	switch (link) {
	case LINK_ETHERNET:
		return walk_ethernet(c, p, ethertype);
	case LINK_SLL:
		h = cursor_take(c, 16);
		if (!h)
			return OUTCOME_bad_link;
		*ethertype = wire16(h + 14);
		break;
	case LINK_SLL2:
		h = cursor_take(c, 20);
		if (!h)
			return OUTCOME_bad_link;
		*ethertype = wire16(h);
		break;
	case LINK_NULL: /* four bytes of address family in the byte order of the host that captured */
		if (!cursor_take(c, 4))
			return OUTCOME_bad_link;
		/* fall through */
	case LINK_IP:
		h = c->pos;
		if (h + 1 > c->end)
			return OUTCOME_bad_link;
		*ethertype = (h[0] >> 4) == 4 ? ETHERTYPE_IP4 : (h[0] >> 4) == 6 ? ETHERTYPE_IP6 : 0;
		break;
	}
	/* Cooked frames may carry a tag too. */
	if (*ethertype == ETHERTYPE_VLAN) {
		h = cursor_take(c, 4);
		if (!h)
			return OUTCOME_bad_link;
		p->vlan = wire16(h) & 0xfff;
		*ethertype = wire16(h + 2);
	}
	return OUTCOME_NONE;
}

/* IPv4 header (RFC 791 3.1). Leaves the transport protocol and the bytes that IP carries behind the
 * header. */
static __always_inline enum outcome walk_ip4(struct cursor *c, struct packet *p, __u32 *proto, __u32 *len)
{
	const __u8 *ip = cursor_take(c, 20);
	__u32 header, total, offset;

	if (!ip)
		return OUTCOME_bad_ip;
	header = (ip[0] & 0x0f) * 4;
	total = wire16(ip + 2);
	if ((ip[0] >> 4) != 4 || header < 20)
		return OUTCOME_bad_ip;
	if (header > 20 && !cursor_take(c, header - 20))
		return OUTCOME_bad_ip;
	if (total == 0) /* a super-packet on its way to be segmented may carry none */
		total = header + 0xffff;
	if (total < header)
		return OUTCOME_bad_ip;
	p->family = 4;
	KNOWN(p->family);
	p->addrs = ip + 12;
	*proto = ip[9];
	*len = total - header;
	offset = wire16(ip + 6);
	if (offset & 0x1fff)
		return OUTCOME_fragment;
	p->fragment = !!(offset & 0x2000);
	return header > 20 ? cursor_merge(c, p) : OUTCOME_NONE;
}

/* IPv6 header and extension headers (RFC 8200 4). */
static __always_inline enum outcome walk_ip6(struct cursor *c, struct packet *p, __u32 *proto, __u32 *len)
{
	const __u8 *ip = cursor_take(c, 40);
	__u32 next, left, i;

	if (!ip)
		return OUTCOME_bad_ip;
	if ((ip[0] >> 4) != 6)
		return OUTCOME_bad_ip;
	p->family = 6;
	KNOWN(p->family);
	p->addrs = ip + 8;
	p->fragment = 0;
	next = ip[6];
	left = wire16(ip + 4);
	if (left == 0) /* jumbogram or super-packet */
		left = 0xffffff;
	for (i = 0; i < MAX_EXTENSIONS; i++) {
		const __u8 *ext = c->pos;
		__u32 size;

		if (next != 0 && next != 43 && next != 44 && next != 51 && next != 60)
			break;
		if (ext + 8 > c->end)
			return OUTCOME_bad_extension;
		size = (ext[1] + 1) * 8;
		if (next == 44) {
			size = 8;
			if (wire16(ext + 2) & 0xfff8)
				return OUTCOME_fragment;
			p->fragment |= ext[3] & 1;
		} else if (next == 51) {
			size = (ext[1] + 2) * 4; /* authentication header, RFC 4302 2.2 */
		}
		next = ext[0];
		FORGET(size, p->cell);
		if (size > 2048 || ext + size > c->end || size > left)
			return OUTCOME_bad_extension;
		c->pos = ext + size;
		left -= size;
	}
	if (next == 0 || next == 43 || next == 44 || next == 51 || next == 60)
		return OUTCOME_bad_extension;
	*proto = next;
	*len = left;
	return i ? cursor_merge(c, p) : OUTCOME_NONE;
}

static __always_inline enum outcome walk_ip(struct cursor *c, struct packet *p, __u32 ethertype, __u32 *proto,
					    __u32 *len)
{
	if (ethertype == ETHERTYPE_IP4)
		return walk_ip4(c, p, proto, len);
	if (ethertype == ETHERTYPE_IP6)
		return walk_ip6(c, p, proto, len);
	return OUTCOME_not_ip;
}

static __always_inline enum outcome walk_udp(struct cursor *c, struct packet *p, __u32 ip_len)
{
	const __u8 *udp = cursor_take(c, 8);
	__u32 len;

	if (!udp)
		return OUTCOME_bad_udp;
	p->sport = wire16(udp);
	p->dport = wire16(udp + 2);
	len = wire16(udp + 4);
	if (len == 0 && p->family == 6) /* jumbogram, RFC 2675 4 */
		len = ip_len;
	if (len < 8 || ip_len < 8)
		return OUTCOME_bad_udp;
	if (len > ip_len) {
		p->marks |= p->fragment ? MARK_first_fragment : MARK_udp_length;
		len = ip_len;
	}
	p->payload = c->pos;
	p->payload_len = len - 8;
	return OUTCOME_NONE;
}

static __always_inline enum outcome walk_tcp(struct cursor *c, struct packet *p, __u32 ip_len)
{
	const __u8 *tcp = cursor_take(c, 20);
	__u32 header;

	if (!tcp)
		return OUTCOME_bad_tcp;
	p->sport = wire16(tcp);
	p->dport = wire16(tcp + 2);
	p->tcp_flags = tcp[13];
	p->seq = wire32(tcp + 4) + !!(p->tcp_flags & TCP_SYN); /* of the payload: a SYN counts for one */
	header = (tcp[12] >> 4) * 4;
	if (header < 20 || header > ip_len)
		return OUTCOME_bad_tcp;
	if (header > 20 && !cursor_take(c, header - 20))
		return OUTCOME_bad_tcp;
	if (p->fragment)
		p->marks |= MARK_first_fragment;
	p->payload = c->pos;
	p->payload_len = ip_len - header;
	return OUTCOME_NONE;
}

/* GRE (RFC 2784, key and sequence number RFC 2890): leaves the EtherType of what is inside. */
static __always_inline enum outcome walk_gre(struct cursor *c, __u32 *ethertype)
{
	const __u8 *gre = cursor_take(c, 4);
	__u32 flags;

	if (!gre)
		return OUTCOME_bad_tunnel;
	flags = wire16(gre);
	if (flags & 0x4007) /* routing, or a version with another header */
		return OUTCOME_not_transport;
	*ethertype = wire16(gre + 2);
	if (flags & 0x8000 && !cursor_take(c, 4))
		return OUTCOME_bad_tunnel;
	if (flags & 0x2000 && !cursor_take(c, 4))
		return OUTCOME_bad_tunnel;
	if (flags & 0x1000 && !cursor_take(c, 4))
		return OUTCOME_bad_tunnel;
	return OUTCOME_NONE;
}

/* Is there a tunnel here that the settings look into? Leaves the EtherType inside; ETHERTYPE_TEB says
 * that an Ethernet frame follows. */
static __always_inline enum outcome walk_tunnel(struct cursor *c, struct packet *p, const struct settings *set,
						__u32 proto, __u32 *ethertype)
{
	if (proto == PROTO_GRE && set->tunnels & TUNNEL_GRE) {
		p->tunnel = TUNNEL_GRE;
		return walk_gre(c, ethertype);
	}
	if ((proto == PROTO_IPIP || proto == PROTO_IP6) && set->tunnels & TUNNEL_IPIP) {
		p->tunnel = TUNNEL_IPIP;
		*ethertype = proto == PROTO_IPIP ? ETHERTYPE_IP4 : ETHERTYPE_IP6;
		return OUTCOME_NONE;
	}
	if (proto == PROTO_UDP && set->tunnels & TUNNEL_VXLAN) {
		const __u8 *udp = c->pos;

		/* UDP and VXLAN header (RFC 7348 5) */
		if (udp + 16 <= c->end && wire16(udp + 2) == set->vxlan_port && udp[8] & 0x08) {
			c->pos = udp + 16;
			p->tunnel = TUNNEL_VXLAN;
			*ethertype = ETHERTYPE_TEB;
		}
	}
	return OUTCOME_NONE;
}

/* The whole walk. OUTCOME_NONE: *p holds UDP or TCP with its payload. cell: a word of map memory. */
static __always_inline enum outcome walk_packet(struct cursor *c, struct packet *p, enum link_type link,
						const struct settings *set, __u32 *cell)
{
	__u32 ethertype = 0, proto = 0, len = 0;
	enum outcome out;

	p->cell = cell;
	p->start = c->pos;
	p->mac = 0;
	p->vlan = 0;
	p->marks = 0;
	p->tunnel = 0;
	p->fragment = 0;
	p->tcp_flags = 0;
	p->seq = 0;
	out = walk_link(c, p, link, &ethertype);
	if (out != OUTCOME_NONE)
		return out;
	out = walk_ip(c, p, ethertype, &proto, &len);
	if (out != OUTCOME_NONE)
		return out;
	if (set->tunnels) {
		out = walk_tunnel(c, p, set, proto, &ethertype);
		if (out != OUTCOME_NONE)
			return out;
		if (p->tunnel) {
			out = cursor_merge(c, p);
			if (out != OUTCOME_NONE)
				return out;
			if (ethertype == ETHERTYPE_TEB) {
				out = walk_ethernet(c, p, &ethertype);
				if (out != OUTCOME_NONE)
					return out;
			}
			out = walk_ip(c, p, ethertype, &proto, &len);
			if (out != OUTCOME_NONE)
				return out;
		}
	}
	p->proto = proto;
	if (proto == PROTO_UDP)
		return walk_udp(c, p, len);
	if (proto == PROTO_TCP)
		return walk_tcp(c, p, len);
	return OUTCOME_not_transport;
}

#endif
