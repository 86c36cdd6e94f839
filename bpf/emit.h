/* emit.h: the end of every packet program: one outcome counted, and the record sent if there is one. */
#ifndef METSUKE_BPF_EMIT_H
#define METSUKE_BPF_EMIT_H

#include "maps.h"

/* A packet and its one outcome. Programs on one CPU do not interrupt each other (both hooks run with bottom halves
 * off), so plain additions are enough. */
static __always_inline void count_packet(struct counters *c, __u32 bytes, enum outcome out)
{
	__u64 *outcomes = &c->dns;
	__u64 at = out;

	c->packets++;
	c->bytes += bytes;
	BOUND(at, 31);
	if (at < N_OUTCOMES)
		outcomes[at]++;
}

static __always_inline void count_marks(struct counters *c, __u32 marks)
{
#define X(name, bit, meaning)                                                                                     \
	if (marks & MARK_##name)                                                                                  \
		c->mark_##name++;
	MARKS(X)
#undef X
}

#define ASK_EVERY 16 /* records of a CPU; a power of two */

/* Waking the reader costs more than the whole rest: it is done when the ring has filled up to the settings' mark,
 * a few times; otherwise the reader's own timer comes round. Asking how full the ring is costs a tenth of a
 * record: not each does. */
static __always_inline __u64 wakeup_flag(struct scratch *s)
{
	__u64 held, mark = settings.wakeup_bytes;

	if (s->sent++ & (ASK_EVERY - 1))
		return BPF_RB_NO_WAKEUP;
	held = bpf_ringbuf_query(&bulk, BPF_RB_AVAIL_DATA);
	return held >= mark && held < mark + 2 * RECORD_MAX ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

/* Sends the record in s; the outcome says where that failed. */
static __always_inline enum outcome send_record(struct scratch *s, struct counters *c, enum outcome out,
						int is_urgent)
{
	__u64 len = s->rec.head.len;

	if (s->rec.head.marks)
		count_marks(c, s->rec.head.marks);
	BOUND(len, RECORD_MASK);
	if (len > RECORD_MAX)
		return OUTCOME_no_scratch;
	/* No flag: the reader is woken where it has read all before this, not once a record in a flood of listed
	 * names. */
	if (is_urgent && !bpf_ringbuf_output(&urgent, &s->rec, len, 0)) {
		c->urgent++;
		return out;
	}
	if (bpf_ringbuf_output(&bulk, &s->rec, len, wakeup_flag(s)))
		return is_urgent ? OUTCOME_lost_urgent : OUTCOME_lost_bulk;
	return out;
}

#endif
