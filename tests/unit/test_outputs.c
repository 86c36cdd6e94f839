/* test_outputs.c: the sinks of a configuration, and the names that the stats event gives them. */
#include "cmd/outputs.h"

#include "unit.h"

static struct config c;
static struct outputs outputs;
static struct ecs_stats stats;

static void open_all(const char *const *specs, size_t n)
{
	config_list_clear(&c.sinks);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(config_list_add(&c.sinks, specs[i]), 0);
	assert_int_equal(outputs_open(&outputs, &c, true), 0);
	assert_null(outputs_stats(&outputs, &stats));
	outputs_close(&outputs, 0);
	assert_int_equal(outputs.n, 0);
}

static void test_names(void **state)
{
	static const char *const specs[] = { "-", "file:/tmp/metsuke-test.out", "unix:/tmp/a b/c.d-e_F", "unix:x" };

	open_all(specs, COUNT(specs));
	unlink("/tmp/metsuke-test.out");
	assert_int_equal(stats.n_sinks, 4);
	assert_string_equal(stats.sinks[0].name, "stdout");
	assert_string_equal(stats.sinks[1].name, "file_metsuke-test_out");
	assert_string_equal(stats.sinks[2].name, "unix_c_d-e_F");
	assert_string_equal(stats.sinks[3].name, "unix_x");
}

/* They become keys of one JSON object. */
static void test_no_name_twice(void **state)
{
	static const char *const specs[] = { "unix:/a/x_3", "unix:/b/x", "unix:/c/x", "unix:/d/x", "-", "-" };
	char longest[100] = "unix:/", *same[12];

	memset(longest + 6, 'y', 80);
	open_all(specs, COUNT(specs));
	for (size_t i = 0; i < COUNT(specs); i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(stats.sinks[i].name, stats.sinks[j].name);
	for (size_t i = 0; i < COUNT(same); i++)
		same[i] = longest;
	open_all((const char *const *)same, COUNT(same));
	for (size_t i = 0; i < COUNT(same); i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(stats.sinks[i].name, stats.sinks[j].name);
}

static void test_none_is_stdout(void **state)
{
	open_all(NULL, 0);
	assert_int_equal(stats.n_sinks, 1);
	assert_string_equal(stats.sinks[0].name, "stdout");
}

static void test_one_that_cannot_be_opened(void **state)
{
	struct said said;

	config_list_clear(&c.sinks);
	assert_int_equal(config_list_add(&c.sinks, "-"), 0);
	assert_int_equal(config_list_add(&c.sinks, "file:/nonexistent/x"), 0);
	said_start(&said);
	assert_int_equal(outputs_open(&outputs, &c, true), -1);
	said_end(&said);
	assert_int_equal(outputs.n, 0);
	assert_non_null(strstr(said.text, "cannot open /nonexistent/x"));
}

static int set_up(void **state)
{
	return config_init(&c);
}

static int tear_down(void **state)
{
	config_free(&c);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_no_name_twice),
		cmocka_unit_test(test_none_is_stdout),
		cmocka_unit_test(test_one_that_cannot_be_opened),
	};

	return cmocka_run_group_tests_name("outputs", tests, set_up, tear_down);
}
