/* outliers_rows.c: metsuke outliers --method lof and ocsvm: whole rows, by how near they lie to others. A row with
 * a missing value has no place, and no score. */
#include "cmd/outliers.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "detect/lof.h"
#include "detect/ocsvm.h"
#include "detect/scaling.h"
#include "support/log.h"

#define SCALE_FLOOR 1e-9  /* of a deviation, where --sd-floor says none */
#define LOF_ODD 1.5	  /* from here on a row is flagged */
#define OCSVM_BORDER 1e-6 /* so is one whose decision is that far below 0 */

/* Complete rows, one after the other. */
struct rows {
	double *values;
	size_t *at; /* which row of the table each is */
	size_t n;
};

struct job {
	const struct outliers *o;
	struct rows learnt, others;
	const struct rows *judged; /* the others with --train, those learnt from without */
	double *scores;		   /* of every row of data; NaN: none */
	double *decisions;	   /* ocsvm */
};

static bool complete(const struct table_column *const *columns, size_t n, size_t row)
{
	for (size_t i = 0; i < n; i++)
		if (isnan(columns[i]->numbers[row]))
			return false;
	return true;
}

static int gather(const struct outliers *o, const struct table *t, const struct table_column *const *columns,
		  struct rows *r)
{
	size_t d = o->n_columns;

	r->values = calloc(t->n_rows * d, sizeof(*r->values));
	r->at = calloc(t->n_rows, sizeof(*r->at));
	if (!r->values || !r->at) {
		log_error("out of memory");
		return EXIT_FAILED;
	}
	for (size_t row = 0; row < t->n_rows; row++) {
		if (!complete(columns, d, row))
			continue;
		for (size_t i = 0; i < d; i++) {
			double value = odv_transform(&o->odv, columns[i]->numbers[row]);

			if (isnan(value)) {
				outliers_refuse(t, columns[i], row,
						"no logarithm (--offset, or --transform ln1p)");
				return EXIT_FAILED;
			}
			r->values[r->n * d + i] = value;
		}
		r->at[r->n++] = row;
	}
	if (r->n)
		return 0;
	log_error("%s: no row without a missing value", t->path);
	return EXIT_FAILED;
}

static int scale(struct job *j)
{
	size_t d = j->o->n_columns;
	struct scaling s = { .d = d };
	int err;

	if (d > SCALING_COLUMNS) {
		log_error("--scale: more than %d columns of numbers", SCALING_COLUMNS);
		return EXIT_FAILED;
	}
	err = scaling_fit(&s, j->learnt.values, j->learnt.n, fmax(j->o->odv.sd_floor, SCALE_FLOOR), NULL);
	for (size_t i = 0; !err && i < j->learnt.n; i++)
		err = scaling_apply(&s, j->learnt.values + i * d, j->learnt.values + i * d, NULL);
	for (size_t i = 0; !err && i < j->others.n; i++)
		err = scaling_apply(&s, j->others.values + i * d, j->others.values + i * d, NULL);
	if (err)
		log_error("--scale: %s", err == -EINVAL ? "two rows are needed" : strerror(-err));
	return err ? EXIT_FAILED : 0;
}

static int prepare(struct job *j)
{
	const struct outliers *o = j->o;

	j->scores = calloc(o->data->n_rows, sizeof(*j->scores));
	j->decisions = calloc(o->data->n_rows, sizeof(*j->decisions));
	if (!j->scores || !j->decisions) {
		log_error("out of memory");
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < o->data->n_rows; i++)
		j->scores[i] = j->decisions[i] = NAN;
	if (gather(o, o->train ? o->train : o->data, o->learnt, &j->learnt))
		return EXIT_FAILED;
	if (o->train && gather(o, o->data, o->columns, &j->others))
		return EXIT_FAILED;
	if (o->scale && scale(j))
		return EXIT_FAILED;
	j->judged = o->train ? &j->others : &j->learnt;
	return 0;
}

static void finish(struct job *j)
{
	free(j->others.values);
	free(j->others.at);
	free(j->learnt.values);
	free(j->learnt.at);
	free(j->scores);
	free(j->decisions);
}

static void print(const struct job *j, const char *score, double odd)
{
	size_t flagged = 0, missing = j->o->data->n_rows - j->judged->n;

	printf("%9s %9s %12s\n", "row", "line", score);
	for (size_t row = 0; row < j->o->data->n_rows; row++) {
		bool is = j->scores[row] >= odd;

		flagged += is;
		printf("%9zu %9u", row, j->o->data->lines[row]);
		if (isnan(j->scores[row]))
			printf(" %12s", "missing");
		else
			printf(" %12.6g", j->scores[row]);
		printf("%s", is ? "  flagged" : "");
		outliers_print_labels(j->o->data, row);
		putchar('\n');
	}
	printf("%zu of %zu rows flagged, %zu with a missing value left out\n", flagged, j->o->data->n_rows,
	       missing);
}

static json_t *reals(const double *v, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, outliers_real(v[i]));
	return array;
}

static json_t *names(const struct outliers *o)
{
	json_t *array = json_array();

	for (size_t i = 0; i < o->n_columns; i++)
		json_array_append_new(array, outliers_text(o->columns[i]->name));
	return array;
}

/* scores: by row, null where there is none or it is infinite. */
static int fill(const struct job *j, json_t *report, double odd)
{
	size_t n = j->o->data->n_rows;
	json_t *flagged = json_array(), *rows = json_array();
	int err = json_object_set_new(report, "columns", names(j->o)) ||
		  json_object_set_new(report, "scaled", json_boolean(j->o->scale)) ||
		  json_object_set_new(report, "missing", json_integer((json_int_t)(n - j->judged->n))) ||
		  json_object_set_new(report, "scores", reals(j->scores, n)) ||
		  json_object_set_new(report, "flagged", flagged) ||
		  json_object_set_new(report, "flagged_rows", rows);

	for (size_t row = 0; !err && row < n; row++)
		if (j->scores[row] >= odd)
			err = json_array_append_new(flagged, json_integer((json_int_t)row)) ||
			      json_array_append_new(rows, json_pack("{sI,sI,so,so}", "row", (json_int_t)row,
								    "line", (json_int_t)j->o->data->lines[row],
								    "labels", outliers_labels(j->o->data, row),
								    "score", outliers_real(j->scores[row])));
	if (err)
		log_error("out of memory");
	return err ? EXIT_FAILED : 0;
}

static const char *lof_why(int err)
{
	switch (err) {
	case -ERANGE:
		return "not more complete rows than --k (or --k-max): a smaller one, or more rows";
	case -EINVAL:
		return "--k above 1000, or more than 64 columns of numbers";
	case -E2BIG:
		return "rows times numbers of neighbours are more than 2^24";
	default:
		return strerror(-err);
	}
}

static int lof_all(struct job *j, struct lof *l)
{
	for (size_t i = 0; i < j->judged->n; i++) {
		double *score = &j->scores[j->judged->at[i]];

		if (!j->o->train)
			*score = lof_of(l, i, NULL);
		else if (lof_score(l, j->judged->values + i * j->o->n_columns, score))
			return EXIT_FAILED;
	}
	return 0;
}

int outliers_lof(const struct outliers *o, json_t *report)
{
	const struct lof_options options = { .k_min = o->k,
					     .k_max = o->k_max ? o->k_max : o->k,
					     .distinct = o->distinct };
	struct job j = { .o = o };
	struct lof *l = NULL;
	int status = prepare(&j), err;

	if (status)
		goto out;
	err = lof_new(&l, j.learnt.values, j.learnt.n, o->n_columns, &options);
	if (err) {
		log_error("%s: %s", o->train ? o->train->path : o->data->path, lof_why(err));
		status = EXIT_FAILED;
		goto out;
	}
	status = lof_all(&j, l);
	if (!status && report) {
		status = json_object_set_new(report, "k", json_integer(options.k_min)) ||
			 json_object_set_new(report, "k_max", json_integer(options.k_max)) ||
			 json_object_set_new(report, "k_distinct_distance", json_boolean(o->distinct)) ||
			 json_object_set_new(report, "threshold", json_real(LOF_ODD)) || fill(&j, report, LOF_ODD);
	} else if (!status) {
		print(&j, "LOF", LOF_ODD);
	}
out:
	lof_free(l);
	finish(&j);
	return status;
}

/* The score is -decision / rho: 0 on the border, above it outside, 1 where no training row is near. What is nearer
 * to the border than the optimiser went is not outside. */
static void ocsvm_all(struct job *j, const struct ocsvm *m)
{
	for (size_t i = 0; i < j->judged->n; i++) {
		double decision = ocsvm_decision(m, j->judged->values + i * j->o->n_columns);

		j->decisions[j->judged->at[i]] = decision;
		j->scores[j->judged->at[i]] = -decision / m->rho;
	}
}

static bool all_same(const struct rows *r, size_t d)
{
	for (size_t i = d; i < r->n * d; i++)
		if (r->values[i] != r->values[i - d])
			return false;
	return true;
}

int outliers_ocsvm(const struct outliers *o, json_t *report)
{
	const struct ocsvm_options options = { .nu = o->nu, .gamma = o->gamma, .eps = 1e-9 };
	struct job j = { .o = o };
	struct ocsvm *m = NULL;
	int status = prepare(&j), err;

	if (status)
		goto out;
	if (all_same(&j.learnt, o->n_columns)) { /* each would stand on the border, where rounding decides */
		log_error("%s: all complete rows are the same: no border can be drawn around them",
			  o->train ? o->train->path : o->data->path);
		status = EXIT_FAILED;
		goto out;
	}
	err = ocsvm_train(&m, j.learnt.values, j.learnt.n, o->n_columns, &options);
	if (err) {
		log_error("%s: %s", o->train ? o->train->path : o->data->path,
			  err == -EINVAL ? "more than 64 columns of numbers" : strerror(-err));
		status = EXIT_FAILED;
		goto out;
	}
	if (m->n_trained < j.learnt.n)
		log_warning("trained on a sample of %zu of %zu rows", m->n_trained, j.learnt.n);
	ocsvm_all(&j, m);
	if (!status && report) {
		status = json_object_set_new(report, "nu", json_real(m->nu)) ||
			 json_object_set_new(report, "gamma", json_real(m->gamma)) ||
			 json_object_set_new(report, "rho", json_real(m->rho)) ||
			 json_object_set_new(report, "n_sv", json_integer((json_int_t)m->n_sv)) ||
			 json_object_set_new(report, "n_trained", json_integer((json_int_t)m->n_trained)) ||
			 json_object_set_new(report, "decisions", reals(j.decisions, o->data->n_rows)) ||
			 fill(&j, report, OCSVM_BORDER / m->rho);
	} else if (!status) {
		print(&j, "-f/rho", OCSVM_BORDER / m->rho);
	}
out:
	ocsvm_free(m);
	finish(&j);
	return status;
}
