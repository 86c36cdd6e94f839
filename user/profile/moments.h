/* moments.h: count, mean and sum of squared deviations, updated a value at a time (Welford 1962) and joined
 * exactly (Chan, Golub, LeVeque 1979). */
#ifndef METSUKE_PROFILE_MOMENTS_H
#define METSUKE_PROFILE_MOMENTS_H

#include <math.h>
#include <stdint.h>

struct moments {
	uint64_t n;
	double mean;
	double m2;
};

static inline void moments_add(struct moments *m, double x)
{
	double delta = x - m->mean;

	m->n++;
	m->mean += delta / m->n;
	m->m2 += delta * (x - m->mean);
}

static inline void moments_merge(struct moments *to, const struct moments *from)
{
	double n = (double)to->n + from->n, delta = from->mean - to->mean;

	if (!from->n)
		return;
	if (!to->n) { /* to the bit, which the formula is not */
		*to = *from;
		return;
	}
	to->m2 += from->m2 + delta * delta * to->n * from->n / n;
	to->mean += delta * from->n / n;
	to->n += from->n;
}

/* With divisor n-1; 0 where there are fewer than two values. */
static inline double moments_sd(const struct moments *m)
{
	return m->n > 1 ? sqrt(m->m2 / (m->n - 1)) : 0;
}

#endif
