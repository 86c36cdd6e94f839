/* test_intel.c: when a list file counts as another one, and when what was read of it takes the old set's place. */
#include "intel/reload.h"
#include "intel/watch.h"

#include <poll.h>
#include <sys/stat.h>

#include "unit.h"

static char folder[] = "/tmp/metsuke-intel-XXXXXX";
static struct config config;
static struct watch watch;
static struct said said;

static const char *path_of(const char *name)
{
	static char path[2][128];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
	return path[turn];
}

static void write_list(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* Two lists, a and b. */
static int set_up(void **state)
{
	write_list("a", "a1.example\na2.example\na3.example\na4.example\na5.example\n");
	write_list("b", "b1.example\n");
	return config_init(&config) || config_add_intel(&config, path_of("a")) ||
	       config_add_intel(&config, path_of("b"));
}

static int tear_down(void **state)
{
	config_free(&config);
	unlink(path_of("a"));
	unlink(path_of("b"));
	return 0;
}

static unsigned int looks(unsigned int most)
{
	for (unsigned int n = 1; n <= most; n++)
		if (watch_look(&watch, &config.lists))
			return n;
	return 0;
}

static void test_nothing_changed(void **state)
{
	watch_start(&watch, &config.lists);
	assert_int_equal(looks(50), 0);
}

/* Seen at the next look, told when it was quiet for two more. */
static void test_rewritten(void **state)
{
	watch_start(&watch, &config.lists);
	write_list("b", "b1.example\nb2.example\n");
	assert_int_equal(looks(9), 3);
	watch_start(&watch, &config.lists);
	assert_int_equal(looks(9), 0);
}

static void test_still_being_written(void **state)
{
	char text[64] = "";

	watch_start(&watch, &config.lists);
	for (int i = 0; i < 20; i++) {
		strcat(text, "x\n");
		write_list("b", text);
		assert_int_equal(looks(2), 0);
	}
	assert_int_equal(looks(9), 1);
}

static void test_renamed_over(void **state)
{
	struct stat st;

	watch_start(&watch, &config.lists);
	assert_int_equal(stat(path_of("b"), &st), 0);
	write_list("new", "c1.example\n"); /* the same size */
	assert_int_equal(utimensat(AT_FDCWD, path_of("new"), (struct timespec[]){ st.st_atim, st.st_mtim }, 0), 0);
	assert_int_equal(rename(path_of("new"), path_of("b")), 0);
	assert_int_equal(looks(9), 3);
}

static void test_link_that_leads_elsewhere(void **state)
{
	unlink(path_of("b"));
	assert_int_equal(symlink("a", path_of("b")), 0);
	watch_start(&watch, &config.lists);
	assert_int_equal(looks(9), 0);
	write_list("c", "c1.example\n");
	unlink(path_of("b"));
	assert_int_equal(symlink("c", path_of("b")), 0);
	assert_int_equal(looks(9), 3);
	unlink(path_of("c"));
}

static void test_away_for_a_moment(void **state)
{
	watch_start(&watch, &config.lists);
	assert_int_equal(rename(path_of("b"), path_of("away")), 0);
	write_list("a", "another.example\n");
	assert_int_equal(looks(8), 0); /* not even a, until b is back */
	assert_int_equal(rename(path_of("away"), path_of("b")), 0);
	assert_int_equal(looks(9), 3);
}

static void test_gone(void **state)
{
	watch_start(&watch, &config.lists);
	unlink(path_of("b"));
	assert_int_equal(looks(20), 10);
	watch_start(&watch, &config.lists);
	assert_int_equal(looks(50), 0); /* told once */
	write_list("b", "b1.example\n");
	assert_int_equal(looks(9), 3);
}

/* What becomes of the set that stands when the lists are read again; NULL: it is replaced. */
static const char *again(const struct config *before)
{
	static char why[INTEL_WHY];
	struct intel *old, *in;

	said_start(&said);
	old = intel_load(before, 1);
	assert_non_null(old);
	in = intel_new(&config, 2);
	assert_true(intel_read(in, NULL));
	if (intel_replaces(in, old, why))
		assert_string_equal(why, "");
	intel_free(in);
	intel_free(old);
	said_end(&said);
	return *why ? why : NULL;
}

/* The old set is read before the files change. */
static const char *after(const char *a, const char *b)
{
	static char why[INTEL_WHY];
	struct intel *old, *in;
	bool replaces;

	said_start(&said);
	old = intel_load(&config, 1);
	assert_non_null(old);
	unlink(path_of("a"));
	unlink(path_of("b"));
	if (a)
		write_list("a", a);
	if (b)
		write_list("b", b);
	in = intel_new(&config, 2);
	assert_true(intel_read(in, NULL));
	replaces = intel_replaces(in, old, why);
	assert_int_equal(replaces, !*why);
	intel_free(in);
	intel_free(old);
	said_end(&said);
	return why;
}

static void test_half_is_enough(void **state)
{
	assert_string_equal(after("a1.example\na2.example\n", "b1.example\n"), ""); /* 3 of 6 */
}

static void test_more_than_half_is_gone(void **state)
{
	assert_string_equal(after("a1.example\n", "b1.example\n"),
			    "2 entries in place of 6, more than half would be gone");
}

static void test_new_names_make_up_for_old_ones(void **state)
{
	assert_string_equal(after("x.example\ny.example\nz.example\n", "b1.example\n"), "");
}

static void test_unreadable_at_reload(void **state)
{
	assert_string_equal(after("a1.example\na2.example\na3.example\na4.example\n", NULL),
			    "list b cannot be read");
	assert_non_null(strstr(said.text, "No such file"));
}

/* A list that the configuration names no more is no loss. */
static void test_list_taken_out(void **state)
{
	struct config both;

	assert_int_equal(config_init(&both), 0);
	assert_int_equal(config_copy_intel(&both.lists, &config.lists), 0);
	config_free_intel(&config.lists);
	assert_int_equal(config_add_intel(&config, path_of("b")), 0);
	assert_null(again(&both));
	config_free(&both);
}

static struct intel *load(void)
{
	struct intel *in;

	said_start(&said);
	in = intel_load(&config, 1);
	said_end(&said);
	return in;
}

static void test_start(void **state)
{
	struct intel *in = load();

	assert_non_null(in);
	assert_int_equal(intel_unread(in), 0);
	intel_free(in);
	unlink(path_of("b"));
	assert_null(load());
	assert_non_null(strstr(said.text, "1 of 2 cannot be read (intel.allow_empty is not set)"));
	write_list("a", "# nothing\n");
	write_list("b", "");
	assert_null(load());
	assert_non_null(strstr(said.text, "not one entry"));
}

static void test_start_where_empty_is_allowed(void **state)
{
	struct intel *in;

	config.allow_empty = true;
	unlink(path_of("b"));
	in = load();
	assert_non_null(in);
	assert_int_equal(intel_unread(in), 1);
	assert_int_equal(indicators_count(in->set), 5);
	intel_free(in);
	write_list("a", "");
	in = load();
	assert_non_null(in);
	assert_int_equal(indicators_count(in->set), 0);
	intel_free(in);
	/* what could not be read before may still be missing; what could, may not */
	assert_string_equal(after("a1.example\n", NULL), "");
	write_list("b", "b1.example\n");
	assert_string_equal(after("a1.example\na2.example\n", NULL), "list b cannot be read");
}

static struct intel *wait_and_take(struct reload *r, char *why)
{
	struct pollfd p = { .fd = reload_fd(r), .events = POLLIN };

	assert_int_equal(poll(&p, 1, 60000), 1);
	return reload_take(r, why, INTEL_WHY);
}

static void count_prepared(void *ctx, const struct intel *in)
{
	assert_non_null(in->set);
	++*(int *)ctx;
}

static void test_thread(void **state)
{
	struct intel *old = load(), *in;
	int prepared = 0;
	struct reload *r = reload_new(count_prepared, &prepared);
	char why[INTEL_WHY];

	said_start(&said);
	assert_non_null(r);
	write_list("b", "b1.example\nb2.example\n");
	assert_int_equal(reload_start(r, &config, old), 0);
	assert_int_equal(reload_start(r, &config, old), 0); /* asked again meanwhile */
	in = wait_and_take(r, why);
	assert_non_null(in);
	assert_int_equal(prepared, 1);
	assert_int_equal(in->generation, 2);
	assert_int_equal(indicators_count(in->set), 7);
	assert_true(reload_again(r));
	assert_false(reload_again(r));
	intel_free(old);
	unlink(path_of("a"));
	assert_int_equal(reload_start(r, &config, in), 0);
	assert_null(wait_and_take(r, why));
	assert_string_equal(why, "list a cannot be read");
	assert_int_equal(prepared, 1); /* not for a set that is refused */
	assert_int_equal(reload_start(r, &config, in), 0);
	reload_free(r); /* while it runs, or after */
	intel_free(in);
	said_end(&said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(test_nothing_changed),
		T(test_rewritten),
		T(test_still_being_written),
		T(test_renamed_over),
		T(test_link_that_leads_elsewhere),
		T(test_away_for_a_moment),
		T(test_gone),
		T(test_half_is_enough),
		T(test_more_than_half_is_gone),
		T(test_new_names_make_up_for_old_ones),
		T(test_unreadable_at_reload),
		T(test_list_taken_out),
		T(test_start),
		T(test_start_where_empty_is_allowed),
		T(test_thread),
#undef T
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests_name("intel", tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
