/* detect.c: what the detectors cost: limits of 100 000 rows of 8 features, as multiples of one plain pass over the
 * same memory (the sum of all). One JSON object a line. usage: detect [ROUNDS] */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "detect/odv.h"
#include "support/median.h"

#define MAX_ROUNDS 101
#define ROWS 100000
#define FEATURES 8

static const struct {
	const char *name;
	struct odv_options o;
} kinds[] = {
	{ "general", { .p1 = 0.1, .p2 = 0.01 } },
	{ "unimodal", { .bound = ODV_UNIMODAL, .p1 = 0.1, .p2 = 0.01 } },
	{ "VP", { .bound = ODV_VP, .p1 = 0.1, .p2 = 0.01 } },
	{ "unimodal, ln, lower",
	  { .bound = ODV_UNIMODAL,
	    .side = ODV_LOWER,
	    .transform = ODV_LN,
	    .offset = 0.5,
	    .p1 = 0.1,
	    .p2 = 0.05 } },
	{ "general, median", { .center = ODV_MEDIAN, .p1 = 0.1, .p2 = 0.01 } },
};
#define N_KINDS (sizeof(kinds) / sizeof(*kinds))

static double *values;
static bool flags[ROWS];
static volatile double kept; /* so that nothing is left out */

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* what else runs here is no part of it */
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

/* Skewed as features of traffic are: a product of uniform numbers. */
static void fill(void)
{
	uint64_t random = 20260101;

	for (size_t i = 0; i < (size_t)ROWS * FEATURES; i++) {
		double x = 10;

		for (int k = 0; k < 3; k++) {
			random = random * 6364136223846793005ULL + 1442695040888963407ULL;
			x *= 2.0 * (double)(random >> 11) / 9007199254740992.0;
		}
		values[i] = x;
	}
}

static double plain_pass(void)
{
	double start = now_ms(), sum = 0;

	for (size_t i = 0; i < (size_t)ROWS * FEATURES; i++)
		sum += values[i];
	kept = sum;
	return now_ms() - start;
}

/* Fits each feature, and judges every value by it. */
static double limits(const struct odv_options *o)
{
	double start = now_ms();
	size_t flagged = 0;

	for (size_t i = 0; i < FEATURES; i++) {
		const double *x = values + i * ROWS;
		struct odv f;

		if (odv_fit(&f, o, x, ROWS, NULL)) {
			fprintf(stderr, "detect: no limits\n");
			exit(1);
		}
		flagged += odv_flag(&f, x, ROWS, flags);
	}
	kept = (double)flagged;
	return now_ms() - start;
}

int main(int argc, char **argv)
{
	static double ms[N_KINDS][MAX_ROUNDS], ratio[N_KINDS][MAX_ROUNDS];
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 11;

	if (rounds == 0 || rounds > MAX_ROUNDS)
		rounds = MAX_ROUNDS;
	values = malloc(sizeof(*values) * ROWS * FEATURES);
	if (!values)
		return 1;
	fill();
	(void)plain_pass(); /* warm */
	for (unsigned long r = 0; r < rounds; r++) {
		for (size_t i = 0; i < N_KINDS; i++) {
			double pass = plain_pass();

			ms[i][r] = limits(&kinds[i].o);
			ratio[i][r] = ms[i][r] / pass;
		}
	}
	for (size_t i = 0; i < N_KINDS; i++)
		printf("{\"what\":\"ODV %s\",\"rows\":%d,\"features\":%d,\"ms\":%.2f,\"ratio\":%.2f}\n",
		       kinds[i].name, ROWS, FEATURES, median(ms[i], rounds), median(ratio[i], rounds));
	free(values);
	return 0;
}
