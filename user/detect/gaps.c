/* gaps.c: see gaps.h. */
#include "detect/gaps.h"

#include <errno.h>
#include <stdlib.h>

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

double gaps_median_ms(const struct rhythm *r, unsigned int least)
{
	uint32_t ms[RECENT_GAPS];
	unsigned int n = rhythm_recent(r, ms), high = n / 2, low = n ? (n - 1) / 2 : 0;

	if (!n || n < least)
		return 0;
	qsort(ms, n, sizeof(*ms), by_size);
	return ((double)ms[high] + ms[low]) / 2;
}

unsigned int gaps_times(const struct rhythm *r, uint64_t ret_ns[RECENT_GAPS + 1])
{
	uint32_t ms[RECENT_GAPS];
	unsigned int n = rhythm_recent(r, ms);

	if (!r->checkins)
		return 0;
	ret_ns[n] = r->checkin_ns;
	for (unsigned int i = n; i--;)
		ret_ns[i] = ret_ns[i + 1] - ms[i] * 1000000ULL;
	return n + 1;
}

#define LEAST_GAPS 8

int gaps_periodicity(const struct rhythm *r, struct fisher *ret_fisher, double *ret_autocorrelation)
{
	double bin_ns = gaps_median_ms(r, LEAST_GAPS) * 1e6 / GAPS_BINS_EACH, bins[GAPS_BINS] = { 0 };
	uint64_t times[RECENT_GAPS + 1];
	unsigned int n = gaps_times(r, times), used = 0;
	int err;

	if (!(bin_ns > 0))
		return -ENODATA;
	for (unsigned int i = n; i-- > 0;) { /* the newest is in the first */
		double bin = (double)(times[n - 1] - times[i]) / bin_ns;

		if (bin >= GAPS_BINS)
			break;
		bins[(unsigned int)bin]++;
		used = (unsigned int)bin + 1;
	}
	err = periodicity_fisher(bins, used, ret_fisher);
	return err ? err : periodicity_autocorrelation(bins, used, GAPS_BINS_EACH, ret_autocorrelation);
}
