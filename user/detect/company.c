/* company.c: see company.h. Nothing is kept for it: the pairs' own rhythms say it, so a restart changes nothing.
 */
#include "detect/company.h"

#include <stdlib.h>

#include "detect/model.h"

/* Of the client's, those used last, and those of them that come at the right time: a bounded time (some 50 us),
 * whatever a client makes up. */
#define MOST_PAIRS 128
#define MOST_MEDIANS 32
#define ANCHORS 4		 /* a person may have been there between two goes */
#define WINDOW_NS 30000000000ULL /* as long as one go may take */

struct looking {
	const struct pair_profile *pair;
	uint64_t times[ANCHORS], window; /* its last check-ins; how far from them company is */
	double period_ms;
	unsigned int left, medians_left;
	struct company found;
};

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* 0: too few gaps. ms: a copy of them, which is sorted. */
static double median_ms(uint32_t *ms, unsigned int n)
{
	unsigned int high = n / 2, low = n ? (n - 1) / 2 : 0;

	if (n < LEAST_GAPS)
		return 0;
	qsort(ms, n, sizeof(*ms), by_size);
	return ((double)ms[high] + ms[low]) / 2;
}

static bool is_near(const struct looking *l, uint64_t ns)
{
	for (unsigned int i = 0; i < ANCHORS; i++)
		if ((ns > l->times[i] ? ns - l->times[i] : l->times[i] - ns) <= l->window)
			return true;
	return false;
}

/* Whose turn comes later in a go was there last time only. */
static bool keeps_step(struct looking *l, const struct rhythm *r)
{
	uint32_t ms[RECENT_GAPS];
	double median;

	if (!r->checkins || !l->medians_left || !is_near(l, r->checkin_ns))
		return false;
	l->medians_left--;
	median = median_ms(ms, rhythm_recent(r, ms));
	return median >= 0.9 * l->period_ms && median <= 1.1 * l->period_ms;
}

static bool look(void *ctx, const struct pair_profile *other)
{
	struct looking *l = ctx;
	uint64_t last = other->http.last_ns > other->dns.last_ns ? other->http.last_ns : other->dns.last_ns;

	if (last + l->window < l->times[ANCHORS - 1] || !l->left--)
		return false;
	if (other == l->pair || (!keeps_step(l, &other->http) && !keeps_step(l, &other->dns)))
		return true;
	if (other->state.told_ns > l->found.told_ns)
		l->found.told_ns = other->state.told_ns;
	if (!distinct_count(&other->domain->ips))
		return true;
	l->found.n++;
	l->found.known += distinct_count(&other->domain->clients) > 1;
	return true;
}

struct company company_of(const struct pair_profile *pair, const struct rhythm *r)
{
	struct looking l = { .pair = pair, .left = MOST_PAIRS, .medians_left = MOST_MEDIANS };
	uint32_t ms[RECENT_GAPS];
	unsigned int n = rhythm_recent(r, ms);

	if (n >= LEAST_GAPS) {
		l.times[0] = r->checkin_ns;
		for (unsigned int i = 1; i < ANCHORS; i++)
			l.times[i] = l.times[i - 1] - ms[n - i] * 1000000ULL;
		l.period_ms = median_ms(ms, n);
		l.window = l.period_ms * 1e5; /* a tenth */
		if (l.window > WINDOW_NS)
			l.window = WINDOW_NS;
		profiles_each_pair_of(pair->client, look, &l);
	}
	return l.found;
}
