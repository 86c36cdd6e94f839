/* test_rdata.c: record data as text. */
#include "observe/name.h"

#include "unit.h"

static struct arena arena;

/* Every message begins with these names, for data that points back: example.org at 0, org at 8. */
#define NAMES "\7example\3org\0"
#define NAMES_LEN (sizeof(NAMES) - 1)

struct row {
	const char *what;
	uint16_t type;
	const char *data;
	size_t len;
	const char *text;
	uint16_t marks;
};

#define DATA(s) "" s, sizeof(s) - 1

static const struct row rows[] = {
	{ "A", 1, DATA("\xc0\0\2\1"), "192.0.2.1", 0 },
	{ "A of 3 bytes", 1, DATA("\xc0\0\2"), "\\# 3 c00002", MARK_rdata },
	{ "A of 5 bytes", 1, DATA("\xc0\0\2\1\0"), "\\# 5 c000020100", MARK_rdata },
	{ "A without data, as in an update", 1, DATA(""), "", 0 },
	{ "AAAA", 28, DATA("\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\x53"), "2001:db8::53", 0 },
	{ "AAAA of 15 bytes", 28, DATA("\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0"),
	  "\\# 15 20010db80000000000000000000000", MARK_rdata },
	{ "AAAA of 17 bytes", 28, DATA("\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\x53\0"),
	  "\\# 17 20010db800000000000000000000005300", MARK_rdata },
	{ "NS, compressed", 2, DATA("\2ns\xc0\0"), "ns.example.org", 0 },
	{ "NS with a byte behind the name", 2, DATA("\2ns\xc0\0\0"), "\\# 6 026e73c00000", MARK_rdata },
	{ "CNAME in full, upper case", 5, DATA("\1A\3COM\0"), "a.com", 0 },
	{ "CNAME to the root", 5, DATA("\0"), ".", 0 },
	{ "CNAME that goes on behind its data", 5, DATA("\3ab"), "\\# 3 036162", MARK_rdata },
	{ "CNAME that points at itself", 5, DATA("\xc0\xd"), "\\# 2 c00d", MARK_rdata | MARK_pointer_loop },
	{ "PTR", 12, DATA("\1*\xc0\x8"), "*.org", 0 },
	{ "DNAME", 39, DATA("\xc0\0"), "example.org", 0 },
	{ "MX", 15, DATA("\0\xa\4mail\xc0\0"), "10 mail.example.org", 0 },
	{ "MX to nowhere (RFC 7505)", 15, DATA("\0\0\0"), "0 .", 0 },
	{ "MX of its preference alone", 15, DATA("\0\xa"), "\\# 2 000a", MARK_rdata },
	{ "TXT", 16, DATA("\4v=1;"), "v=1;", 0 },
	{ "TXT, several strings", 16, DATA("\3one\0\5 two!"), "one two!", 0 },
	{ "TXT, odd bytes", 16, DATA("\6\"\\\n\xff ~"), "\"\\\\\\010\\255 ~", 0 },
	{ "TXT of no string", 16, DATA(""), "", 0 },
	{ "TXT, last string cut", 16, DATA("\3one\4tw"), "\\# 7 036f6e65047477", MARK_rdata },
	{ "SPF", 99, DATA("\6v=spf1"), "v=spf1", 0 },
	{ "SOA", 6, DATA("\2ns\xc0\0\4root\xc0\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\xff\xff\xff\xff"),
	  "ns.example.org root.example.org 1 2 3 4 4294967295", 0 },
	{ "SOA, last number cut", 6, DATA("\0\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0"),
	  "\\# 21 000000000001000000020000000300000004000000", MARK_rdata },
	{ "SRV", 33, DATA("\0\1\0\2\x13\xc4\3sip\xc0\0"), "1 2 5060 sip.example.org", 0 },
	{ "SRV without its name", 33, DATA("\0\1\0\2\x13\xc4"), "\\# 6 0001000213c4", MARK_rdata },
	{ "SVCB alias", 64, DATA("\0\0\xc0\0"), "0 example.org", 0 },
	{ "HTTPS, every key",
	  65,
	  DATA("\0\1\0"
	       "\0\1\0\6\2h2\2h3"
	       "\0\2\0\0"
	       "\0\3\0\2\x01\xbb"
	       "\0\4\0\x8\xc0\0\2\1\xc0\0\2\2"
	       "\0\5\0\2\xfe\xd"
	       "\0\6\0\x10\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
	       "\2\x9b\0\1x"),
	  "1 . alpn=h2,h3 no-default-alpn port=443 ipv4hint=192.0.2.1,192.0.2.2 ech=fe0d ipv6hint=2001:db8::1 "
	  "key667=78",
	  0 },
	{ "HTTPS, port of one byte", 65, DATA("\0\1\0\0\3\0\1\x50"), "1 . port=50", 0 },
	{ "HTTPS, alpn beyond its value", 65, DATA("\0\1\0\0\1\0\2\3h2"), "\\# 10 00010000010002036832", MARK_rdata },
	{ "HTTPS, alpn of one byte less", 65, DATA("\0\1\0\0\1\0\3\3h2\0\2\0\0"),
	  "\\# 14 0001000001000303683200020000", MARK_rdata },
	{ "HTTPS, ipv4hint of 5 bytes", 65, DATA("\0\1\0\0\4\0\5\1\2\3\4\5"), "\\# 12 000100000400050102030405",
	  MARK_rdata },
	{ "HTTPS, ipv6hint of 15 bytes", 65, DATA("\0\1\0\0\6\0\xf\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
	  "\\# 22 0001000006000f000000000000000000000000000000", MARK_rdata },
	{ "HTTPS, value beyond the data", 65, DATA("\0\1\0\2\x9b\0\2x"), "\\# 8 000100029b000278", MARK_rdata },
	{ "HTTPS, key cut", 65, DATA("\0\1\0\0\1\0"), "\\# 6 000100000100", MARK_rdata },
	{ "CAA", 257, DATA("\0\5issueca.example"), "0 issue ca.example", 0 },
	{ "CAA, critical, empty value", 257, DATA("\x80\5iodef"), "128 iodef ", 0 },
	{ "CAA, tag beyond the data", 257, DATA("\0\6issue"), "\\# 7 00066973737565", MARK_rdata },
	{ "type 10 (NULL)", 10, DATA("\0\xff"), "\\# 2 00ff", 0 },
	{ "type 65280, unknown", 65280, DATA("\xc0\0\2\1"), "\\# 4 c0000201", 0 },
	{ "type 65280, empty", 65280, DATA(""), "", 0 },
};

/* The data of one row in an array that ends `behind` bytes after it. */
static int read_row(const struct row *row, size_t behind, struct text *ret_text, uint16_t *ret_marks)
{
	size_t len = NAMES_LEN + row->len + behind;
	uint8_t *message = malloc(len);
	struct wire w = { message, len, 0 };
	int err;

	memset(message, 'b', len);
	memcpy(message, NAMES, NAMES_LEN);
	memcpy(message + NAMES_LEN, row->data, row->len);
	arena.used = 7;
	err = rdata_read(&w, NAMES_LEN, row->len, row->type, &arena, ret_text);
	*ret_marks = w.marks;
	if (!err)
		assert_int_equal(arena.used, 7 + ret_text->len);
	free(message);
	return err;
}

static void assert_row(const struct row *row, size_t behind, uint16_t looked_at)
{
	struct text text;
	uint16_t marks;

	assert_int_equal(read_row(row, behind, &text, &marks), 0);
	if (!text_is(text, row->text) || (marks & looked_at) != (row->marks & looked_at))
		fail_msg("%s: '%.*s' marks %#x, expected '%s' %#x", row->what, (int)text.len, text.at, marks,
			 row->text, row->marks);
}

static void test_rows(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_row(&rows[i], 0, ~MARK_truncated);
}

/* What follows the record is no part of its data. */
static void test_rows_with_more_behind(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_row(&rows[i], 40, MARK_rdata);
}

/* Every row cut short by its length field: it fits its type or is written as RFC 3597, and is never read
 * beyond its end. */
static void test_every_length(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct row row = rows[i];
		struct text text;
		uint16_t marks;

		for (row.len = 0; row.len < rows[i].len; row.len++) {
			assert_int_equal(read_row(&row, 0, &text, &marks), 0);
			if (row.len == 0)
				assert_int_equal(text.len, 0);
			else if (marks & MARK_rdata)
				assert_memory_equal(text.at, "\\# ", 3);
		}
	}
}

static void test_full_arena(void **state)
{
	uint8_t bytes[] = { 192, 0, 2, 1 };
	struct wire w = { bytes, sizeof(bytes), 0 };
	struct text text;

	arena.used = ARENA_BYTES - 9;
	assert_int_equal(rdata_read(&w, 0, 4, 1, &arena, &text), 0);
	assert_text(text, "192.0.2.1");
	arena.used = ARENA_BYTES - 8;
	assert_int_equal(rdata_read(&w, 0, 4, 1, &arena, &text), -1);
	assert_int_equal(w.marks, MARK_oversize);
	assert_int_equal(arena.used, ARENA_BYTES - 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_rows_with_more_behind),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_full_arena),
	};

	return cmocka_run_group_tests_name("rdata", tests, NULL, NULL);
}
