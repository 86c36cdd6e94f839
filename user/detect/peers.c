/* peers.c: see peers.h. */
#include "detect/peers.h"

#include "detect/gaps.h"
#include "detect/model.h"

#define MOST_PAIRS 128 /* of a domain: what more know is not rare */

struct looking {
	const struct pair_profile *pair;
	bool over_http;
	double period_ms;
	unsigned int left;
	struct peers found;
};

static bool look(void *ctx, const struct pair_profile *other)
{
	struct looking *l = ctx;
	double median;

	if (other->client == l->pair->client)
		return true;
	if (!l->left--)
		return false;
	median = gaps_median_ms(l->over_http ? &other->http : &other->dns, LEAST_GAPS);
	l->found.n++;
	l->found.same += gaps_in_step(median, l->period_ms);
	return true;
}

struct peers peers_of(const struct pair_profile *pair, const struct rhythm *r)
{
	struct looking l = { .pair = pair,
			     .over_http = r != &pair->dns,
			     .period_ms = gaps_median_ms(r, LEAST_GAPS),
			     .left = MOST_PAIRS };

	if (l.period_ms > 0)
		profiles_each_pair_at(pair->domain, look, &l);
	return l.found;
}
