/* periodicity.c: see periodicity.h. */
#include "detect/periodicity.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#define VALUE_MAX 1e150 /* its square can be added up */

/* The mean is taken from each; *ret_squares: the sum of their squares. */
static int centre(const double *x, size_t n, double *to, double *ret_squares)
{
	double mean = 0, squares = 0;
	bool is_constant = true;

	for (size_t i = 0; i < n; i++) {
		if (!(fabs(x[i]) <= VALUE_MAX))
			return -EDOM;
		mean += x[i] / n;
		is_constant = is_constant && x[i] == x[0];
	}
	for (size_t i = 0; i < n; i++) {
		to[i] = x[i] - mean;
		squares += to[i] * to[i];
	}
	if (is_constant || !(squares > 0))
		return -EDOM;
	*ret_squares = squares;
	return 0;
}

double periodicity_fisher_p(unsigned int q, double g)
{
	long double sum = 0, choose = 1, largest = 0;

	if (!q || !(g >= 0 && g <= 1))
		return NAN;
	if (g * q <= 1) /* the largest is never below the mean */
		return 1;
	for (unsigned int j = 1; j <= q && j * g <= 1; j++) {
		long double term;

		choose = choose * (q - j + 1) / j;
		term = choose * powl(1 - j * (long double)g, q - 1);
		sum += j % 2 ? term : -term;
		largest = term > largest ? term : largest;
	}
	/* Each term is off by q roundings. */
	if (largest * q * LDBL_EPSILON > 1e-10L)
		return -expm1(-(double)q * pow(1 - g, q - 1));
	return sum > 1 ? 1 : sum < 0 ? 0 : (double)sum;
}

int periodicity_fisher(const double *x, size_t n, struct fisher *ret_fisher)
{
	double squares, sum = 0, largest = -1;
	double *centred, *wave;
	struct fisher f = { 0 };
	int err;

	if (n < 3)
		return -ENODATA;
	if (n > PERIODICITY_MAX)
		return -E2BIG;
	centred = calloc(n, 3 * sizeof(*centred));
	if (!centred)
		return -ENOMEM;
	wave = centred + n; /* one turn: n cosines, each with its sine */
	err = centre(x, n, centred, &squares);
	if (err)
		goto out;
	for (size_t t = 0; t < n; t++) {
		wave[2 * t] = cos(2 * M_PI * t / n);
		wave[2 * t + 1] = sin(2 * M_PI * t / n);
	}
	f.q = (n - 1) / 2;
	for (unsigned int k = 1; k <= f.q; k++) {
		double real = 0, imaginary = 0, ordinate;

		for (size_t t = 0, at = 0; t < n; t++) {
			real += centred[t] * wave[2 * at];
			imaginary += centred[t] * wave[2 * at + 1];
			at += k;
			at = at < n ? at : at - n;
		}
		ordinate = (real * real + imaginary * imaginary) / n;
		sum += ordinate;
		if (ordinate > largest) {
			largest = ordinate;
			f.k = k;
		}
	}
	/* Where n is even, all of it can be in the ordinate n/2, which does not count. */
	err = -EDOM;
	if (!(sum > squares * 1e-20))
		goto out;
	f.g = largest / sum;
	f.p = periodicity_fisher_p(f.q, f.g);
	*ret_fisher = f;
	err = 0;
out:
	free(centred);
	return err;
}

int periodicity_autocorrelation(const double *x, size_t n, size_t lag, double *ret_r)
{
	double squares, sum = 0;
	double *centred;
	int err;

	if (lag >= n)
		return -EINVAL;
	if (n > PERIODICITY_MAX)
		return -E2BIG;
	centred = calloc(n, sizeof(*centred));
	if (!centred)
		return -ENOMEM;
	err = centre(x, n, centred, &squares);
	if (!err) {
		for (size_t t = 0; t + lag < n; t++)
			sum += centred[t] * centred[t + lag];
		*ret_r = sum / squares;
	}
	free(centred);
	return err;
}

double periodicity_persistence(const bool *active, size_t hours, size_t bin_hours)
{
	size_t window = PERSISTENCE_BINS * bin_hours;
	unsigned int best = 0;

	for (size_t start = 0; start == 0 || start + window <= hours; start++) {
		unsigned int n = 0;

		for (unsigned int bin = 0; bin < PERSISTENCE_BINS; bin++) {
			bool any = false;

			for (size_t h = 0; h < bin_hours && !any; h++) {
				size_t hour = start + bin * bin_hours + h;

				any = hour < hours && active[hour];
			}
			n += any;
		}
		best = n > best ? n : best;
	}
	return (double)best / PERSISTENCE_BINS;
}

double entropy_bits(const char *s, size_t len)
{
	size_t counts[256] = { 0 };
	double bits = 0;

	for (size_t i = 0; i < len; i++)
		counts[(uint8_t)s[i]]++;
	for (unsigned int i = 0; i < 256; i++) {
		if (counts[i] && counts[i] != len)
			bits -= (double)counts[i] / len * log2((double)counts[i] / len);
	}
	return bits;
}
