/* scaling.c: see scaling.h. Mean and sd in two passes, as the training rows are at hand. */
#include "detect/scaling.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>

double scaling_transform(enum scaling_transform t, double offset, double x)
{
	double y = NAN;

	switch (t) {
	case SCALING_NONE:
		y = x;
		break;
	case SCALING_LN:
		y = log(x + offset);
		break;
	case SCALING_LN1P:
		y = log1p(x);
		break;
	}
	return isfinite(y) ? y : NAN;
}

static double transformed(const struct scaling_column *c, double x)
{
	return scaling_transform(c->transform, c->offset, x);
}

static bool is_column_set(const struct scaling_column *c)
{
	return c->transform <= SCALING_LN1P && isfinite(c->offset);
}

static int fit_column(const struct scaling *s, size_t column, const double *rows, size_t n, double sd_floor,
		      struct scaling_column *fitted, size_t *ret_bad_row)
{
	const struct scaling_column *c = &s->columns[column];
	double sum = 0, squares = 0, rest = 0, sd;

	*fitted = *c;
	for (size_t i = 0; i < n; i++) {
		double y = transformed(c, rows[i * s->d + column]);

		if (isnan(y)) {
			*ret_bad_row = i;
			return -EDOM;
		}
		sum += y / n;
	}
	fitted->mean = sum;
	for (size_t i = 0; i < n; i++) {
		double off = transformed(c, rows[i * s->d + column]) - fitted->mean;

		squares += off * off;
		rest += off;
	}
	/* What rounding left in the mean. */
	sd = sqrt((squares - rest * rest / n) / (n - 1));
	fitted->mean += rest / n;
	*ret_bad_row = 0;
	if (!isfinite(sd) || !isfinite(fitted->mean))
		return -EDOM;
	fitted->sd = sd > sd_floor ? sd : sd_floor;
	return 0;
}

int scaling_fit(struct scaling *s, const double *rows, size_t n, double sd_floor, struct scaling_cell *ret_bad)
{
	struct scaling fitted = { .d = s->d };

	if (!s->d || s->d > SCALING_COLUMNS || n < 2 || !(sd_floor > 0) || !isfinite(sd_floor))
		return -EINVAL;
	for (size_t c = 0; c < s->d; c++) {
		size_t bad_row;
		int err;

		if (!is_column_set(&s->columns[c]))
			return -EINVAL;
		err = fit_column(s, c, rows, n, sd_floor, &fitted.columns[c], &bad_row);
		if (err) {
			if (ret_bad)
				*ret_bad = (struct scaling_cell){ .row = bad_row, .column = c };
			return err;
		}
	}
	*s = fitted;
	return 0;
}

int scaling_apply(const struct scaling *s, const double *from, double *to, size_t *ret_bad_column)
{
	double row[SCALING_COLUMNS];

	for (size_t c = 0; c < s->d; c++) {
		row[c] = (transformed(&s->columns[c], from[c]) - s->columns[c].mean) / s->columns[c].sd;
		if (!isfinite(row[c])) {
			if (ret_bad_column)
				*ret_bad_column = c;
			return -EDOM;
		}
	}
	for (size_t c = 0; c < s->d; c++)
		to[c] = row[c];
	return 0;
}

int scaling_check(const struct scaling *s)
{
	if (!s->d || s->d > SCALING_COLUMNS)
		return -EINVAL;
	for (size_t c = 0; c < s->d; c++) {
		const struct scaling_column *column = &s->columns[c];

		if (!is_column_set(column) || !isfinite(column->mean) || !(column->sd > 0) ||
		    !isfinite(column->sd))
			return -EINVAL;
	}
	return 0;
}
