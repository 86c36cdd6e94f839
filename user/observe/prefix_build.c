/* prefix_build.c: see prefix_build.h. Entries are sorted, so that a prefix stands in front of those within it, and
 * swept once: the innermost that is open says what a range belongs to. Neighbours with the same length and AS are
 * one range: the prefix itself is the address, cut. */
#include "observe/prefix_build.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 4096

bool prefix_entry_set(struct prefix_entry *e, const uint8_t ip[16], uint8_t bits)
{
	uint64_t half[2], hi, lo;

	memcpy(half, ip, 16);
	hi = be64toh(half[0]);
	lo = be64toh(half[1]);
	if ((bits < 64 && (lo || hi << bits)) || (bits >= 64 && bits < 128 && lo << (bits - 64)))
		return false;
	e->hi = hi;
	e->lo = lo;
	e->bits = bits;
	return true;
}

int prefix_add(struct prefix_builder *b, const struct prefix_entry *e)
{
	if (b->n == PREFIXES_MOST)
		return -E2BIG;
	if (b->n == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : FIRST_ROOM;
		struct prefix_entry *more = realloc(b->entry, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		b->entry = more;
		b->cap = cap;
	}
	b->entry[b->n++] = *e;
	return 0;
}

void prefix_builder_free(struct prefix_builder *b)
{
	free(b->entry);
	memset(b, 0, sizeof(*b));
}

static int same_prefix(const struct prefix_entry *a, const struct prefix_entry *b)
{
	return a->hi == b->hi && a->lo == b->lo && a->bits == b->bits;
}

static int compare(const void *left, const void *right)
{
	const struct prefix_entry *a = left, *b = right;

	if (a->hi != b->hi)
		return a->hi < b->hi ? -1 : 1;
	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	if (a->bits != b->bits)
		return a->bits < b->bits ? -1 : 1;
	return a->place < b->place ? -1 : a->place > b->place;
}

/* Published tables mostly are in order already. */
static void sort(struct prefix_builder *b)
{
	for (size_t i = 1; i < b->n; i++) {
		if (compare(&b->entry[i - 1], &b->entry[i]) > 0) {
			qsort(b->entry, b->n, sizeof(*b->entry), compare);
			return;
		}
	}
}

static void drop_duplicates(struct prefix_builder *b, struct prefixes_report *report,
			    void (*conflict)(void *ctx, const struct prefix_entry *e), void *ctx)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->n; i++) {
		const struct prefix_entry *e = &b->entry[i];

		if (!kept || !same_prefix(&b->entry[kept - 1], e))
			b->entry[kept++] = *e;
		else if (b->entry[kept - 1].as == e->as)
			report->duplicates++;
		else
			conflict(ctx, e);
	}
	b->n = kept;
}

/* The sweep over one family. */
struct sweep {
	struct prefixes *to;
	bool v4, failed;
	const struct prefix_entry *open[129]; /* each within the one before */
	size_t n_open;
};

static unsigned __int128 first_of(const struct prefix_entry *e)
{
	return (unsigned __int128)e->hi << 64 | e->lo;
}

static unsigned __int128 last_of(const struct prefix_entry *e)
{
	return first_of(e) | (e->bits < 128 ? ~(unsigned __int128)0 >> e->bits : 0);
}

static bool resize(struct prefixes *p, bool v4, size_t cap)
{
	struct prefix_ranges *r = v4 ? &p->v4 : &p->v6;
	void *start =
		v4 ? realloc(p->start4, cap * sizeof(*p->start4)) : realloc(p->start6, cap * sizeof(*p->start6));
	uint32_t *as;
	uint8_t *bits;

	if (start && v4)
		p->start4 = start;
	else if (start)
		p->start6 = start;
	as = realloc(r->as, cap * sizeof(*as));
	if (as)
		r->as = as;
	bits = realloc(r->bits, cap * sizeof(*bits));
	if (bits)
		r->bits = bits;
	r->cap = cap;
	return start && as && bits;
}

/* From here on, addresses belong to what is open now. */
static void begin(struct sweep *s, unsigned __int128 at)
{
	struct prefixes *p = s->to;
	struct prefix_ranges *r = s->v4 ? &p->v4 : &p->v6;
	const struct prefix_entry *e = s->n_open ? s->open[s->n_open - 1] : NULL;
	uint8_t bits = e ? e->bits : 0;
	uint32_t as = e ? e->as : 0;
	uint64_t hi = at >> 64, lo = (uint64_t)at;

	if (r->n && (s->v4 ? p->start4[r->n - 1] == (uint32_t)lo
			   : p->start6[r->n - 1][0] == hi && p->start6[r->n - 1][1] == lo))
		r->n--; /* the outer one has no address before the inner one */
	if (r->n && r->bits[r->n - 1] == bits && r->as[r->n - 1] == as)
		return;
	if (r->n == r->cap && !resize(p, s->v4, r->cap ? r->cap * 2 : FIRST_ROOM)) {
		s->failed = true;
		return;
	}
	if (s->v4) {
		p->start4[r->n] = (uint32_t)lo;
	} else {
		p->start6[r->n][0] = hi;
		p->start6[r->n][1] = lo;
	}
	r->bits[r->n] = bits;
	r->as[r->n++] = as;
}

/* Ends what is over before this address. */
static void end_before(struct sweep *s, unsigned __int128 at)
{
	while (s->n_open && !s->failed) {
		unsigned __int128 last = last_of(s->open[s->n_open - 1]);

		if (last >= at)
			return;
		s->n_open--;
		begin(s, last + 1);
	}
}

static void sweep_entry(struct sweep *s, const struct prefix_entry *e)
{
	end_before(s, first_of(e));
	s->open[s->n_open++] = e;
	begin(s, first_of(e));
}

/* What is open at a family's last address ends there. */
static void sweep_end(struct sweep *s)
{
	end_before(s, s->v4 ? (unsigned __int128)0xffff << 32 | 0xffffffff : ~(unsigned __int128)0);
}

static bool index4(struct prefixes *p)
{
	size_t at = 0;

	p->first4 = malloc(65537 * sizeof(*p->first4));
	if (!p->first4)
		return false;
	for (uint32_t upper = 0; upper < 65536; upper++) {
		while (at + 1 < p->v4.n && p->start4[at + 1] <= upper << 16)
			at++;
		p->first4[upper] = at;
	}
	p->first4[65536] = p->v4.n - 1;
	return true;
}

static bool fill(struct prefixes *p, const struct prefix_builder *b, struct prefixes_report *report)
{
	struct sweep v4 = { .to = p, .v4 = true }, v6 = { .to = p };

	begin(&v4, (unsigned __int128)0xffff << 32);
	begin(&v6, 0);
	for (size_t i = 0; i < b->n && !v4.failed && !v6.failed; i++) {
		const struct prefix_entry *e = &b->entry[i];
		bool is_v4 = e->hi == 0 && e->lo >> 32 == 0xffff && e->bits >= 96;

		report->v4 += is_v4;
		report->v6 += !is_v4;
		sweep_entry(is_v4 ? &v4 : &v6, e);
	}
	sweep_end(&v4);
	sweep_end(&v6);
	return !v4.failed && !v6.failed && index4(p);
}

struct prefixes *prefix_build(struct prefix_builder *b, struct prefixes_report *report,
			      void (*conflict)(void *ctx, const struct prefix_entry *e), void *ctx)
{
	struct prefixes *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	sort(b);
	drop_duplicates(b, report, conflict, ctx);
	if (!fill(p, b, report)) {
		prefixes_free(p);
		return NULL;
	}
	(void)resize(p, true, p->v4.n); /* smaller: what cannot be given back stays */
	(void)resize(p, false, p->v6.n);
	report->bytes = sizeof(*p) + 65537 * sizeof(*p->first4) +
			p->v4.n * (sizeof(*p->start4) + sizeof(*p->v4.as) + sizeof(*p->v4.bits)) +
			p->v6.n * (sizeof(*p->start6) + sizeof(*p->v6.as) + sizeof(*p->v6.bits));
	return p;
}
