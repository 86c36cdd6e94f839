/* test_name.c: DNS names from the wire to text. */
#include "observe/name.h"

#include "unit.h"

static struct arena arena;

struct result {
	int err;
	uint16_t marks;
	size_t pos;
	struct text name;
};

/* The name at pos of an array that ends exactly where the message does. */
static struct result read_name(const uint8_t *bytes, size_t len, size_t pos)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct wire w = { copy, len, 0 };
	struct result r = { .pos = pos };

	memcpy(copy, bytes, len);
	arena.used = 0;
	r.err = name_read(&w, &r.pos, &arena, &r.name);
	r.marks = w.marks;
	if (r.err)
		assert_int_equal(arena.used, 0);
	else
		assert_int_equal(arena.used, r.name.len);
	free(copy);
	return r;
}

static void assert_name(const uint8_t *bytes, size_t len, size_t pos, const char *text, size_t end)
{
	struct result r = read_name(bytes, len, pos);

	assert_int_equal(r.err, 0);
	assert_int_equal(r.marks, 0);
	assert_text(r.name, text);
	assert_int_equal(r.pos, end);
}

static void assert_refused(const uint8_t *bytes, size_t len, size_t pos, uint16_t marks)
{
	struct result r = read_name(bytes, len, pos);

	assert_int_equal(r.err, -1);
	assert_int_equal(r.marks, marks);
	assert_int_equal(r.pos, pos);
}

static void test_root(void **state)
{
	assert_name(BYTES("\0"), 0, ".", 1);
	assert_name(BYTES("xx\0yy"), 2, ".", 3);
	assert_refused(BYTES(""), 0, MARK_truncated);
}

static void test_case(void **state)
{
	assert_name(BYTES("\3WwW\7ExAmple\3ORG\0"), 0, "www.example.org", 17);
	/* Next to the letters: they have no other case. */
	assert_name(BYTES("\6@AZ[`{\0"), 0, "@az[`{", 8);
	assert_name(BYTES("\2\xc4\xd6\0"), 0, "\\196\\214", 4);
}

static void test_escapes(void **state)
{
	assert_name(BYTES("\3a.b\1c\0"), 0, "a\\.b.c", 7);
	assert_name(BYTES("\1\\\0"), 0, "\\\\", 3);
	assert_name(BYTES("\4\0\t \x7f\0"), 0, "\\000\\009\\032\\127", 6);
	assert_name(BYTES("\2\x80\xff\0"), 0, "\\128\\255", 4);
	assert_name(BYTES("\4!\"~_\0"), 0, "!\"~_", 6);
}

static void test_pointer_back(void **state)
{
	static const char message[] = "\7example\3org\0\3www\xc0\0\xff";

	assert_name(BYTES("\7example\3org\0\3www\xc0\0\xff"), 13, "www.example.org", 19);
	assert_name((const uint8_t *)message, 19, 17, "example.org", 19);
	assert_name((const uint8_t *)message, 19, 8, "org", 13);
	/* Its second byte is not there. */
	assert_refused((const uint8_t *)message, 18, 13, MARK_truncated);
	/* It points at the first byte behind the message, or far beyond it. */
	assert_refused(BYTES("\xc0\2"), 0, MARK_truncated);
	assert_refused(BYTES("\xff\xff"), 0, MARK_truncated);
}

/* The parser marks it, reading follows it all the same. */
static void test_pointer_forward(void **state)
{
	assert_name(BYTES("\xc0\3\0\3org\0"), 0, "org", 2);
	assert_name(BYTES("\1a\xc0\4\1b\0"), 0, "a.b", 4);
}

/* n pointers in a row, each to the one before it, the first to a root. */
static struct result read_chain(unsigned int n)
{
	uint8_t bytes[512] = { 0 };

	for (unsigned int i = 0; i < n; i++) {
		bytes[1 + 2 * i] = 0xc0 | (i ? 2 * i - 1 : 0) >> 8;
		bytes[2 + 2 * i] = i ? 2 * i - 1 : 0;
	}
	return read_name(bytes, 1 + 2 * n, 2 * n - 1);
}

static void test_pointer_chain(void **state)
{
	struct result r = read_chain(127); /* a name of 255 bytes has no more labels */

	assert_int_equal(r.err, 0);
	assert_text(r.name, ".");
	assert_int_equal(r.pos, 255);
	r = read_chain(128);
	assert_int_equal(r.err, -1);
	assert_int_equal(r.marks, MARK_pointer_loop);
}

static void test_pointer_loop(void **state)
{
	assert_refused(BYTES("\xc0\0"), 0, MARK_pointer_loop);
	assert_refused(BYTES("\xc0\2\xc0\0"), 0, MARK_pointer_loop);
	/* A loop with a label in it grows too long first. */
	assert_refused(BYTES("\3abc\xc0\0"), 0, MARK_name_length);
	assert_refused(BYTES("\1a\xc0\0"), 0, MARK_name_length);
}

static void test_label_length(void **state)
{
	uint8_t bytes[80] = { 63 };

	memset(bytes + 1, 'a', 64);
	bytes[64] = 0;
	assert_int_equal(read_name(bytes, 65, 0).name.len, 63);
	for (unsigned int type = 0x40; type < 0xc0; type += 0x3f) { /* 0x40, 0x7f, 0xbe */
		bytes[0] = type;
		assert_refused(bytes, sizeof(bytes), 0, MARK_label_type);
	}
	assert_refused(BYTES("\1a\x80"), 0, MARK_label_type);
}

static void test_name_length(void **state)
{
	uint8_t bytes[300] = { 0 };
	size_t at = 0;

	for (int i = 0; i < 3; i++, at += 64) {
		bytes[at] = 63;
		memset(bytes + at + 1, 'x', 63);
	}
	bytes[at] = 61;
	memset(bytes + at + 1, 'y', 61);
	assert_int_equal(at + 62 + 1, 255);
	assert_int_equal(read_name(bytes, 255, 0).name.len, 253);
	bytes[at] = 62;
	bytes[at + 62] = 'y';
	assert_refused(bytes, 256, 0, MARK_name_length);
	/* The same length by way of a pointer. */
	bytes[at] = 61;
	bytes[at + 62] = 0;
	memcpy(bytes + 255, "\1z\xc0\0", 4);
	assert_refused(bytes, 259, 255, MARK_name_length);
	memcpy(bytes + 255, "\1z\xc0\x40", 4);
	assert_int_equal(read_name(bytes, 259, 255).name.len, 191);
}

static void test_every_truncation(void **state)
{
	static const uint8_t bytes[] = "\3www\7example\2co\2uk";

	assert_name(bytes, sizeof(bytes), 0, "www.example.co.uk", sizeof(bytes));
	for (size_t len = 0; len < sizeof(bytes); len++)
		assert_refused(bytes, len, 0, MARK_truncated);
}

static void test_full_arena(void **state)
{
	struct wire w = { BYTES("\1a\0"), 0 };
	struct text name;
	size_t pos = 0;

	arena.used = ARENA_BYTES - 1021; /* every name is given room for 255 bytes escaped */
	assert_int_equal(name_read(&w, &pos, &arena, &name), 0);
	arena.used = ARENA_BYTES - 1020;
	pos = 0;
	assert_int_equal(name_read(&w, &pos, &arena, &name), -1);
	assert_int_equal(w.marks, MARK_oversize);
	assert_int_equal(arena.used, ARENA_BYTES - 1020);
}

static void test_numbers(void **state)
{
	char s[16];

	assert_string_equal(dns_type_name(1, s), "A");
	assert_string_equal(dns_type_name(28, s), "AAAA");
	assert_string_equal(dns_type_name(65, s), "HTTPS");
	assert_string_equal(dns_type_name(0, s), "TYPE0");
	assert_string_equal(dns_type_name(65535, s), "TYPE65535");
	assert_string_equal(dns_class_name(1, s), "IN");
	assert_string_equal(dns_class_name(2, s), "CLASS2");
	assert_string_equal(dns_rcode_name(0, s), "NOERROR");
	assert_string_equal(dns_rcode_name(3, s), "NXDOMAIN");
	assert_string_equal(dns_rcode_name(16, s), "BADVERS");
	assert_string_equal(dns_rcode_name(4095, s), "RCODE4095");
	assert_string_equal(dns_opcode_name(0, s), "QUERY");
	assert_string_equal(dns_opcode_name(5, s), "UPDATE");
	assert_string_equal(dns_opcode_name(3, s), "OPCODE3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_case),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_pointer_back),
		cmocka_unit_test(test_pointer_forward),
		cmocka_unit_test(test_pointer_chain),
		cmocka_unit_test(test_pointer_loop),
		cmocka_unit_test(test_label_length),
		cmocka_unit_test(test_name_length),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_full_arena),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
