/* periodicity.h: whether events that were counted in bins of equal width come in a rhythm, and how steadily.
 *
 *	Fisher's g (1929)	largest of the q = floor((n-1)/2) periodogram ordinates over their sum, where
 *				I_k = |sum (x_t - mean) exp(-2 pi i k t / n)|^2 / n; the chance of it in white
 *noise is p = sum (-1)^(j-1) C(q, j) (1 - j g)^(q-1) over j = 1 .. floor(1/g) autocorrelation		biased: sum
 *(x_t - mean)(x_(t+lag) - mean) over the sum of squares persistence		share of ten neighbouring bins in
 *which there was something, the best such run (Giroire, Chandrashekar, Taft, Schooler, Papagiannaki 2009) entropy
 *-sum f log2 f over the frequencies of bytes (Shannon 1948)
 *
 * A train of pulses has harmonics, of which any can be the largest: take the period from the autocorrelation or
 *the median gap. */
#ifndef METSUKE_DETECT_PERIODICITY_H
#define METSUKE_DETECT_PERIODICITY_H

#include <stdbool.h>
#include <stddef.h>

#define PERIODICITY_MAX 4096 /* bins: the periodogram takes n squared */
#define PERSISTENCE_BINS 10

struct fisher {
	unsigned int q;
	unsigned int k; /* of the largest ordinate: n/k bins are its period */
	double g, p;
};

/* 0, -ENODATA (n < 3), -E2BIG (n > PERIODICITY_MAX), -EDOM (not finite, beyond 1e150 or all the same, which has no
 * periodogram), -ENOMEM. */
int periodicity_fisher(const double *x, size_t n, struct fisher *ret_fisher);

/* The chance of a g at least as large. Where the sum would cancel to nothing, p is so near to 1 that 1 - exp(-E)
 * with E = q (1-g)^(q-1), the first term, stands for it (off by less than 1e-5). NaN: q is 0 or g not in [0, 1].
 */
double periodicity_fisher_p(unsigned int q, double g);

/* At one lag below n. Errors as above, and -EINVAL for the lag. */
int periodicity_autocorrelation(const double *x, size_t n, size_t lag, double *ret_r);

/* active: by hour, oldest first. The best run of PERSISTENCE_BINS bins of bin_hours each, which may begin at any
 * hour; hours that there are not, are not active. 0 to 1; bin_hours >= 1. */
double periodicity_persistence(const bool *active, size_t hours, size_t bin_hours);

/* Bits a byte; of nothing 0. */
double entropy_bits(const char *s, size_t len);

#endif
