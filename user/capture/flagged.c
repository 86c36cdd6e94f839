/* flagged.c: see flagged.h. */
#include "capture/flagged.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stddef.h>

struct expiry {
	uint64_t now_ns, first_ns;
	struct flagged_key first, expired[64];
	size_t n;
};

void flagged_each(int fd, void (*fn)(void *ctx, const struct flagged_key *key, const struct flagged *f), void *ctx)
{
	struct flagged_key key, *previous = NULL;
	struct flagged value;

	while (!bpf_map_get_next_key(fd, previous, &key)) {
		if (!bpf_map_lookup_elem(fd, &key, &value))
			fn(ctx, &key, &value);
		previous = &key;
	}
}

static void note_expiry(void *ctx, const struct flagged_key *key, const struct flagged *f)
{
	struct expiry *e = ctx;

	if (f->until_ns < e->now_ns && e->n < sizeof(e->expired) / sizeof(e->expired[0]))
		e->expired[e->n++] = *key;
	if (f->until_ns < e->first_ns) {
		e->first_ns = f->until_ns;
		e->first = *key;
	}
}

void flagged_put(int fd, const struct flagged_key *key, const struct flagged *f)
{
	struct flagged old, next = *f;
	struct expiry e = { .first_ns = UINT64_MAX };

	if (!bpf_map_lookup_elem(fd, key, &old)) {
		next.since_ns = old.since_ns;
		if (next.score < old.score)
			next.score = old.score;
	}
	if (bpf_map_update_elem(fd, key, &next, BPF_ANY) != -E2BIG)
		return;
	flagged_each(fd, note_expiry, &e);
	(void)bpf_map_delete_elem(fd, &e.first);
	(void)bpf_map_update_elem(fd, key, &next, BPF_ANY);
}

void flagged_expire(int fd, uint64_t now_ns)
{
	struct expiry e = { .now_ns = now_ns, .first_ns = UINT64_MAX };

	flagged_each(fd, note_expiry, &e);
	for (size_t i = 0; i < e.n; i++)
		(void)bpf_map_delete_elem(fd, &e.expired[i]);
}
