/* native.c: the packet programs' text as the host compiler builds it. */
#include "capture/native.h"

#include <errno.h>
#include <stdlib.h>

#include "capture/frame.h"

struct native {
	struct scratch scratch;
	struct head_table heads;
	struct settings settings;
	struct counters counters;
};

struct native *native_new(const struct settings *settings)
{
	struct native *n = calloc(1, sizeof(*n));

	if (n) {
		n->settings = *settings;
		settings_complete(&n->settings);
	}
	return n;
}

void native_free(struct native *n)
{
	free(n);
}

const struct counters *native_counters(const struct native *n)
{
	return &n->counters;
}

static void count(struct counters *c, enum outcome out, unsigned int marks)
{
	__u64 *outcomes = &c->dns;

	outcomes[out]++;
#define X(name, bit, meaning)        \
	if (marks & MARK_##name)     \
		c->mark_##name++;
	MARKS(X)
#undef X
}

struct record *native_look(struct native *n, const unsigned char *data, unsigned int len, enum link_type link,
			   enum outcome *ret_outcome)
{
	struct frame frame = { data, len };
	struct cursor cursor = { data, data + len };
	struct extract x = { &frame, &n->scratch, &n->settings, &n->heads, &n->counters };
	enum outcome out;
	struct record *rec = NULL;

	n->counters.packets++;
	n->counters.bytes += len;
	out = extract(&x, cursor, link);
	if (out <= OUTCOME_LAST_EMITTED) {
		rec = &n->scratch.rec;
		rec->head.time_ns = 0;
		memset(&rec->head.owner, 0, sizeof(rec->head.owner));
		rec->head.ifindex = 0;
		rec->head.ingress_ifindex = 0;
		rec->head.hook = HOOK_CAPTURE;
	}
	count(&n->counters, out, rec ? rec->head.marks : 0);
	if (ret_outcome)
		*ret_outcome = out;
	return rec;
}

bool native_skip(struct native *n, const unsigned char *data, unsigned int len, enum link_type link)
{
	struct extract x = { .settings = &n->settings, .heads = &n->heads };
	struct cursor cursor = { data, data + len };
	enum outcome out = link == LINK_ETHERNET ? plain_and_not_ours(&x, cursor) : OUTCOME_NONE;

	if (out == OUTCOME_NONE)
		return false;
	n->counters.packets++;
	n->counters.bytes += len;
	count(&n->counters, out, 0);
	return true;
}

struct record *native_read_head(struct native *n, const struct record_head *first, const unsigned char *bytes,
				unsigned int len)
{
	struct frame frame = { bytes, len };
	struct extract x = { &frame, &n->scratch, &n->settings, &n->heads, &n->counters };
	struct scratch *s = &n->scratch;
	enum outcome out;

	memcpy(s->msg, bytes, len);
	s->rec.head = *first;
	s->message.off = 0;
	http_walk_head(&s->http, s->msg, len);
	if (s->http.not_http)
		return NULL;
	out = s->http.head_len ? extract_head(&x, 0) : extract_cut_head(&x, len, 0);
	return out == OUTCOME_http ? &s->rec : NULL;
}
