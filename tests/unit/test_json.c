/* test_json.c: JSON text; jansson is the judge. */
#include "output/json.h"

#include <jansson.h>
#include <math.h>
#include <time.h>

#include "unit.h"

static struct buf b;

/* The value that the buffer holds, read back. */
static json_t *read_back(void)
{
	json_error_t error;
	json_t *value = json_loadb(b.data, b.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);

	if (!value)
		fail_msg("%s: %.*s", error.text, (int)b.len, b.data);
	b.len = 0;
	return value;
}

static void assert_string(const char *bytes, size_t len, const char *raw)
{
	json_t *value;

	js_string(&b, bytes, len);
	if (raw) {
		assert_int_equal(b.len, strlen(raw));
		assert_memory_equal(b.data, raw, b.len);
	}
	value = read_back();
	assert_int_equal(json_string_length(value), len);
	assert_memory_equal(json_string_value(value), bytes, len);
	json_decref(value);
}

static void test_escapes(void **state)
{
	char all[256];

	assert_string("", 0, "\"\"");
	assert_string("plain", 5, "\"plain\"");
	assert_string("\"\\/", 3, "\"\\\"\\\\/\"");
	assert_string("\"\"", 2, "\"\\\"\\\"\"");
	assert_string("a\nb\0c", 5, "\"a\\u000ab\\u0000c\"");
	assert_string("\x1f\x20\x7f", 3, "\"\\u001f \x7f\"");
	assert_string("\xc3\xa4\xf0\x9f\x98\x80", 6, "\"\xc3\xa4\xf0\x9f\x98\x80\"");
	for (int i = 0; i < 128; i++)
		all[i] = i;
	assert_string(all, 128, NULL);
}

/* An odd byte anywhere among plain ones, whatever the step in which they are looked at. */
static void test_every_position(void **state)
{
	static const char odd[] = { '"', '\\', '\n', '\0', 0x1f };
	char text[40];

	for (size_t len = 1; len < sizeof(text); len++) {
		for (size_t at = 0; at < len; at++) {
			memset(text, ' ', len);
			text[at] = odd[at % sizeof(odd)];
			assert_string(text, len, NULL);
			text[len - 1] = '\\';
			assert_string(text, len, NULL);
		}
	}
	memset(text, '\x7f', sizeof(text));
	text[17] = '\xc2'; /* U+0080 */
	text[18] = '\x80';
	text[31] = '"';
	assert_string(text, sizeof(text), NULL);
}

static void test_long_text(void **state)
{
	static char text[100000];

	memset(text, '"', sizeof(text));
	assert_string(text, sizeof(text), NULL);
}

static void test_members(void **state)
{
	json_t *value, *inner;

	buf_char(&b, '{');
	js_open(&b, "first");
	js_close(&b);
	js_open(&b, "inner");
	js_str(&b, "s", "x");
	js_number(&b, "n", UINT64_MAX >> 1);
	js_raw(&b, "t", "true");
	js_members(&b, "\"u\":1,\"v\":2");
	js_key(&b, "list");
	buf_char(&b, '[');
	js_element(&b);
	buf_char(&b, '1');
	js_element(&b);
	buf_char(&b, '2');
	buf_char(&b, ']');
	js_close(&b);
	js_text(&b, "last", unit_text("{"));
	js_close(&b);
	value = read_back();
	inner = json_object_get(value, "inner");
	assert_int_equal(json_object_size(value), 3);
	assert_int_equal(json_object_size(inner), 6);
	assert_int_equal(json_integer_value(json_object_get(inner, "n")), INT64_MAX);
	assert_int_equal(json_array_size(json_object_get(inner, "list")), 2);
	assert_string_equal(json_string_value(json_object_get(value, "last")), "{");
	json_decref(value);
}

static void assert_time(uint64_t ns, const char *expected)
{
	json_t *value;

	js_time(&b, ns);
	value = read_back();
	assert_string_equal(json_string_value(value), expected);
	json_decref(value);
}

#define SECONDS(n) ((n) * 1000000000ULL)

static void test_times(void **state)
{
	assert_time(0, "1970-01-01T00:00:00.000000Z");
	assert_time(999, "1970-01-01T00:00:00.000000Z"); /* nanoseconds are cut, not rounded */
	assert_time(1000, "1970-01-01T00:00:00.000001Z");
	assert_time(SECONDS(1) - 1, "1970-01-01T00:00:00.999999Z");
	assert_time(SECONDS(1), "1970-01-01T00:00:01.000000Z");
	/* Year boundaries, forth and back: the second before is remembered. */
	assert_time(SECONDS(946684800) - 1000, "1999-12-31T23:59:59.999999Z");
	assert_time(SECONDS(946684800), "2000-01-01T00:00:00.000000Z");
	assert_time(SECONDS(946684800) - 1000, "1999-12-31T23:59:59.999999Z");
	assert_time(SECONDS(1798761599) + 999999999, "2026-12-31T23:59:59.999999Z");
	assert_time(SECONDS(1798761600), "2027-01-01T00:00:00.000000Z");
	/* Leap days: 2000 and 2024 have one, 2100 has none. */
	assert_time(SECONDS(951782400), "2000-02-29T00:00:00.000000Z");
	assert_time(SECONDS(1709164800), "2024-02-29T00:00:00.000000Z");
	assert_time(SECONDS(4107542400), "2100-03-01T00:00:00.000000Z");
	assert_time(SECONDS(4107542400) - 1, "2100-02-28T23:59:59.999999Z");
	assert_time(UINT64_MAX, "2554-07-21T23:34:33.709551Z");
}

/* Each count of digits, from both sides. */
static void test_numbers(void **state)
{
	uint64_t power = 1;

	for (int digits = 1; digits <= 20; digits++) {
		const uint64_t numbers[] = { power - 1, power, power + 1, power * 9 + power / 2 };

		for (size_t i = 0; i < COUNT(numbers); i++) {
			char expected[24];

			b.len = 0;
			buf_u64(&b, numbers[i]);
			buf_char(&b, '\0');
			snprintf(expected, sizeof(expected), "%llu", (unsigned long long)numbers[i]);
			assert_string_equal(b.data, expected);
		}
		power *= 10;
	}
	b.len = 0;
	buf_u64(&b, UINT64_MAX);
	assert_memory_equal(b.data, "18446744073709551615", 20);
	b.len = 0;
}

static void test_number(void **state)
{
	static const struct {
		double x;
		int digits;
		const char *text;
	} cases[] = { { 5470.4, 3, "5470" }, { 999.6, 3, "1000" }, { 999.4, 3, "999" }, { 1000, 3, "1000" }, { 7.968, 3, "7.97" }, { 0, 3, "0" },
		      { 30.238, 4, "30.24" }, { -12345.6, 3, "-12346" }, { 0.00072, 3, "0.00072" }, { INFINITY, 3, "inf" } };

	for (size_t i = 0; i < COUNT(cases); i++) {
		b.len = 0;
		buf_number(&b, cases[i].x, cases[i].digits);
		buf_char(&b, '\0');
		assert_string_equal(b.data, cases[i].text);
	}
	b.len = 0;
}

/* A day of every month of 1970 to 2400 against the C library. */
static void test_times_against_libc(void **state)
{
	for (uint64_t second = 86399; second < 13569465600; second += 2629743) {
		time_t t = second;
		char expected[64];
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.000007Z", &tm);
		assert_time(SECONDS(second) + 7000, expected);
	}
}

static void assert_ip(const char *text)
{
	json_t *value;
	uint8_t ip[16];

	unit_ip(ip, text);
	js_ip(&b, ip);
	value = read_back();
	assert_string_equal(json_string_value(value), text);
	json_decref(value);
}

static void test_addresses(void **state)
{
	assert_ip("0.0.0.0");
	assert_ip("255.255.255.255");
	assert_ip("192.0.2.1");
	assert_ip("10.100.9.99");
	assert_ip("::");
	assert_ip("::1");
	assert_ip("2001:db8::53");
	assert_ip("2001:db8:1:2:3:4:5:6");
	assert_ip("2001:0:0:1::1");
	assert_ip("fe80::1");
	assert_ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	/* Next to ::ffff:0:0/96. */
	assert_ip("::fffe:c000:201");
	assert_ip("::1:ffff:c000:201");
}

static int tear_down(void **state)
{
	buf_free(&b);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escapes), cmocka_unit_test(test_every_position),
		cmocka_unit_test(test_long_text),
		cmocka_unit_test(test_members), cmocka_unit_test(test_numbers), cmocka_unit_test(test_number), cmocka_unit_test(test_times),
		cmocka_unit_test(test_times_against_libc), cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, tear_down);
}
