/* rng.c: see rng.h. */
#include "rng.h"

#include <math.h>

static __u64 mix(__u64 x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

struct rng rng_start(__u64 seed, __u64 n)
{
	return (struct rng){ .state = mix(mix(seed + 0x9e3779b97f4a7c15ULL) + n) | 1ULL << 63 };
}

__u64 rng_next(struct rng *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return r->state * 0x2545f4914f6cdd1dULL;
}

unsigned int rng_below(struct rng *r, unsigned int n)
{
	return (rng_next(r) >> 33) % n;
}

unsigned int rng_between(struct rng *r, unsigned int from, unsigned int to)
{
	return from + rng_below(r, to - from + 1);
}

/* 0 < u <= 1 */
static double unit(struct rng *r)
{
	return ((double)(rng_next(r) >> 11) + 1) / (double)(1ULL << 53);
}

int rng_chance(struct rng *r, double share)
{
	return unit(r) <= share;
}

double rng_exponential(struct rng *r, double mean)
{
	return -mean * log(unit(r));
}

double rng_lognormal(struct rng *r, double median, double sigma)
{
	double radius = sqrt(-2 * log(unit(r)));

	return median * exp(sigma * radius * cos(2 * M_PI * unit(r)));
}
