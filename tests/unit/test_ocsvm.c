/* test_ocsvm.c: our decision is libsvm's own, nu means what it should, and a model from a stranger is looked at.
 */
#include "detect/ocsvm.h"

#include <errno.h>
#include <libsvm/svm.h>
#include <math.h>

#include "random.h"
#include "unit.h"

#define N 300
#define D 5

static double rows[N * D];

static int set_up(void **state)
{
	random_start(5);
	for (size_t i = 0; i < N * D; i++)
		rows[i] = i % 7 ? random_normal() : 0; /* libsvm may leave zeros out */
	return 0;
}

static struct ocsvm *train(size_t n, double nu, double gamma)
{
	struct ocsvm *m;

	assert_int_equal(ocsvm_train(&m, rows, n, D, &(struct ocsvm_options){ .nu = nu, .gamma = gamma }), 0);
	assert_null(ocsvm_check(m));
	return m;
}

static void to_nodes(const double *row, struct svm_node node[D + 1])
{
	for (int c = 0; c < D; c++)
		node[c] = (struct svm_node){ .index = c + 1, .value = row[c] };
	node[D].index = -1;
}

/* As libsvm reads its own model: what ours holds, in its structures. */
static double by_libsvm(const struct ocsvm *m, const double *row)
{
	static struct svm_node nodes[N][D + 1], query[D + 1];
	struct svm_node *sv[N];
	struct svm_model svm = { .param = { .svm_type = ONE_CLASS, .kernel_type = RBF, .gamma = m->gamma },
				 .nr_class = 2,
				 .l = m->n_sv,
				 .SV = sv,
				 .sv_coef = (double *[]){ m->alphas },
				 .rho = (double[]){ m->rho } };
	double decision;

	for (size_t i = 0; i < m->n_sv; i++) {
		to_nodes(m->vectors + i * D, nodes[i]);
		sv[i] = nodes[i];
	}
	to_nodes(row, query);
	svm_predict_values(&svm, query, &decision);
	return decision;
}

static void test_as_libsvm(void **state)
{
	static const double gammas[] = { 1e-3, 0.2, 3, 100 };
	double far[D] = { 1e6, 0, 0, 0, 0 };

	for (size_t g = 0; g < COUNT(gammas); g++) {
		struct ocsvm *m = train(N, 0.1, gammas[g]);

		for (size_t i = 0; i < N; i++)
			assert_true(fabs(ocsvm_decision(m, rows + i * D) - by_libsvm(m, rows + i * D)) < 1e-9);
		assert_true(fabs(ocsvm_decision(m, far) - by_libsvm(m, far)) < 1e-9);
		ocsvm_free(m);
	}
}

/* What a model file holds is enough. */
static void test_copy(void **state)
{
	struct ocsvm *m = train(N, 0.05, 0.2), *copy = ocsvm_new(m->d, m->n_sv);

	copy->nu = m->nu;
	copy->gamma = m->gamma;
	copy->rho = m->rho;
	copy->n_trained = m->n_trained;
	memcpy(copy->alphas, m->alphas, m->n_sv * sizeof(*m->alphas));
	memcpy(copy->vectors, m->vectors, m->n_sv * m->d * sizeof(*m->vectors));
	assert_null(ocsvm_check(copy));
	for (size_t i = 0; i < N; i++)
		assert_true(ocsvm_decision(copy, rows + i * D) == ocsvm_decision(m, rows + i * D));
	ocsvm_free(copy);
	ocsvm_free(m);
}

/* nu: at least the share of outliers, at most that of support vectors (Schoelkopf et al., proposition 3). */
static void test_nu(void **state)
{
	static const double nus[] = { 0.01, 0.05, 0.2, 0.5, 0.9 };

	for (size_t i = 0; i < COUNT(nus); i++) {
		struct ocsvm *m = train(N, nus[i], 0.2);
		size_t outside = 0;

		for (size_t j = 0; j < N; j++)
			outside += ocsvm_decision(m, rows + j * D) < -1e-5;
		assert_true(outside <= nus[i] * N);
		assert_true(m->n_sv >= nus[i] * N);
		assert_int_equal(m->n_trained, N);
		ocsvm_free(m);
	}
}

static void test_inside_and_outside(void **state)
{
	double middle[D] = { 0 }, far[D] = { 6, 6, 6, 6, 6 };
	struct ocsvm *m = train(N, 0.05, 1.0 / D);

	assert_true(ocsvm_decision(m, middle) > 0);
	assert_true(ocsvm_decision(m, far) < 0);
	ocsvm_free(m);
}

static void test_same_again(void **state)
{
	struct ocsvm *first, *again;
	struct ocsvm_options options = { .nu = 0.1, .gamma = 0.2, .rows = 100, .seed = 7 };

	assert_int_equal(ocsvm_train(&first, rows, N, D, &options), 0);
	assert_int_equal(ocsvm_train(&again, rows, N, D, &options), 0);
	assert_int_equal(first->n_trained, 100);
	assert_int_equal(first->n_sv, again->n_sv);
	assert_true(first->rho == again->rho);
	assert_memory_equal(first->alphas, again->alphas, first->n_sv * sizeof(*first->alphas));
	assert_memory_equal(first->sv_rows, again->sv_rows, first->n_sv * sizeof(*first->sv_rows));
	for (size_t i = 0; i < first->n_sv; i++)
		assert_memory_equal(first->vectors + i * D, rows + first->sv_rows[i] * D, D * sizeof(*rows));
	ocsvm_free(again);
	options.seed = 8; /* another sample */
	assert_int_equal(ocsvm_train(&again, rows, N, D, &options), 0);
	assert_true(first->rho != again->rho);
	ocsvm_free(again);
	ocsvm_free(first);
}

/* Each row is as likely as another: of 20 rows 5, 4000 times. Counts are binomial with mean 1000 and sd 27. */
static void test_sample(void **state)
{
	uint32_t picked[20];
	unsigned int counts[20] = { 0 };

	for (uint64_t seed = 0; seed < 4000; seed++) {
		assert_int_equal(ocsvm_sample(20, 5, seed, picked), 5);
		for (size_t i = 0; i < 5; i++) {
			assert_true(picked[i] < 20 && (!i || picked[i] > picked[i - 1]));
			counts[picked[i]]++;
		}
	}
	for (size_t i = 0; i < 20; i++)
		assert_in_range(counts[i], 1000 - 5 * 27, 1000 + 5 * 27);
	assert_int_equal(ocsvm_sample(3, 20, 1, picked), 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(picked[i], i);
}

static void test_one_row_and_equal_rows(void **state)
{
	double equal[20] = { 0 }, here = 0, away = 3;
	struct ocsvm_options options = { .nu = 0.5, .gamma = 1 };
	struct ocsvm *m;

	assert_int_equal(ocsvm_train(&m, equal, 1, 1, &options), 0);
	assert_true(isfinite(ocsvm_decision(m, &here)));
	assert_true(ocsvm_decision(m, &away) < 0);
	ocsvm_free(m);
	assert_int_equal(ocsvm_train(&m, equal, 20, 1, &options), 0);
	assert_null(ocsvm_check(m));
	assert_true(fabs(ocsvm_decision(m, &here)) < 1e-9);
	assert_true(ocsvm_decision(m, &away) < 0);
	ocsvm_free(m);
}

static void test_refused(void **state)
{
	static const struct ocsvm_options bad[] = { { .nu = 0, .gamma = 1 },
						    { .nu = 1, .gamma = 1 },
						    { .nu = NAN, .gamma = 1 },
						    { .nu = 0.1, .gamma = 0 },
						    { .nu = 0.1, .gamma = -1 },
						    { .nu = 0.1, .gamma = NAN },
						    { .nu = 0.1, .gamma = 2 * OCSVM_GAMMA_MAX },
						    { .nu = 0.1, .gamma = 1, .eps = 1 },
						    { .nu = 0.1, .gamma = 1, .eps = -1 },
						    { .nu = 0.1, .gamma = 1, .rows = OCSVM_ROWS + 1 } };
	static const double values[] = { NAN, INFINITY, -INFINITY, -1.1e150 };
	struct ocsvm_options good = { .nu = 0.1, .gamma = 1 };
	struct ocsvm *m = NULL;

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(ocsvm_train(&m, rows, N, D, &bad[i]), -EINVAL);
	assert_int_equal(ocsvm_train(&m, rows, 0, D, &good), -EINVAL);
	assert_int_equal(ocsvm_train(&m, rows, N, 0, &good), -EINVAL);
	assert_int_equal(ocsvm_train(&m, rows, 1, OCSVM_COLUMNS + 1, &good), -EINVAL);
	for (size_t i = 0; i < COUNT(values); i++) {
		double kept = rows[7];

		rows[7] = values[i];
		assert_int_equal(ocsvm_train(&m, rows, N, D, &good), -EDOM);
		rows[7] = kept;
	}
	assert_null(m);
	assert_null(ocsvm_new(0, 1));
	assert_null(ocsvm_new(1, 0));
	assert_null(ocsvm_new(OCSVM_COLUMNS + 1, 1));
	assert_null(ocsvm_new(1, OCSVM_ROWS + 1));
	ocsvm_free(NULL);
}

/* Each number of a model that was read, made wrong by itself. */
static void test_check(void **state)
{
	struct ocsvm *m = train(N, 0.1, 0.2);
	const struct ocsvm good = *m;

#define REFUSES(field, wrong)                                                                                     \
	do {                                                                                                      \
		double kept_ = (field);                                                                           \
		(field) = (wrong);                                                                                \
		assert_non_null(ocsvm_check(m));                                                                  \
		(field) = kept_;                                                                                  \
		assert_null(ocsvm_check(m));                                                                      \
	} while (0)
	REFUSES(m->nu, 0);
	REFUSES(m->nu, 1);
	REFUSES(m->nu, NAN);
	REFUSES(m->nu, good.nu * 1.01);
	REFUSES(m->gamma, 0);
	REFUSES(m->gamma, NAN);
	REFUSES(m->gamma, INFINITY);
	REFUSES(m->rho, NAN);
	REFUSES(m->rho, -0.1);
	REFUSES(m->rho, good.nu * N * 1.1);
	REFUSES(m->n_trained, good.n_sv - 1);
	REFUSES(m->n_trained, OCSVM_ROWS + 1);
	REFUSES(m->alphas[1], 0);
	REFUSES(m->alphas[1], -0.1);
	REFUSES(m->alphas[1], 1.1);
	REFUSES(m->alphas[1], NAN);
	REFUSES(m->vectors[3], NAN);
	REFUSES(m->vectors[3], 1e200);
#undef REFUSES
	ocsvm_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_libsvm),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_nu),
		cmocka_unit_test(test_inside_and_outside),
		cmocka_unit_test(test_same_again),
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_one_row_and_equal_rows),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
