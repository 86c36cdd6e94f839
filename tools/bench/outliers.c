/* outliers.c: what LOF and the one-class SVM cost, and how it grows with the number of rows. One JSON object a
 * line. usage: outliers [ROUNDS] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "detect/lof.h"
#include "detect/ocsvm.h"
#include "unit/random.h"

#define D 6
#define MOST 20000
#define MAX_ROUNDS 31
#define QUERIES 2000

static double rows[MOST * D];
static volatile double sink;

static double clock_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
	fprintf(stderr, "outliers: %s failed\n", what);
	exit(1);
}

static double time_lof(size_t n, unsigned int k_max, double *ret_query_us)
{
	struct lof *l;
	double start = clock_s(), built, lof;

	if (lof_new(&l, rows, n, D, &(struct lof_options){ .k_min = 10, .k_max = k_max, .distinct = true }))
		fail("LOF");
	built = clock_s();
	for (size_t i = 0; i < QUERIES; i++) {
		if (lof_score(l, rows + (MOST - 1 - i) * D, &lof))
			fail("LOF of a query");
		sink = lof;
	}
	*ret_query_us = (clock_s() - built) / QUERIES * 1e6;
	lof_free(l);
	return built - start;
}

/* Every distance, nothing else: the least that a search without a tree costs. */
static double time_every_distance(size_t n)
{
	double start = clock_s();

	for (size_t p = 0; p < n; p++) {
		double least = INFINITY;

		for (size_t o = 0; o < n; o++) {
			double square = 0;

			for (size_t c = 0; c < D; c++) {
				double off = rows[p * D + c] - rows[o * D + c];

				square += off * off;
			}
			if (square < least && o != p)
				least = square;
		}
		sink = least;
	}
	return clock_s() - start;
}

static double time_svm(size_t n, double *ret_decision_us, size_t *ret_n_sv)
{
	struct ocsvm *m;
	double start = clock_s(), trained;

	if (ocsvm_train(&m, rows, n, D, &(struct ocsvm_options){ .nu = 0.05, .gamma = 1.0 / D }))
		fail("one-class SVM");
	trained = clock_s();
	for (size_t i = 0; i < MOST; i++)
		sink = ocsvm_decision(m, rows + i * D);
	*ret_decision_us = (clock_s() - trained) / MOST * 1e6;
	*ret_n_sv = m->n_sv;
	ocsvm_free(m);
	return trained - start;
}

static int ascending(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double median(double *values, unsigned int n)
{
	qsort(values, n, sizeof(*values), ascending);
	return values[n / 2];
}

/* Normal rows, and those of traffic: most columns take few values, so many rows are the same and distances tie. */
static void bench_lof(const char *kind, unsigned int rounds)
{
	double small[MAX_ROUNDS], large[MAX_ROUNDS], range[MAX_ROUNDS], every[MAX_ROUNDS], query[MAX_ROUNDS],
		ignored;

	for (unsigned int r = 0; r < rounds; r++) {
		small[r] = time_lof(MOST / 4, 15, &ignored);
		large[r] = time_lof(MOST, 15, &query[r]);
		range[r] = time_lof(MOST, 20, &ignored);
		every[r] = time_every_distance(MOST / 4) * 16;
	}
	printf("{\"part\":\"lof\",\"rows\":\"%s\",\"n\":%d,\"d\":%d,\"seconds\":%.4f,\"seconds_quarter\":%.4f,"
	       "\"seconds_k_10_to_20\":%.4f,\"seconds_every_distance\":%.4f,\"query_us\":%.2f}\n",
	       kind, MOST, D, median(large, rounds), median(small, rounds), median(range, rounds),
	       median(every, rounds), median(query, rounds));
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 1 ? atoi(argv[1]) : 5;
	double train[MAX_ROUNDS], decision[MAX_ROUNDS];
	size_t n_sv = 0;

	if (rounds < 1 || rounds > MAX_ROUNDS)
		fail("ROUNDS");
	random_start(20260101);
	for (size_t i = 0; i < MOST * D; i++)
		rows[i] = random_normal();
	bench_lof("normal", rounds);
	for (unsigned int r = 0; r < rounds; r++)
		train[r] = time_svm(OCSVM_ROWS, &decision[r], &n_sv);
	printf("{\"part\":\"ocsvm\",\"n\":%d,\"d\":%d,\"seconds\":%.4f,\"decision_us\":%.3f,\"n_sv\":%zu}\n",
	       OCSVM_ROWS, D, median(train, rounds), median(decision, rounds), n_sv);
	for (size_t i = 0; i < MOST * D; i++)
		rows[i] = i % D < 2 ? floor(20 * random_unit()) / 10 : floor(3 * random_unit() * random_unit());
	bench_lof("with ties", rounds);
	return 0;
}
