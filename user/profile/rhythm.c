/* rhythm.c: see rhythm.h. */
#include "profile/rhythm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "profile/distinct.h"

#define ALL_BINS ((1U << PERSISTENCE_BINS) - 1)
#define HOUR_NS 3600000000000ULL

static const uint64_t bin_ns[N_SCALES] = { HOUR_NS, 4 * HOUR_NS, 24 * HOUR_NS };

static void mark_bin(struct persistence *p, unsigned int scale, uint64_t bin)
{
	uint64_t ahead = bin - p->newest[scale];

	if (!p->bins[scale]) {
		p->newest[scale] = bin;
		p->bins[scale] = 1;
	} else if (bin >= p->newest[scale]) {
		p->bins[scale] = (ahead < PERSISTENCE_BINS ? p->bins[scale] << ahead & ALL_BINS : 0) | 1;
		p->newest[scale] = bin;
	} else if (p->newest[scale] - bin < PERSISTENCE_BINS) {
		p->bins[scale] |= 1U << (p->newest[scale] - bin);
	}
}

void persistence_add(struct persistence *p, uint64_t ns)
{
	for (unsigned int i = 0; i < N_SCALES; i++)
		mark_bin(p, i, ns / bin_ns[i]);
}

void persistence_merge(struct persistence *to, const struct persistence *from)
{
	for (unsigned int i = 0; i < N_SCALES; i++)
		for (unsigned int age = PERSISTENCE_BINS; age-- > 0;)
			if (from->bins[i] >> age & 1 && from->newest[i] >= age)
				mark_bin(to, i, from->newest[i] - age);
}

unsigned int persistence_active(const struct persistence *p, unsigned int scale)
{
	return __builtin_popcount(p->bins[scale]);
}

/* Fills what malloc gives: 6, 14, 30, 64. */
static bool recent_room(struct rhythm *r, unsigned int n)
{
	unsigned int room = r->recent_room ? r->recent_room : 6;
	uint32_t *ms;

	while (room < n)
		room = 2 * room + 2 < RECENT_GAPS - 2 ? 2 * room + 2 : RECENT_GAPS;
	if (room == r->recent_room)
		return true;
	ms = realloc(r->recent_ms, room * sizeof(*ms));
	if (!ms)
		return false;
	r->recent_ms = ms;
	r->recent_room = room;
	return true;
}

static void add_recent(struct rhythm *r, uint64_t gap_ns)
{
	uint64_t ms = gap_ns / 1000000;

	if (r->n_recent < RECENT_GAPS) {
		if (!recent_room(r, r->n_recent + 1))
			return;
		r->n_recent++;
	}
	r->recent_ms[r->next_recent] = ms < UINT32_MAX ? ms : UINT32_MAX;
	r->next_recent = (r->next_recent + 1) % RECENT_GAPS;
}

bool rhythm_add(struct rhythm *r, uint64_t ns)
{
	r->messages++;
	persistence_add(&r->persistence, ns);
	if (!r->checkins) {
		r->first_ns = r->last_ns = r->checkin_ns = ns;
		r->checkins = 1;
		return true;
	}
	if (ns < r->last_ns) {
		r->backwards++;
		if (ns < r->first_ns)
			r->first_ns = ns;
		return false;
	}
	if (ns - r->last_ns >= CHECKIN_MERGE_NS) {
		moments_add(&r->gap_s, (ns - r->checkin_ns) / 1e9);
		add_recent(r, ns - r->checkin_ns);
		r->checkin_ns = ns;
		r->checkins++;
	}
	r->last_ns = ns;
	return true;
}

unsigned int rhythm_recent(const struct rhythm *r, uint32_t ret_ms[RECENT_GAPS])
{
	unsigned int from = r->n_recent < RECENT_GAPS ? 0 : r->next_recent;

	for (unsigned int i = 0; i < r->n_recent; i++)
		ret_ms[i] = r->recent_ms[(from + i) % RECENT_GAPS];
	return r->n_recent;
}

int rhythm_set_recent(struct rhythm *r, const uint32_t *ms, unsigned int n)
{
	if (!n)
		return 0;
	if (!recent_room(r, n))
		return -ENOMEM;
	memcpy(r->recent_ms, ms, n * sizeof(*ms));
	r->n_recent = n;
	r->next_recent = n % RECENT_GAPS;
	return 0;
}

/* When the recent gaps ended, which the newest check-in and they themselves tell; newest first. */
struct ended {
	uint64_t ms;
	uint32_t gap_ms;
};

static unsigned int ends(const struct rhythm *r, struct ended *ret_ends)
{
	uint32_t ms[RECENT_GAPS];
	unsigned int n = rhythm_recent(r, ms);
	uint64_t at = r->checkin_ns / 1000000;

	for (unsigned int i = 0; i < n; i++) {
		ret_ends[i] = (struct ended){ at, ms[n - 1 - i] };
		at -= ms[n - 1 - i] < at ? ms[n - 1 - i] : at;
	}
	return n;
}

static bool is_newer(const struct ended *a, const struct ended *b)
{
	return a->ms != b->ms ? a->ms > b->ms : a->gap_ms > b->gap_ms;
}

static int merge_recent(struct rhythm *to, const struct rhythm *from)
{
	struct ended a[RECENT_GAPS], b[RECENT_GAPS];
	unsigned int n_a = ends(to, a), n_b = ends(from, b), i = 0, j = 0, n = n_a + n_b;
	uint32_t ms[RECENT_GAPS];

	n = n < RECENT_GAPS ? n : RECENT_GAPS;
	if (n && !recent_room(to, n))
		return -ENOMEM;
	for (unsigned int k = n; k-- > 0;)
		ms[k] = j == n_b || (i < n_a && is_newer(&a[i], &b[j])) ? a[i++].gap_ms : b[j++].gap_ms;
	to->n_recent = 0;
	return rhythm_set_recent(to, ms, n);
}

int rhythm_merge(struct rhythm *to, const struct rhythm *from)
{
	int err;

	if (!from->messages)
		return 0;
	err = merge_recent(to, from);
	if (!to->messages || from->first_ns < to->first_ns)
		to->first_ns = from->first_ns;
	if (from->last_ns > to->last_ns)
		to->last_ns = from->last_ns;
	if (from->checkin_ns > to->checkin_ns)
		to->checkin_ns = from->checkin_ns;
	to->messages += from->messages;
	to->checkins += from->checkins;
	to->backwards += from->backwards;
	moments_merge(&to->gap_s, &from->gap_s);
	persistence_merge(&to->persistence, &from->persistence);
	return err;
}

size_t rhythm_bytes(const struct rhythm *r)
{
	return r->recent_room ? heap_bytes(r->recent_room * sizeof(*r->recent_ms)) : 0;
}

void rhythm_free(struct rhythm *r)
{
	free(r->recent_ms);
	*r = (struct rhythm){ 0 };
}
