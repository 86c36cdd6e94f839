/* ocsvm.h: one-class support vector machine (Schoelkopf et al. 2001) with a Gaussian kernel, trained by libsvm:
 *
 *	minimise a'Ka / 2 with 0 <= a_i <= 1 and sum a_i = nu n, K_ij = exp(-gamma |x_i - x_j|^2)
 *	decision(x) = sum a_i exp(-gamma |x_i - x|^2) - rho, an outlier if it is not above 0
 *
 * What comes out is plain numbers that a model file can hold; deciding does not need libsvm, whose own loader is
 * not made for files from strangers. */
#ifndef METSUKE_DETECT_OCSVM_H
#define METSUKE_DETECT_OCSVM_H

#include <stddef.h>
#include <stdint.h>

#define OCSVM_COLUMNS 64
#define OCSVM_ROWS 5000 /* trained on at most: the time grows with the square and more */
#define OCSVM_GAMMA_MAX 1e6
#define OCSVM_EPS                                                                                                 \
	1e-6 /* so small that a model comes out the same to six digits, whatever the order of its rows            \
	      */

struct ocsvm_options {
	double nu;    /* (0, 1): most outliers and fewest support vectors, as shares of the training rows; at 1,
		       * rho could be anything */
	double gamma; /* (0, OCSVM_GAMMA_MAX]; 1/d is where to start on scaled rows */
	double eps;   /* [1e-12, 1e-2]: where the optimiser stops; 0: OCSVM_EPS */
	size_t rows; /* where there are more, a uniform sample of so many; 0: OCSVM_ROWS, which is also the most */
	uint64_t seed; /* of the sample */
};

struct ocsvm {
	double nu, gamma, rho;
	size_t d, n_sv;
	size_t n_trained;  /* rows it was trained on, after sampling */
	double *alphas;	   /* n_sv */
	double *vectors;   /* n_sv x d, one after the other */
	uint32_t *sv_rows; /* n_sv: which of the rows given to ocsvm_train() each was; NULL: read from a file */
};

/* n rows of d finite values, one after the other. The same rows and options give the same model. 0, or -EINVAL
 * (options, d, n of 0), -EDOM (a value is not finite, or beyond 1e150), -ERANGE (no rho came out), -ENOMEM. libsvm
 * itself looks at no allocation: what it needs is at most 64 MB beside the rows. */
int ocsvm_train(struct ocsvm **ret_m, const double *rows, size_t n, size_t d, const struct ocsvm_options *o);

/* Room for a model that is read from somewhere: the caller fills in the rest, then asks ocsvm_check(). NULL: out
 * of memory, or d or n_sv is 0 or beyond OCSVM_COLUMNS or OCSVM_ROWS. */
struct ocsvm *ocsvm_new(size_t d, size_t n_sv);

/* NULL, or what is wrong with the numbers of a model that was read. */
const char *ocsvm_check(const struct ocsvm *m);

void ocsvm_free(struct ocsvm *m);

/* Above 0: inside. Costs n_sv * (d + exp). NaN only if the row holds one. */
double ocsvm_decision(const struct ocsvm *m, const double *row);

/* The rows that a training would use of n, in ascending order: all of them, or `most`, each subset equally likely
 * (Knuth, algorithm 3.4.2 S). picked: room for min(n, most). Returns how many. */
size_t ocsvm_sample(size_t n, size_t most, uint64_t seed, uint32_t *picked);

#endif
