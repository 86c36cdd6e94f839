/* hash.c: the seed. */
#include "support/hash.h"

#include <sys/random.h>
#include <time.h>

uint64_t hash_seed(void)
{
	static uint64_t seed;
	struct timespec now;

	if (seed)
		return seed;
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed)) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		seed = now.tv_nsec * 0x9e3779b97f4a7c15ULL;
	}
	seed |= 1;
	return seed;
}
