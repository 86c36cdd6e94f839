/* enforce.h: is this packet to be dropped? Lookups and HTTP requests of names that a list holds, and where the settings
 * say so those of flagged processes and hosts; an exception wins over both. The daemon is not asked: the fingerprints
 * of the lists' table have to do, and what they cannot tell passes. Works on the finished record. */
#ifndef METSUKE_BPF_ENFORCE_H
#define METSUKE_BPF_ENFORCE_H

#include "listed.h"

enum name_word { NAME_UNKNOWN, NAME_LISTED, NAME_ALLOWED };

/* What the table says of a fingerprint. */
#define TABLE_HAS 1
#define TABLE_MAY_HAVE 2 /* not every fingerprint found a place in it */

/* A name's fingerprint or one of its marks; l->two chooses the filter's line. Global, as all here: the verifier looks
 * at each function once, not at 16 labels times three questions. */
__noinline int table_has(struct lookup *l, __u64 f)
{
	const struct fingerprint_line *line;
	void *table;

	if (!l)
		return 0;
	table = current_table();
	if (!table)
		return 0;
	line = filter_line(table, &l->head, l->two);
	if (!line || !fingerprint_maybe(line, f))
		return 0;
	if (surely_in_buckets(table, &l->head, f))
		return TABLE_HAS;
	return l->head.flags & FINGERPRINT_OVERFLOW ? TABLE_MAY_HAVE : 0;
}

/* The lists' word on the labels gathered in l. What the table may have only lets pass. Entries of NAME_LABELS labels or
 * more are not told from longer names here, so that they drop nothing; as exceptions they let all of those pass. */
__noinline int name_word(struct lookup *l)
{
	int word = NAME_UNKNOWN;
	__u32 n, i;
	__u64 f;

	if (!l)
		return NAME_ALLOWED;
	n = l->labels.n;
	f = l->head.key;
	for (i = 0; i < NAME_LABELS; i++) {
		__u64 at = n - 1 - i;
		int self = i + 1 == n;

		if (i >= n)
			break;
		BOUND(at, NAME_LABELS - 1);
		f = name_mix(f + l->labels.hash[at]);
		if (i < 2)
			l->two = f;
		if (i == 0 && !(l->head.flags & FINGERPRINT_TOP))
			continue;
		if (table_has(l, f ^ (self ? FINGERPRINT_ALLOW_SELF : FINGERPRINT_ALLOW_CHILDREN)))
			return NAME_ALLOWED;
		if (i + 1 < NAME_LABELS && table_has(l, f) == TABLE_HAS &&
		    !table_has(l, f ^ (self ? FINGERPRINT_KEEP_SELF : FINGERPRINT_KEEP_CHILDREN)))
			word = NAME_LISTED;
	}
	return word;
}

/* Whoever sent it is flagged, and to be blocked for it. Where the process is known, it counts, and not the host it
 * runs on; of this machine's own packets nothing else ever does: its address stands for all its programs. */
static __always_inline int sender_blocked(const struct record_head *h)
{
	struct flagged_key key = { .type = FLAGGED_PROCESS };
	const struct flagged *f;

	if (h->owner.tgid) {
		key.start_ns = h->owner.start_ns;
		key.tgid = h->owner.tgid;
	} else if (h->hook == HOOK_TC_EGRESS && !h->ingress_ifindex) {
		return 0;
	} else {
		key.type = FLAGGED_HOST;
		__builtin_memcpy(key.ip, h->saddr, 16);
	}
	f = bpf_map_lookup_elem(&flagged, &key);
	return f && f->effect == EFFECT_BLOCKED;
}

/* The name that is looked up. False: there is none, or it cannot be read. */
static __always_inline int read_question(struct lookup *l, struct scratch *s)
{
	l->end = s->rec.dns.wire_len;
	if (!wire16(s->bytes + 4) || s->rec.head.marks & (MARK_label_type | MARK_name_length | MARK_pointer))
		return 0;
	read_name(l, s->bytes, DNS_HEADER);
	return l->whole;
}

/* The name that a request is for; none, where it names no host. False: the segment does not tell. */
static __always_inline int read_request(struct lookup *l, struct scratch *s)
{
	if (s->rec.head.kind == RECORD_HTTP) {
		find_record_host(l, s);
	} else {
		const struct http_walk *w = &s->http; /* of this segment, which starts the head */

		if (!s->rec.raw.first || !(w->have & 1 << HTTP_HOST))
			return 0;
		find_host(l, s->bytes, w->field[HTTP_METHOD].len, w->field[HTTP_TARGET], w->field[HTTP_HOST]);
	}
	read_host(l, s->bytes);
	if (l->stopped || l->odd || !l->whole)
		l->labels.n = 0; /* nothing that could stand in a list */
	return 1;
}

static __always_inline int read_asked(struct lookup *l, struct scratch *s)
{
	switch (s->rec.head.kind) {
	case RECORD_DNS:
		return !(s->bytes[2] & 0x80) && is_dns_port(&settings, s->rec.head.dport) && read_question(l, s);
	case RECORD_HTTP:
	case RECORD_HTTP_PART:
		return read_request(l, s);
	}
	return 0;
}

/* enum denied of the record in s; time and owner stand in it already. */
__noinline int record_denied(struct scratch *s)
{
	int blocked, tables;
	struct lookup *l;
	__u32 zero = 0;

	if (!s)
		return DENIED_NOT;
	l = bpf_map_lookup_elem(&lookup, &zero);
	if (!l)
		return DENIED_NOT;
	blocked = settings.enforce == ENFORCE_FLAGGED && sender_blocked(&s->rec.head);
	tables = read_head(l);
	if ((!blocked && !tables) || !read_asked(l, s))
		return DENIED_NOT;
	if (tables) {
		int word = name_word(l);

		if (word == NAME_ALLOWED)
			return DENIED_NOT;
		if (word == NAME_LISTED)
			return DENIED_LISTED;
		if (blocked && s->rec.head.proto == PROTO_TCP && l->head.flags & FINGERPRINT_ALLOW_NETWORK &&
		    ip_in_networks(s->rec.head.daddr, NETWORK_ALLOWED))
			return DENIED_NOT;
	}
	return blocked ? DENIED_FLAGGED : DENIED_NOT;
}

/* The same, where anything is dropped at all. is_urgent: a listed name is in it, among others. */
static __always_inline int deny(struct scratch *s, struct counters *c, int is_urgent)
{
	int why = DENIED_NOT;

	if (settings_enforce(&settings, s->rec.head.time_ns) &&
	    (is_urgent || settings.enforce == ENFORCE_FLAGGED || s->rec.head.kind == RECORD_HTTP_PART))
		why = record_denied(s);
	if (why == DENIED_LISTED)
		c->denied_listed++;
	else if (why == DENIED_FLAGGED)
		c->denied_flagged++;
	else
		return 0;
	s->rec.denied = why;
	return 1;
}

#endif
