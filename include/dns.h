/* dns.h: one walk over a DNS message (RFC 1035 4.1): where the answer section ends, what EDNS says
 * (RFC 6891), and what is wrong. Names are stepped over here, not expanded: text is the daemon's work.
 *
 * The message stands at msg[0..end), inside an array of at least MESSAGE_BYTES. */
#ifndef METSUKE_DNS_H
#define METSUKE_DNS_H

#include "bounded.h"
#include "counters.h"
#include "record.h"

#define DNS_HEADER 12
#define DNS_STEPS 2048 /* labels and records together; a full message of empty records has 370 */
#define DNS_LABELS 4 /* looked at in a step */
#define DNS_NAME_MAX 255

enum dns_section { DNS_QUESTION, DNS_ANSWER, DNS_AUTHORITY, DNS_ADDITIONAL, DNS_DONE };

/* Kept in map memory by the BPF build. */
struct dns_walk {
	__u64 pos;	  /* next byte */
	__u64 end;	  /* first byte after the message */
	__u64 name_start; /* of the name being stepped over */
	__u64 good;	  /* end of the last record that was whole, answer section or before */
	__u32 section;	  /* enum dns_section */
	__u32 left;	  /* records left in it */
	__u32 left_after[3];
	__u16 answers;
	__u16 marks;
	__u16 edns_size;
	__u16 edns_flags;
	__u8 edns;
	__u8 edns_rcode;
	__u8 edns_version;
	__u8 done;
};

struct dns_step_ctx {
	struct dns_walk *walk;
	const __u8 *msg;
};

static __always_inline long dns_stop(struct dns_walk *w, __u32 mark)
{
	w->marks |= mark;
	w->done = 1;
	return 1;
}

/* On to the next section that has records. Returns 1 where none has. */
static __always_inline long dns_next_section(struct dns_walk *w)
{
	for (__u32 i = 0; i < 4; i++) {
		w->section++;
		if (w->section >= DNS_DONE) {
			w->done = 1;
			return 1;
		}
		w->left = w->left_after[0];
		w->left_after[0] = w->left_after[1];
		w->left_after[1] = w->left_after[2];
		w->left_after[2] = 0;
		if (w->left)
			return 0;
	}
	return 0;
}

/* The part of a question or record after its name. Returns 1 to end the walk. */
static __always_inline long dns_after_name(struct dns_walk *w, const __u8 *msg, __u64 pos)
{
	__u64 end = w->end, at = pos;
	__u32 rdlength = 0;

	if (w->section == DNS_QUESTION) {
		if (pos + 4 > end)
			return dns_stop(w, MARK_truncated);
		pos += 4;
	} else {
		if (pos + 10 > end)
			return dns_stop(w, MARK_truncated);
		BOUND(at, MESSAGE_MASK);
		rdlength = wire16(msg + at + 8);
		if (w->section == DNS_ADDITIONAL && wire16(msg + at) == 41 && !w->edns) {
			w->edns = 1;
			w->edns_size = wire16(msg + at + 2);
			w->edns_rcode = msg[at + 4];
			w->edns_version = msg[at + 5];
			w->edns_flags = wire16(msg + at + 6);
		}
		pos += 10 + rdlength;
		if (pos > end)
			return dns_stop(w, MARK_truncated);
		if (w->section == DNS_ANSWER)
			w->answers++;
	}
	w->pos = pos;
	w->name_start = pos;
	if (w->section <= DNS_ANSWER)
		w->good = pos;
	w->left--;
	return w->left ? 0 : dns_next_section(w);
}

/* One label, or the end of a name together with the record behind it. */
static long dns_step(__u32 index, void *ctx)
{
	struct dns_step_ctx *c = ctx;
	struct dns_walk *w = c->walk;
	const __u8 *msg = c->msg;
	__u64 pos = w->pos, at = pos;
	__u32 label = 0;

	(void)index;
	if (w->left == 0) /* the message starts with an empty section */
		return dns_next_section(w);
	for (__u32 i = 0; i < DNS_LABELS; i++) {
		at = pos;
		if (pos >= w->end)
			return dns_stop(w, MARK_truncated);
		BOUND(at, MESSAGE_MASK);
		label = msg[at];
		if (label == 0)
			return dns_after_name(w, msg, pos + 1);
		if (label >= 0xc0)
			break;
		if (label & 0xc0)
			return dns_stop(w, MARK_label_type);
		pos += 1 + label;
		if (pos - w->name_start + 1 > DNS_NAME_MAX)
			return dns_stop(w, MARK_name_length);
	}
	if (label < 0xc0) {
		w->pos = pos;
		return 0;
	}
	if (pos + 2 > w->end)
		return dns_stop(w, MARK_truncated);
	/* A pointer goes to a prior occurrence: before this very name, after the header. */
	label = (label & 0x3f) << 8 | msg[at + 1];
	if (label < DNS_HEADER || label >= w->name_start)
		w->marks |= MARK_pointer;
	return dns_after_name(w, msg, pos + 2);
}

/* Walks the message msg[0..len); the caller has seen that len >= DNS_HEADER. What it found is in *w;
 * the bytes worth keeping are msg[0..w->good). */
static __always_inline void dns_walk_message(struct dns_walk *w, const __u8 *msg, __u64 len)
{
	struct dns_step_ctx ctx = { .walk = w, .msg = msg };

	w->pos = DNS_HEADER;
	w->end = len;
	w->name_start = DNS_HEADER;
	w->good = DNS_HEADER;
	w->section = DNS_QUESTION;
	w->left = wire16(msg + 4);
	w->left_after[0] = wire16(msg + 6);
	w->left_after[1] = wire16(msg + 8);
	w->left_after[2] = wire16(msg + 10);
	w->answers = 0;
	w->marks = 0;
	w->edns_size = 0;
	w->edns_flags = 0;
	w->edns = 0;
	w->edns_rcode = 0;
	w->edns_version = 0;
	w->done = 0;
	LOOP(DNS_STEPS, dns_step, &ctx);
	if (!w->done)
		w->marks |= MARK_too_many;
	if (w->marks & (MARK_truncated | MARK_label_type | MARK_name_length | MARK_too_many))
		w->good = len; /* the daemon reads on as far as it goes */
}

#endif
