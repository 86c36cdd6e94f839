/* test_table.c: CSV in memory: what a table holds, and every truncation of one. The program's own test has the
 * rest (tests/replay/test_outliers.py). */
#include "detect/table.h"

#include <errno.h>
#include <math.h>

#include "unit.h"

static const char good[] = "host,\"a \"\"b\"\"\",note\r\n"
			   "h1,1.5,\"x,\r\ny\"\r\n"
			   "h2,,\r\n"
			   "\r\n"
			   "h3,-2e3,z\r\n";

static char error[TABLE_ERROR];

static int parse(struct table **ret, const char *text, size_t len)
{
	char *copy = malloc(len + 1);

	memcpy(copy, text, len);
	copy[len] = '\0';
	return table_parse(ret, copy, len, "t", NULL, error);
}

static void test_cells(void **state)
{
	const struct table_column *c;
	struct table *t;

	assert_int_equal(parse(&t, good, strlen(good)), 0);
	assert_int_equal(t->n_columns, 3);
	assert_int_equal(t->n_rows, 3);
	c = table_column(t, "a \"b\"");
	assert_non_null(c);
	assert_int_equal(c->kind, TABLE_NUMBERS);
	assert_true(c->numbers[0] == 1.5 && isnan(c->numbers[1]) && c->numbers[2] == -2000);
	assert_int_equal(c->missing, 1);
	c = table_column(t, "note");
	assert_int_equal(c->kind, TABLE_LABELS);
	assert_string_equal(c->labels[0], "x,\r\ny");
	assert_string_equal(c->labels[1], "");
	assert_string_equal(c->labels[2], "z");
	assert_string_equal(table_column(t, "host")->labels[2], "h3");
	assert_null(table_column(t, "hos"));
	/* A row's line is where it begins: one has a line break inside, one is empty. */
	assert_int_equal(t->lines[0], 2);
	assert_int_equal(t->lines[1], 4);
	assert_int_equal(t->lines[2], 6);
	table_free(t);
}

/* Each is a smaller table, or an error that says where. A row that is cut is never half a row. */
static void test_every_truncation(void **state)
{
	size_t tables = 0, errors = 0;

	for (size_t len = 0; len < strlen(good); len++) {
		struct table *t = NULL;

		if (parse(&t, good, len)) {
			assert_true(!strncmp(error, "t:", 2) && strlen(error) > 4);
			errors++;
			continue;
		}
		for (size_t row = 0; row < t->n_rows; row++)
			assert_true(t->columns[0].labels[row][0] == 'h');
		assert_int_equal(t->n_columns, 3);
		tables++;
		table_free(t);
	}
	assert_true(tables > 5 && errors > 30);
}

static void test_grows(void **state)
{
	char *text = malloc(100000), *at = text;
	struct table *t;

	at += sprintf(at, "x,late,empty\n");
	for (int i = 0; i < 5000; i++)
		at += i < 3000 ? sprintf(at, "%d,,\n", i) : sprintf(at, "%d,l%d,\n", i, i);
	assert_int_equal(parse(&t, text, (size_t)(at - text)), 0);
	assert_int_equal(t->n_rows, 5000);
	for (int i = 0; i < 5000; i++)
		assert_true(t->columns[0].numbers[i] == i);
	assert_int_equal(t->columns[1].kind, TABLE_LABELS);
	assert_int_equal(t->columns[1].missing, 3000);
	assert_string_equal(t->columns[1].labels[2999], "");
	assert_string_equal(t->columns[1].labels[3000], "l3000");
	assert_int_equal(t->columns[2].kind, TABLE_EMPTY);
	assert_int_equal(t->columns[2].missing, 5000);
	table_free(t);
	free(text);
}

static void test_shown(void **state)
{
	char text[200];

	assert_string_equal(table_shown("a\x1b[0m\xff", 6, text, sizeof(text)), "a\\x1b[0m\\xff");
	assert_string_equal(table_shown("0123456789012345678901234567890123456789", 40, text, sizeof(text)),
			    "0123456789012345678901234567890123456789");
	assert_string_equal(table_shown("01234567890123456789012345678901234567890", 41, text, sizeof(text)),
			    "0123456789012345678901234567890123456789...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_shown),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
