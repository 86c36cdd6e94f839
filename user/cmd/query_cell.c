/* query_cell.c: see query_cell.h. */
#include "cmd/query_cell.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "output/json.h"
#include "support/utf8.h"

/* C1 controls, and the characters that turn or hide text: U+200B to U+200F, U+2028 to U+202E, U+2060 to U+2069,
 * U+FEFF. Returns their bytes, or 0. */
static size_t invisible(const uint8_t *p)
{
	if (p[0] == 0xc2 && p[1] < 0xa0)
		return 2;
	if (p[0] == 0xe2 && p[1] == 0x80 && ((p[2] >= 0x8b && p[2] <= 0x8f) || (p[2] >= 0xa8 && p[2] <= 0xae)))
		return 3;
	if (p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa0 && p[2] <= 0xa9)
		return 3;
	return p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf ? 3 : 0;
}

void cell_visible(struct buf *b, const char *clean)
{
	while (*clean) {
		size_t n = (uint8_t)*clean < 0x20 || *clean == 0x7f ? 1 : invisible((const uint8_t *)clean);

		if (!n)
			buf_char(b, *clean++);
		for (; n; n--)
			buf_printf(b, "\\x%02x", (uint8_t)*clean++);
	}
}

static char *column_text(sqlite3_stmt *stmt, int i)
{
	const unsigned char *text = sqlite3_column_text(stmt, i);

	return text ? utf8_clean((const char *)text, sqlite3_column_bytes(stmt, i)) : NULL;
}

void cell_time(struct buf *b, int64_t ns)
{
	time_t seconds = ns / 1000000000;
	char text[64] = "-";
	struct tm tm;

	if (ns > 0 && localtime_r(&seconds, &tm))
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S%z", &tm); /* it fits */
	buf_str(b, text);
}

static void put_real(struct buf *b, double x)
{
	if (x >= 1e15 || !isfinite(x))
		buf_printf(b, "%g", x);
	else
		buf_printf(b, fabs(x) < 0.1 && x != 0 ? "%.3g" : "%.2f", x);
}

void cell_text(struct buf *b, sqlite3_stmt *stmt, int i, enum query_show show)
{
	int type = sqlite3_column_type(stmt, i);
	char *text = type == SQLITE_TEXT ? column_text(stmt, i) : NULL;

	if (text && *text)
		cell_visible(b, text);
	else if (type == SQLITE_INTEGER && show == SHOW_TIME)
		cell_time(b, sqlite3_column_int64(stmt, i));
	else if (type == SQLITE_INTEGER)
		buf_printf(b, "%lld", (long long)sqlite3_column_int64(stmt, i));
	else if (type == SQLITE_FLOAT && show == SHOW_COUNT)
		buf_printf(b, "%.0f", sqlite3_column_double(stmt, i));
	else if (type == SQLITE_FLOAT)
		put_real(b, sqlite3_column_double(stmt, i));
	else
		buf_char(b, '-');
	free(text);
}

/* The shortest that reads back as the same number. */
static void json_real(struct buf *b, double x)
{
	char text[32];

	if (!isfinite(x)) {
		buf_lit(b, "null");
		return;
	}
	for (int digits = 6; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, x);
		if (strtod(text, NULL) == x)
			break;
	}
	buf_str(b, text);
}

void cell_json(struct buf *b, sqlite3_stmt *stmt, int i, bool time)
{
	int type = sqlite3_column_type(stmt, i);
	char *text = type == SQLITE_TEXT ? column_text(stmt, i) : NULL;
	int64_t n = sqlite3_column_int64(stmt, i);

	if (text)
		js_string(b, text, strlen(text));
	else if (type == SQLITE_INTEGER && time && n > 0)
		js_time(b, (uint64_t)n);
	else if (type == SQLITE_INTEGER && !time)
		buf_printf(b, "%lld", (long long)n);
	else if (type == SQLITE_FLOAT)
		json_real(b, sqlite3_column_double(stmt, i));
	else
		buf_lit(b, "null");
	free(text);
}

void cell_line(struct buf *b, sqlite3_stmt *stmt, int i)
{
	char *text = column_text(stmt, i);

	for (char *p = text; p && *p; p++)
		buf_char(b, (uint8_t)*p < 0x20 ? ' ' : *p);
	free(text);
}

static bool begins_character(char c)
{
	return ((uint8_t)c & 0xc0) != 0x80;
}

size_t cell_width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += begins_character(*text);
	return n;
}

static const char *skip(const char *text, size_t n)
{
	while (*text && (n || !begins_character(*text)))
		n -= begins_character(*text++);
	return text;
}

void cell_cut(struct buf *b, const char *text, size_t width, bool keep_end)
{
	size_t all = cell_width(text);

	if (all <= width) {
		buf_str(b, text);
	} else if (keep_end) {
		buf_lit(b, "..");
		buf_str(b, skip(text, all - width + 2));
	} else {
		buf_put(b, text, skip(text, width - 2) - text);
		buf_lit(b, "..");
	}
}
