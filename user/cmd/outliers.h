/* outliers.h: what the methods of `metsuke outliers` share: the tables, the options, and a table of methods. */
#ifndef METSUKE_CMD_OUTLIERS_H
#define METSUKE_CMD_OUTLIERS_H

#include <jansson.h>
#include <stdbool.h>

#include "detect/odv.h"
#include "detect/table.h"

/* Which options were given: one bit per letter of a method's `takes`. */
struct outliers {
	struct odv_options odv;
	unsigned int k, k_max; /* lof */
	bool distinct;
	double nu, gamma; /* ocsvm */
	bool scale;
	bool json;

	const struct table *data, *train;    /* train NULL: fitted to the rows that are judged */
	const struct table_column **columns; /* of numbers, of data */
	const struct table_column **learnt;  /* the same of train, or of data */
	size_t n_columns;
};

struct outliers_method {
	const char *name;
	const char *takes; /* letters of its own options */
	const char *needs; /* of those, what has to be given */
	const char *begin_with; /* options that suit most tables */
	/* Returns the exit status; prints, or fills report. Errors are logged. */
	int (*run)(const struct outliers *o, json_t *report);
};

int outliers_odv(const struct outliers *o, json_t *report);
int outliers_lof(const struct outliers *o, json_t *report);
int outliers_ocsvm(const struct outliers *o, json_t *report);

/* The labels of a row, as one object. */
json_t *outliers_labels(const struct table *t, size_t row);
/* The same as text: " host=a, user=b"; nothing where there is no label. */
void outliers_print_labels(const struct table *t, size_t row);

json_t *outliers_text(const char *text);
/* null where x is infinite or no number. */
json_t *outliers_real(double x);

/* A value that a method refused: file:line: column: value: reason. */
void outliers_refuse(const struct table *t, const struct table_column *c, size_t row, const char *reason);

#endif
