/* table.c: see table.h. Cells are cut out of the file's bytes in place: a quoted cell only gets shorter. */
#include "detect/table.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/buf.h"
#include "support/utf8.h"

#define SHOWN_BYTES 40 /* of a cell in a message */
#define BLOCK (1UL << 16)

struct cell {
	char *at;
	size_t len;
	bool quoted;
};

struct reader {
	struct table *t;
	const struct table_labels *labels;
	char *error;
	char *at, *end;
	size_t line, row_line; /* where the reader is, and where the row began */
	size_t room;	       /* rows */
	struct cell *cells;    /* of the row */
	size_t n_cells;
};

char *table_shown(const char *text, size_t len, char *to, size_t room)
{
	bool cut = len > SHOWN_BYTES;
	char *clean = utf8_clean(text, cut ? SHOWN_BYTES : len);
	size_t n = 0;

	for (const char *c = clean ? clean : ""; *c && n + 9 < room; c++) {
		if ((unsigned char)*c < ' ' || *c == 127)
			n += (size_t)snprintf(to + n, room - n, "\\x%02x", (unsigned char)*c);
		else
			to[n++] = *c;
	}
	snprintf(to + n, room - n, "%s", cut ? "..." : "");
	free(clean);
	return to;
}

/* Says file:line: column: value: reason, without what is NULL. */
static int refuse(struct reader *r, size_t line, const char *column, const struct cell *cell, const char *reason)
{
	char name[200] = "", value[200] = "";

	if (column)
		table_shown(column, strlen(column), name, sizeof(name));
	if (cell)
		table_shown(cell->at, cell->len, value, sizeof(value));
	snprintf(r->error, TABLE_ERROR, "%s:%zu: %s%s%s%s%s%s", r->t->path, line, name, column ? ": " : "",
		 cell ? "'" : "", value, cell ? "': " : "", reason);
	return -EINVAL;
}

/* Where its row could not be told, the cell is still one of the row that began there. */
static int refuse_row(struct reader *r, const char *reason)
{
	return refuse(r, r->row_line, NULL, NULL, reason);
}

static int take_quoted(struct reader *r, struct cell *cell)
{
	char *from = r->at + 1, *to = r->at + 1, *start = to;
	size_t line = r->line;

	for (;; from++) {
		if (from >= r->end || (size_t)(from - start) > TABLE_LINE_MOST)
			return refuse(r, line, NULL, &(struct cell){ start, (size_t)(to - start), true },
				      "a quote that is never closed");
		if (*from == '"') {
			if (from + 1 >= r->end || from[1] != '"')
				break;
			from++;
		}
		r->line += *from == '\n';
		*to++ = *from;
	}
	*cell = (struct cell){ start, (size_t)(to - start), true };
	r->at = from + 1;
	if (r->at < r->end && !strchr(",\r\n", *r->at))
		return refuse(r, r->line, NULL, cell, "text after the closing quote");
	return 0;
}

static int take_plain(struct reader *r, struct cell *cell)
{
	char *start = r->at;

	while (r->at < r->end && *r->at != ',' && *r->at != '\n' && *r->at != '\r' && *r->at != '"')
		r->at++;
	*cell = (struct cell){ start, (size_t)(r->at - start), false };
	if (r->at < r->end && *r->at == '"')
		return refuse(r, r->line, NULL, cell, "a quote inside a cell that does not begin with one");
	return 0;
}

/* Behind the row's last cell: CR LF, LF, or the end. */
static int take_line_end(struct reader *r)
{
	if (r->at < r->end && *r->at == '\r') {
		if (r->at + 1 < r->end && r->at[1] != '\n')
			return refuse(r, r->line, NULL, NULL, "a carriage return without a line feed");
		r->at++;
	}
	if (r->at < r->end)
		r->at++;
	r->line++;
	return 0;
}

/* Cells and names end in a NUL once the comma or line end behind them has been read. */
static void end_cells(struct reader *r)
{
	for (size_t i = 0; i < r->n_cells; i++)
		r->cells[i].at[r->cells[i].len] = '\0';
}

static int take_row(struct reader *r)
{
	char *start = r->at;
	int err;

	r->row_line = r->line;
	r->n_cells = 0;
	for (;;) {
		struct cell *cell = &r->cells[r->n_cells];

		if (r->n_cells == TABLE_COLUMNS_MOST)
			return refuse_row(r, "more than 1024 cells");
		err = r->at < r->end && *r->at == '"' ? take_quoted(r, cell) : take_plain(r, cell);
		if (err)
			return err;
		if ((size_t)(r->at - start) > TABLE_LINE_MOST)
			return refuse_row(r, "a row of more than 1 MiB");
		r->n_cells++;
		if (r->at >= r->end || *r->at != ',')
			break;
		r->at++;
	}
	err = take_line_end(r);
	if (!err)
		end_cells(r);
	return err;
}

static bool same_word(const struct cell *c, const char *word)
{
	const char *at = c->at + (c->len && strchr("+-", *c->at) ? 1 : 0);

	return !strcasecmp(at, word);
}

enum parsed { PARSED_EMPTY, PARSED_NUMBER, PARSED_TEXT, PARSED_NOT_FINITE, PARSED_TOO_LARGE };

/* A decimal number, with spaces around it if need be. What else strtod() takes are no numbers here. */
static enum parsed parse_number(const struct cell *c, double *ret)
{
	const char *at = c->at, *end = c->at + c->len;
	char *stop;

	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if (at == end)
		return c->quoted && c->len ? PARSED_TEXT : PARSED_EMPTY;
	if (strspn(at, "0123456789+-.eE") < (size_t)(end - at)) {
		struct cell trimmed = { (char *)at, (size_t)(end - at), false };

		if ((trimmed.len == c->len) &&
		    (same_word(&trimmed, "nan") || same_word(&trimmed, "inf") || same_word(&trimmed, "infinity")))
			return PARSED_NOT_FINITE;
		return PARSED_TEXT;
	}
	*ret = strtod(at, &stop);
	if (stop != end)
		return PARSED_TEXT;
	return fabs(*ret) <= TABLE_VALUE_MOST ? PARSED_NUMBER : PARSED_TOO_LARGE;
}

static bool told_label(const struct reader *r, const char *name)
{
	for (size_t i = 0; r->labels && i < r->labels->n; i++)
		if (!strcmp(r->labels->names[i], name))
			return true;
	return false;
}

/* Room in a column for as many rows as the reader has; the rows before are empty. */
static int make_room(struct reader *r, struct table_column *c, size_t from)
{
	if (c->kind == TABLE_NUMBERS) {
		double *numbers = realloc(c->numbers, r->room * sizeof(*numbers));

		if (!numbers)
			return -ENOMEM;
		c->numbers = numbers;
		for (size_t i = from; i < r->t->n_rows; i++)
			numbers[i] = NAN;
	} else if (c->kind == TABLE_LABELS) {
		const char **labels = realloc(c->labels, r->room * sizeof(*labels));

		if (!labels)
			return -ENOMEM;
		c->labels = labels;
		for (size_t i = from; i < r->t->n_rows; i++)
			labels[i] = "";
	}
	return 0;
}

static int grow(struct reader *r)
{
	struct table *t = r->t;
	size_t room = r->room ? 2 * r->room : 256;
	uint32_t *lines;

	if (t->n_rows < r->room)
		return 0;
	if (t->n_rows * t->n_columns >= TABLE_CELLS_MOST)
		return refuse_row(r, "more cells than 2^27");
	lines = realloc(t->lines, room * sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	t->lines = lines;
	r->room = room;
	for (size_t i = 0; i < t->n_columns; i++)
		if (make_room(r, &t->columns[i], t->n_rows))
			return -ENOMEM;
	return 0;
}

static int add_cell(struct reader *r, struct table_column *c, const struct cell *cell)
{
	size_t row = r->t->n_rows;
	double number = NAN;
	enum parsed is = c->kind == TABLE_LABELS && !cell->len ? PARSED_EMPTY : parse_number(cell, &number);

	if (is == PARSED_EMPTY)
		c->missing++;
	if (c->kind == TABLE_EMPTY && is != PARSED_EMPTY) {
		c->kind = is == PARSED_TEXT || told_label(r, c->name) ? TABLE_LABELS : TABLE_NUMBERS;
		if (make_room(r, c, 0))
			return -ENOMEM;
	}
	if (c->kind == TABLE_LABELS) {
		if (is != PARSED_EMPTY && is != PARSED_TEXT && !told_label(r, c->name))
			return refuse(
				r, r->row_line, c->name, cell,
				is == PARSED_NUMBER
					? "a number, but the cells before are text (if they are labels, say so: --label)"
					: "neither a number nor text (if it is a label, say so: --label)");
		c->labels[row] = cell->at;
		return 0;
	}
	if (is == PARSED_TEXT)
		return refuse(r, r->row_line, c->name, cell,
			      "not a number, but the cells before are (if they are labels, say so: --label)");
	if (is == PARSED_NOT_FINITE)
		return refuse(r, r->row_line, c->name, cell,
			      "not a finite number (leave the cell empty if the value is missing)");
	if (is == PARSED_TOO_LARGE)
		return refuse(r, r->row_line, c->name, cell, "beyond 1e150, of which no square can be taken");
	if (c->kind == TABLE_NUMBERS)
		c->numbers[row] = is == PARSED_NUMBER ? number : NAN;
	return 0;
}

static int add_row(struct reader *r)
{
	struct table *t = r->t;
	int err;

	if (r->n_cells != t->n_columns) {
		char reason[120];

		snprintf(reason, sizeof(reason), "%zu cells, where the header line has %zu", r->n_cells,
			 t->n_columns);
		return refuse_row(r, reason);
	}
	err = grow(r);
	if (err)
		return err;
	t->lines[t->n_rows] = (uint32_t)r->row_line; /* fewer than TABLE_BYTES_MOST */
	for (size_t i = 0; !err && i < t->n_columns; i++)
		err = add_cell(r, &t->columns[i], &r->cells[i]);
	t->n_rows += !err;
	return err;
}

static int check_name(struct reader *r, size_t i)
{
	const struct cell *cell = &r->cells[i];
	char reason[80];

	if (!cell->len) {
		snprintf(reason, sizeof(reason), "column %zu has no name", i + 1);
		return refuse_row(r, reason);
	}
	for (size_t k = 0; k < i; k++) {
		if (!strcmp(r->t->columns[k].name, cell->at)) {
			snprintf(reason, sizeof(reason), "the name of columns %zu and %zu", k + 1, i + 1);
			return refuse(r, r->row_line, NULL, cell, reason);
		}
	}
	return 0;
}

static int take_header(struct reader *r)
{
	struct table *t = r->t;
	size_t numbers = 0, names = 0;
	int err = take_row(r);

	if (err)
		return err;
	for (size_t i = 0; i < r->n_cells; i++) {
		double number;
		enum parsed is = parse_number(&r->cells[i], &number);

		numbers += is == PARSED_NUMBER;
		names += is != PARSED_NUMBER && is != PARSED_EMPTY;
	}
	if (numbers && !names)
		return refuse_row(r, "numbers in place of names: is there no header line?");
	if (r->n_cells == 1 && !r->cells[0].len)
		return refuse_row(r, "an empty line in place of a header line");
	t->columns = calloc(r->n_cells + 1, sizeof(*t->columns));
	if (!t->columns)
		return -ENOMEM;
	for (size_t i = 0; i < r->n_cells; i++) {
		err = check_name(r, i);
		if (err)
			return err;
		t->columns[i].name = r->cells[i].at;
		t->n_columns++;
	}
	return 0;
}

static size_t line_of(const char *from, const char *to)
{
	size_t line = 1;

	for (; from < to; from++)
		line += *from == '\n';
	return line;
}

static int check_bytes(struct reader *r, char *bytes, size_t len)
{
	const char *nul = memchr(bytes, '\0', len);

	if (len >= 2 && (!memcmp(bytes, "\xff\xfe", 2) || !memcmp(bytes, "\xfe\xff", 2)))
		return refuse(r, 1, NULL, NULL, "UTF-16; UTF-8 is needed");
	if (nul)
		return refuse(r, line_of(bytes, nul), NULL, NULL, "a NUL byte");
	if (!len)
		return refuse(r, 1, NULL, NULL, "an empty file");
	return 0;
}

static int parse(struct reader *r, char *bytes, size_t len)
{
	int err = check_bytes(r, bytes, len);

	if (err)
		return err;
	r->at = bytes + (len >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3) ? 3 : 0);
	r->end = bytes + len;
	r->line = r->row_line = 1;
	err = take_header(r);
	for (size_t i = 0; !err && r->labels && i < r->labels->n; i++) {
		char name[200];

		if (!table_column(r->t, r->labels->names[i])) {
			snprintf(
				r->error, TABLE_ERROR, "%s: no column '%s', which is said to be a label",
				r->t->path,
				table_shown(r->labels->names[i], strlen(r->labels->names[i]), name, sizeof(name)));
			return -ENOENT;
		}
	}
	while (!err && r->at < r->end) {
		err = take_row(r);
		/* In a table of one column an empty line is an empty cell, in others it is none of their rows. */
		if (!err && (r->n_cells != 1 || r->cells[0].len || r->cells[0].quoted || r->t->n_columns == 1))
			err = add_row(r);
	}
	if (!err && !r->t->n_rows)
		err = refuse(r, r->line > 1 ? r->line - 1 : 1, NULL, NULL, "a header line without a row");
	return err;
}

int table_parse(struct table **ret, char *bytes, size_t len, const char *path, const struct table_labels *labels,
		char error[TABLE_ERROR])
{
	struct reader r = { .labels = labels, .error = error };
	int err = -ENOMEM;

	error[0] = '\0';
	r.cells = calloc(TABLE_COLUMNS_MOST, sizeof(*r.cells));
	r.t = calloc(1, sizeof(*r.t));
	if (r.t) {
		r.t->path = path;
		r.t->bytes = bytes;
	} else {
		free(bytes);
	}
	if (r.t && r.cells)
		err = parse(&r, bytes, len);
	free(r.cells);
	if (err == -ENOMEM)
		snprintf(error, TABLE_ERROR, "%s: out of memory", path);
	if (err)
		table_free(r.t);
	else
		*ret = r.t;
	return err;
}

/* Returns 0 or -errno; b then holds the file and a NUL behind it. */
static int read_all(int fd, struct buf *b)
{
	for (;;) {
		ssize_t n;

		if (!buf_room(b, BLOCK + 1))
			return -ENOMEM;
		n = read(fd, b->data + b->len, BLOCK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		b->len += (size_t)n;
		if (b->len > TABLE_BYTES_MOST)
			return -EFBIG;
	}
	b->data[b->len] = '\0';
	return 0;
}

int table_read(struct table **ret, const char *path, const struct table_labels *labels, char error[TABLE_ERROR])
{
	bool standard = !strcmp(path, "-");
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC), err;
	struct buf b = { 0 };

	if (fd < 0) {
		err = -errno;
		snprintf(error, TABLE_ERROR, "cannot open %s: %s", path, strerror(-err));
		return err;
	}
	err = read_all(fd, &b);
	if (!standard)
		(void)close(fd); /* it was only read */
	if (err) {
		buf_free(&b);
		snprintf(error, TABLE_ERROR, "cannot read %s: %s", standard ? "standard input" : path,
			 err == -EFBIG ? "larger than 1 GiB" : strerror(-err));
		return err;
	}
	return table_parse(ret, b.data, b.len, standard ? "standard input" : path, labels, error);
}

void table_free(struct table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n_columns; i++) {
		free(t->columns[i].numbers);
		free(t->columns[i].labels);
	}
	free(t->columns);
	free(t->lines);
	free(t->bytes);
	free(t);
}

const struct table_column *table_column(const struct table *t, const char *name)
{
	for (size_t i = 0; i < t->n_columns; i++)
		if (!strcmp(t->columns[i].name, name))
			return &t->columns[i];
	return NULL;
}
