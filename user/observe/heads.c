/* heads.c: see heads.h. The kernel sends parts in order and without gaps, or not at all. */
#include "observe/heads.h"

#include <stdlib.h>
#include <string.h>

struct heads {
	size_t capacity;
	uint64_t started;
	uint64_t orphans;
	size_t used;
	struct head head[];
};

struct heads *heads_new(size_t capacity)
{
	struct heads *h = calloc(1, sizeof(*h) + capacity * sizeof(h->head[0]));

	if (h)
		h->capacity = capacity;
	return h;
}

void heads_free(struct heads *h)
{
	free(h);
}

uint64_t heads_orphans(const struct heads *h)
{
	return h->orphans;
}

void heads_done(struct heads *h, struct head *head)
{
	head->used = false;
	h->used--;
}

static bool same_flow(const struct record_head *a, const struct record_head *b)
{
	return a->sport == b->sport && a->dport == b->dport && !memcmp(a->saddr, b->saddr, 16) &&
	       !memcmp(a->daddr, b->daddr, 16);
}

static struct head *find(struct heads *h, const struct record_head *of)
{
	for (size_t i = 0; i < h->capacity; i++)
		if (h->head[i].used && same_flow(&h->head[i].first, of))
			return &h->head[i];
	return NULL;
}

static struct head *oldest(struct heads *h)
{
	struct head *found = NULL;

	if (!h->used)
		return NULL;
	for (size_t i = 0; i < h->capacity; i++)
		if (h->head[i].used && (!found || h->head[i].order < found->order))
			found = &h->head[i];
	return found;
}

static struct head *unused(struct heads *h)
{
	for (size_t i = 0; i < h->capacity; i++)
		if (!h->head[i].used)
			return &h->head[i];
	return NULL;
}

static void append(struct head *head, const struct record *part)
{
	size_t len = part->raw.wire_len;

	if (len > sizeof(head->bytes) - head->len)
		len = sizeof(head->bytes) - head->len;
	memcpy(head->bytes + head->len, part + 1, len);
	head->len += len;
	head->next_seq = part->raw.seq + part->raw.wire_len;
	head->complete = part->raw.last;
}

struct head *heads_add(struct heads *h, const struct record *part, bool *ret_again)
{
	struct head *head = find(h, &part->head);

	*ret_again = false;
	if (!part->raw.first) {
		if (!head || head->next_seq != part->raw.seq) {
			h->orphans++;
			return NULL;
		}
		append(head, part);
		return head->complete ? head : NULL;
	}
	if (!head) {
		head = unused(h);
		if (head) {
			head->used = true;
			h->used++;
			head->len = 0;
			head->order = h->started++;
			head->first = part->head;
			head->denied = part->denied;
			append(head, part);
			return NULL;
		}
		head = oldest(h);
	}
	*ret_again = true; /* the old one is over: a new request on its connection, or no room */
	return head;
}

struct head *heads_expired(struct heads *h, uint64_t now_ns)
{
	struct head *head = oldest(h);

	if (!head || (now_ns != UINT64_MAX && head->first.time_ns + HEAD_TIMEOUT_NS > now_ns))
		return NULL;
	return head;
}
