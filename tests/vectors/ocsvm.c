/* ocsvm.c: vectors of format ocsvm: rho, support vectors, decisions and labels, and the scaling in front. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detect/ocsvm.h"
#include "detect/scaling.h"
#include "label.h"
#include "vectors.h"

#define EPS 1e-9  /* as the vectors were made */
#define MOST 4096 /* outliers */
#define ALPHA_NEAR 1e-5
#define NEAR 1e-6 /* a decision so near to 0 can fall to either side: most support vectors lie there */

static void check_decisions(const json_t *c, const struct ocsvm *m, const char *rows_key,
			    const char *decisions_key)
{
	const json_t *labels = json_object_get(c, "test_label");
	size_t n, d, outliers[MOST], n_outliers = 0;
	const double *rows = vector_rows(json_object_get(c, rows_key), &n, &d);
	bool is_test = !strcmp(rows_key, "test");

	for (size_t i = 0; i < n; i++) {
		double decision = ocsvm_decision(m, rows + i * d);
		const json_t *expected = json_array_get(json_object_get(c, decisions_key), i);

		vector_number(expected, decision, label("decision on %s row %zu", rows_key, i));
		if (is_test && fabs(json_number_value(expected)) > NEAR)
			vector_number(json_array_get(labels, i), decision > 0 ? 1 : -1,
				      label("label of row %zu", i));
		if (decision < -NEAR && n_outliers < MOST)
			outliers[n_outliers++] = i;
	}
	if (!is_test)
		vector_indices(json_object_get(c, "train_outliers"), outliers, n_outliers,
			       "training rows outside");
}

static void check_model(const json_t *c, const struct ocsvm *m)
{
	const json_t *pair;
	double sum = 0;
	size_t i;

	vector_number(json_object_get(c, "rho"), m->rho, "rho");
	vector_number(json_object_get(c, "n_sv"), m->n_sv, "number of support vectors");
	for (i = 0; i < m->n_sv; i++)
		sum += m->alphas[i];
	vector_number(json_object_get(c, "sum_alpha"), sum, "sum of the alphas");
	if (ocsvm_check(m))
		vector_fail("as a model it is refused: %s", ocsvm_check(m));
	check_decisions(c, m, "train", "train_decision");
	check_decisions(c, m, "test", "test_decision");
	json_array_foreach(json_object_get(c, "alpha_by_train_index"), i, pair)
	{
		long long row = json_integer_value(json_array_get(pair, 0));
		size_t sv = 0;

		while (sv < m->n_sv && m->sv_rows[sv] != row)
			sv++;
		vector_within(json_array_get(pair, 1), sv < m->n_sv ? m->alphas[sv] : 0, ALPHA_NEAR,
			      label("alpha of training row %lld", row));
	}
}

/* The transforms that the note names: ln(raw + offset). */
static void check_scaling(const json_t *c, const json_t *scaling)
{
	static const char *const keys[][2] = { { "raw_train", "train" }, { "raw_test", "test" } };
	struct scaling s = { 0 };
	size_t n, d;
	const double *rows;

	vector_case("%s: scaling", text_of(c, "name"));
	rows = vector_rows(json_object_get(scaling, "raw_train"), &n, &d);
	if (d > SCALING_COLUMNS) {
		vector_fail("more columns than there can be");
		return;
	}
	s.d = d;
	for (size_t i = 0; i < d; i++) {
		s.columns[i].transform = SCALING_LN;
		s.columns[i].offset = json_number_value(json_array_get(json_object_get(scaling, "offset"), i));
	}
	if (scaling_fit(&s, rows, n, 1e-9, NULL))
		vector_fail("scaling_fit() failed");
	for (size_t i = 0; i < d; i++) {
		vector_number(json_array_get(json_object_get(scaling, "mean"), i), s.columns[i].mean,
			      label("mean %zu", i));
		vector_number(json_array_get(json_object_get(scaling, "sd"), i), s.columns[i].sd,
			      label("sd %zu", i));
	}
	for (size_t set = 0; set < 2; set++) {
		rows = vector_rows(json_object_get(scaling, keys[set][0]), &n, &d);
		if (d != s.d) {
			vector_fail("%s: other columns", keys[set][0]);
			return;
		}
		for (size_t i = 0; i < n; i++) {
			double z[SCALING_COLUMNS];

			if (scaling_apply(&s, rows + i * d, z, NULL))
				vector_fail("%s row %zu was refused", keys[set][0], i);
			for (size_t j = 0; j < d; j++)
				vector_number(
					json_array_get(json_array_get(json_object_get(c, keys[set][1]), i), j),
					z[j], label("%s row %zu column %zu", keys[set][1], i, j));
		}
	}
}

void vectors_ocsvm(const json_t *file)
{
	const json_t *c;
	size_t i;

	json_array_foreach(json_object_get(file, "cases"), i, c)
	{
		struct ocsvm_options options = { .eps = EPS };
		struct ocsvm *m = NULL;
		const double *rows;
		size_t n, d;
		int err;

		vector_case("%s", text_of(c, "name"));
		options.nu = number_of(c, "nu");
		options.gamma = number_of(c, "gamma");
		rows = vector_rows(json_object_get(c, "train"), &n, &d);
		err = ocsvm_train(&m, rows, n, d, &options);
		if (err)
			vector_fail("ocsvm_train() failed: %s", strerror(-err));
		else
			check_model(c, m);
		ocsvm_free(m);
		if (json_object_get(c, "scaling"))
			check_scaling(c, json_object_get(c, "scaling"));
	}
}
