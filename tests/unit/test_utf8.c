/* test_utf8.c: text of unknown origin. */
#include "support/utf8.h"

#include "unit.h"

#define assert_clean(bytes, expected)                                    \
	do {                                                             \
		char *text = utf8_clean("" bytes, sizeof(bytes) - 1);    \
		assert_non_null(text);                                   \
		assert_string_equal(text, expected);                     \
		free(text);                                              \
	} while (0)

static void test_ascii(void **state)
{
	assert_clean("", "");
	assert_clean("curl -s http://example.org/ \\ \"x\"", "curl -s http://example.org/ \\ \"x\"");
	assert_clean("\t\n\x1b[31m\x7f", "\t\n\x1b[31m\x7f"); /* JSON escapes those */
}

static void test_ends_at_nul(void **state)
{
	assert_clean("abc\0def", "abc");
	assert_clean("\0", "");
}

/* First and last character of each length, RFC 3629 3. */
static void test_lengths(void **state)
{
	assert_clean("\xc2\x80", "\xc2\x80");
	assert_clean("\xdf\xbf", "\xdf\xbf");
	assert_clean("\xe0\xa0\x80", "\xe0\xa0\x80");
	assert_clean("\xef\xbf\xbf", "\xef\xbf\xbf");
	assert_clean("\xf0\x90\x80\x80", "\xf0\x90\x80\x80");
	assert_clean("\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf");
}

static void test_overlong(void **state)
{
	assert_clean("\xc0\xaf", "\\xc0\\xaf");
	assert_clean("\xc1\xbf", "\\xc1\\xbf");
	assert_clean("\xe0\x9f\xbf", "\\xe0\\x9f\\xbf");
	assert_clean("\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf");
}

static void test_surrogates(void **state)
{
	assert_clean("\xed\x9f\xbf", "\xed\x9f\xbf"); /* U+D7FF, the last before them */
	assert_clean("\xed\xa0\x80", "\\xed\\xa0\\x80");
	assert_clean("\xed\xbf\xbf", "\\xed\\xbf\\xbf");
	assert_clean("\xee\x80\x80", "\xee\x80\x80");
}

static void test_beyond_unicode(void **state)
{
	assert_clean("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
	assert_clean("\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80");
	assert_clean("\xff\xfe", "\\xff\\xfe");
}

static void test_cut(void **state)
{
	assert_clean("a\xc3", "a\\xc3");
	assert_clean("a\xe2\x82", "a\\xe2\\x82");
	assert_clean("a\xf0\x9f\x98", "a\\xf0\\x9f\\x98");
	assert_clean("\xe2\x82x", "\\xe2\\x82x");
	assert_clean("\x80\xbf", "\\x80\\xbf");
	/* A good character right behind a broken one. */
	assert_clean("\xe2\xc3\xa4", "\\xe2\xc3\xa4");
}

static void test_all_bad_fits(void **state)
{
	char bytes[1000], *text;

	memset(bytes, 0xff, sizeof(bytes));
	text = utf8_clean(bytes, sizeof(bytes));
	assert_int_equal(strlen(text), 4000);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ascii),	       cmocka_unit_test(test_ends_at_nul),
		cmocka_unit_test(test_lengths),	       cmocka_unit_test(test_overlong),
		cmocka_unit_test(test_surrogates),     cmocka_unit_test(test_beyond_unicode),
		cmocka_unit_test(test_cut),	       cmocka_unit_test(test_all_bad_fits),
	};

	return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
