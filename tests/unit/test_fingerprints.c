/* test_fingerprints.c: the table for the packet programs holds every entry, their children match, others do not.
 */
#include "intel/fingerprints.h"

#include "unit.h"

static struct indicators *set;
static struct fingerprint_line *table;
static struct fingerprint_head head;

static int set_up(void **state)
{
	static const struct indicator_list list = { .name = "list" };

	set = indicators_new();
	return !set || indicators_add_list(set, &list);
}

static int tear_down(void **state)
{
	indicators_free(set);
	free(table);
	table = NULL;
	return 0;
}

static void add_how(const char *name, unsigned int how)
{
	assert_int_equal(indicators_add_name(set, 0, name, strlen(name), how, NULL), 1);
}

static void add(const char *name)
{
	add_how(name, INDICATOR_SELF | INDICATOR_CHILDREN);
}

static void add_ip(const char *ip, unsigned int bits)
{
	uint8_t bytes[16];

	unit_ip(bytes, ip);
	assert_int_equal(indicators_add_network(set, 0, bytes, bits, INDICATOR_NETWORK, NULL), 1);
}

static void make(void)
{
	fingerprints_plan(set, 7, &head);
	free(table);
	table = calloc(fingerprints_lines(&head), sizeof(*table));
	assert_non_null(table);
	fingerprints_fill(set, &head, table);
}

static bool has(const char *name)
{
	return fingerprints_have_name(table, name, strlen(name));
}

static bool has_ip(const char *ip)
{
	uint8_t bytes[16];

	unit_ip(bytes, ip);
	return fingerprints_have_ip(table, bytes);
}

static void test_names(void **state)
{
	add("evil.example");
	add("a.b.c.deep.example");
	add("co.uk");
	make();
	assert_int_equal(head.n_entries, 3);
	assert_int_equal(head.generation, 7);
	assert_int_equal(head.flags, 0);
	assert_true(has("evil.example"));
	assert_true(has("www.evil.example"));
	assert_true(has("x.y.z.evil.example"));
	assert_true(has("a.b.c.deep.example"));
	assert_true(has("shop.co.uk"));
	assert_false(has("notevil.example"));
	assert_false(has("evil.exampl"));
	assert_false(has("evil.examples"));
	assert_false(has("evil.example.org"));
	assert_false(has("b.c.deep.example"));
	assert_false(has("example"));
	assert_false(has("uk"));
	assert_false(has("exampleevil"));
}

/* Names in upper case reach the programs as they are on the wire. */
static void test_case(void **state)
{
	add("evil.example");
	make();
	assert_true(has("EVIL.Example"));
	assert_true(has("wWw.eViL.eXaMpLe"));
	assert_false(has("ev\xc9l.example")); /* 0xc9 is no letter */
	assert_false(has("e@il.example"));
}

static void test_single_label(void **state)
{
	add("zip");
	make();
	assert_int_equal(head.flags, FINGERPRINT_TOP);
	assert_true(has("zip"));
	assert_true(has("a.zip"));
	assert_true(has("b.a.zip"));
	assert_false(has("zi"));
	assert_false(has("zip.com"));
}

static void test_label_lengths(void **state)
{
	char name[64 + 8 + 1];

	for (int len = 1; len <= 63; len++) {
		memset(name, 'a' + len % 26, len);
		strcpy(name + len, ".example");
		add(name);
	}
	make();
	for (int len = 1; len <= 63; len++) {
		memset(name, 'a' + len % 26, len);
		strcpy(name + len, ".example");
		assert_true(has(name));
		name[len / 2] = '-';
		assert_false(has(name));
	}
}

/* Bytes that text escapes are the bytes themselves. */
static void test_escapes(void **state)
{
	add("a\\.b.example");
	add("x\\000y.example");
	make();
	assert_true(has("a\\.b.example"));
	assert_true(has("a\\046b.example"));
	assert_true(has("x\\000y.example"));
	assert_false(has("a.b.example"));
	assert_false(has("x.example"));
}

/* What lies deeper than the labels that count is taken for listed: the daemon compares. */
static void test_many_labels(void **state)
{
	add("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.example");
	make();
	assert_true(has("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.example"));
	assert_true(has("0.1.2.3.4.5.6.7.8.9.a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.example"));
	assert_false(has("f.g.h.i.j.k.l.m.n.o.p.q.example"));
}

static void test_exceptions_and_networks_stay_out(void **state)
{
	add_how("fine.example", INDICATOR_SELF | INDICATOR_ALLOW);
	add_ip("198.51.100.0", 120);
	make();
	assert_int_equal(head.n_entries, 0);
	assert_int_equal(head.flags, FINGERPRINT_NETWORK | FINGERPRINT_MARKED);
	assert_false(has("fine.example"));
	assert_false(has_ip("198.51.100.0"));
}

static void test_addresses(void **state)
{
	add_ip("198.51.100.7", 128);
	add_ip("2001:db8::7", 128);
	make();
	assert_int_equal(head.flags, FINGERPRINT_ADDRESS);
	assert_true(has_ip("198.51.100.7"));
	assert_true(has_ip("2001:db8::7"));
	assert_false(has_ip("198.51.100.6"));
	assert_false(has_ip("198.51.7.100"));
	assert_false(has_ip("2001:db8:7::"));
}

/* No entry is lost, and hardly a name that is not listed passes the filter, let alone the table. */
static void test_many(void **state)
{
	char name[64];
	size_t maybe = 0;

	for (unsigned int i = 0; i < 200000; i++) {
		snprintf(name, sizeof(name), "%x.n%u.example", i * 2654435761u, i / 3);
		add(name);
	}
	make();
	assert_int_equal(head.flags, 0);
	assert_true(fingerprints_lines(&head) * FINGERPRINT_LINE < 200000 * 13);
	for (unsigned int i = 0; i < 200000; i++) {
		snprintf(name, sizeof(name), "w.%x.n%u.example", i * 2654435761u, i / 3);
		assert_true(has(name));
		assert_true(has(name + 2));
		snprintf(name, sizeof(name), "%x.m%u.test", i * 2654435761u, i);
		assert_false(has(name));
	}
	for (unsigned int i = 0; i < 200000; i++) {
		uint64_t f = name_mix(i + 1), two = name_mix(f);

		maybe += fingerprint_maybe(&table[fingerprint_filter(two, head.n_filters)], f);
	}
	assert_true(maybe < 200000 / 20);
}

/* Fifty thousand names below one: their filter line is full, and still says nothing wrong. */
static void test_one_parent(void **state)
{
	char name[64];

	for (unsigned int i = 0; i < 50000; i++) {
		snprintf(name, sizeof(name), "h%u.dyn.example", i);
		add(name);
	}
	make();
	for (unsigned int i = 0; i < 50000; i++) {
		snprintf(name, sizeof(name), "h%u.dyn.example", i);
		assert_true(has(name));
		snprintf(name, sizeof(name), "g%u.dyn.example", i);
		assert_false(has(name));
	}
}

/* The same name in many lists takes one place; more different ones than two buckets hold leave the filter's word.
 */
static void test_overflow(void **state)
{
	static const struct indicator_list lists[40];

	add("evil.example");
	for (int i = 0; i < 40; i++) {
		int n = indicators_add_list(set, &lists[i]);

		assert_int_equal(indicators_add_name(set, n, "evil.example", 12, INDICATOR_SELF, NULL), 1);
	}
	make();
	assert_int_equal(head.flags, FINGERPRINT_MARKED);
	head.n_buckets = 1;
	for (int i = 0; i < 40; i++) {
		char name[32];

		snprintf(name, sizeof(name), "e%d.example", i);
		add(name);
	}
	fingerprints_fill(set, &head, table);
	assert_int_equal(head.flags, FINGERPRINT_OVERFLOW | FINGERPRINT_MARKED);
	for (int i = 0; i < 40; i++) {
		char name[32];

		snprintf(name, sizeof(name), "e%d.example", i);
		assert_true(has(name));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(test_names),
		T(test_case),
		T(test_single_label),
		T(test_label_lengths),
		T(test_escapes),
		T(test_many_labels),
		T(test_exceptions_and_networks_stay_out),
		T(test_addresses),
		T(test_many),
		T(test_one_parent),
		T(test_overflow),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
