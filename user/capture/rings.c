/* rings.c: see rings.h. */
#include "capture/rings.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "support/log.h"

#define SLICE 512 /* records of the bulk ring between two looks at the urgent one: below a millisecond */

struct rings {
	struct ring_buffer *bulk, *urgent;
	rings_record_fn *fn;
	void *ctx;
	size_t drained, most; /* of the bulk ring, in the round that goes on */
	uint64_t until_ns;
};

static int on_bulk(void *ctx, void *data, size_t len)
{
	struct rings *r = ctx;
	const struct record *rec = data;
	bool late = len >= sizeof(*rec) && rec->head.time_ns >= r->until_ns;

	r->fn(r->ctx, rec, len);
	return ++r->drained < r->most && !late ? 0 : -EAGAIN; /* ends this round; the rest stays in the ring */
}

static void drain_bulk(struct rings *r, size_t most, uint64_t until_ns)
{
	r->drained = 0;
	r->most = most;
	r->until_ns = until_ns;
	(void)ring_buffer__consume(r->bulk); /* negative: ended before the ring's end */
}

/* A response that is urgent for its answers alone: its query was not, and waits on the bulk ring. */
static bool query_is_bulk(const struct record *rec, size_t len)
{
	return len >= sizeof(*rec) + 3 && rec->head.kind == RECORD_DNS && !rec->dns.listed &&
	       ((const uint8_t *)(rec + 1))[2] & 0x80;
}

static int on_urgent(void *ctx, void *data, size_t len)
{
	struct rings *r = ctx;
	const struct record *rec = data;

	if (query_is_bulk(rec, len))
		drain_bulk(r, SIZE_MAX, rec->head.time_ns);
	r->fn(r->ctx, rec, len);
	return 0;
}

struct rings *rings_new(int bulk_map, int urgent_map, rings_record_fn *fn, void *ctx)
{
	struct rings *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->fn = fn;
	r->ctx = ctx;
	r->bulk = ring_buffer__new(bulk_map, on_bulk, r, NULL);
	r->urgent = r->bulk ? ring_buffer__new(urgent_map, on_urgent, r, NULL) : NULL;
	if (r->urgent)
		return r;
	log_error("cannot map the %s ring: %s", r->bulk ? "urgent" : "bulk", strerror(errno));
	rings_free(r);
	return NULL;
}

void rings_free(struct rings *r)
{
	if (!r)
		return;
	ring_buffer__free(r->bulk);
	ring_buffer__free(r->urgent);
	free(r);
}

int rings_bulk_fd(const struct rings *r)
{
	return ring_buffer__epoll_fd(r->bulk);
}

int rings_urgent_fd(const struct rings *r)
{
	return ring_buffer__epoll_fd(r->urgent);
}

void rings_drain_urgent(struct rings *r)
{
	(void)ring_buffer__consume(r->urgent); /* its callback refuses nothing */
}

size_t rings_drain(struct rings *r, size_t most)
{
	size_t n = 0;

	do {
		size_t slice = most - n < SLICE ? most - n : SLICE;

		rings_drain_urgent(r);
		drain_bulk(r, slice, UINT64_MAX);
		n += r->drained;
		if (r->drained < slice)
			break;
	} while (n < most);
	return n;
}
