/* ocsvm.c: see ocsvm.h. Training is libsvm's (Chang, Lin 2011; svm-train -s 2 -t 2), everything else is done here.
 */
#include "detect/ocsvm.h"

#include <errno.h>
#include <libsvm/svm.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 1e150 /* its square can be added up */
#define CACHE_MB 64	/* all of a matrix of 4000 rows, as libsvm keeps floats */

/* Rows as libsvm wants them. */
struct problem {
	struct svm_problem p;
	struct svm_node *nodes; /* what p.x points into */
	uint32_t *picked;
	size_t n, d;
};

static void say_nothing(const char *text)
{
	(void)text;
}

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15; /* splitmix64: Steele, Lea, Flood 2014 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

size_t ocsvm_sample(size_t n, size_t most, uint64_t seed, uint32_t *picked)
{
	size_t got = 0;

	for (size_t i = 0; i < n && got < most; i++) {
		double u = (next_random(&seed) >> 11) * 0x1p-53;

		/* Always, where as many are wanted as are left. */
		if ((double)(n - i) * u < (double)(most - got))
			picked[got++] = i;
	}
	return got;
}

static bool is_row_fit(const double *row, size_t d)
{
	for (size_t c = 0; c < d; c++) {
		if (!(fabs(row[c]) <= VALUE_MAX))
			return false;
	}
	return true;
}

static void problem_free(struct problem *p)
{
	free(p->p.x);
	free(p->p.y);
	free(p->nodes);
	free(p->picked);
}

static int problem_set(struct problem *p, const double *rows, size_t n, size_t d, size_t most, uint64_t seed)
{
	p->d = d;
	p->n = n < most ? n : most;
	p->picked = calloc(p->n, sizeof(*p->picked));
	p->nodes = calloc(p->n * (d + 1), sizeof(*p->nodes));
	p->p.x = calloc(p->n, sizeof(struct svm_node *));
	p->p.y = calloc(p->n, sizeof(*p->p.y));
	if (!p->picked || !p->nodes || !p->p.x || !p->p.y)
		return -ENOMEM;
	p->p.l = ocsvm_sample(n, p->n, seed, p->picked);
	for (size_t i = 0; i < p->n; i++) {
		struct svm_node *node = p->nodes + i * (d + 1);

		p->p.x[i] = node;
		p->p.y[i] = 1;
		for (size_t c = 0; c < d; c++)
			*node++ = (struct svm_node){ .index = c + 1, .value = rows[p->picked[i] * d + c] };
		node->index = -1;
	}
	return 0;
}

struct ocsvm *ocsvm_new(size_t d, size_t n_sv)
{
	struct ocsvm *m;

	if (!d || d > OCSVM_COLUMNS || !n_sv || n_sv > OCSVM_ROWS)
		return NULL;
	m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	m->d = d;
	m->n_sv = n_sv;
	m->alphas = calloc(n_sv, sizeof(*m->alphas));
	m->vectors = calloc(n_sv, d * sizeof(*m->vectors));
	if (!m->alphas || !m->vectors) {
		ocsvm_free(m);
		return NULL;
	}
	return m;
}

void ocsvm_free(struct ocsvm *m)
{
	if (!m)
		return;
	free(m->alphas);
	free(m->vectors);
	free(m->sv_rows);
	free(m);
}

static struct ocsvm *model_of(const struct svm_model *svm, const struct problem *p)
{
	struct ocsvm *m = ocsvm_new(p->d, svm->l > 0 ? svm->l : 0);

	if (!m)
		return NULL;
	m->sv_rows = calloc(m->n_sv, sizeof(*m->sv_rows));
	if (!m->sv_rows) {
		ocsvm_free(m);
		return NULL;
	}
	m->nu = svm->param.nu;
	m->gamma = svm->param.gamma;
	m->rho = svm->rho[0];
	m->n_trained = p->n;
	for (size_t i = 0; i < m->n_sv; i++) {
		size_t at = svm->sv_indices[i] - 1; /* counted from 1 */

		m->alphas[i] = svm->sv_coef[0][i];
		m->sv_rows[i] = p->picked[at];
		for (size_t c = 0; c < p->d; c++)
			m->vectors[i * p->d + c] = p->p.x[at][c].value;
	}
	return m;
}

static bool are_options_good(const struct ocsvm_options *o)
{
	return o->nu > 0 && o->nu < 1 && o->gamma > 0 && o->gamma <= OCSVM_GAMMA_MAX &&
	       (o->eps == 0 || (o->eps >= 1e-12 && o->eps <= 1e-2)) && o->rows <= OCSVM_ROWS;
}

int ocsvm_train(struct ocsvm **ret_m, const double *rows, size_t n, size_t d, const struct ocsvm_options *o)
{
	struct svm_parameter param = { .svm_type = ONE_CLASS,
				       .kernel_type = RBF,
				       .cache_size = CACHE_MB,
				       .shrinking = 1,
				       .gamma = o->gamma,
				       .nu = o->nu };
	struct problem p = { 0 };
	struct svm_model *svm;
	int err;

	if (!n || n > UINT32_MAX || !d || d > OCSVM_COLUMNS || !are_options_good(o))
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (!is_row_fit(rows + i * d, d))
			return -EDOM;
	}
	param.eps = o->eps > 0 ? o->eps : OCSVM_EPS;
	err = problem_set(&p, rows, n, d, o->rows ? o->rows : OCSVM_ROWS, o->seed);
	if (err)
		goto out;
	err = -EINVAL;
	if (svm_check_parameter(&p.p, &param))
		goto out;
	svm_set_print_string_function(say_nothing);
	svm = svm_train(&p.p, &param);
	if (!svm) {
		err = -ENOMEM;
	} else if (!isfinite(svm->rho[0]) || svm->l < 1) {
		err = -ERANGE;
	} else {
		*ret_m = model_of(svm, &p);
		err = *ret_m ? 0 : -ENOMEM;
	}
	svm_free_and_destroy_model(&svm);
out:
	problem_free(&p);
	return err;
}

const char *ocsvm_check(const struct ocsvm *m)
{
	double sum = 0, wanted = m->nu * m->n_trained;

	if (!(m->nu > 0 && m->nu < 1))
		return "nu is not in (0, 1)";
	if (!(m->gamma > 0 && m->gamma <= OCSVM_GAMMA_MAX))
		return "gamma is not in (0, 1e6]";
	if (m->n_trained < m->n_sv || m->n_trained > OCSVM_ROWS)
		return "number of training rows is less than that of support vectors, or above 5000";
	for (size_t i = 0; i < m->n_sv; i++) {
		if (!(m->alphas[i] > 0 && m->alphas[i] <= 1 + 1e-9))
			return "an alpha is not in (0, 1]";
		if (!is_row_fit(m->vectors + i * m->d, m->d))
			return "a support vector holds a value that is not finite or beyond 1e150";
		sum += m->alphas[i];
	}
	/* libsvm's own sums are off by some 1e-8 */
	if (!(fabs(sum - wanted) <= 1e-4 * wanted))
		return "alphas do not add up to nu times the training rows";
	/* A kernel is never above 1. */
	if (!(m->rho >= -1e-9 && m->rho <= sum + 1e-9))
		return "rho is not between 0 and the sum of the alphas";
	return NULL;
}

double ocsvm_decision(const struct ocsvm *m, const double *row)
{
	const double *vector = m->vectors;
	double sum = 0;

	for (size_t i = 0; i < m->n_sv; i++) {
		double square = 0;

		for (size_t c = 0; c < m->d; c++) {
			double off = *vector++ - row[c];

			square += off * off;
		}
		sum += m->alphas[i] * exp(-m->gamma * square);
	}
	return sum - m->rho;
}
