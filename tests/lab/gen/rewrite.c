/* rewrite.c: see rewrite.h. */
#include "rewrite.h"

#include <arpa/inet.h>
#include <pcap/pcap.h>
#include <string.h>

#define NEXT_HEADERS 8

enum { ICMP = 1, TCP = 6, UDP = 17, ICMP6 = 58, HOP = 0, ROUTING = 43, FRAGMENT = 44, OPTIONS = 60, LATER = -1 };

static const __u8 mapped[12] = { [10] = 0xff, [11] = 0xff };

int address_is4(const struct address *a)
{
	return !memcmp(a->bytes, mapped, 12);
}

void address_text(const struct address *a, char *text, unsigned int room)
{
	int is4 = address_is4(a);

	if (!inet_ntop(is4 ? AF_INET : AF_INET6, a->bytes + (is4 ? 12 : 0), text, room))
		text[0] = 0;
}

int address_read(const char *text, struct address *ret_address)
{
	struct address a;

	memcpy(a.bytes, mapped, 12);
	if (inet_pton(AF_INET, text, a.bytes + 12) != 1 && inet_pton(AF_INET6, text, a.bytes) != 1)
		return -1;
	*ret_address = a;
	return 0;
}

static unsigned int get16(const __u8 *at)
{
	return at[0] << 8 | at[1];
}

/* From where an EtherType stands. */
static int after_type(const __u8 *frame, unsigned int len, unsigned int at)
{
	while (at + 2 <= len) {
		switch (get16(frame + at)) {
		case 0x0800:
		case 0x86dd:
			return (int)at + 2;
		case 0x8100:
		case 0x88a8:
		case 0x9100:
			at += 4;
			break;
		case 0x8864: /* PPPoE: a protocol number of two bytes, IPv4 or IPv6 */
			if (at + 10 > len)
				return -1;
			return get16(frame + at + 8) == 0x0021 || get16(frame + at + 8) == 0x0057 ? (int)at + 10
												  : -1;
		case 0x8847: /* MPLS, down to the last label */
		case 0x8848:
			for (at += 2; at + 4 <= len && !(frame[at + 2] & 1);)
				at += 4;
			return (int)at + 4;
		default:
			return -1;
		}
	}
	return -1;
}

int rewrite_find_ip(int link, const __u8 *frame, unsigned int len)
{
	int at;

	switch (link) {
	case DLT_EN10MB:
		at = after_type(frame, len, 12);
		break;
	case DLT_LINUX_SLL:
		at = after_type(frame, len, 14);
		break;
	case DLT_LINUX_SLL2:
		at = len >= 20 && (get16(frame) == 0x0800 || get16(frame) == 0x86dd) ? 20 : -1;
		break;
	case DLT_NULL:
	case DLT_LOOP:
		at = 4;
		break;
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
		at = 0;
		break;
	default:
		return -1;
	}
	if (at < 0 || (unsigned int)at >= len || (frame[at] >> 4 != 4 && frame[at] >> 4 != 6))
		return -1;
	return at;
}

static void ends6(const __u8 *ip, unsigned int len, struct packet_ends *e)
{
	unsigned int at = 40, next = ip[6];

	memcpy(e->from.bytes, ip + 8, 16);
	memcpy(e->to.bytes, ip + 24, 16);
	e->l4 = at;
	e->proto = (int)next;
	for (int i = 0; i < NEXT_HEADERS && at + 8 <= len; i++) {
		unsigned int is_fragment = next == FRAGMENT;

		if (next != HOP && next != ROUTING && next != OPTIONS && !is_fragment)
			return;
		e->proto = is_fragment && get16(ip + at + 2) & 0xfff8 ? LATER : ip[at];
		next = ip[at];
		at += is_fragment ? 8 : 8U * (ip[at + 1] + 1U);
		e->l4 = at;
		if (e->proto == LATER)
			return;
	}
}

int rewrite_ends(const __u8 *ip, unsigned int len, struct packet_ends *ret_ends)
{
	struct packet_ends e;

	if (len >= 40 && ip[0] >> 4 == 6) {
		ends6(ip, len, ret_ends);
		return 0;
	}
	if (len < 20 || ip[0] >> 4 != 4 || (ip[0] & 15) < 5)
		return -1;
	memcpy(e.from.bytes, mapped, 12);
	memcpy(e.to.bytes, mapped, 12);
	memcpy(e.from.bytes + 12, ip + 12, 4);
	memcpy(e.to.bytes + 12, ip + 16, 4);
	e.proto = get16(ip + 6) & 0x1fff ? LATER : ip[9];
	e.l4 = (ip[0] & 15) * 4;
	*ret_ends = e;
	return 0;
}

const struct rewrite_rule *rewrite_rule_of(const struct rewrite *w, const struct address *a)
{
	for (unsigned int i = 0; i < w->n; i++)
		if (!memcmp(&w->rules[i].from, a, sizeof(*a)))
			return &w->rules[i];
	return NULL;
}

/* Where the checksums are that addresses count in; NULL: there is none, or it was cut off. */
struct sums {
	__u8 *header, *l4;
	int l4_is_udp;
	__u8 *around; /* of the ICMP error that all of it stands in */
};

/* RFC 1624, equation 3. */
static void adjust(__u8 *sum, unsigned int before, unsigned int after, int is_udp)
{
	unsigned int new = (~get16(sum) & 0xffff) + (~before & 0xffff) + after;

	new = (new & 0xffff) + (new >> 16);
	new = (new & 0xffff) + (new >> 16);
	new = ~new & 0xffff;
	if (is_udp && !new)
		new = 0xffff;
	sum[0] = new >> 8;
	sum[1] = new;
}

static void follow(__u8 *sum, unsigned int before, unsigned int after, int is_udp, __u8 *around)
{
	unsigned int old;

	if (!sum)
		return;
	old = get16(sum);
	adjust(sum, before, after, is_udp);
	if (around)
		adjust(around, old, get16(sum), 0);
}

static void put_address(__u8 *at, const struct address *a, const struct sums *s)
{
	unsigned int skip = address_is4(a) ? 12 : 0;

	for (unsigned int i = 0; i + skip < 16; i += 2) {
		unsigned int before = get16(at + i), after = get16(a->bytes + skip + i);

		at[i] = after >> 8;
		at[i + 1] = after;
		follow(s->header, before, after, 0, s->around);
		follow(s->l4, before, after, s->l4_is_udp, s->around);
		if (s->around)
			adjust(s->around, before, after, 0);
	}
}

/* Returns where the checksum of what a packet carries is. */
static __u8 *l4_sum(__u8 *ip, unsigned int len, const struct packet_ends *e)
{
	unsigned int at;

	if (e->proto == TCP)
		at = e->l4 + 16;
	else if (e->proto == UDP)
		at = e->l4 + 6;
	else if (e->proto == ICMP6)
		at = e->l4 + 2;
	else
		return NULL;
	if (at + 2 > len || (e->proto == UDP && !get16(ip + at)))
		return NULL;
	return ip + at;
}

/* around: of the error that it stands in; NULL: it stands in none. */
static int rewrite_ends_of(const struct rewrite *w, __u8 *ip, unsigned int len, __u8 *around,
			   struct packet_ends *ret_ends)
{
	const struct rewrite_rule *from, *to;
	struct sums s = { .around = around };
	int is4 = ip[0] >> 4 == 4;

	if (rewrite_ends(ip, len, ret_ends))
		return -1;
	s.header = is4 ? ip + 10 : NULL;
	s.l4 = l4_sum(ip, len, ret_ends);
	s.l4_is_udp = ret_ends->proto == UDP;
	from = rewrite_rule_of(w, &ret_ends->from);
	to = rewrite_rule_of(w, &ret_ends->to);
	if (from)
		put_address(ip + (is4 ? 12 : 8), &from->to, &s);
	if (to)
		put_address(ip + (is4 ? 16 : 24), &to->to, &s);
	return 0;
}

/* Of errors, not of questions and answers. */
static int quotes(int proto, unsigned int type)
{
	if (proto == ICMP)
		return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
	return proto == ICMP6 && type >= 1 && type <= 4;
}

void rewrite_packet(const struct rewrite *w, __u8 *ip, unsigned int len)
{
	struct packet_ends e, inner;

	if (rewrite_ends_of(w, ip, len, NULL, &e))
		return;
	if (e.l4 + 8 < len && quotes(e.proto, ip[e.l4]))
		rewrite_ends_of(w, ip + e.l4 + 8, len - e.l4 - 8, ip + e.l4 + 2, &inner);
}
