/* table.h: a CSV file (RFC 4180, with a header line) as columns of numbers, and columns of labels that go with
 * them.
 *
 * A column is of numbers or of labels as a whole: its first cell that is not empty decides, and one of the other
 * kind after it is refused, so that a misspelt number does not quietly turn a column into labels. An empty cell is
 * a missing value: NaN, counted. What the file may look like and what is refused: docs/detectors.md. */
#ifndef METSUKE_DETECT_TABLE_H
#define METSUKE_DETECT_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define TABLE_VALUE_MOST 1e150 /* beyond it squares overflow */
#define TABLE_COLUMNS_MOST 1024
#define TABLE_LINE_MOST (1UL << 20)  /* bytes of a row */
#define TABLE_BYTES_MOST (1UL << 30) /* of a file */
#define TABLE_CELLS_MOST (1UL << 27) /* rows times columns */
#define TABLE_ERROR 512

enum table_kind {
	TABLE_EMPTY, /* not one value */
	TABLE_NUMBERS,
	TABLE_LABELS,
};

struct table_column {
	const char *name;
	enum table_kind kind;
	size_t missing;	     /* empty cells */
	double *numbers;     /* TABLE_NUMBERS: a value per row, NaN: missing */
	const char **labels; /* TABLE_LABELS: a text per row, "": empty; any bytes but NUL */
};

struct table {
	const char *path; /* as in messages; borrowed */
	size_t n_rows, n_columns;
	struct table_column *columns;
	uint32_t *lines; /* of each row: where it begins, from 1 */
	char *bytes;	 /* names and labels lie in it */
};

/* Names of columns that are labels whatever their cells look like. */
struct table_labels {
	const char *const *names;
	size_t n;
};

/* Reads the file, "-": standard input. 0, or -errno, and error says where and why: file:line: column: value:
 * reason. path and labels->names: borrowed for as long as the table is. */
int table_read(struct table **ret, const char *path, const struct table_labels *labels, char error[TABLE_ERROR]);

/* The same of bytes[0..len], where bytes[len] is a NUL; takes them (malloc), also where it fails. */
int table_parse(struct table **ret, char *bytes, size_t len, const char *path, const struct table_labels *labels,
		char error[TABLE_ERROR]);

void table_free(struct table *t);

/* NULL: no column of that name. */
const struct table_column *table_column(const struct table *t, const char *name);

/* Writes text, cut where it is long, fit for a message or a terminal: control characters and what is no UTF-8
 * become \xHH. Returns to. */
char *table_shown(const char *text, size_t len, char *to, size_t room);

#endif
