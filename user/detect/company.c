/* company.c: see company.h. Nothing is kept for it: the pairs' own rhythms say it, so a restart changes nothing.
 */
#include "detect/company.h"

#include "detect/gaps.h"
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
	if (!r->checkins || !l->medians_left || !is_near(l, r->checkin_ns))
		return false;
	l->medians_left--;
	return gaps_in_step(gaps_median_ms(r, LEAST_GAPS), l->period_ms);
}

static bool look(void *ctx, const struct pair_profile *other)
{
	struct looking *l = ctx;
	uint64_t last = other->http.last_ns > other->dns.last_ns ? other->http.last_ns : other->dns.last_ns;

	if (last + l->window < l->times[ANCHORS - 1] || !l->left--)
		return false;
	if (other->domain == l->pair->domain || (!keeps_step(l, &other->http) && !keeps_step(l, &other->dns)))
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
	uint64_t times[RECENT_GAPS + 1];
	unsigned int n = gaps_times(r, times);

	if (n > LEAST_GAPS) {
		for (unsigned int i = 0; i < ANCHORS; i++)
			l.times[i] = times[n - 1 - i];
		l.period_ms = gaps_median_ms(r, LEAST_GAPS);
		l.window = l.period_ms * 1e5; /* a tenth */
		if (l.window > WINDOW_NS)
			l.window = WINDOW_NS;
		profiles_each_pair_of(pair->client, look, &l);
	}
	return l.found;
}
