/* listed.h: is a record about something that a list holds? Names in queries, owners and CNAME targets of answers,
 * Host of requests, addresses in answers, of servers, of connections asked for. Works on the finished record, so
 * that the parsers know nothing of lists. With no table it costs one look-up. */
#ifndef METSUKE_BPF_LISTED_H
#define METSUKE_BPF_LISTED_H

#include "fingerprint_table.h"
#include "maps.h"

#define LISTED_GRACE_NS 60000000000ULL /* programs use an address a little longer than its TTL */
#define NAME_STEPS 160		       /* labels and pointers of one name */
#define HOST_STEPS 256

#define TYPE_A 1
#define TYPE_CNAME 5
#define TYPE_AAAA 28

/* Working memory of the look-up. In a map, as loops want it. */
struct lookup {
	struct fingerprint_head head; /* of the table; without its generation */
	struct name_labels labels;
	__u64 pos;   /* next byte of the name, or of the answer */
	__u64 end;   /* of the message */
	__u64 after; /* name: first byte behind it, where it stands */
	__u64 start; /* of the label that is being read (Host), or of the name (DNS) */
	__u64 now_ns;
	__u64 two; /* fingerprint of a name's last two labels */
	__u8 ip[16];
	__u8 stopped; /* the name cannot be read to its end, or has been */
	__u8 hit;     /* one of the names so far is listed */
	__u8 urgent;
	__u8 pointer; /* the name was nothing but a pointer */
	__u8 whole;   /* the name was read to its end */
	__u8 empty;   /* Host: a label of no bytes came by: the last one, if no other follows */
	__u8 odd;     /* Host: another one did: no name looks like this */
	__u8 _pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct lookup);
} lookup SEC(".maps");

/* The tables. Written by the daemon: it fills a new inner map and puts it in the place of the old one. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_ARRAY);
			__uint(map_flags, BPF_F_INNER_MAP | BPF_F_MMAPABLE);
			__uint(max_entries, 1);
			__uint(key_size, sizeof(__u32));
			__uint(value_size, sizeof(struct fingerprint_line));
		});
} fingerprints SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_LPM_TRIE);
			__uint(map_flags, BPF_F_NO_PREALLOC);
			__uint(max_entries, 1);
			__uint(key_size, sizeof(struct network_key));
			__uint(value_size, sizeof(__u8));
		});
} networks SEC(".maps");

/* Addresses that listed names led to, and until when (CLOCK_BOOTTIME). Written here when the answer passes, and by
 * the daemon; the least recently used make room. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, CONTACTS_MAX);
	__type(key, struct host_key);
	__type(value, __u64);
} contacts SEC(".maps");

static __always_inline void *current_table(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&fingerprints, &zero);
}

/* The table's head is read once a record: a swap meanwhile makes this one record hurry, or not. */
static __always_inline int read_head(struct lookup *l)
{
	void *table = current_table();
	const struct fingerprint_head *t;
	__u32 zero = 0;

	t = table ? bpf_map_lookup_elem(table, &zero) : 0;
	if (!t)
		return 0;
	l->head.key = t->key;
	l->head.n_filters = t->n_filters;
	l->head.n_buckets = t->n_buckets;
	l->head.flags = t->flags;
	return 1;
}

static __always_inline int surely_in_buckets(void *table, const struct fingerprint_head *t, __u64 f)
{
	for (int second = 0; second < 2; second++) {
		__u32 at = fingerprint_bucket(t, f, second);
		const struct fingerprint_line *bucket = bpf_map_lookup_elem(table, &at);

		if (bucket && fingerprint_among(bucket, f))
			return 1;
	}
	return 0;
}

static __always_inline int in_buckets(void *table, const struct fingerprint_head *t, __u64 f)
{
	return surely_in_buckets(table, t, f) || t->flags & FINGERPRINT_OVERFLOW;
}

static __always_inline const struct fingerprint_line *filter_line(void *table, const struct fingerprint_head *t,
								  __u64 two_labels)
{
	__u32 at = fingerprint_filter(two_labels, t->n_filters);

	return bpf_map_lookup_elem(table, &at);
}

static __always_inline int ip_in_networks(const __u8 ip[16], enum network_kind kind)
{
	struct network_key network = { .bits = 8 + 128, .kind = kind };
	__u32 zero = 0;
	void *trie = bpf_map_lookup_elem(&networks, &zero);

	__builtin_memcpy(network.ip, ip, 16);
	return trie && bpf_map_lookup_elem(trie, &network);
}

static __noinline int address_in_table(struct lookup *l)
{
	const struct fingerprint_line *line;
	const struct fingerprint_head *t;
	void *table = current_table();
	__u64 f;

	if (!l || !table)
		return 0;
	t = &l->head;
	if (t->flags & FINGERPRINT_ADDRESS) {
		f = name_of_address(l->ip, t->key);
		line = filter_line(table, t, f);
		if (line && fingerprint_maybe(line, f) && in_buckets(table, t, f))
			return 1;
	}
	if (t->flags & FINGERPRINT_NETWORK) {
		if (ip_in_networks(l->ip, NETWORK_LISTED))
			return 1;
	}
	return 0;
}

/* Whom a packet goes to: listed, or where a listed name led. */
static __always_inline int peer_in_table(struct lookup *l, const struct record_head *h)
{
	struct host_key key;
	__u64 *until;

	__builtin_memcpy(l->ip, h->daddr, 16);
	if (address_in_table(l))
		return 1;
	__builtin_memcpy(key.ip, h->daddr, 16);
	until = bpf_map_lookup_elem(&contacts, &key);
	return until && *until > l->now_ns;
}

/* Are the labels gathered in l, or a parent of theirs, listed? From the last label to the first. */
static __noinline int labels_in_table(struct lookup *l)
{
	const struct fingerprint_line *line = 0;
	const struct fingerprint_head *t;
	void *table = current_table();
	__u32 n, i;
	__u64 f;

	if (!l || !table)
		return 0;
	t = &l->head;
	n = l->labels.n;
	f = t->key;
	for (i = 0; i < NAME_LABELS; i++) {
		__u64 at = n - 1 - i;

		if (i >= n)
			break;
		BOUND(at, NAME_LABELS - 1);
		f = name_mix(f + l->labels.hash[at]);
		if (i == 0) {
			if (!(t->flags & FINGERPRINT_TOP))
				continue;
			line = filter_line(table, t, f);
		} else if (i == 1) {
			line = filter_line(table, t, f);
		}
		if (line && fingerprint_maybe(line, f) && in_buckets(table, t, f))
			return 1;
	}
	return 0;
}

struct name_ctx {
	struct lookup *l;
	const __u8 *msg;
};

/* One label or pointer of a name. Pointers go back (RFC 1035 4.1.4); another kind is left to the daemon. */
static long name_step(__u32 index, void *ctx)
{
	struct name_ctx *c = ctx;
	struct lookup *l = c->l;
	const __u8 *msg = c->msg;
	__u64 at = l->pos;
	__u32 label, to;

	(void)index;
	if (at >= l->end)
		goto stop;
	BOUND(at, MESSAGE_MASK);
	label = msg[at];
	if (label == 0) {
		if (!l->after)
			l->after = l->pos + 1;
		l->whole = 1;
		return 1;
	}
	if (label >= 0xc0) {
		to = (label & 0x3f) << 8 | msg[at + 1];
		l->pointer = !l->after && !l->labels.n;
		if (!l->after)
			l->after = l->pos + 2;
		if (l->pointer) /* to a name that was looked up where it stands */
			return 1;
		if (to >= l->start)
			goto stop;
		l->start = to;
		l->pos = to;
		return 0;
	}
	if (label & 0xc0)
		goto stop;
	name_add_label(&l->labels, name_label(msg, at + 1, label, l->head.key));
	l->pos += 1 + label;
	return 0;
stop:
	l->stopped = 1;
	return 1;
}

/* Gathers the labels of the name at pos; l->after is the place behind it. */
static __always_inline void read_name(struct lookup *l, const __u8 *msg, __u64 pos)
{
	struct name_ctx ctx = { .l = l, .msg = msg };

	l->labels.n = 0;
	l->pos = l->start = pos;
	l->after = 0;
	l->stopped = 0;
	l->pointer = 0;
	l->whole = 0;
	bpf_loop(NAME_STEPS, name_step, &ctx, 0);
}

static __always_inline void remember_contact(struct lookup *l, __u32 ttl)
{
	struct host_key key;
	__u64 until = l->now_ns + ttl * 1000000000ULL + LISTED_GRACE_NS;

	__builtin_memcpy(key.ip, l->ip, 16);
	bpf_map_update_elem(&contacts, &key, &until, BPF_ANY);
}

/* One answer record: its owner where it is spelled out, a CNAME's target, an address. */
static long answer_step(__u32 index, void *ctx)
{
	struct name_ctx *c = ctx;
	struct lookup *l = c->l;
	const __u8 *msg = c->msg;
	__u64 at, pos;
	__u32 type, rdlength;

	(void)index;
	read_name(l, msg, l->pos);
	pos = at = l->after;
	if (!pos || pos + 10 > l->end)
		return 1;
	if (!l->stopped && !l->pointer && labels_in_table(l))
		l->hit = l->urgent = 1;
	BOUND(at, MESSAGE_MASK);
	type = wire16(msg + at);
	rdlength = wire16(msg + at + 8);
	if (type == TYPE_CNAME) {
		read_name(l, msg, pos + 10);
		if (!l->stopped && !l->pointer && labels_in_table(l))
			l->hit = l->urgent = 1;
	} else if ((type == TYPE_A && rdlength == 4) || (type == TYPE_AAAA && rdlength == 16)) {
		__u64 addr = pos + 10;

		BOUND(addr, MESSAGE_MASK);
		copy_addr(l->ip, msg + addr, type == TYPE_A ? 4 : 6);
		if (l->hit)
			remember_contact(l, wire32(msg + at + 4));
		else if (address_in_table(l))
			l->urgent = 1;
	}
	l->pos = pos + 10 + rdlength;
	return 0;
}

static __always_inline void look_up_dns(struct lookup *l, struct scratch *s)
{
	struct name_ctx ctx = { .l = l, .msg = s->bytes };
	__u32 n = s->rec.dns.n_answers;

	l->end = s->rec.dns.wire_len;
	read_name(l, s->bytes, DNS_HEADER);
	if (!wire16(s->bytes + 4) || l->stopped)
		return;
	if (labels_in_table(l)) {
		l->hit = l->urgent = 1;
		s->rec.dns.listed = 1;
	}
	l->pos = l->after + 4;
	if (n)
		bpf_loop(n, answer_step, &ctx, 0);
}

static __always_inline void end_host_label(struct lookup *l, const __u8 *msg, __u64 at)
{
	__u64 start = l->start, len = at - start;

	BOUND(len, 255);
	l->odd |= l->empty;
	l->empty = !len;
	if (len && len <= NAME_LABEL_MAX) {
		BOUND(start, MESSAGE_MASK);
		name_add_label(&l->labels, name_label(msg, start, len, l->head.key));
	} else if (len) {
		l->stopped = 1; /* no name has such a label */
	}
	l->start = at + 1;
}

/* One byte of a Host field or an authority (RFC 3986 3.2), or its end. */
static long host_step(__u32 index, void *ctx)
{
	struct name_ctx *c = ctx;
	struct lookup *l = c->l;
	__u64 at = l->pos;
	__u8 byte = '.';
	int space, over;

	(void)index;
	if (at < l->end) {
		BOUND(at, MESSAGE_MASK);
		byte = c->msg[at];
	}
	space = byte == ' ' || byte == '\t';
	if (space && !l->labels.n && l->start == l->pos) { /* white space before the value */
		l->start = ++l->pos;
		return 0;
	}
	if (byte == '@') { /* what stood before it is no host */
		l->labels.n = 0;
		l->empty = l->odd = 0;
		l->start = ++l->pos;
		return 0;
	}
	over = byte == ':' || byte == '/' || byte == '?' || byte == '#' || space;
	if (byte == '.' || over)
		end_host_label(l, c->msg, l->pos);
	if (l->pos >= l->end || over) {
		l->whole = 1;
		return 1;
	}
	l->pos++;
	return 0;
}

/* Gathers the labels of the host at pos. */
static __always_inline void read_host(struct lookup *l, const __u8 *msg)
{
	struct name_ctx ctx = { .l = l, .msg = msg };

	l->start = l->pos;
	l->labels.n = 0;
	l->stopped = 0;
	l->whole = l->empty = l->odd = 0;
	bpf_loop(HOST_STEPS, host_step, &ctx, 0);
}

/* Where the host stands: in an absolute target or CONNECT's (RFC 9112 3.2.2, 3.2.3), else in the Host field. The
 * message begins with the method, which is method_len bytes long. */
static __always_inline void find_host(struct lookup *l, const __u8 *msg, __u32 method_len, struct http_span target,
				      struct http_span host)
{
	__u64 seven = 0xffffffffffffffULL, first = http_load(msg, target.off) & seven;

	l->pos = target.off;
	l->end = target.off + target.len;
	if (target.len > 7 && (first | 0x20202020) == (WORD8('h', 't', 't', 'p', ':', '/', '/', 0))) {
		l->pos += 7;
	} else if (method_len != 7 ||
		   (http_load(msg, 0) & seven) != (WORD8('C', 'O', 'N', 'N', 'E', 'C', 'T', 0))) {
		l->pos = host.off;
		l->end = host.off + host.len;
	}
}

/* In a record the fields follow one another. */
static __always_inline void find_record_host(struct lookup *l, const struct scratch *s)
{
	const __u16 *len = s->rec.http.field_len;
	struct http_span target = { len[HTTP_METHOD], len[HTTP_TARGET] };
	struct http_span host = { target.off + target.len, len[HTTP_HOST] };

	find_host(l, s->bytes, len[HTTP_METHOD], target, host);
}

static __always_inline void look_up_http(struct lookup *l, struct scratch *s)
{
	l->urgent = peer_in_table(l, &s->rec.head);
	find_record_host(l, s);
	read_host(l, s->bytes);
	if (!l->stopped && labels_in_table(l))
		l->urgent = 1;
}

/* The process of this record has a verdict against it. */
static __always_inline int owner_flagged(const struct record_head *h)
{
	struct flagged_key key = { .start_ns = h->owner.start_ns, .tgid = h->owner.tgid, .type = FLAGGED_PROCESS };

	return h->owner.tgid && bpf_map_lookup_elem(&flagged, &key);
}

/* Does the record in s go by the urgent ring? Time and owner stand in it already. A global function: the verifier
 * looks at it once, not for every way that leads here. */
__noinline int record_is_urgent(struct scratch *s)
{
	struct lookup *l;
	__u32 zero = 0;

	if (!s)
		return 0;
	l = bpf_map_lookup_elem(&lookup, &zero);
	if (!l || !read_head(l))
		return 0;
	l->now_ns = s->rec.head.time_ns;
	l->hit = l->urgent = 0;
	switch (s->rec.head.kind) {
	case RECORD_DNS:
		look_up_dns(l, s);
		break;
	case RECORD_HTTP:
		look_up_http(l, s);
		break;
	case RECORD_SYN:
		l->urgent = peer_in_table(l, &s->rec.head);
		break;
	}
	return l->urgent || owner_flagged(&s->rec.head);
}

#endif
