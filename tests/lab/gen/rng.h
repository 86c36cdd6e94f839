/* rng.h: chance that is the same for the same seed (xorshift64*). Each host has one of its own, so that one host
 * more changes nothing for the others. */
#ifndef METSUKE_LAB_RNG_H
#define METSUKE_LAB_RNG_H

#include <linux/types.h>

struct rng {
	__u64 state;
};

/* The n-th of a seed. */
struct rng rng_start(__u64 seed, __u64 n);
__u64 rng_next(struct rng *r);
/* 0 .. n - 1 */
unsigned int rng_below(struct rng *r, unsigned int n);
/* from .. to */
unsigned int rng_between(struct rng *r, unsigned int from, unsigned int to);
int rng_chance(struct rng *r, double share);
/* Gaps between events that know nothing of each other; gaps and sizes as people make them. */
double rng_exponential(struct rng *r, double mean);
double rng_lognormal(struct rng *r, double median, double sigma);

#endif
