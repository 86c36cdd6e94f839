/* rotation.c: see rotation.h. */
#include "detect/rotation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detect/beacon.h"
#include "detect/gaps.h"

#define MOST_PAIRS 128
#define MOST_DOMAINS 64
#define MOST_TIMES 1024
#define MOST_TRIED 8 /* look-ups: about 0.3 ms in all */
#define MOST_JOINED 4
#define LEAST_CHECKINS 6
#define SAME_TIME 0.7 /* share of the longer life that both lived */
#define AS_OFTEN 4 /* times more, or less */
#define KNOWN_TO 2

struct group {
	const struct pair_profile *pair, *chosen[MOST_DOMAINS]; /* the first is the pair */
	unsigned int left, n, most;
	bool told; /* there was an alert about one that could be of it */
	bool for_itself; /* the User-Agent has to go nowhere that many know */
	bool (*alike)(const struct pair_profile *a, const struct pair_profile *b);
	const struct rhythm *(*rhythm)(const struct pair_profile *pair);
};

static const struct rhythm *requests(const struct pair_profile *pair)
{
	return &pair->http;
}

static const struct rhythm *lookups(const struct pair_profile *pair)
{
	return &pair->dns;
}

/* An estimate of many User-Agents is a person's or a proxy's. */
static bool same_agents(const struct distinct *a, const struct distinct *b)
{
	return a->n == b->n && distinct_exact(a) &&
	       !memcmp(distinct_hashes(a), distinct_hashes(b), a->n * sizeof(uint64_t));
}

static bool requests_alike(const struct pair_profile *a, const struct pair_profile *b)
{
	return a->http.checkins && same_agents(&a->agents, &b->agents) && !a->get == !b->get && !a->post == !b->post &&
	       !a->other == !b->other;
}

static bool as_often(const struct rhythm *a, const struct rhythm *b)
{
	return a->checkins >= LEAST_CHECKINS && a->checkins <= AS_OFTEN * b->checkins &&
	       b->checkins <= AS_OFTEN * a->checkins;
}

/* What takes any of its names at each check-in asks all of them about as often, all the time. */
static bool evenly(const struct rhythm *a, const struct rhythm *b)
{
	uint64_t from = a->first_ns > b->first_ns ? a->first_ns : b->first_ns;
	uint64_t to = a->last_ns < b->last_ns ? a->last_ns : b->last_ns;
	uint64_t longest = a->last_ns - a->first_ns > b->last_ns - b->first_ns ? a->last_ns - a->first_ns
									     : b->last_ns - b->first_ns;

	return a->checkins >= LEAST_CHECKINS && a->checkins <= 2 * b->checkins && b->checkins <= 2 * a->checkins &&
	       to > from && (double)(to - from) >= SAME_TIME * (double)longest;
}

static bool requests_evenly(const struct pair_profile *a, const struct pair_profile *b)
{
	return requests_alike(a, b) && evenly(&a->http, &b->http);
}

static bool lookups_evenly(const struct pair_profile *a, const struct pair_profile *b)
{
	return !a->http.checkins && !a->domain->nowhere && evenly(&a->dns, &b->dns);
}

static bool lookups_alike(const struct pair_profile *a, const struct pair_profile *b)
{
	return !a->http.checkins && !a->domain->nowhere && as_often(&a->dns, &b->dns);
}

static bool look(void *ctx, const struct pair_profile *other)
{
	struct group *g = ctx;

	if (!g->left-- || g->n == g->most)
		return false;
	if (other == g->pair || !g->alike(other, g->pair))
		return true;
	if (distinct_count(&other->domain->clients) <= 1) {
		g->chosen[g->n++] = other;
		g->told |= other->state.told_ns != 0;
	} else if (g->for_itself && distinct_count(&other->domain->clients) > KNOWN_TO) {
		return g->n = 1, false; /* this program goes where others go, too */
	}
	return true;
}

static int by_time(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Where all check-ins of each are known: a ring that is full has forgotten what came before it. */
static uint64_t known_since(const struct group *g)
{
	uint64_t times[RECENT_GAPS + 1], since = 0;

	for (unsigned int i = 0; i < g->n; i++) {
		const struct rhythm *r = g->rhythm(g->chosen[i]);
		unsigned int n = gaps_times(r, times);

		if (n && n < r->checkins && times[0] > since)
			since = times[0];
	}
	return since;
}

static struct rhythm join(const struct group *g)
{
	uint64_t since = known_since(g), all[MOST_TIMES] = { 0 }, times[RECENT_GAPS + 1];
	struct rhythm joined = { 0 };
	size_t n = 0;

	for (unsigned int i = 0; i < g->n; i++) {
		unsigned int of = gaps_times(g->rhythm(g->chosen[i]), times);

		for (unsigned int k = 0; k < of && n < MOST_TIMES; k++)
			if (times[k] >= since)
				all[n++] = times[k];
	}
	qsort(all, n, sizeof(*all), by_time);
	for (size_t i = 0; i < n; i++)
		rhythm_add(&joined, all[i]);
	return joined;
}

static void find(struct group *g, const struct pair_profile *pair)
{
	g->pair = g->chosen[0] = pair;
	g->n = 1;
	g->left = MOST_PAIRS;
	profiles_each_pair_of(pair->client, look, g);
}

static bool report(const struct group *g, struct rotation *ret_rotation)
{
	if (g->n == 1)
		return false;
	*ret_rotation = (struct rotation){ .domains = g->n, .rhythm = join(g), .chosen = !g->for_itself, .told = g->told };
	return true;
}

static double group_score(const struct group *g)
{
	struct rhythm r = join(g);
	double score = rhythm_timing_score(&r);

	rhythm_free(&r);
	return score;
}

static double score_with(struct group *g, const struct pair_profile *more)
{
	double score;

	g->chosen[g->n++] = more;
	score = group_score(g);
	g->n--;
	return score;
}

/* One by one, for the rhythm that they make together. */
static void choose(struct group *g, const struct pair_profile *pair)
{
	double best = rhythm_timing_score(g->rhythm(pair));
	struct group tried;

	find(g, pair);
	tried = *g;
	for (g->n = 1; g->n < MOST_JOINED;) {
		const struct pair_profile **better = NULL;

		for (unsigned int i = 1; i < tried.n; i++) {
			double score = tried.chosen[i] ? score_with(g, tried.chosen[i]) : NAN;

			if (score > best) {
				best = score;
				better = &tried.chosen[i];
			}
		}
		if (!better)
			break;
		g->chosen[g->n++] = *better;
		*better = NULL;
	}
}

bool rotation_of_requests(const struct pair_profile *pair, struct rotation *ret_rotation)
{
	struct group g = { .most = MOST_DOMAINS, .for_itself = true, .alike = requests_alike, .rhythm = requests };

	find(&g, pair);
	if (g.n == 1) { /* a browser's User-Agent, too */
		g = (struct group){ .most = MOST_DOMAINS, .alike = requests_evenly, .rhythm = requests };
		find(&g, pair);
	}
	return report(&g, ret_rotation);
}

bool rotation_of_lookups(const struct pair_profile *pair, struct rotation *ret_rotation)
{
	struct group few = { .most = MOST_TRIED + 1, .alike = lookups_alike, .rhythm = lookups };
	struct group all = { .most = MOST_DOMAINS, .alike = lookups_evenly, .rhythm = lookups };

	choose(&few, pair);
	find(&all, pair);
	few.told = all.told |= few.told;
	return report(all.n > 1 && group_score(&all) > group_score(&few) ? &all : &few, ret_rotation);
}
