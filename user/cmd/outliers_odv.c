/* outliers_odv.c: metsuke outliers --method odv: each column by limits of its own. */
#include "cmd/outliers.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "support/log.h"

static const char *const bounds[] = { "general", "unimodal", "vp" };
static const char *const sides[] = { "two", "upper", "lower" };
static const char *const centers[] = { "mean", "median" };

static const char no_value[] = "no logarithm (ln needs values above 0: --offset, or --transform ln1p)";
static const char no_value1p[] = "no logarithm (ln1p needs values above -1)";

/* Fits every column, and sees that every value can be judged. */
static int fit_all(const struct outliers *o, struct odv *fits)
{
	const struct table *from = o->train ? o->train : o->data;
	const char *reason = o->odv.transform == ODV_LN ? no_value : no_value1p;

	for (size_t i = 0; i < o->n_columns; i++) {
		size_t bad = 0;
		int err = odv_fit(&fits[i], &o->odv, o->learnt[i]->numbers, from->n_rows, &bad);

		if (err == -EDOM)
			outliers_refuse(from, o->learnt[i], bad, reason);
		else if (err)
			log_error("%s: %s", from->path, strerror(-err));
		if (err)
			return EXIT_FAILED;
		for (size_t row = 0; row < o->data->n_rows; row++) {
			double x = o->columns[i]->numbers[row];

			if (!isnan(x) && isnan(odv_transform(&o->odv, x))) {
				outliers_refuse(o->data, o->columns[i], row, reason);
				return EXIT_FAILED;
			}
		}
	}
	return 0;
}

static bool too_few(const struct odv *f)
{
	return f->pass[0].n < f->least_n;
}

static json_t *pass_report(const struct odv *f, const struct odv_pass *p)
{
	bool unimodal = f->options.bound == ODV_UNIMODAL;

	return json_pack("{sI,so,so,so,so,so,so,so}", "n", (json_int_t)p->n, "mean",
			 p->n > 0 ? outliers_real(p->mean) : json_null(), "sd", outliers_real(p->sd), "mode",
			 unimodal ? outliers_real(p->mode) : json_null(), "B",
			 unimodal ? outliers_real(p->spread) : json_null(), "k", outliers_real(p->k), "odv_l",
			 outliers_real(p->lower), "odv_u", outliers_real(p->upper));
}

/* Rows that the first pass put aside; those that were pulled to its limits count as kept. */
static json_t *removed_rows(const struct outliers *o, size_t i, const struct odv *f)
{
	const struct table *from = o->train ? o->train : o->data;
	json_t *rows = json_array();

	for (size_t row = 0; row < from->n_rows && !f->clamped; row++) {
		double value = odv_transform(&o->odv, o->learnt[i]->numbers[row]);

		if (value < f->pass[0].lower || value > f->pass[0].upper)
			json_array_append_new(rows, json_integer((json_int_t)row));
	}
	return rows;
}

static json_t *flagged_rows(const struct outliers *o, size_t i, const struct odv *f)
{
	json_t *rows = json_array();

	for (size_t row = 0; row < o->data->n_rows; row++)
		if (odv_judge(f, o->columns[i]->numbers[row]).flagged)
			json_array_append_new(rows, json_integer((json_int_t)row));
	return rows;
}

static json_t *column_report(const struct outliers *o, size_t i, const struct odv *f)
{
	/* Limits in the column's own unit; null where there is none. */
	json_t *limits = json_pack("[o,o]", outliers_real(odv_untransform(&o->odv, f->pass[1].lower)),
				   outliers_real(odv_untransform(&o->odv, f->pass[1].upper)));

	return json_pack("{so,sI,sb,so,so,so,sb,so,so,so}", "column", outliers_text(o->columns[i]->name),
			 "missing", (json_int_t)o->columns[i]->missing, "enough_data", !too_few(f), "least_n",
			 outliers_real(f->least_n), "pass1", pass_report(f, &f->pass[0]), "removed_pass1",
			 removed_rows(o, i, f), "zero_variance_branch", f->clamped, "pass2",
			 pass_report(f, &f->pass[1]), "limits", limits, "flagged", flagged_rows(o, i, f));
}

static json_t *reason_report(const struct table_column *c, size_t row, const struct odv_verdict *v)
{
	return json_pack("{so,so,so,so,so,so,so}", "column", outliers_text(c->name), "value",
			 outliers_real(c->numbers[row]), "transformed", outliers_real(v->value), "z",
			 outliers_real(v->z), "p", outliers_real(v->p), "p_new", outliers_real(v->p_new), "score",
			 outliers_real(v->score));
}

static int report_row(const struct outliers *o, const struct odv *fits, size_t row, json_t *all, json_t *rows)
{
	json_t *reasons = NULL;

	for (size_t i = 0; i < o->n_columns; i++) {
		struct odv_verdict v = odv_judge(&fits[i], o->columns[i]->numbers[row]);

		if (!v.flagged)
			continue;
		if (!reasons)
			reasons = json_array();
		if (json_array_append_new(reasons, reason_report(o->columns[i], row, &v)))
			return -ENOMEM;
	}
	if (!reasons)
		return 0;
	if (json_array_append_new(all, json_integer((json_int_t)row)) ||
	    json_array_append_new(rows, json_pack("{sI,sI,so,so}", "row", (json_int_t)row, "line",
						  (json_int_t)o->data->lines[row], "labels",
						  outliers_labels(o->data, row), "reasons", reasons)))
		return -ENOMEM;
	return 0;
}

static int fill(const struct outliers *o, const struct odv *fits, json_t *report)
{
	json_t *columns = json_array(), *all = json_array(), *rows = json_array();
	int err = json_object_set_new(report, "bound", json_string(bounds[o->odv.bound])) ||
		  json_object_set_new(report, "side", json_string(sides[o->odv.side])) ||
		  json_object_set_new(report, "center", json_string(centers[o->odv.center])) ||
		  json_object_set_new(report, "p1", json_real(o->odv.p1)) ||
		  json_object_set_new(report, "p2", json_real(o->odv.p2)) ||
		  json_object_set_new(report, "sd_floor", json_real(o->odv.sd_floor)) ||
		  json_object_set_new(report, "columns", columns) || json_object_set_new(report, "flagged", all) ||
		  json_object_set_new(report, "flagged_rows", rows);

	for (size_t i = 0; !err && i < o->n_columns; i++)
		err = json_array_append_new(columns, column_report(o, i, &fits[i]));
	for (size_t row = 0; !err && row < o->data->n_rows; row++)
		err = report_row(o, fits, row, all, rows);
	if (err)
		log_error("out of memory");
	return err ? EXIT_FAILED : 0;
}

static void print_limit(double limit)
{
	if (isfinite(limit))
		printf(" %12.6g", limit);
	else
		printf(" %12s", "-");
}

static void print_column(const struct outliers *o, size_t i, const struct odv *f)
{
	char name[200];

	table_shown(o->columns[i]->name, strlen(o->columns[i]->name), name, sizeof(name));
	for (int pass = 0; pass < 2; pass++) {
		const struct odv_pass *p = &f->pass[pass];

		printf("%-20s %4d %9.0f", pass ? "" : name, pass + 1, p->n);
		print_limit(p->n > 0 ? p->mean : INFINITY);
		print_limit(p->sd);
		print_limit(o->odv.bound == ODV_UNIMODAL ? p->mode : INFINITY);
		print_limit(o->odv.bound == ODV_UNIMODAL ? p->spread : INFINITY);
		printf(" %9.6g", p->k);
		print_limit(p->lower);
		print_limit(p->upper);
		putchar('\n');
	}
	if (too_few(f))
		printf("%-20s not enough data: %.0f values, and one odd one hides itself among fewer than %.0f\n",
		       "", f->pass[0].n, f->least_n);
	if (f->clamped)
		printf("%-20s no variation but for what is odd: pass 1 at 1/n (--sd-floor judges by a unit instead)\n",
		       "");
	if (o->columns[i]->missing)
		printf("%-20s %zu values missing\n", "", o->columns[i]->missing);
}

static void print_reason(const struct outliers *o, const struct table_column *c, size_t row, const struct odv *f)
{
	double x = c->numbers[row];
	struct odv_verdict v = odv_judge(f, x);
	bool above = v.value > f->pass[1].upper;
	char name[200];

	if (!v.flagged)
		return;
	printf("    %s = %.6g: %s %.6g; z %.4g, p <= %.3g, score %.2f%s\n",
	       table_shown(c->name, strlen(c->name), name, sizeof(name)), x, above ? "above" : "below",
	       odv_untransform(&o->odv, above ? f->pass[1].upper : f->pass[1].lower), v.z, v.p, v.score,
	       v.unknown ? "; not enough data" : "");
}

static void print(const struct outliers *o, const struct odv *fits)
{
	size_t flagged = 0;

	printf("%-20s pass %9s %12s %12s %12s %12s %9s %12s %12s\n", "column", "n",
	       o->odv.center == ODV_MEDIAN ? "median" : "mean", o->odv.center == ODV_MEDIAN ? "1.4826 MAD" : "sd",
	       "mode", "B", "k", "odv_l", "odv_u");
	for (size_t i = 0; i < o->n_columns; i++)
		print_column(o, i, &fits[i]);
	for (size_t row = 0; row < o->data->n_rows; row++) {
		bool odd = false;

		for (size_t i = 0; i < o->n_columns; i++)
			odd |= odv_judge(&fits[i], o->columns[i]->numbers[row]).flagged;
		if (!odd)
			continue;
		flagged++;
		printf("row %zu (line %u)", row, o->data->lines[row]);
		outliers_print_labels(o->data, row);
		putchar('\n');
		for (size_t i = 0; i < o->n_columns; i++)
			print_reason(o, o->columns[i], row, &fits[i]);
	}
	printf("%zu of %zu rows flagged\n", flagged, o->data->n_rows);
}

int outliers_odv(const struct outliers *o, json_t *report)
{
	struct odv *fits = calloc(o->n_columns, sizeof(*fits));
	int status;

	if (!fits) {
		log_error("out of memory");
		return EXIT_FAILED;
	}
	/* The other half of their inequality holds above 1/6; Amidan's has none. */
	if (o->odv.bound == ODV_UNIMODAL && fmax(o->odv.p1, o->odv.p2) >= 1.0 / 6)
		log_warning("--bound unimodal is meant for p below 1/6");
	status = fit_all(o, fits);
	if (!status && report)
		status = fill(o, fits, report);
	else if (!status)
		print(o, fits);
	free(fits);
	return status;
}
