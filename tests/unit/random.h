/* random.h: the same numbers in every run, from a seed. */
#ifndef METSUKE_TESTS_RANDOM_H
#define METSUKE_TESTS_RANDOM_H

#include <math.h>
#include <stdint.h>

static uint64_t random_state;

static inline void random_start(uint64_t seed)
{
	random_state = seed;
}

/* splitmix64 */
static inline uint64_t random_bits(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static inline uint64_t random_below(uint64_t n)
{
	return random_bits() % n;
}

/* [0, 1) */
static inline double random_unit(void)
{
	return (random_bits() >> 11) * 0x1p-53;
}

/* Box, Muller 1958 */
static inline double random_normal(void)
{
	return sqrt(-2 * log(1 - random_unit())) * cos(2 * M_PI * random_unit());
}

#endif
