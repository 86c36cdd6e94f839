/* test_prefix_tables.c: another table takes the place of the one in use, or does not. */
#include "observe/prefix_tables.h"

#include <poll.h>

#include "support/log.h"
#include "unit.h"

static char path[] = "/tmp/metsuke-prefix-tables-XXXXXX";
static struct config_list one = { .item = { path }, .n = 1 };
static const struct config_list none;
static struct said said;

static void write_table(const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static uint32_t as_of(const struct prefixes *p, const char *address)
{
	uint8_t ip[16];

	unit_ip(ip, address);
	return prefixes_find(p, ip).as;
}

static void take(struct prefix_tables *t)
{
	struct pollfd wait = { .fd = prefix_tables_fd(t), .events = POLLIN };

	assert_int_equal(poll(&wait, 1, 60000), 1);
	said_start(&said);
	prefix_tables_take(t);
	said_end(&said);
}

static void test_reload(void **state)
{
	struct prefix_tables *t;
	const struct prefixes *p;

	write_table("192.0.2.0 24 1\n");
	t = prefix_tables_open(&one);
	assert_non_null(t);
	p = prefix_tables_get(t);
	assert_int_equal(as_of(p, "192.0.2.1"), 1);

	write_table("192.0.2.0 24 2\n");
	prefix_tables_reload(t, &one);
	assert_int_equal(as_of(p, "192.0.2.1"), 1); /* until it is taken */
	take(t);
	assert_int_equal(as_of(p, "192.0.2.1"), 2);
	assert_false(prefix_tables_refused(t));

	write_table("nonsense\n");
	prefix_tables_reload(t, &one);
	take(t);
	assert_non_null(strstr(said.text, path));
	assert_non_null(strstr(said.text, "stay as they were"));
	assert_true(prefix_tables_refused(t));
	assert_int_equal(as_of(p, "192.0.2.1"), 2);

	prefix_tables_reload(t, &none);
	take(t);
	assert_false(prefix_tables_refused(t));
	assert_int_equal(as_of(p, "192.0.2.1"), 0);
	assert_ptr_equal(p, prefix_tables_get(t));
	prefix_tables_free(t);
}

/* Asked for while another is read: the last one counts. */
static void test_again(void **state)
{
	struct prefix_tables *t = prefix_tables_open(&none);

	assert_non_null(t);
	write_table("192.0.2.0 24 1\n");
	prefix_tables_reload(t, &one);
	prefix_tables_reload(t, &none);
	prefix_tables_reload(t, &one);
	take(t);
	write_table("192.0.2.0 24 3\n");
	take(t); /* whichever of the two it read, it was read again */
	assert_int_not_equal(as_of(prefix_tables_get(t), "192.0.2.1"), 0);
	prefix_tables_reload(t, &one);
	take(t);
	assert_int_equal(as_of(prefix_tables_get(t), "192.0.2.1"), 3);
	prefix_tables_free(t);
}

static void test_given_up(void **state)
{
	struct prefix_tables *t = prefix_tables_open(&none);

	assert_non_null(t);
	write_table("192.0.2.0 24 1\n");
	prefix_tables_reload(t, &one);
	prefix_tables_free(t); /* while it is read, or before it was taken */
}

static void test_cannot_open(void **state)
{
	struct prefix_tables *t;

	write_table("");
	said_start(&said);
	t = prefix_tables_open(&one);
	said_end(&said);
	assert_null(t);
	assert_non_null(strstr(said.text, path));
	assert_non_null(strstr(said.text, "empty"));
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	log_set_level(LOG_LEVEL_WARNING);
	return fd < 0 ? -1 : close(fd);
}

static int drop_file(void **state)
{
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_cannot_open),
	};

	return cmocka_run_group_tests_name("prefix tables", tests, make_file, drop_file);
}
