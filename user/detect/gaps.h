/* gaps.h: the gaps that a rhythm remembers, and whether two have the same pace. */
#ifndef METSUKE_DETECT_GAPS_H
#define METSUKE_DETECT_GAPS_H

#include "profile/rhythm.h"

/* 0: fewer than `least`. */
double gaps_median_ms(const struct rhythm *r, unsigned int least);

static inline bool gaps_in_step(double median_ms, double other_ms)
{
	return median_ms > 0 && median_ms >= 0.9 * other_ms && median_ms <= 1.1 * other_ms;
}

/* The starts of the newest check-ins, oldest first, as far as their gaps are remembered. Returns how many. */
unsigned int gaps_times(const struct rhythm *r, uint64_t ret_ns[RECENT_GAPS + 1]);

#endif
