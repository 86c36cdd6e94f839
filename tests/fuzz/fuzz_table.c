/* fuzz_table.c: a CSV file, and limits of each of its columns. The first byte says which options, and whether a
 * column is said to be a label. What comes of a file is numbers that are finite or counted as missing, or an error
 * that says where. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "detect/odv.h"
#include "detect/table.h"
#include "fuzz.h"

static const char *wrong_column(const struct table *t, const struct table_column *c)
{
	size_t missing = 0;

	if (!*c->name || table_column(t, c->name) != c)
		return "a column that its name does not find";
	for (size_t i = 0; i < t->n_rows; i++) {
		if (c->kind == TABLE_NUMBERS) {
			missing += isnan(c->numbers[i]);
			if (!isnan(c->numbers[i]) && !(fabs(c->numbers[i]) <= TABLE_VALUE_MOST))
				return "a number that is none";
		} else if (c->kind == TABLE_LABELS) {
			/* To its end, wherever that is. */
			if (strlen(c->labels[i]) > TABLE_LINE_MOST)
				return "a label longer than a row";
		}
	}
	if (c->kind == TABLE_NUMBERS && missing != c->missing)
		return "missing values that are not counted";
	if (c->kind == TABLE_EMPTY && c->missing != t->n_rows)
		return "a value in a column that is empty";
	return NULL;
}

static void try_limits(const struct table *t, const struct table_column *c, uint8_t how)
{
	struct odv_options o = { .bound = how % 3,
				 .side = how / 3 % 3,
				 .transform = how / 9 % 3,
				 .center = how & 1,
				 .p1 = 0.1,
				 .p2 = 0.01,
				 .zero_variance_correction = how & 2 };
	struct odv f;
	size_t bad = 0;
	int err = odv_fit(&f, &o, c->numbers, t->n_rows, &bad);

	if (err == -EDOM && o.transform && !isnan(c->numbers[bad]) && isnan(odv_transform(&o, c->numbers[bad])))
		return;
	if (err)
		fuzz_check("no limits of numbers that a table holds");
	fuzz_check(odv_check(&f));
	for (size_t i = 0; i < t->n_rows; i++) {
		struct odv_verdict v = odv_judge(&f, c->numbers[i]);

		if (isnan(v.z) || !(v.p >= 0 && v.p <= 1) || !(v.p_new >= 0 && v.p_new <= 1) ||
		    !(v.score >= 0 && v.score <= ODV_SCORE_MOST))
			fuzz_check("a verdict out of its range");
	}
}

static const char *wrong_error(const char *error)
{
	if (strncmp(error, "fuzz", 4))
		return "an error that does not say where";
	for (; *error; error++)
		if ((unsigned char)*error < ' ' || *error == 127)
			return "an error with a control character";
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "x" };
	const struct table_labels labels = { names, 1 };
	char error[TABLE_ERROR];
	struct table *t = NULL;
	char *bytes;
	uint8_t how;

	if (!size)
		return -1;
	how = data[0];
	bytes = malloc(size);
	if (!bytes)
		abort();
	memcpy(bytes, data + 1, size - 1);
	bytes[size - 1] = '\0';
	if (table_parse(&t, bytes, size - 1, "fuzz", how & 128 ? &labels : NULL, error)) {
		fuzz_check(wrong_error(error));
		return 0;
	}
	for (size_t i = 0; i < t->n_columns; i++) {
		fuzz_check(wrong_column(t, &t->columns[i]));
		if (t->columns[i].kind == TABLE_NUMBERS)
			try_limits(t, &t->columns[i], how & 127);
	}
	table_free(t);
	return 0;
}
