/* extract.h: one frame in, at most one record out. The same text is the heart of the XDP program, of
 * the TC program and of replay; tests hold the three to the same bytes.
 *
 * The includer defines, before including this file:
 *   struct frame                                       where the frame's bytes come from
 *   int frame_load(struct frame *f, __u32 off, void *to, __u32 len)
 *                                                      copies payload bytes; 0, or negative
 *   __u32 frame_len(struct frame *f)                   bytes of the frame that can be loaded
 *   int frame_may_go_on(struct frame *f)               may there be more than the cursor sees? */
#ifndef METSUKE_EXTRACT_H
#define METSUKE_EXTRACT_H

#include "bounded.h"
#include "counters.h"
#include "dns.h"
#include "http.h"
#include "packet.h"
#include "record.h"
#include "settings.h"

/* Request heads that are not complete yet: a slot remembers where the next segment of one must start.
 * One slot per hash value; a newer head takes the slot, which is counted. */
#define HEAD_SLOTS 1024

struct head_slot {
	__u32 tag; /* 0: free */
	__u32 next_seq;
	__u16 got;  /* bytes of this head so far */
	__u8 carry; /* see http_carry() */
	__u8 _pad[5];
};

struct head_table {
	__u32 open; /* slots taken: with none, no segment is looked up */
	__u32 _pad;
	struct head_slot slot[HEAD_SLOTS];
};

/* What the second half of the work needs of the packet. It goes through map memory, so that the many
 * ways through the headers are one way for the verifier from here on. */
struct message {
	__u32 off; /* of the payload in the frame */
	__u32 seq;
	__u32 tag;	/* flow_tag() */
	__u32 frame;	/* frame_len(): for XDP a call */
	__u8 may_start; /* TCP: the payload begins like a request */
	__u8 tcp_flags;
	__u8 syn; /* TCP: nothing but the start of a connection */
};

/* A record's length in BPF: 6.1 forgets what it was compared with once it was spilled, but not a mask. */
#define RECORD_MASK 16383

/* Working memory; BPF keeps one per CPU in a map. Not cleared between packets: the record's bytes are
 * all written before it is sent. */
struct scratch {
	__u32 cell; /* see FORGET */
	__u32 sent; /* records, by the programs of this CPU */
	struct message message;
	struct dns_walk dns;
	struct http_walk http;
	__u8 msg[MESSAGE_BYTES]; /* HTTP is searched here; DNS in the record itself */
	struct record rec;
	__u8 bytes[MESSAGE_BYTES]; /* the record's bytes: directly behind it */
	__u8 room[RECORD_MASK + 1 - sizeof(struct record) - MESSAGE_BYTES]; /* so that a mask bounds its length */
};
_Static_assert(__builtin_offsetof(struct scratch, bytes) ==
		       __builtin_offsetof(struct scratch, rec) + sizeof(struct record),
	       "a record and its bytes are sent as one");

struct extract {
	struct frame *frame;
	struct scratch *scratch;
	const struct settings *settings;
	struct head_table *heads;
	struct counters *counters;
};

/* In words: byte stores cost as many instructions, and loads of words soon after have to wait for them. */
static __always_inline void copy_addr(__u8 to[16], const __u8 *from, __u8 family)
{
	if (family == 6) {
		*(loose64 *)to = *(const loose64 *)from;
		*(loose64 *)(to + 8) = *(const loose64 *)(from + 8);
	} else {
		*(loose64 *)to = 0;
		*(loose32 *)(to + 8) = 0xffff0000;
		*(loose32 *)(to + 12) = *(const loose32 *)from;
	}
}

static __always_inline void copy_mac(__u8 to[6], const __u8 *from)
{
	*(loose32 *)to = *(const loose32 *)from;
	*(loose16 *)(to + 4) = *(const loose16 *)(from + 4);
}

/* What the headers tell. Time, owner, interface and hook are the caller's; kind and length come last. */
static __always_inline void fill_head(struct record_head *h, const struct packet *p)
{
	h->version = RECORD_VERSION;
	h->family = p->family;
	h->proto = p->proto;
	h->tunnel = p->tunnel;
	if (p->family == 6) {
		copy_addr(h->saddr, p->addrs, 6);
		copy_addr(h->daddr, p->addrs + 16, 6);
	} else {
		copy_addr(h->saddr, p->addrs, 4);
		copy_addr(h->daddr, p->addrs + 4, 4);
	}
	h->sport = p->sport;
	h->dport = p->dport;
	h->vlan = p->vlan;
	h->marks = p->marks;
	h->payload_len = p->payload_len;
	if (p->mac) {
		copy_mac(h->dmac, p->mac);
		copy_mac(h->smac, p->mac + 6);
	} else {
		__builtin_memset(h->dmac, 0, 6);
		__builtin_memset(h->smac, 0, 6);
	}
}

/* Opens the part behind the head: `bytes` bytes will follow it. */
static __always_inline void start_part(struct record *r, enum record_kind kind, __u32 bytes, __u32 marks)
{
	r->head.len = sizeof(struct record) + bytes;
	r->head.kind = kind;
	r->head.marks |= marks;
	__builtin_memset(r->_part, 0, sizeof(r->_part));
}

/* Copies len bytes of the frame, 0..mask + 1 of them. The verifier of 6.1 learns nothing from len != 0, so
 * the size is clamped as (len - 1) & mask, which is never 0 afterwards. */
static __always_inline int load(struct frame *f, __u32 off, void *to, __u64 len, __u64 mask)
{
	if (len == 0)
		return 0;
	len--;
	BOUND(len, mask);
	return frame_load(f, off, to, len + 1);
}

/* Bytes of the payload that can be read: IP may promise more than the frame holds. */
static __always_inline __u32 payload_here(struct extract *x)
{
	__u32 frame = x->scratch->message.frame, off = x->scratch->message.off;
	__u32 promised = x->scratch->rec.head.payload_len;
	__u32 here = off < frame ? frame - off : 0;

	return promised < here ? promised : here;
}

static __always_inline enum outcome extract_dns(struct extract *x)
{
	struct scratch *s = x->scratch;
	struct dns_walk *w = &s->dns;
	__u64 len = payload_here(x), keep;
	__u32 cut = 0;

	if (len < DNS_HEADER)
		return OUTCOME_short_dns;
	if (len < s->rec.head.payload_len)
		cut = MARK_truncated;
	if (len > DNS_MAX) {
		len = DNS_MAX;
		cut = MARK_oversize;
	}
	if (load(x->frame, s->message.off, s->bytes, len, DNS_MAX - 1))
		return OUTCOME_unreadable;
	dns_walk_message(w, s->bytes, len);
	keep = w->good;
	if (keep > len)
		keep = len;
	start_part(&s->rec, RECORD_DNS, keep, w->marks | cut);
	s->rec.dns.wire_len = keep;
	s->rec.dns.n_answers = w->answers;
	s->rec.dns.edns_size = w->edns_size;
	s->rec.dns.edns_flags = w->edns_flags;
	s->rec.dns.edns = w->edns;
	s->rec.dns.edns_rcode = w->edns_rcode;
	s->rec.dns.edns_version = w->edns_version;
	return OUTCOME_dns;
}

/* A number per TCP connection and direction; never 0. */
static __always_inline __u32 flow_tag(const struct record_head *h)
{
	__u32 tag = (__u32)h->sport << 16 | h->dport;

	for (__u32 i = 0; i < 16; i += 4) {
		tag = (tag ^ wire32(h->saddr + i)) * 0x9e3779b1u;
		tag = (tag ^ tag >> 15 ^ wire32(h->daddr + i)) * 0x85ebca6bu;
		tag ^= tag >> 13;
	}
	return tag | 1;
}

static __always_inline struct head_slot *head_slot(struct extract *x, __u32 tag)
{
	__u64 at = tag >> 1;

	BOUND(at, HEAD_SLOTS - 1);
	return &x->heads->slot[at];
}

static __always_inline void free_slot(struct extract *x, struct head_slot *slot)
{
	slot->tag = 0;
	__sync_fetch_and_add(&x->heads->open, -1);
}

/* One segment of a head as it is; the daemon puts them together and reads the whole. */
static __always_inline enum outcome extract_raw(struct extract *x, __u64 len, int first, int last)
{
	struct scratch *s = x->scratch;

	if (load(x->frame, s->message.off, s->bytes, len, HTTP_MAX - 1))
		return OUTCOME_unreadable;
	start_part(&s->rec, RECORD_HTTP_PART, len, 0);
	s->rec.raw.seq = s->message.seq;
	s->rec.raw.wire_len = len;
	s->rec.raw.first = first;
	s->rec.raw.last = last;
	return OUTCOME_http_part;
}

/* One field to its place behind the record; returns where the next one goes. */
static __always_inline __u64 put_field(struct extract *x, __u64 at, __u32 field, __u64 max)
{
	struct scratch *s = x->scratch;
	__u64 len = s->http.field[field].len;

	if (len > max) {
		len = max;
		s->rec.head.marks |= MARK_field_length;
	}
	s->rec.http.field_len[field] = 0;
	if (len == 0)
		return at;
	BOUND(at, 4095);
	if (load(x->frame, s->message.off + s->http.field[field].off, s->bytes + at, len, HTTP_TARGET_MAX))
		return at;
	s->rec.http.field_len[field] = len;
	return at + len;
}

static __always_inline enum outcome extract_head(struct extract *x, __u32 marks)
{
	struct scratch *s = x->scratch;
	struct http_walk *w = &s->http;
	__u64 at = 0;

	start_part(&s->rec, RECORD_HTTP, 0, w->marks | marks);
	at = put_field(x, at, HTTP_METHOD, HTTP_METHOD_MAX);
	at = put_field(x, at, HTTP_TARGET, HTTP_TARGET_MAX);
	at = put_field(x, at, HTTP_HOST, HTTP_HOST_MAX);
	at = put_field(x, at, HTTP_AGENT, HTTP_AGENT_MAX);
	at = put_field(x, at, HTTP_REFERRER, HTTP_REFERRER_MAX);
	at = put_field(x, at, HTTP_LENGTH, HTTP_LENGTH_MAX);
	BOUND(at, 4095);
	s->rec.head.len = sizeof(struct record) + at;
	s->rec.http.head_len = w->head_len;
	s->rec.http.minor = w->minor;
	s->rec.http.chunked = w->chunked;
	s->rec.http.have = w->have;
	return OUTCOME_http;
}

/* The head does not end in what could be read, and no more of it will come: what there is of it. */
static __always_inline enum outcome extract_cut_head(struct extract *x, __u64 len, __u32 marks)
{
	struct scratch *s = x->scratch;
	struct http_walk *w = &s->http;

	if (!w->lines) {
		http_request_line(w, s->msg, len);
		if (w->not_http)
			return OUTCOME_not_http;
	}
	return extract_head(x, marks | MARK_incomplete);
}

/* A segment that may start a request: read it, and where its head goes on, remember that. */
static __always_inline enum outcome extract_request(struct extract *x)
{
	struct scratch *s = x->scratch;
	struct http_walk *w = &s->http;
	__u64 here = payload_here(x), len = here;
	struct head_slot *slot;

	if (len > HTTP_MAX)
		len = HTTP_MAX;
	if (load(x->frame, s->message.off, s->msg, len, HTTP_MAX - 1))
		return OUTCOME_unreadable;
	http_walk_head(w, s->msg, len);
	if (w->not_http)
		return OUTCOME_not_http;
	if (w->head_len)
		return extract_head(x, 0);
	/* The head does not end here. Without its version only a known method passes for a request. */
	if (!w->lines && !http_known_start(s->msg, len))
		return OUTCOME_not_http;
	if (here < s->rec.head.payload_len)
		return extract_cut_head(x, len, MARK_truncated);
	if (len < here)
		return extract_cut_head(x, len, MARK_oversize);
	slot = head_slot(x, s->message.tag);
	if (!slot->tag)
		__sync_fetch_and_add(&x->heads->open, 1);
	else if (slot->tag != s->message.tag)
		x->counters->heads_evicted++;
	slot->tag = s->message.tag;
	slot->next_seq = s->message.seq + len;
	slot->got = len;
	slot->carry = http_carry(w, s->msg);
	return extract_raw(x, len, 1, 0);
}

/* A segment that goes on with a head of its connection. */
static __always_inline enum outcome extract_more(struct extract *x)
{
	struct scratch *s = x->scratch;
	struct http_walk *w = &s->http;
	struct head_slot *slot = head_slot(x, s->message.tag);
	__u64 here = payload_here(x), len = here, room;
	int last;

	room = slot->got < HTTP_MAX ? HTTP_MAX - slot->got : 0;
	if (len > room)
		len = room;
	if (len == 0) {
		free_slot(x, slot);
		return OUTCOME_not_http;
	}
	if (load(x->frame, s->message.off, s->msg, len, HTTP_MAX - 1))
		return OUTCOME_unreadable;
	http_walk_more(w, s->msg, len, slot->carry);
	last = w->head_len || len == room || here < s->rec.head.payload_len;
	if (w->head_len && w->head_len < len)
		len = w->head_len; /* what follows is the request's body */
	slot->next_seq = s->message.seq + len;
	slot->got += len;
	slot->carry = http_carry(w, s->msg);
	if (last)
		free_slot(x, slot);
	return extract_raw(x, len, 0, last);
}

static __always_inline enum outcome extract_syn(struct scratch *s)
{
	start_part(&s->rec, RECORD_SYN, 0, 0);
	s->rec.syn.seq = s->message.seq - 1;
	s->rec.syn.tcp_flags = s->message.tcp_flags;
	return OUTCOME_syn;
}

static __always_inline enum outcome extract_tcp(struct extract *x)
{
	struct scratch *s = x->scratch;
	struct head_slot *slot;

	if (s->message.syn)
		return extract_syn(s);
	s->message.tag = flow_tag(&s->rec.head);
	if (s->message.may_start) {
		enum outcome out = extract_request(x);

		if (out != OUTCOME_not_http)
			return out;
	}
	slot = head_slot(x, s->message.tag);
	if (slot->tag == s->message.tag && slot->next_seq == s->message.seq)
		return extract_more(x);
	return OUTCOME_not_http;
}

/* The first segment of a connection, from the one who wants it. */
static __always_inline int is_syn(const struct extract *x, const struct packet *p)
{
	return x->settings->syn && (p->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/* Is this TCP segment worth a closer look? Sets may_start where it looks like a request's first. */
static __always_inline int tcp_of_interest(struct extract *x, struct packet *p, struct cursor *c)
{
	const __u8 *payload = p->payload;
	__u32 off = payload - p->start, first = 0;

	if (p->payload_len == 0 || !x->settings->http)
		return 0;
	if (payload + 4 <= c->end)
		first = payload[0] | payload[1] << 8 | payload[2] << 16;
	else if (frame_len(x->frame) > off + 3) /* TC: the payload may lie outside the linear part */
		(void)frame_load(x->frame, off, &first, 3);
	x->scratch->message.may_start = p->payload_len >= 4 && http_may_start(first);
	return x->scratch->message.may_start || x->heads->open;
}

static __always_inline int is_dns_port(const struct settings *set, __u16 port)
{
	return port && (port == set->dns_ports[0] || port == set->dns_ports[1] || port == set->dns_ports[2] ||
			port == set->dns_ports[3]);
}

/* Two bytes as they lie there, and the constant that equals them. */
#define RAW16(value) ((__u16)((value) << 8 | (value) >> 8))

static __always_inline __u32 raw16(const __u8 *p)
{
	return *(const loose16 *)p;
}

/* Frames are padded to 60 bytes (IEEE 802.3 4.2.8 without the check sequence), with a tag to 64. */
#define SHORT_FRAME 64

/* The transport header of a plain packet, len bytes of it and what it carries. */
static __always_inline enum outcome plain_transport(struct extract *x, struct cursor c, const __u8 *l4,
						    __u32 proto, __u32 len)
{
	const __u8 *payload;
	__u32 header, flags;

	if (l4 + 20 > c.end || len > 65535) /* huge where IP's length is below its header's */
		return OUTCOME_NONE;
	if (frame_may_go_on(x->frame) && l4 + len != c.end && (l4 + len > c.end || c.pos + SHORT_FRAME < c.end))
		return OUTCOME_NONE;
	if (proto == PROTO_UDP) {
		__u64 bits = x->settings->dns_port_bits;

		if ((bits >> (l4[1] & 63) | bits >> (l4[3] & 63)) & 1 || len < 8 || (!l4[4] && l4[5] < 8) ||
		    x->settings->tunnels & TUNNEL_VXLAN)
			return OUTCOME_NONE;
		return OUTCOME_not_dns_port;
	}
	if (proto != PROTO_TCP || x->heads->open)
		return OUTCOME_NONE;
	flags = raw16(l4 + 12);
	header = (flags & 0xf0) >> 2;
	payload = l4 + header;
	if (header < 20 || len < header || flags & TCP_SYN << 8)
		return OUTCOME_NONE;
	if (len == header)
		return !frame_may_go_on(x->frame) && payload > c.end ? OUTCOME_NONE : OUTCOME_not_http;
	if (payload + 4 > c.end || http_may_start(*(const loose32 *)payload))
		return OUTCOME_NONE;
	return OUTCOME_not_http;
}

/* Most packets are IPv4 without options or IPv6 without extensions in an Ethernet frame with one tag or none, and
 * not ours: those are told here in few steps, if the packet ends where the cursor does, or is short and padded
 * (the frame is c.end - c.pos bytes long then), and so are those that are not IP. OUTCOME_NONE: the walk has to
 * look. Never another outcome than the walk's. */
static __always_inline enum outcome plain_and_not_ours(struct extract *x, struct cursor c)
{
	const __u8 *ip = c.pos + 14;
	__u32 start, type;

	if (ip + 40 > c.end)
		return OUTCOME_NONE;
	if (raw16(ip - 2) == RAW16(ETHERTYPE_VLAN)) {
		ip += 4;
		if (ip + 40 > c.end)
			return OUTCOME_NONE;
	}
	start = *(const loose32 *)(ip - 2); /* EtherType, version and header length */
	if ((start & 0xffffff) == (RAW16(ETHERTYPE_IP4) | 0x450000)) {
		if (raw16(ip + 6) & RAW16(0x1fff))
			return OUTCOME_NONE;
		return plain_transport(x, c, ip + 20, ip[9], wire16(ip + 2) - 20);
	}
	if ((start & 0xf0ffff) == (RAW16(ETHERTYPE_IP6) | 0x600000))
		return plain_transport(x, c, ip + 40, ip[6], wire16(ip + 4));
	type = start & 0xffff;
	if (type == RAW16(ETHERTYPE_IP4) || type == RAW16(ETHERTYPE_IP6) || type == RAW16(ETHERTYPE_VLAN) ||
	    type == RAW16(ETHERTYPE_QINQ) || type == RAW16(ETHERTYPE_QINQ_OLD))
		return OUTCOME_NONE;
	return OUTCOME_not_ip;
}

/* Looks at one frame. For an emitted outcome, x->scratch->rec is the record, head.len bytes long. */
static __always_inline enum outcome extract(struct extract *x, struct cursor c, enum link_type link)
{
	struct scratch *s = x->scratch;
	struct packet p;
	enum outcome out = walk_packet(&c, &p, link, x->settings, &s->cell);

	if (out != OUTCOME_NONE)
		return out;
	if (p.proto == PROTO_TCP) {
		s->message.syn = 0;
		s->message.tcp_flags = p.tcp_flags;
		if (!tcp_of_interest(x, &p, &c)) {
			if (!is_syn(x, &p))
				return OUTCOME_not_http;
			s->message.syn = 1;
		}
	} else if (!is_dns_port(x->settings, p.sport) && !is_dns_port(x->settings, p.dport)) {
		return OUTCOME_not_dns_port;
	}
	fill_head(&s->rec.head, &p);
	s->message.off = p.payload - p.start;
	s->message.seq = p.seq;
	s->message.frame = frame_len(x->frame);
	SETTLE();
	return s->rec.head.proto == PROTO_TCP ? extract_tcp(x) : extract_dns(x);
}

#endif
