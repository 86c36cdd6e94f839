/* gaps.h: the gaps that a rhythm remembers, and whether two have the same pace. */
#ifndef METSUKE_DETECT_GAPS_H
#define METSUKE_DETECT_GAPS_H

#include "detect/periodicity.h"
#include "profile/rhythm.h"

/* 0: fewer than `least`. */
double gaps_median_ms(const struct rhythm *r, unsigned int least);

static inline bool gaps_in_step(double median_ms, double other_ms)
{
	return median_ms > 0 && median_ms >= 0.9 * other_ms && median_ms <= 1.1 * other_ms;
}

/* The starts of the newest check-ins, oldest first, as far as their gaps are remembered. Returns how many. */
unsigned int gaps_times(const struct rhythm *r, uint64_t ret_ns[RECENT_GAPS + 1]);

#define GAPS_BINS 256
#define GAPS_BINS_EACH 4 /* of the median gap */

/* The newest check-ins counted in bins of a quarter of their median gap, as far back as GAPS_BINS reach: Fisher's g, and
 * the autocorrelation at the median gap. 0, or as periodicity.h; -ENODATA: fewer than 8 gaps. */
int gaps_periodicity(const struct rhythm *r, struct fisher *ret_fisher, double *ret_autocorrelation);

#endif
