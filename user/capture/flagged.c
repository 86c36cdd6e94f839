/* flagged.c: see flagged.h. */
#include "capture/flagged.h"

#include <bpf/bpf.h>

void flagged_put(int fd, const struct flagged_key *key, const struct flagged *f)
{
	if (f)
		(void)bpf_map_update_elem(fd, key, f, BPF_ANY); /* no more are told than there is room for */
	else
		(void)bpf_map_delete_elem(fd, key);
}

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
