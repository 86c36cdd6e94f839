/* test_popular.c: ranked lists in the forms that people publish, and what is refused of them. */
#include <time.h>

#include "intel/popular.h"
#include "unit.h"

static struct popular *load(const char *text, size_t len, struct popular_report *report, char error[256])
{
	char path[] = "/tmp/metsuke-popular-XXXXXX";
	int fd = mkstemp(path);
	struct popular *p;

	assert_int_equal(write(fd, text, len), len);
	close(fd);
	p = popular_load(path, NULL, report, error, 256);
	unlink(path);
	return p;
}

static uint32_t rank(const struct popular *p, const char *name)
{
	return popular_rank(p, name, strlen(name));
}

static void test_forms(void **state)
{
	static const struct {
		const char *what, *text;
		uint32_t google, shop; /* ranks; */
	} rows[] = {
		{ "one a line", "google.com\nshop.example\n", 1, 2 },
		{ "one a line, Windows, no end", "google.com\r\nshop.example", 1, 2 },
		{ "comments", "# top\n\ngoogle.com\n# more\nshop.example\n", 1, 2 },
		{ "Tranco, Umbrella", "1,google.com\r\n20,shop.example\r\n", 1, 20 },
		{ "out of order", "20,shop.example\n1,google.com\n", 1, 20 },
		{ "Radar", "domain\ngoogle.com\nshop.example\n", 1, 2 },
		{ "Majestic",
		  "GlobalRank,TldRank,Domain,TLD,RefSubNets\n1,1,google.com,com,490000\n3,2,shop.example,example,7\n", 1, 3 },
		{ "quotes", "\"rank\",\"domain\"\n\"1\",\"google.com\"\n\"2\",\"shop.example\"\n", 1, 2 },
		{ "header without a rank", "host,country\ngoogle.com,US\nshop.example,DE\n", 1, 2 },
		{ "capitals and a last dot", "Google.COM.\nSHOP.example\n", 1, 2 },
		{ "twice: the better rank", "9,google.com\n1,google.com\n4,google.com\n2,shop.example\n", 1, 2 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct popular_report report;
		char error[256] = "";
		struct popular *p = load(rows[i].text, strlen(rows[i].text), &report, error);

		if (!p || report.refused || report.entries != 2 || rank(p, "google.com") != rows[i].google ||
		    rank(p, "shop.example") != rows[i].shop)
			fail_msg("%s: %s, %zu entries, %zu refused", rows[i].what, error, report.entries, report.refused);
		assert_int_equal(rank(p, "oogle.com"), 0);
		assert_int_equal(rank(p, "www.google.com"), 0);
		assert_int_equal(rank(p, ""), 0);
		popular_free(p);
	}
	assert_int_equal(rank(NULL, "google.com"), 0);
}

static void test_refused(void **state)
{
	static const char text[] = "1,good.example\nx,bad.example\n0,zero.example\n99999999999,far.example\n16777216,further.example\n"
				   "5,com\n6,a b.example\n7,192.0.2.1\n8\n,\n9,last.example\n-1,minus.example\n";
	struct popular_report report;
	char error[256];
	struct said said;
	struct popular *p;
	const char *log;

	said_start(&said);
	p = load(text, strlen(text), &report, error);
	log = said_end(&said);
	assert_non_null(p);
	assert_int_equal(report.entries, 2);
	assert_int_equal(report.refused, 10);
	assert_int_equal(rank(p, "last.example"), 9);
	assert_int_equal(rank(p, "com"), 0);
	assert_non_null(strstr(log, ":2: 'x': no rank"));
	assert_non_null(strstr(log, ":4: '99999999999': no rank"));
	assert_null(strstr(log, ":8: ")); /* the first few alone */
	assert_non_null(strstr(log, "10 lines refused"));
	popular_free(p);
}

static void test_no_list(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *why;
	} rows[] = { { "", 0, "no domain in it" },
		     { "\n\n#\n", 4, "no domain in it" },
		     { "a.example\0b\n", 12, "not a text file" },
		     { "com\nnet\n", 8, "no domain in it" } };
	struct popular_report report;
	char error[256];
	struct said said;

	for (size_t i = 0; i < COUNT(rows); i++) {
		said_start(&said);
		assert_null(load(rows[i].text, rows[i].len, &report, error));
		(void)said_end(&said);
		assert_non_null(strstr(error, rows[i].why));
	}
	assert_null(popular_load("/nowhere", NULL, &report, error, sizeof(error)));
	assert_non_null(strstr(error, "/nowhere: No such file"));
	assert_null(popular_load("/tmp", NULL, &report, error, sizeof(error)));
	assert_non_null(strstr(error, "not a regular file"));
}

static void test_stopped(void **state)
{
	atomic_bool stop = true;
	struct popular_report report;
	char error[256], path[] = "/tmp/metsuke-popular-XXXXXX";
	int fd = mkstemp(path);

	assert_int_equal(write(fd, "a.example\n", 10), 10);
	close(fd);
	assert_null(popular_load(path, &stop, &report, error, sizeof(error)));
	unlink(path);
}

/* As many as real lists have: all are found at their ranks, no other name is, in sixteen to thirty-two bytes each. */
static void test_many(void **state)
{
	enum { N = 200000 };
	char *text = malloc(N * 24), name[32], error[256];
	struct popular_report report;
	struct popular *p;
	size_t len = 0, wrong = 0;

	for (unsigned int i = 1; i <= N; i++)
		len += sprintf(text + len, "%u,d%u.example\n", i, i);
	p = load(text, len, &report, error);
	assert_non_null(p);
	assert_int_equal(report.entries, N);
	for (unsigned int i = 1; i <= N; i++) {
		sprintf(name, "d%u.example", i);
		wrong += rank(p, name) != i;
		sprintf(name, "e%u.example", i);
		wrong += rank(p, name) != 0;
	}
	assert_int_equal(wrong, 0);
	assert_true(popular_bytes(p) <= 32 * N);
	popular_free(p);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),	cmocka_unit_test(test_refused), cmocka_unit_test(test_no_list),
		cmocka_unit_test(test_stopped), cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
